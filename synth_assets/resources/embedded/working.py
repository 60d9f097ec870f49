"""Worked solutions: the sums of a story in order, right ones and ones that went wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.stories import Step, Told
from synth_assets.resources.embedded.sums import Sum, shown
from synth_assets.resources.embedded.truth import Slip

_SLIPS = (1, 2, 3, 5, 10, -1, -2, -3, -5, -10)


@dataclass(frozen=True)
class Line:
    """One shown sum, `filled` with its numbers, and the result that is claimed for it."""

    step: Step
    filled: str
    result: Fraction


@dataclass(frozen=True)
class Working:
    """A worked solution.

    Attributes:
        lines: its sums.
        final: the number it ends on.
        slip: how it went wrong, if it did.
    """

    lines: tuple[Line, ...]
    final: Fraction
    slip: Slip | None = None

    @property
    def makes_sense(self) -> bool:
        """Whether nobody would see from the numbers alone that something is wrong."""
        return all(line.step.admits(line.result) for line in self.lines)

    def text(self, voice: str, words: Mapping[str, str]) -> str:
        """The solution in a voice: one line a sum with `<<3*4=12>>`, then `#### 12`."""
        say = _clerk_line if voice == "clerk" else _scholar_line
        last = len(self.lines) - 1
        told = [say(line, index, last, words) for index, line in enumerate(self.lines)]
        return "\n".join([*told, f"#### {shown(self.final)}"])


def right_working(told: Told) -> Working:
    """The right solution of a story."""
    return _worked(told, {}, {})


def wrong_working(told: Told, dice: Dice) -> Working:
    """A solution of a story that is wrong in one of three ways, and surely ends wrong."""
    right = right_working(told)
    slip = dice.choice(tuple(Slip))
    match slip:
        case Slip.FINAL_NUMBER:
            candidates = _misreported(right)
        case Slip.CARRIED:
            candidates = _miscounted(told, right)
        case Slip.SETUP:
            candidates = _misread(told)
    wrong = [c for c in candidates if c.makes_sense and c.final > 0 and c.final != right.final]
    return dice.choice(wrong)


def _misreported(right: Working) -> Iterator[Working]:
    for slip in _SLIPS:
        yield Working(right.lines, right.final + slip, Slip.FINAL_NUMBER)


def _miscounted(told: Told, right: Working) -> Iterator[Working]:
    for line in right.lines:
        for slip in _SLIPS:
            yield _worked(told, {}, {line.step.name: line.result + slip}, Slip.CARRIED)


def _misread(told: Told) -> Iterator[Working]:
    for step in told.story.steps:
        for variant in step.sum.variants():
            yield _worked(told, {step.name: variant}, {}, Slip.SETUP)


def _worked(
    told: Told,
    sums: Mapping[str, Sum],
    results: Mapping[str, Fraction],
    slip: Slip | None = None,
) -> Working:
    """Work a story out, with other sums or results for some of its steps."""
    known = dict(told.numbers)
    lines: list[Line] = []
    for step in told.story.steps:
        used = sums.get(step.name, step.sum)
        result = results.get(step.name, used.value(known))
        lines.append(Line(step, used.filled(known), result))
        known[step.name] = result
    return Working(tuple(lines), lines[-1].result, slip)


def _scholar_line(line: Line, index: int, last: int, words: Mapping[str, str]) -> str:
    if index == 0:
        opener = "First, "
    else:
        opener = "Finally, " if index == last else ("Then ", "Next, ")[index % 2]
    noun = line.step.noun.format_map(words)
    return f"{opener}{noun} is {_shown_sum(line)}."


def _clerk_line(line: Line, index: int, last: int, words: Mapping[str, str]) -> str:
    noun = line.step.noun.format_map(words).removeprefix("the ")
    return f"{noun[0].upper()}{noun[1:]}: {_shown_sum(line)}"


def _shown_sum(line: Line) -> str:
    result = shown(line.result)
    unit = "$" if line.step.is_money else ""
    return f"{line.filled} = {unit}<<{line.filled.replace(' ', '')}={result}>>{result}"
