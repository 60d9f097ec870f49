"""A tree of topics with prerequisites, and the order in which its leaves can be taught.

Only leaves are taught. What a topic needs, each topic below it needs; to need a topic that is no
leaf is to need all leaves below it. Lessons come in the order of their longest chain of
prerequisites, so that every lesson stands behind all that it needs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from synth_assets.core.verify.reading.folding import folded


@dataclass(frozen=True)
class Topic:
    """A topic of a tree; names are compared without regard to case, space and typography.

    Attributes:
        name: as people write it.
        parent: name of the topic it belongs to; empty at the top. It need not be a topic itself.
        needs: names of topics that must be known before.
        summary: what it covers, if somebody said so.
    """

    name: str
    parent: str = ""
    needs: tuple[str, ...] = ()
    summary: str = ""

    @property
    def key(self) -> str:
        """Equal for equal names."""
        return folded(self.name)


@dataclass(frozen=True)
class Cut:
    """A prerequisite that is left out, and why."""

    topic: str
    need: str
    why: str

    @property
    def told(self) -> str:
        """In a sentence."""
        return f"the prerequisite {self.need!r} of {self.topic!r} {self.why}"


@dataclass(frozen=True)
class Lesson:
    """A leaf at its place.

    Attributes:
        topic: what is taught.
        path: names from the top of the tree to the topic.
        number: its place among the lessons, from 1.
        chain: length of its longest chain of prerequisites; 0 without any.
        needs: names of the lessons that it directly needs.
    """

    topic: Topic
    path: tuple[str, ...]
    number: int
    chain: int
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Curriculum:
    """Topics in an order that holds their prerequisites.

    Attributes:
        topics: of different keys; earlier ones keep their prerequisites where a cycle is cut.
    """

    topics: tuple[Topic, ...]

    @cached_property
    def by_key(self) -> Mapping[str, Topic]:
        """Key -> topic."""
        return {topic.key: topic for topic in self.topics}

    @cached_property
    def leaves(self) -> tuple[Topic, ...]:
        """Topics that are no other's parent."""
        inner = {folded(topic.parent) for topic in self.topics}
        return tuple(topic for topic in self.topics if topic.key not in inner)

    def path(self, topic: Topic) -> tuple[str, ...]:
        """Names from the top to a topic."""
        return tuple(reversed([topic.name, *self._above(topic)]))

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """Prerequisites that cannot be held."""
        return self._linked[1]

    @cached_property
    def lessons(self) -> tuple[Lesson, ...]:
        """The leaves in the order in which they can be taught."""
        edges, _ = self._linked
        chains: dict[str, int] = {}
        for leaf in self.leaves:
            _measure(leaf.key, edges, chains)
        ordered = sorted(self.leaves, key=lambda leaf: (chains[leaf.key], self.path(leaf)))
        return tuple(
            Lesson(
                leaf,
                self.path(leaf),
                number,
                chains[leaf.key],
                tuple(self.by_key[need].name for need in edges[leaf.key]),
            )
            for number, leaf in enumerate(ordered, start=1)
        )

    def parent_cycle(self) -> tuple[str, ...]:
        """Topics each of which belongs to the next, in a circle; none where there is none."""
        for topic in self.topics:
            above = self._above(topic)
            highest = self.by_key.get(folded(above[-1])) if above else topic
            if highest and highest.parent:
                return (topic.name, *above)
        return ()

    def _above(self, topic: Topic) -> list[str]:
        """Names from the parent upwards; it ends where a name would come again."""
        found: list[str] = []
        seen = {topic.key}
        name = topic.parent
        while name and folded(name) not in seen:
            seen.add(folded(name))
            found.append(name)
            higher = self.by_key.get(folded(name))
            name = higher.parent if higher else ""
        return found

    @cached_property
    def _linked(self) -> tuple[dict[str, list[str]], tuple[Cut, ...]]:
        """Leaf -> leaves it needs, without cycles; and what was left out for that."""
        below: dict[str, list[str]] = {}
        for leaf in self.leaves:
            for name in self.path(leaf):
                below.setdefault(folded(name), []).append(leaf.key)
        needs = {leaf.key: self._needs(leaf) for leaf in self.leaves}
        tangled = _tangled(
            {
                key: [there for _, need in wanted for there in below.get(folded(need), ())]
                for key, wanted in needs.items()
            }
        )
        edges: dict[str, dict[str, None]] = {leaf.key: {} for leaf in self.leaves}
        cuts: dict[Cut, None] = {}
        for leaf in self.leaves:
            above = {folded(name) for name in self.path(leaf)}
            for name, need in needs[leaf.key]:
                found = below.get(folded(need), ())
                if not found:
                    why = "is no topic of the tree"
                elif folded(need) in above:
                    why = "is the topic itself, or one above it"
                else:
                    why = self._cycle(leaf, found, edges) if leaf.key in tangled else ""
                if why:
                    cuts[Cut(name, need, why)] = None
                else:
                    edges[leaf.key] |= dict.fromkeys(found)
        return {key: [*found] for key, found in edges.items()}, tuple(cuts)

    def _needs(self, leaf: Topic) -> list[tuple[str, str]]:
        """`(topic, need)` of a leaf and all above it."""
        lines = [leaf, *(self.by_key.get(folded(name)) for name in self._above(leaf))]
        return [(topic.name, need) for topic in lines if topic for need in topic.needs]

    def _cycle(
        self, leaf: Topic, found: Sequence[str], edges: Mapping[str, Collection[str]]
    ) -> str:
        """What cycle a leaf's need of others would close, in words; empty if none."""
        route = _route(found, leaf.key, edges)
        names = [self.by_key[step].name for step in (leaf.key, *route)]
        return f"would close a cycle: {' -> '.join(names)}" if route else ""


def _tangled(edges: Mapping[str, Sequence[str]]) -> set[str]:
    """Leaves that may lie on a cycle: what is left when those without a need, or that nobody
    needs, are taken away again and again.
    """  # noqa: D205
    left = set(edges)
    needed_by: dict[str, list[str]] = {key: [] for key in edges}
    for key, found in edges.items():
        for there in found:
            needed_by[there].append(key)
    for forward, back in ((edges, needed_by), (needed_by, edges)):
        counts = {key: sum(there in left for there in forward[key]) for key in left}
        waiting = [key for key, count in counts.items() if not count]
        while waiting:
            here = waiting.pop()
            left.discard(here)
            for there in back[here]:
                if there in left:
                    counts[there] -= 1
                    if not counts[there]:
                        waiting.append(there)
    return left


def _route(
    starts: Sequence[str], goal: str, edges: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """The way from one of some leaves to another along prerequisites, both included; or empty."""
    came: dict[str, str] = dict.fromkeys(starts, "")
    waiting = [*reversed(starts)]
    while waiting:
        here = waiting.pop()
        if here == goal:
            route = [here]
            while came[route[-1]]:
                route.append(came[route[-1]])
            return tuple(reversed(route))
        for there in edges[here]:
            if there not in came:
                came[there] = here
                waiting.append(there)
    return ()


def _measure(start: str, edges: Mapping[str, Sequence[str]], chains: dict[str, int]) -> None:
    """Note the longest chain behind a leaf, and behind all that it needs."""
    waiting = [start]
    while waiting:
        here = waiting[-1]
        missing = [there for there in edges[here] if there not in chains]
        if missing:
            waiting += missing
        else:
            chains[here] = 1 + max((chains[there] for there in edges[here]), default=-1)
            waiting.pop()
