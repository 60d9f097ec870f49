"""The topics of a textbook: those that are given, and those that teachers add round by round."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.curriculum import Curriculum, Topic
from synth_assets.core.techniques.protocol import Start, Unusable
from synth_assets.core.verify.reading.folding import folded
from synth_assets.errors import RecipeError

BETWEEN = ";"
PATH_MARK = " > "

_LIST_MARK = re.compile(r"^\s*(?:[-*\u2022]|\d+[.)])\s+")
_NO_NEED = re.compile(
    r"(?:none|nothing|no)(?: other)?(?: prerequisites?| lessons?| topics?)?"
    r"(?: (?:is|are))?(?: (?:needed|required|necessary))?|n/?a|not applicable"
)


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

    def expansions(self, most: int) -> list[Start]:
        """One for each leaf, to be asked for what belongs to it; those that are taught first."""
        curriculum = self.curriculum
        chosen = {lesson.topic.key for lesson in curriculum.lessons[:most]}
        return [
            self._start(leaf, _told(leaf, curriculum.path(leaf), leaf.needs))
            for leaf in curriculum.leaves
            if leaf.key in chosen
        ]

    def lessons(self, first: int, count: int) -> list[Start]:
        """One for each lesson, in their order, again and again, from the `first` one on."""
        curriculum = self.curriculum
        lessons = curriculum.lessons
        cuts: dict[str, list[str]] = {}
        for cut in curriculum.cuts:
            cuts.setdefault(cut.topic, []).append(cut.need)
        starts = [
            self._start(
                lesson.topic,
                {
                    **_told(lesson.topic, lesson.path, lesson.needs),
                    "lesson": str(lesson.number),
                    "chain": str(lesson.chain),
                    "prerequisites_cut": joined(
                        [need for name in lesson.path for need in cuts.get(name, ())]
                    ),
                },
            )
            for lesson in lessons
        ]
        return [starts[index % len(starts)] for index in range(first, first + count)]

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
        cuts: dict[str, list[str]] = {}
        for cut in self.curriculum.cuts:
            cuts.setdefault(folded(cut.topic), []).append(cut.told)
        dropped: dict[str, Unusable] = {}
        for key in sorted(keys):
            told = [f"told of the topic {self.topics[key].name!r}", *cuts.get(key, ())]
            detail = "; ".join(told)
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
        name = _LIST_MARK.sub("", parts[0]).strip("*\"' ")
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
    return tuple(name for name in names if not _says_none(name))


def _says_none(name: str) -> bool:
    said = folded(name).strip(" .-*()<>/!")
    return not said or _NO_NEED.fullmatch(said) is not None


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
