"""Answers to one question, held against each other: a vote, and what contradicts it.

After self-consistency (Wang et al., 2023, arXiv:2203.11171), on samples that are already made. A
vote is a score and no proof: models err alike.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.tally import Tally
from synth_assets.core.verify.answers.equality import Comparer, Rules, Units
from synth_assets.core.verify.answers.final import (
    FoundAnswers,
    Place,
    compare_answers,
    find_answers,
)
from synth_assets.core.verify.number import Number
from synth_assets.core.verify.protocol import Cost, Together, Verifier
from synth_assets.core.verify.reading.folding import clipped, folded
from synth_assets.core.verify.tools import NO_TOOLS, Sameness, Tools

AnswerPlace: TypeAlias = Literal["number", "boxed", "marker", "last_number", "last_line", "whole"]

_PROSE = ("last_line", "whole")
_AROUND = " \t\"'`*_$.,;:!?()[]{}"
_MOST_KINDS = 200
_MOST_LISTED = 4


class Consistency(Verifier):
    """Most answers to the question say the same, and this one says it too.

    Samples are compared with those of the same question that no verifier before rejected, of the
    same version of the recipe.

    Attributes:
        group_by: what makes a question: the `prompt` (with context and earlier turns, case and
            white space aside), the `seed`, or an attribute by its name.
        answer: where the final answer stands: the one `number` behind the marker, or the last of
            all without a marker, in words and units as one likes; in the last `boxed`, behind the
            last `marker`, the `last_number`, the `last_line`, or the `whole` response.
        marker: text before the answer, for `number` and `marker`.
        compare: as a `value`, as the verifier `math` does (0.5 is 1/2), or as `text`, case,
            typography and punctuation around it aside. By default `text` for `last_line` and
            `whole`, else `value`. Not for `number`, which is compared exactly.
        units: what is made of units behind values; `number` ignores them.
        min_agreement: the least share of the answers that must be the commonest one.
        ties: what becomes of all answers where two are equally common.
        alone: what becomes of the only answer to a question.
        alone_score: its score if it is accepted; none by default, as nothing was compared.
    """

    cost = Cost.COMPARISON

    kind: Literal["consistency"]
    group_by: str = Field(default="prompt", min_length=1)
    answer: AnswerPlace = "number"
    marker: str = Field(default="####", min_length=1)
    compare: Literal["value", "text"] | None = None
    units: Units = Units.COMPARED
    min_agreement: float = Field(default=0.6, gt=0, le=1)
    ties: Literal["reject", "error"] = "reject"
    alone: Literal["accept", "reject", "error"] = "accept"
    alone_score: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _fits(self) -> "Consistency":
        if self.alone_score is not None and self.alone != "accept":
            raise ValueError("alone_score belongs to `alone: accept`")
        if self.answer == "number" and self.compare is not None:
            raise ValueError("compare belongs to other answers; a number is compared exactly")
        return self

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Together:
        """See the protocol; no file is needed. Formulas need `tools.algebra`."""
        comparer = Comparer(Rules(self.units), tools.algebra)
        return Together(lambda samples: self._verdicts(samples, comparer))

    def _verdicts(self, samples: Sequence[Sample], comparer: Comparer) -> list[Verdict]:
        groups: dict[str | None, list[int]] = {}
        for at, sample in enumerate(samples):
            groups.setdefault(self._question(sample), []).append(at)
        verdicts: list[Verdict] = [Verdict.errored("not looked at")] * len(samples)
        for question, places in groups.items():
            if question is None:
                told = Verdict.errored(f"the sample has no {self.group_by} to group it by")
                found: Sequence[Verdict] = [told] * len(places)
            else:
                found = self._together([samples[at].response for at in places], comparer)
            for at, verdict in zip(places, found, strict=True):
                verdicts[at] = verdict
        return verdicts

    def _question(self, sample: Sample) -> str | None:
        match self.group_by:
            case "prompt":
                return "\x1f".join(map(folded, (sample.context, sample.history, sample.prompt)))
            case "seed":
                return sample.seed_id or None
            case name:
                value = sample.drawn.get(name, "")
                return str(value) if value != "" else None

    def _together(self, responses: Sequence[str], comparer: Comparer) -> list[Verdict]:
        found = [self._answer(response) for response in responses]
        said = [each.final for each in found if each.final is not None]
        kinds = self._kinds(said, comparer)
        tally = Tally(tuple(kind for text in said if (kind := kinds[text].same_as) is not None))
        return [self._verdict(each, kinds, tally) for each in found]

    def _answer(self, response: str) -> FoundAnswers:
        match self.answer:
            case "number":
                reader = Number(kind="number", marker=self.marker, marker_required=False)
                number = reader.final_number(response)
                if number is None or number.value is None:
                    return FoundAnswers((), "no single final number")
                return FoundAnswers((str(number.value),))
            case "last_line":
                return find_answers(response.rstrip().rpartition("\n")[2], Place.WHOLE)
            case place:
                return find_answers(response, Place(place), self.marker)

    def _kinds(self, said: Sequence[str], comparer: Comparer) -> dict[str, "_Kind"]:
        """Answer -> which other answers it is the same as."""
        if self.answer == "number":
            return {text: _Kind(text) for text in said}
        if (self.compare or ("text" if self.answer in _PROSE else "value")) == "text":
            return {text: _Kind(folded(text).strip(_AROUND) or text) for text in said}
        kinds: dict[str, _Kind] = {}
        known: list[str] = []
        counts = Counter(said)
        for text in sorted(counts, key=lambda text: (-counts[text], text)):
            kinds[text] = _kind_of(text, known, comparer)
            if kinds[text].same_as == text:
                known.append(text)
        return kinds

    def _verdict(self, found: FoundAnswers, kinds: Mapping[str, "_Kind"], tally: Tally) -> Verdict:
        answer = found.final
        if answer is None:
            return Verdict.rejected(Reason.NO_FINAL_ANSWER, f"no final answer: {found.fault}")
        kind = kinds[answer].same_as
        if kind is None:
            return Verdict.errored(kinds[answer].fault)
        if len(tally.votes) == 1:
            return self._of_one(answer)
        told = _told(answer, tally)
        if tally.is_tied:
            if self.ties == "error":
                return Verdict.errored(f"a tie: {told}")
            return Verdict.rejected(Reason.NO_AGREEMENT, f"a tie: {told}", tally.agreement)
        if kind != tally.winner:
            share = dict(tally.counts)[kind] / len(tally.votes)
            return Verdict.rejected(Reason.CONTRADICTION, told, share)
        if tally.agreement < self.min_agreement - 1e-9:
            return Verdict.rejected(Reason.NO_AGREEMENT, told, tally.agreement)
        return Verdict.accepted(told, tally.agreement)

    def _of_one(self, answer: str) -> Verdict:
        told = f"the only answer to its question: {clipped(answer)}"
        match self.alone:
            case "accept":
                return Verdict(VerdictOutcome.ACCEPTED, None, self.alone_score, told)
            case "reject":
                return Verdict.rejected(Reason.NO_AGREEMENT, told)
            case "error":
                return Verdict.errored(told)


@dataclass(frozen=True)
class _Kind:
    """Which answer stands for all that are the same; none if that is not known, and why."""

    same_as: str | None
    fault: str = ""


def _kind_of(text: str, known: Sequence[str], comparer: Comparer) -> _Kind:
    fault = ""
    for other in known:
        compared = compare_answers(text, other, comparer)
        if compared.sameness is Sameness.EQUAL:
            return _Kind(other)
        if compared.sameness is Sameness.UNDECIDED and not fault:
            fault = f"{compared.why}; answer {clipped(text)}, another {clipped(other)}"
    if not fault and len(known) >= _MOST_KINDS:
        fault = f"over {_MOST_KINDS} different answers to one question"
    return _Kind(None, fault) if fault else _Kind(text)


def _told(answer: str, tally: Tally) -> str:
    listed = tally.counts[:_MOST_LISTED]
    said = ", ".join(f"{clipped(kind, 40)} ({votes})" for kind, votes in listed)
    more = len(tally.counts) - len(listed)
    others = f" and {more} more" if more else ""
    return f"says {clipped(answer, 40)}; {len(tally.votes)} answers: {said}{others}"
