"""Previews of an edit: what teachers are asked for a few seeds, before and after."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from synth_assets.core.generation.replay import Replayed
from synth_assets.core.versions.manifest import Manifest

_CONTEXT_LINES = 2


@dataclass(frozen=True)
class FileDiff:
    """What was edited in a file; lines of a unified diff."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class PromptPreview:
    """One request of a planned sample that an edit changes.

    Attributes:
        seed_id: what the sample starts from.
        step: which prompt.
        before: what was asked; empty where nothing was.
        after: what will be asked.
    """

    seed_id: str
    step: str
    before: str
    after: str

    @property
    def lines(self) -> tuple[str, ...]:
        """What differs, with two lines around it."""
        return tuple(_diff(self.before, self.after))


def file_diffs(before: Manifest, after: Manifest) -> tuple[FileDiff, ...]:
    """What was edited in `recipe.yaml` and in files that take part."""
    then, now = before.files, after.files
    names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    return tuple(
        FileDiff(name, tuple(_diff(then.get(name, ""), now.get(name, "")))) for name in names
    )


def prompt_previews(
    before: Iterable[Replayed], after: Iterable[Replayed], most: int
) -> tuple[PromptPreview, ...]:
    """The first changed request of each of a few samples, as it was and as it will be.

    Samples are the same by seed and round. A request after the first shows where the ledger has
    the answers that it rests on.

    Args:
        before: samples of the superseded version.
        after: samples of the live one.
        most: so many previews, one a seed.
    """
    then = {(each.slot.seed.seed_id, each.slot.round): each for each in before}
    found: dict[str, PromptPreview] = {}
    for new in after:
        if len(found) == most:
            break
        seed = new.slot.seed.seed_id
        old = then.get((seed, new.slot.round))
        if seed in found or old is None:
            continue
        if (preview := _first_change(seed, old, new)) is not None:
            found[seed] = preview
    return tuple(found.values())


def _first_change(seed: str, old: Replayed, new: Replayed) -> PromptPreview | None:
    """What follows on a changed request changes too, and is not shown."""
    then = _texts(old)
    for place, text in _texts(new).items():
        if text != then.get(place, text):
            return PromptPreview(seed, place[0], then[place], text)
    return None


def _texts(sample: Replayed) -> dict[tuple[str, int], str]:
    """(Step, how-many-th request of it) -> its messages, one after the other."""
    found: dict[tuple[str, int], str] = {}
    counts = Counter[str]()
    for request in (*sample.answered, *sample.missing):
        text = "\n\n".join(f"[{each.role}]\n{each.content}" for each in request.messages)
        found[request.step, counts[request.step]] = text
        counts[request.step] += 1
    return found


def _diff(before: str, after: str) -> Iterator[str]:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), n=_CONTEXT_LINES, lineterm=""
    )
    # The two lines of file names say nothing here.
    return islice(lines, 2, None)
