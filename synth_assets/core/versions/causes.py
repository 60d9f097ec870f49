"""Causes: by what two versions differ, in words that name the prompt, seed, teacher or value."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from synth_assets.core.fingerprint import Json, canonical_json
from synth_assets.core.versions.manifest import Manifest, Role

_SHOWN = 60
_SEEDS_SHOWN = 3


class CauseKind(StrEnum):
    """What changed."""

    PROMPT = "prompt"
    INCLUDED = "included file"
    SEEDS = "seeds"
    TEACHER = "teacher"
    PARAMETER = "parameter"
    VERIFIER = "verifier"
    SAMPLES = "samples"
    VARIATION = "variation"
    TECHNIQUE = "technique"
    SOURCE = "data source"
    NAME = "name"
    MIXTURE = "mixture"
    PROGRAM = "program"
    OTHER = "other"


_ROLES = {
    Role.PROMPT: CauseKind.PROMPT,
    Role.VERIFIER: CauseKind.VERIFIER,
    Role.INCLUDED: CauseKind.INCLUDED,
}
_PLACES = (
    ("spec.id", CauseKind.NAME),
    ("spec.seeds", CauseKind.SEEDS),
    ("spec.teachers", CauseKind.TEACHER),
    ("spec.parameters", CauseKind.PARAMETER),
    ("spec.sampling", CauseKind.PARAMETER),
    ("spec.verifiers", CauseKind.VERIFIER),
    ("spec.samples", CauseKind.SAMPLES),
    ("spec.variations", CauseKind.VARIATION),
    ("spec.never", CauseKind.VARIATION),
    ("spec.technique", CauseKind.TECHNIQUE),
    ("spec", CauseKind.OTHER),
    ("seeds", CauseKind.SEEDS),
    ("teachers", CauseKind.TEACHER),
    ("sources", CauseKind.SOURCE),
    ("answers", CauseKind.PROMPT),
    ("columns", CauseKind.PROGRAM),
    ("id", CauseKind.NAME),
)


@dataclass(frozen=True)
class Cause:
    """One difference between two versions.

    Attributes:
        kind: what changed.
        what: which one: a file, or the path of a value.
        how: before and after, in short.
    """

    kind: CauseKind
    what: str
    how: str

    @property
    def told(self) -> str:
        """In words: `parameter temperature: 0.5 → 0.9`."""
        return f"{' '.join(filter(None, (self.kind, self.what)))}: {self.how}"


def causes_between(before: Manifest, after: Manifest) -> tuple[Cause, ...]:
    """By what a version differs from an earlier one; nothing where they are the same."""
    return (*_of_files(before, after), *_of_values(before, after))


def _of_files(before: Manifest, after: Manifest) -> Iterator[Cause]:
    then, now = dict(before.files), dict(after.files)
    roles = {**before.roles, **after.roles}
    for name in sorted({*then, *now} & set(roles)):
        kind = _ROLES[roles[name]]
        if name not in then:
            yield Cause(kind, name, f"new, {_lines(now[name])}")
        elif name not in now:
            yield Cause(kind, name, "takes part no more")
        elif then[name] != now[name]:
            yield Cause(kind, name, _line_change(then[name], now[name]))


def _of_values(before: Manifest, after: Manifest) -> Iterator[Cause]:
    then, now = before.parts_unlike(after), after.parts_unlike(before)
    for path in dict.fromkeys([*now, *then]):
        if path in then and path in now and canonical_json(then[path]) == canonical_json(now[path]):
            continue
        kind, what = _place(path, is_recipe=bool(after.text))
        if path == "seeds":
            yield Cause(kind, "", _seed_change(before, after))
        elif path not in then:
            yield Cause(kind, what, f"new: {_shown(now[path])}")
        elif path not in now:
            yield Cause(kind, what, f"gone: {_shown(then[path])}")
        elif path == "columns":
            yield Cause(kind, "columns of samples", "another version of Synth Assets")
        else:
            yield Cause(kind, what, f"{_shown(then[path])} → {_shown(now[path])}")


def _place(path: str, *, is_recipe: bool) -> tuple[CauseKind, str]:
    if not is_recipe:
        return (CauseKind.NAME if path == "id" else CauseKind.MIXTURE), path
    if path.startswith("spec.technique") and ".teachers" in path:
        return CauseKind.TEACHER, path.removeprefix("spec.")
    for start, kind in _PLACES:
        if path == start or path.startswith(f"{start}."):
            what = path.removeprefix(start).lstrip(".")
            return kind, what if kind is not CauseKind.TECHNIQUE else what or "technique"
    return CauseKind.OTHER, path


def _seed_change(before: Manifest, after: Manifest) -> str:
    if not before.seeds or not after.seeds:
        return "other rows"
    new = [text for name, text in after.seeds.items() if name not in before.seeds]
    gone = [text for name, text in before.seeds.items() if name not in after.seeds]
    if not new and not gone:
        return "the same rows, written or ordered otherwise"
    told = [f"{len(texts)} {word}" for texts, word in ((new, "new"), (gone, "gone")) if texts]
    shown = "; ".join(_cut(text) for text in [*new, *gone][:_SEEDS_SHOWN])
    return f"{', '.join(told)}: {shown}"


def _line_change(before: str, after: str) -> str:
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    gone = new = 0
    for tag, low, high, start, stop in matcher.get_opcodes():
        if tag != "equal":
            gone, new = gone + high - low, new + stop - start
    return f"{_lines_of(new)} new, {_lines_of(gone)} gone" if new or gone else "line ends"


def _lines(text: str) -> str:
    return _lines_of(len(text.splitlines()))


def _lines_of(count: int) -> str:
    return f"{count} line{'' if count == 1 else 's'}"


def _shown(value: Json) -> str:
    if value is None or value == "":
        return "nothing"
    return _cut(value if isinstance(value, str) else canonical_json(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
