"""The topics of a textbook: those that are given, and those that teachers add round by round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.curriculum import Curriculum, Topic
from synth_assets.core.techniques.protocol import Start, Unusable
from synth_assets.core.verify.folding import folded
from synth_assets.errors import RecipeError

BETWEEN = ";"
PATH_MARK = " > "


@dataclass(frozen=True)
class TopicTree:
    """Topics, each with the seed it descends from and the row that told of it.

    Attributes:
        topics: key -> topic, in the order they came.
        seeds: key -> seed.
        rows: key -> row; topics of the seeds have none.
    """

    topics: Mapping[str, Topic]
    seeds: Mapping[str, Seed]
    rows: Mapping[str, Sample]

    @classmethod
    def of(cls, seeds: Sequence[Seed]) -> "TopicTree":
        """The tree that the seeds give.

        Raises:
            RecipeError: if a seed names no topic, two name one, or the tree or its prerequisites
                turn in a circle or lead nowhere.
        """
        topics: dict[str, Topic] = {}
        origins: dict[str, Seed] = {}
        for seed in seeds:
            topic = _topic(seed.fields)
            if topic.key in topics:
                raise _fault(f"the topic {topic.name!r} stands twice", "Remove one of the rows")
            topics[topic.key], origins[topic.key] = topic, seed
        curriculum = Curriculum(tuple(topics.values()))
        if circle := curriculum.parent_cycle():
            raise _fault(f"topics belong to each other: {' -> '.join(circle)}", "Mend a `parent`")
        if curriculum.cuts:
            told = curriculum.cuts[0].told
            raise _fault(told, "Mend it in `prerequisites`, names with ; between")
        return cls(topics, origins, {})

    @property
    def curriculum(self) -> Curriculum:
        """The order of its leaves."""
        return Curriculum(tuple(self.topics.values()))

    def expansions(self) -> list[Start]:
        """One for each leaf, to be asked for what belongs to it."""
        curriculum = self.curriculum
        return [
            self._start(leaf, _told(leaf, curriculum.path(leaf), leaf.needs))
            for leaf in curriculum.leaves
        ]

    def lessons(self, wanted: int) -> list[Start]:
        """One for each lesson, in their order, again and again until there are enough."""
        curriculum = self.curriculum
        lessons, cuts = curriculum.lessons, curriculum.cuts
        starts = [
            self._start(
                lesson.topic,
                {
                    **_told(lesson.topic, lesson.path, lesson.needs),
                    "lesson": str(lesson.number),
                    "chain": str(lesson.chain),
                    "prerequisites_cut": joined(
                        [cut.need for cut in cuts if cut.topic in lesson.path]
                    ),
                },
            )
            for lesson in lessons
        ]
        return [starts[index % len(starts)] for index in range(wanted)]

    def grown(
        self, rows: Sequence[Sample], most: int, keep: bool
    ) -> tuple["TopicTree", dict[str, Unusable]]:
        """The tree with the topics that rows tell of, and why rows are dropped.

        Args:
            rows: accepted ones, whose attributes say topic, parent and prerequisites.
            most: topics; what comes beyond is dropped.
            keep: whether rows of topics that are taken are kept for training.
        """
        topics, seeds = dict(self.topics), dict(self.seeds)
        origins = {seed.seed_id: seed for seed in self.seeds.values()}
        told, dropped = dict(self.rows), dict[str, Unusable]()
        for row in rows:
            topic = _topic({name: str(value) for name, value in row.drawn.items()})
            topic = replace(topic, summary=row.response)
            if topic.key in topics:
                detail = f"the topic {topic.name!r} is there already"
                dropped[row.sample_id] = Unusable(Reason.NOT_NOVEL, detail)
            elif len(topics) >= most:
                detail = f"there are {most} topics, which is the most that is asked"
                dropped[row.sample_id] = Unusable(Reason.BEYOND_LIMIT, detail)
            else:
                topics[topic.key] = topic
                seeds[topic.key], told[topic.key] = origins[row.seed_id], row
        tree = TopicTree(topics, seeds, told)
        if not keep:
            dropped |= tree._used_up(set(topics) - set(self.topics))
        return tree, dropped

    def _used_up(self, keys: set[str]) -> dict[str, Unusable]:
        """Rows that served to plan lessons; told with the prerequisites that could not be held."""
        cuts = self.curriculum.cuts
        dropped: dict[str, Unusable] = {}
        for key in sorted(keys):
            cut = [each.told for each in cuts if folded(each.topic) == key]
            detail = "; ".join([f"told of the topic {self.topics[key].name!r}", *cut])
            dropped[self.rows[key].sample_id] = Unusable(Reason.SCAFFOLD, detail)
        return dropped

    def _start(self, topic: Topic, drawn: Mapping[str, str]) -> Start:
        row = self.rows.get(topic.key)
        return Start(self.seeds[topic.key], drawn, (row,) if row else ())


def subtopics_of(text: str) -> list[Topic | str]:
    """Read `name | what it covers | need; need`, one a line; what is no such line as it stands.

    Marks of lists before a name are passed over.
    """
    found: list[Topic | str] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        parts = [part.strip() for part in line.split("|")]
        name = parts[0].lstrip("-*0123456789.) ").strip("*\"' ")
        if len(parts) in (2, 3) and name and parts[1]:
            found.append(
                Topic(name, needs=_names(parts[2] if len(parts) > 2 else ""), summary=parts[1])
            )
        else:
            found.append(line)
    return found


def joined(names: Sequence[str]) -> str:
    """Names as fields and attributes have them."""
    return f"{BETWEEN} ".join(names)


def _names(text: str) -> tuple[str, ...]:
    names = (name.strip() for name in text.split(BETWEEN))
    return tuple(name for name in names if name and name.casefold() not in ("none", "-"))


def _topic(fields: Mapping[str, str]) -> Topic:
    name = fields.get("topic", "").strip()
    if not name:
        raise _fault("a row names no topic", "Give each a field `topic`, and where it has them "
                     "`parent` and `prerequisites`")  # fmt: skip
    return Topic(name, fields.get("parent", "").strip(), _names(fields.get("prerequisites", "")))


def _told(topic: Topic, path: Sequence[str], needs: Sequence[str]) -> dict[str, str]:
    return {
        "topic": topic.name,
        "parent": topic.parent,
        "path": PATH_MARK.join(path),
        "prerequisites": joined(needs),
        "summary": topic.summary,
    }


def _fault(what: str, mend: str) -> RecipeError:
    return RecipeError(f"technique textbook: seeds: {what}. {mend}.")
