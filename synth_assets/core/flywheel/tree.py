"""A model with all that stands behind it, as a tree whose loops are marked."""

from collections.abc import Iterator
from dataclasses import dataclass

from synth_assets.core.flywheel.history import (
    Node,
    TrainingHistory,
    Writer,
    folded,
    key_of,
    told_node,
)
from synth_assets.core.flywheel.records import ModelRecord, SetRecord


@dataclass(frozen=True)
class Branch:
    """What stands behind a model or set, and what behind that.

    Attributes:
        node: a model, a set, or who wrote in one.
        rows: how many it wrote in the set above it; none for others.
        is_loop: whether it wrote, and is of the family of the model at the root: a turn of the
            flywheel.
        is_repeated: whether it stands in the tree before; then without what is behind it.
        behind: models and sets it was made from, or who wrote it.
    """

    node: Node
    rows: int | None
    is_loop: bool
    is_repeated: bool
    behind: "tuple[Branch, ...]"

    @property
    def told(self) -> str:
        """For people."""
        return told_node(self.node)

    def walk(self, level: int = 0) -> "Iterator[tuple[int, Branch]]":
        """This and all behind it, each with its level, in the order they are shown."""
        yield level, self
        for branch in self.behind:
            yield from branch.walk(level + 1)


def tree_of(model: ModelRecord, history: TrainingHistory) -> Branch:
    """All that stands behind a registered model.

    Raises:
        RegistryError: if a reference in the registry names nothing.
    """
    return _branch(model, None, model, history, set())


def _branch(
    node: Node, rows: int | None, root: ModelRecord, history: TrainingHistory, seen: set[object]
) -> Branch:
    is_loop = isinstance(node, Writer) and bool(node.family) and node.family == folded(root.family)
    if key_of(node) in seen:
        return Branch(node, rows, is_loop, True, ())
    seen.add(key_of(node))
    counts = {}
    if isinstance(node, SetRecord):
        counts = {Writer.heard(voice): voice.rows for voice in node.voices}
    behind = tuple(
        _branch(each, counts.get(each) if isinstance(each, Writer) else None, root, history, seen)
        for each in history.behind(node)
    )
    return Branch(node, rows, is_loop, False, behind)
