r"""Final answers of mathematics, held against a reference: `\boxed{\frac{1}{2}}` is 0.5.

An answer checker: it does not look at the reasoning. What neither arithmetic nor algebra decides
within bounds is errored, never wrong.
"""

from collections.abc import Mapping
from typing import Literal, assert_never

from pydantic import Field

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.answers.equality import Comparer, Rules, Units
from synth_assets.core.verify.answers.final import (
    FoundAnswers,
    Place,
    compare_answers,
    find_answers,
    is_bare_answer,
)
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.tools import NO_TOOLS, Sameness, Tools

_MAX_BARE_REFERENCE = 300


class Math(Verifier):
    """The final answer of the response is that of the reference.

    Attributes:
        answer: where the final answer of the response stands: in the last `boxed`, behind the last
            `marker`, the `last_number`, or the `whole` response.
        marker: text before the answer, for `marker`.
        all_agree: every box or marker of the response must say the same; otherwise the last counts.
        reference: where the answer of the reference stands; by default where that of the response
            does, or a reference that has no such place is the answer itself.
        units: `compared` where both name one (5 m is 500 cm and not 5 cm), `required` wherever the
            reference names one, `ignored` altogether.
        inequalities_as_intervals: an inequality may stand for an interval.
    """

    kind: Literal["math"]
    answer: Place = Place.BOXED
    marker: str = Field(default="####", min_length=1)
    all_agree: bool = False
    reference: Place | None = None
    units: Units = Units.COMPARED
    inequalities_as_intervals: bool = False

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol; no file is needed. Formulas need `tools.algebra`."""
        comparer = Comparer(Rules(self.units, self.inequalities_as_intervals), tools.algebra)

        def check(sample: Sample) -> Verdict:
            return self._check(sample, comparer)

        return check

    def _check(self, sample: Sample, comparer: Comparer) -> Verdict:
        found = find_answers(sample.response, self.answer, self.marker)
        answer = found.final
        if answer is None:
            return Verdict.rejected(Reason.NO_FINAL_ANSWER, f"no final answer: {found.fault}")
        reference = self._reference(sample.reference)
        if reference is None:
            return Verdict.rejected(
                Reason.NO_REFERENCE, "the reference gives no answer, so nothing vouches for this"
            )
        if self.all_agree and (fault := _disagreement(found, answer, comparer)) is not None:
            return fault
        same = compare_answers(answer, reference, comparer)
        told = f"final answer {clipped(answer)}, reference {clipped(reference)}"
        match same.sameness:
            case Sameness.EQUAL:
                return Verdict.accepted(told)
            case Sameness.DIFFERENT:
                return Verdict.rejected(Reason.WRONG_ANSWER, told)
            case Sameness.UNDECIDED:
                return Verdict.errored(f"{same.why}; {told}")
            case _:
                assert_never(same.sameness)

    def _reference(self, text: str) -> str | None:
        place = self.reference or self.answer
        bare = text.strip()
        if self.reference is None and place is Place.LAST_NUMBER and is_bare_answer(bare):
            return bare
        found = find_answers(text, place, self.marker).final
        if found is not None or self.reference is not None:
            return found
        return bare if 0 < len(bare) <= _MAX_BARE_REFERENCE else None


def _disagreement(found: FoundAnswers, final: str, comparer: Comparer) -> Verdict | None:
    for text in dict.fromkeys(found.texts):
        same = compare_answers(text, final, comparer)
        told = f"an earlier answer {clipped(text)}, the last {clipped(final)}"
        if same.sameness is Sameness.DIFFERENT:
            return Verdict.rejected(Reason.NO_FINAL_ANSWER, f"answers that differ: {told}")
        if same.sameness is Sameness.UNDECIDED:
            return Verdict.errored(f"{same.why}; {told}")
    return None
