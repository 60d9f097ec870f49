"""Final numbers, held against an independent solution, and shown arithmetic, computed again.

Numbers are compared as exact fractions, never as text or floats. Shown arithmetic is what GSM8K
calls calculator annotations, `<<48/2=24>>24` (Cobbe et al., 2021, arXiv:2110.14168).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from pydantic import Field

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.reading.arithmetic import Exact, NotArithmetic, evaluate
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.reading.quantities import (
    Quantity,
    closed_up,
    lone_number,
    quantities,
    readable,
)
from synth_assets.core.verify.tools import NO_TOOLS, Tools

_ANNOTATION = re.compile(r"<<([^<>\n]{1,400})>>")
_SHOWN_DECIMALS = re.compile(r"\.(\d+)")
_LINE_CHARACTERS = 300
_FLOAT_NOISE = Fraction(1, 10**9)


@dataclass(frozen=True)
class _Working:
    """What the annotations of a solution come to: a fault in words, and the last value."""

    fault: str | None
    steps: int
    last: Exact | None


class Number(Verifier):
    """The response ends in the number that an independent solution, the reference, ends in.

    The final number is the one on the line behind the marker; there must be exactly one, in words
    and units as one likes, and several markers must agree. A reference may also be a bare number.
    Units are not compared: `$5`, `5%` and `5 cm` are all 5, and `25%` is not 0.25.

    Attributes:
        marker: text before the final number.
        marker_required: without it, the last number counts where there is no marker.
        check_working: compute every `<<expression=value>>` of the response again. A value with
            decimals may be rounded to them; one without must be exact. The number written behind
            an annotation must be its value.
        last_step_is_answer: the last annotation must show the final number. Off by default, as in
            6 % of GSM8K it does not.
    """

    kind: Literal["number"]
    marker: str = Field(default="####", min_length=1)
    marker_required: bool = True
    check_working: bool = True
    last_step_is_answer: bool = False

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol; no file is needed."""
        return self._check

    def _check(self, sample: Sample) -> Verdict:
        final = self.final_number(sample.response)
        if final is None or final.value is None:
            told = f"behind {clipped(self.marker)}" if self.marker_required else "in the response"
            return Verdict.rejected(Reason.NO_FINAL_NUMBER, f"no single final number {told}")
        reference = self.final_number(sample.reference) or lone_number(sample.reference)
        if reference is None or reference.value is None:
            return Verdict.rejected(
                Reason.NO_REFERENCE, "the reference gives no number, so nothing vouches for this"
            )
        told = f"{clipped(final.text)}, reference {clipped(reference.text)}"
        if final.value != reference.value:
            return Verdict.rejected(Reason.WRONG_NUMBER, f"final number {told}")
        if not self.check_working:
            return Verdict.accepted(f"final number {told}")
        working = _recompute(sample.response)
        if working.fault:
            return Verdict.rejected(Reason.WRONG_WORKING, working.fault)
        if self.last_step_is_answer and working.last != final.value:
            return Verdict.rejected(Reason.WRONG_WORKING, "the last step shows another number")
        return Verdict.accepted(f"final number {told}; {working.steps} steps computed again")

    def final_number(self, text: str) -> Quantity | None:
        """The final number of a solution, or None when it has none or several that differ."""
        plain = _ANNOTATION.sub("", readable(text))
        before = r"(?<!\w)" if self.marker[0].isalnum() else ""
        final: Quantity | None = None
        for match in re.finditer(before + re.escape(self.marker), plain):
            found = _only_number(plain[match.end() : match.end() + _LINE_CHARACTERS])
            if found is None or (final is not None and final.value != found.value):
                return None
            final = found
        if final is not None:
            return final
        if self.marker_required:
            return None
        return max(quantities(plain), key=lambda found: found.start, default=None)


def _only_number(tail: str) -> Quantity | None:
    """The number of the first line that is not empty; None with none, several, or no line end."""
    line, _, _ = tail.lstrip().partition("\n")
    found = list(quantities(closed_up(line))) if len(line) < _LINE_CHARACTERS else []
    return found[0] if len(found) == 1 else None


def _recompute(text: str) -> _Working:
    found = list(_ANNOTATION.finditer(text))
    if text.count("<<") != len(found):
        return _Working("an annotation << is not closed, or too long", len(found), None)
    last: Exact | None = None
    for match in found:
        try:
            last = _equal_sides(match[1].split("="))
        except NotArithmetic as fault:
            return _Working(f"<<{clipped(match[1])}>>: {fault}", len(found), None)
        written = next(quantities(readable(text[match.end() : match.end() + 80])), None)
        if written and written.start == 0 and not _written_as(last, written):
            told = f"<<{clipped(match[1])}>> is followed by {clipped(written.text)}"
            return _Working(told, len(found), None)
    return _Working(None, len(found), last)


def _equal_sides(sides: list[str]) -> Exact:
    """What the last side of an equation says, as text says it: `20%` is 20."""
    if len(sides) < 2:
        raise NotArithmetic("it shows no result")
    values = [evaluate(side) for side in sides]
    for (left, value), (right, shown) in pairwise(zip(sides, values, strict=True)):
        as_percent = right.strip().endswith("%") and value == shown * 100
        if not (as_percent or _agree(value, shown, right, noisy="." in left + right)):
            raise NotArithmetic(f"the left side is {_decimal(value)}")
    return values[-1] * (100 if sides[-1].strip().endswith("%") else 1)


def _written_as(value: Exact, written: Quantity) -> bool:
    """Whether a number in the text is the value, counted in millions or not."""
    readings = [reading for reading in (written.value, *written.parts) if reading is not None]
    return any(_agree(value, reading, written.text, noisy=True) for reading in readings)


def _agree(value: Exact, shown: Exact, text: str, *, noisy: bool) -> bool:
    """Whether `shown`, written as `text`, is the value or rounds it.

    Where floats have been at work (`noisy`), a relative error of 1e-9 is no fault of reasoning.
    """
    if value == shown:
        return True
    off = abs(value - shown)
    decimals = _SHOWN_DECIMALS.search(text)
    if decimals and 2 * off * 10 ** len(decimals[1]) <= 1:
        return True
    return off <= (_FLOAT_NOISE * abs(value) if noisy else 0)


def _decimal(value: Exact) -> str:
    if value.denominator == 1 or len(str(value)) <= 12:
        return str(value)[:40]
    return f"about {float(value):.6g}"
