"""A proposer sets problems, a solver tries them, and what is neither easy nor hopeless is kept.

After asymmetric self-play (Sukhbaatar et al., 2017, arXiv:1703.05407), R-Zero (Huang et al., 2025,
arXiv:2508.05004), which keeps problems that the solver gets right about half of the time, and
Absolute Zero (Zhao et al., 2025, arXiv:2505.03335), whose proposer sees earlier problems of its
own. We differ: nobody is trained here. What is learnt is the level of difficulty that is asked
for, which rises while the solver succeeds too often and falls while it fails. And the reference is
the proposer's own answer, not the solvers' majority: a problem whose proposer is wrong looks
hopeless, and goes.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import ClassVar

from pydantic import Field, model_validator

from synth_assets.core.novelty.deck import Deck
from synth_assets.core.novelty.rouge_l import rouge_l
from synth_assets.core.novelty.task_pool import TaskPool
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.copies import Copies, ask_copies
from synth_assets.core.techniques.final_answer import AnswerKind, FinalAnswer, final_answer
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import (
    Draft,
    Growth,
    Production,
    Round,
    Slot,
    Start,
    Technique,
    Unusable,
)
from synth_assets.core.techniques.structured import ask_fields

_LIKELY_SHARE = 0.5
"""Of the problems that are kept, before anything is known of it."""


class SelfPlay(Technique):
    """Requests of a planned sample: `propose`, then `solve` several times side by side.

    `propose` sees the seed's fields, what was drawn, `level` and `earlier`; it answers with
    `problem` and `solution`. `solve` sees `question`; its whole answer is a solution. Solutions
    end with the marker and the final answer.

    Attributes:
        levels: what is asked of problems, easiest first; templates see one as `level`, and its
            place, from 1, is the sample's difficulty.
        first_level: the place of the level to begin with.
        attempts: how many times each problem is tried.
        low: least share of the usable attempts that must come to the proposer's answer; above 0,
            as nothing vouches for an answer that nobody else came to.
        high: largest share that may.
        least_usable: least share of the attempts that must be usable: not refused, cut off,
            filtered or empty. One that ends in no answer is usable, and failed.
        answers: how final answers are compared; see `final_answer`.
        marker: stands before the final answer.
        earlier: problems of earlier rounds that a proposer sees, so as not to repeat them.
        most_similar: ROUGE-L with a problem it was shown, above which a new one is a copy.
        most_like_kept: ROUGE-L with any problem kept so far, above which a new one is dropped.
        at_once: most problems a round.
        rounds: most rounds; none, as many as it takes.
        empty_rounds: growing ends after so many rounds in a row that keep nothing though the
            level stands where it is; where it moves, after as many more as there are levels.
    """

    name: ClassVar[str] = "self_play"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "propose": ("problem", "solution"),
        "solve": ("solution",),
    }

    propose: Prompt
    solve: Prompt
    levels: tuple[str, ...] = Field(min_length=1)
    first_level: int = Field(default=1, ge=1)
    attempts: int = Field(default=8, ge=1, le=64)
    low: float = Field(default=0.25, gt=0, le=1)
    high: float = Field(default=0.75, ge=0, le=1)
    least_usable: float = Field(default=0.5, gt=0, le=1)
    answers: AnswerKind = "number"
    marker: str = Field(default="####", min_length=1)
    earlier: int = Field(default=2, ge=0, le=50)
    most_similar: float = Field(default=0.85, ge=0, le=1)
    most_like_kept: float = Field(default=0.95, ge=0, le=1)
    at_once: int = Field(default=20, ge=1, le=10_000)
    rounds: int | None = Field(default=None, ge=1, le=1_000_000)
    empty_rounds: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> "SelfPlay":
        if self.high < self.low:
            raise ValueError("high is below low; no problem could be kept")
        if len(set(self.levels)) < len(self.levels):
            raise ValueError("a level stands twice; word each differently")
        if self.first_level > len(self.levels):
            raise ValueError(f"first_level is beyond the {len(self.levels)} levels")
        return self

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol."""
        return {"solve": self.attempts}

    def expected(self, wanted: int) -> int:
        """See the protocol: half of the problems lie in the band."""
        return math.ceil(wanted / _LIKELY_SHARE)

    def grow(self, seeds: Sequence[Seed], wanted: int) -> Growth:
        """Rounds of problems, each at the level that the solve rate of the last one led to."""
        by_hand = Deck(_seed_id, seeds)
        kept: dict[int, Deck[Sample]] = {}
        level = self.first_level
        pool = TaskPool({}, Fraction(str(self.most_like_kept)), "reference")
        have = planned = empty = barren = 0
        dropped: dict[str, Unusable] = {}
        for _ in itertools.count() if self.rounds is None else range(self.rounds):
            share = have / planned if have else _LIKELY_SHARE
            shown = kept.setdefault(level, Deck(_sample_id))
            starts = [
                Start(
                    by_hand.deal(1)[0],
                    {"level": self.levels[level - 1]},
                    tuple(shown.deal(self.earlier)),
                )
                for _ in range(min(self.at_once, math.ceil((wanted - have) / share)))
            ]
            tried = yield Round(starts, dropped)
            planned += len(starts)
            dropped = {
                sample.sample_id: Unusable(Reason.OUT_OF_BAND, self._told(sample))
                for sample in tried
                if not self._is_in_band(sample)
            }
            inside = [sample for sample in tried if sample.sample_id not in dropped]
            joined = pool.join(inside, _problem_in)
            dropped |= {n: Unusable(Reason.NOT_NOVEL, why) for n, why in joined.similar.items()}
            good = joined.new
            shown.add(good)
            have += len(good)
            before, level = level, self._next_level(level, tried)
            empty = empty + 1 if not good and level == before else 0
            barren = 0 if good else barren + 1
            is_barren = barren >= len(self.levels) + self.empty_rounds
            if have >= wanted or empty >= self.empty_rounds or is_barren:
                break
        return dropped

    def produce(self, slot: Slot) -> Production:
        """Propose and try; what lies outside of the band is dropped after the round."""
        level = slot.inputs.get("level") or self.levels[self.first_level - 1]
        shown = "\n".join(_tagged(parent.prompt) for parent in slot.parents)
        values = {**slot.inputs, "level": level, "earlier": shown}
        names = self.fields["propose"]
        proposed = yield from ask_fields(slot, self.propose, values, "propose", names)
        if isinstance(proposed, Unusable):
            return proposed
        answer = final_answer(proposed["solution"], self.answers, self.marker)
        if answer is None:
            told = f"the proposer's solution has no single answer behind {self.marker}"
            return Unusable(Reason.UNPARSABLE, told)
        if copied := self._copied(slot, proposed["problem"]):
            return Unusable(Reason.NOT_NOVEL, f"copies a problem that it was shown: {copied[:200]}")
        asked = {**slot.inputs, "question": proposed["problem"]}
        names = self.fields["solve"]
        tried = yield from ask_copies(
            slot, self.solve, asked, "solve", names, self.attempts, whole=True
        )
        least = max(1, math.ceil(Fraction(str(self.least_usable)) * self.attempts))
        if len(tried.usable) < least:
            why = next(iter(tried.lost.values()))
            many = (
                f"{len(tried.usable)} of {self.attempts} attempts" if tried.usable else "no attempt"
            )
            told = f"{many} can be used, at least {least} must be; the first lost: {why.detail}"
            return Unusable(why.reason, told)
        return self._drafted(level, proposed, answer, tried)

    def _drafted(self, level: str, proposed: Answered, answer: FinalAnswer, tried: Copies) -> Draft:
        found = {
            copy.number: final_answer(copy["solution"], self.answers, self.marker)
            for copy in tried.usable
        }
        right = [
            copy
            for copy in tried.usable
            if (said := found[copy.number]) is not None and said.key == answer.key
        ]
        place = self.levels.index(level) + 1 if level in self.levels else self.first_level
        return Draft(
            prompt=proposed["problem"],
            response=proposed["solution"],
            reference=right[0]["solution"] if right else answer.shown,
            attributes={
                "level": level,
                "attempts": self.attempts,
                "usable": len(found),
                "solved": len(right),
                "solve_rate": round(len(right) / len(found), 4),
                "without_answer": sum(said is None for said in found.values()),
            },
            difficulty=float(place),
            mended=proposed.mended,
        )

    def _copied(self, slot: Slot, problem: str) -> str:
        """The text it was shown that a problem is too like; empty where there is none."""
        shown = [*slot.seed.fields.values(), *(parent.prompt for parent in slot.parents)]
        limit = Fraction(str(self.most_similar))
        return next((text for text in shown if rouge_l(problem, text).f > limit), "")

    def _is_in_band(self, sample: Sample) -> bool:
        share = Fraction(_solved(sample), _usable(sample))
        return Fraction(str(self.low)) <= share <= Fraction(str(self.high))

    def _told(self, sample: Sample) -> str:
        return (
            f"{_solved(sample)} of {_usable(sample)} attempts come to the proposer's answer; kept "
            f"are problems from {self.low:g} to {self.high:g}"
        )

    def _next_level(self, level: int, tried: Sequence[Sample]) -> int:
        if not tried:
            return level
        mean = Fraction(sum(map(_solved, tried)), sum(map(_usable, tried)))
        if mean > Fraction(str(self.high)):
            return min(level + 1, len(self.levels))
        return max(level - 1, 1) if mean < Fraction(str(self.low)) else level


def _solved(sample: Sample) -> int:
    return int(sample.drawn["solved"])


def _usable(sample: Sample) -> int:
    return int(sample.drawn["usable"])


def _problem_in(sample: Sample) -> str:
    return sample.prompt


def _tagged(problem: str) -> str:
    return f"<earlier_problem>\n{problem}\n</earlier_problem>"


def _seed_id(seed: Seed) -> str:
    return seed.seed_id


def _sample_id(sample: Sample) -> str:
    return sample.sample_id
