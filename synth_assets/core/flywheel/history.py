"""The flywheel: which models wrote which sets, and which sets made which models.

A model trained on a set writes rows of another, on which the next model is trained. Here the way
back is followed, so that a student's own words are found however many turns they took.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from synth_assets.core.config.names import partition_key, partition_name
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.flywheel.records import ModelRecord, SetRecord, Voice
from synth_assets.core.judging.families import family_of_teacher
from synth_assets.errors import RegistryError

_FEWEST_DIGITS = 4


@dataclass(frozen=True)
class Writer:
    """Who may have learned from sets: a teacher, or the voice of one in a set.

    Attributes:
        name: what it is called.
        family: of models; may be empty.
        checkpoint: which one; may be empty.
        trained_on: references to sets and registered models.
    """

    name: str
    family: str = ""
    checkpoint: str = ""
    trained_on: tuple[str, ...] = ()

    @classmethod
    def of(cls, teacher: Teacher) -> "Writer":
        """An entry of `teachers.yaml`."""
        family = family_of_teacher(teacher) or ""
        return cls(teacher.id, family, teacher.checkpoint.strip(), teacher.trained_on)

    @classmethod
    def heard(cls, voice: Voice) -> "Writer":
        """A voice of a recorded set."""
        return cls(voice.teacher, folded(voice.family), voice.checkpoint.strip(), voice.trained_on)

    def is_checkpoint(self, family: str, checkpoint: str) -> bool:
        """Whether it is stated to be that checkpoint of that family; what is unstated is none."""
        stated = bool(family and checkpoint)
        return stated and (self.family, self.checkpoint) == (family, checkpoint)

    @property
    def told(self) -> str:
        """Name and checkpoint, for people."""
        what = f"{self.family or 'family unstated'}@{self.checkpoint or 'unstated'}"
        return f"{self.name} ({what})"


Node: TypeAlias = Writer | SetRecord | ModelRecord


def folded(label: str) -> str:
    """A family as it is compared."""
    return label.strip().lower()


@dataclass(frozen=True)
class TrainingHistory:
    """Every set that was exported, and every model that was registered.

    Attributes:
        sets: in the order they were recorded.
        models: in the order they were registered.
    """

    sets: tuple[SetRecord, ...] = ()
    models: tuple[ModelRecord, ...] = ()

    @cached_property
    def _models_by_name(self) -> dict[str, ModelRecord]:
        return {model.name: model for model in self.models}

    def model(self, name: str) -> ModelRecord:
        """The registered model of that name.

        Raises:
            RegistryError: listing what there is.
        """
        if name not in self._models_by_name:
            raise RegistryError(
                f"No model is registered as {name!r}. There are: "
                f"{_some(self._models_by_name)}. Register it with: synth models add"
            )
        return self._models_by_name[name]

    def set_of(self, reference: str) -> SetRecord:
        """The set that a reference names.

        Args:
            reference: a mixture (`balanced_50`) or a version of it (`balanced_50~1f2e3d4c`), of
                which the set recorded last is meant; with `@` either the version or the first
                digits of a digest.

        Raises:
            RegistryError: if it names none, or several.
        """
        meant = self._sets_of(reference)
        if len(meant) > 1 and not _names_versions(reference, meant):
            raise RegistryError(
                f"{reference!r} names several sets: {_some(each.reference for each in meant)}. "
                "Give more digits."
            )
        return meant[-1]

    def _sets_of(self, reference: str) -> list[SetRecord]:
        """All sets that a reference may mean, in the order they were recorded; one at least."""
        name, _, digits = reference.partition("@")
        named = [each for each in self.sets if name in (each.key, partition_name(each.key))]
        if not named:
            raise RegistryError(
                f"No exported set is called {name!r}. There are: "
                f"{_some(dict.fromkeys(partition_name(each.key) for each in self.sets))}. Sets are "
                "recorded when dataset_cards is materialized; see synth models list."
            )
        version = [
            each for each in named if each.key == partition_key(partition_name(name), digits)
        ]
        meant = version or [each for each in named if each.digest.startswith(digits)]
        if not meant or 0 < len(digits) < _FEWEST_DIGITS:
            raise RegistryError(
                f"{reference!r} names no set of {name}. There are: "
                f"{_some(each.reference for each in named)}. After the @ stands the version, or "
                f"the digest or its first {_FEWEST_DIGITS} digits or more."
            )
        return meant

    def resolve(self, reference: str) -> SetRecord | ModelRecord:
        """The set or registered model that a reference names.

        Raises:
            RegistryError: if it names none, or a set and a model.
        """
        model = self._models_by_name.get(reference)
        name = reference.partition("@")[0]
        is_set = any(name in (each.key, partition_name(each.key)) for each in self.sets)
        if model is not None and is_set:
            raise RegistryError(
                f"{reference!r} names both a set and a registered model. Name the set by version: "
                f"{self.set_of(reference).key}"
            )
        if model is not None or is_set:
            return model or self.set_of(reference)
        raise RegistryError(
            f"{reference!r} names neither an exported set nor a registered model. Sets: "
            f"{_some(dict.fromkeys(partition_name(each.key) for each in self.sets))}. Models: "
            f"{_some(self._models_by_name)}. Register it with: synth models add"
        )

    def pinned(self, reference: str) -> str:
        """The reference that means the same when other sets were recorded.

        Raises:
            RegistryError: if it names nothing.
        """
        match self.resolve(reference):
            case SetRecord() as named:
                return named.reference
            case ModelRecord() as named:
                return named.name

    def behind(self, node: Node) -> tuple[Node, ...]:
        """What made this: a writer's or model's sets and models, a set's writers.

        Raises:
            RegistryError: if a reference names nothing.
        """
        match node:
            case SetRecord():
                return tuple(Writer.heard(voice) for voice in node.voices)
            case ModelRecord():
                parents = [self.model(name) for name in node.parents]
                return (*(self.set_of(name) for name in node.trained_on), *parents)
            case Writer():
                stated = [self._resolved_for(node, name) for name in node.trained_on]
                return (*stated, *self._registered(node))

    def depth_of(self, learner: Writer | ModelRecord) -> int:
        """The largest depth in the sets that it was trained on, itself or as another model; else 0.

        Raises:
            RegistryError: if a reference names nothing.
        """
        ways = self._ways_back(learner, into_sets=False)
        return max((node.depth for *_, node in ways if isinstance(node, SetRecord)), default=0)

    def way_back(self, start: Node, is_wanted: Callable[[Writer], bool]) -> tuple[Node, ...] | None:
        """The shortest way back, through what was trained on what, to a voice that is wanted.

        Returns:
            From `start` to the wanted voice, both included; none where there is no way.

        Raises:
            RegistryError: if a reference names nothing.
        """
        for way in self._ways_back(start, into_sets=True):
            if len(way) > 1 and isinstance(way[-1], Writer) and is_wanted(way[-1]):
                return way
        return None

    def refuse_loops(self, writers: Iterable[Writer] = ()) -> None:
        """Refuse what cannot have been: a checkpoint trained on rows that it wrote itself.

        Args:
            writers: teachers to look at, beside all registered models.

        Raises:
            RegistryError: naming the way round.
        """
        starts: list[Writer | ModelRecord] = [*self.models, *writers]
        for start in starts:
            one = (folded(start.family), start.checkpoint.strip())
            way = self.way_back(start, lambda other, one=one: other.is_checkpoint(*one))
            if way is not None:
                raise RegistryError(
                    f"{told_node(start)} was trained on its own rows: {told_way(way)}. A "
                    "checkpoint cannot have seen what it wrote later: give what was trained a "
                    "checkpoint of its own, or mend what it was trained on."
                )

    def _resolved_for(self, writer: Writer, reference: str) -> SetRecord | ModelRecord:
        try:
            named = self.resolve(reference)
            meant = self._sets_of(reference) if isinstance(named, SetRecord) else []
        except RegistryError as exc:
            raise RegistryError(f"{writer.name}: trained_on: {exc}") from exc
        # What it saw must not become another set when the mixture is exported again.
        if len(meant) > 1:
            raise RegistryError(
                f"{writer.name}: trained_on: {reference!r} may mean "
                f"{_some(each.reference for each in meant)}. Name the one it saw."
            )
        return named

    def _registered(self, writer: Writer) -> Iterator[ModelRecord]:
        for model in self.models:
            if writer.is_checkpoint(folded(model.family), model.checkpoint.strip()):
                yield model

    def _ways_back(self, start: Node, *, into_sets: bool) -> Iterator[tuple[Node, ...]]:
        """Breadth first; each node once, by a shortest way."""
        ways = deque[tuple[Node, ...]]([(start,)])
        seen = {key_of(start)}
        while ways:
            way = ways.popleft()
            yield way
            if isinstance(way[-1], SetRecord) and not into_sets:
                continue
            for node in self.behind(way[-1]):
                if key_of(node) not in seen:
                    seen.add(key_of(node))
                    ways.append((*way, node))


def _names_versions(reference: str, sets: Iterable[SetRecord]) -> bool:
    """Whether a reference says which mixture or version it means, and not which digest."""
    name, _, digits = reference.partition("@")
    return not digits or all(
        each.key == partition_key(partition_name(name), digits) for each in sets
    )


def told_way(way: Iterable[Node]) -> str:
    """A way back for people: `tiny (llama@2) <- set ... <- model ... <- ...`."""
    return " <- ".join(told_node(node) for node in way)


def told_node(node: Node) -> str:
    """A node of the way back, for people."""
    match node:
        case Writer():
            return node.told
        case SetRecord():
            return f"set {node.reference}"
        case ModelRecord():
            return f"model {node.name}"


def key_of(node: Node) -> object:
    """What two nodes that are the same have in common."""
    match node:
        case Writer():
            return node
        case SetRecord():
            return ("set", node.reference)
        case ModelRecord():
            return ("model", node.name)


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:10]) + (" ..." if len(listed) > 10 else "") or "none"
