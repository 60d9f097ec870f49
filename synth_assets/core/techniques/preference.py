"""Pairs of a better and a worse response to one instruction, named by a judge in both orders.

After UltraFeedback (Cui et al., 2023, arXiv:2310.01377), where several models answer and one rates,
HelpSteer (Wang et al., 2023, arXiv:2311.09528) for named criteria, and RLAIF (Lee et al., 2023,
arXiv:2309.00267). Judges favour a place, length and their own answers (Zheng et al., 2023,
arXiv:2306.05685). So we differ: each pair is judged in both orders and counts only where both name
one response; ratings choose what is compared and are never the label alone; equal responses count
once; and verdicts and lengths are recorded, for `core/preference_bias.py` to tell.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.names import Name
from synth_assets.core.fingerprint import normalised
from synth_assets.core.judging.pairs import Said
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.contest import (
    RECORDED,
    Contest,
    Match,
    Pair,
    Side,
    pair_label,
    ratings_in,
    response_label,
    said_in,
)
from synth_assets.core.techniques.copies import (
    Copy,
    ask_copies,
    asked_of,
    joined_inputs,
    refuse_unused_style,
    style_shares,
)
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.structured import read_each
from synth_assets.core.verify.reading.folding import clipped


@dataclass(frozen=True)
class _Sorted:
    """Responses that can be compared, and those that cannot."""

    sides: tuple[Side, ...]
    lost: tuple[Unusable, ...]


_Rating: TypeAlias = Generator[Sequence[Request], Sequence[Completion], _Sorted]
_Judging: TypeAlias = Generator[
    Sequence[Request], Sequence[Completion], tuple[Match | Unusable, ...]
]


class Preference(Technique):
    """`respond` several times, `rate` each where wanted, then `judge` pairs in both orders.

    The row is instruction -> better response, with the worse one as `rejected`. Templates see the
    seed's fields, the drawn attributes and `question`, the instruction as the student is asked it;
    `rate` sees `response` too, `judge` sees `first` and `second`.

    Attributes:
        respond: writes a response, as the whole answer.
        judge: answers with `verdict`: A, B or tie.
        rate: answers with `ratings`: a line `criterion: 7` for each criterion, 1 to 10.
        instruction: the inputs that the instruction is put together from.
        responses: how many are asked for.
        styles: see `ask_copies`; `respond` sees the line as `style`.
        criteria: what `rate` rates.
        pairs: `all`: every two responses, k(k - 1) judge calls; `best_worst`: the best and the
            worst rated alone, 2 calls.
        ties: what becomes of a pair that both orders call a tie.
        inconsistent: what becomes of a pair of which the two orders say different things. Kept are
            ties and these only where no pair of the sample is decided, and marked in `verdict`.
        min_margin: least difference of mean ratings, or without `rate` of shares of pairs won.
    """

    name: ClassVar[str] = "preference"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "respond": ("response",),
        "rate": ("ratings",),
        "judge": ("verdict",),
    }

    respond: Prompt
    rate: Prompt | None = None
    judge: Prompt
    instruction: tuple[str, ...] = Field(default=("instruction",), min_length=1)
    responses: int = Field(default=4, ge=2, le=16)
    styles: str = ""
    criteria: tuple[Name, ...] = Field(default=("helpfulness", "correctness"), min_length=1)
    pairs: Literal["all", "best_worst"] = "all"
    ties: Literal["drop", "keep"] = "drop"
    inconsistent: Literal["drop", "keep"] = "drop"
    min_margin: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> "Preference":
        refuse_unused_style(self.styles, self.respond, "respond")
        if clash := sorted(RECORDED & set(self.criteria)):
            raise ValueError(f"criteria: chosen_{clash[0]} is recorded already; rename it")
        if self.pairs == "best_worst" and self.rate is None:
            raise ValueError("pairs: best_worst needs a prompt `rate` that finds best and worst")
        writers = {share.id for share in self.respond.teachers or ()}
        if both := sorted(writers & {share.id for share in self.judge.teachers or ()}):
            raise ValueError(
                f"{both[0]} would judge its own responses; give judge: teachers: of its own"
            )
        return self

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol."""
        pairs = 1 if self.pairs == "best_worst" else self.responses * (self.responses - 1) // 2
        return {"rate": self.responses, "judge": 2 * pairs}

    def own_choices(self, files: Mapping[str, str]) -> Mapping[str, Mapping[str, float]]:
        """See the protocol."""
        return style_shares(files, self.styles)

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        question = joined_inputs(slot, self.instruction, "instruction")
        values = {**slot.inputs, "question": question}
        copies = yield from ask_copies(
            slot,
            self.respond,
            values,
            "respond",
            self.fields["respond"],
            self.responses,
            styles=self.styles,
            whole=True,
        )
        lost = [replace(why, label=response_label(at)) for at, why in copies.lost.items()]
        found = _different(copies.usable)
        lost += found.lost
        if self.rate is not None:
            found = yield from self._rated(slot, self.rate, values, found.sides)
            lost += found.lost
        if len(found.sides) < 2:
            told = f"{len(found.sides)} of {self.responses} responses can be compared, not two"
            each = ", ".join(f"{why.label} {why.reason.value}: {why.detail}" for why in lost)
            return Unusable(lost[0].reason, f"{told}: {each}")
        matches = yield from self._judged(slot, values, found.sides)
        lost += [match for match in matches if isinstance(match, Unusable)]
        contest = Contest(found.sides, tuple(m for m in matches if isinstance(m, Match)))
        return [*self._chosen(question, contest), *lost]

    def _rated(
        self, slot: Slot, prompt: Prompt, values: Mapping[str, str], sides: Sequence[Side]
    ) -> _Rating:
        """By one rater and template, so that ratings can be held against each other."""
        asked = [slot.ask(prompt, {**values, "response": side.text}, "rate") for side in sides]
        answers = yield from read_each(slot, prompt, asked, self.fields["rate"])
        rated: list[Side] = []
        lost: list[Unusable] = []
        for side, answer in zip(sides, answers, strict=True):
            label = response_label(side.copy.number)
            if isinstance(answer, Unusable):
                lost.append(Unusable(answer.reason, f"its rating: {answer.detail}", label))
                continue
            ratings = ratings_in(answer["ratings"], self.criteria)
            if isinstance(ratings, str):
                lost.append(Unusable(Reason.UNPARSABLE, ratings, label))
                continue
            rated.append(replace(side, ratings=ratings, rated_by=answer.completion))
        return _Sorted(tuple(rated), tuple(lost))

    def _judged(self, slot: Slot, values: Mapping[str, str], sides: Sequence[Side]) -> _Judging:
        """Every pair, or the one, in both orders, by one judge and template."""
        pairs = list(combinations(sides, 2))
        if self.pairs == "best_worst":
            ranked = sorted(sides, key=lambda side: -side.rating)
            pairs = [(ranked[0], ranked[-1])]
        orders = [order for one, other in pairs for order in ((one, other), (other, one))]
        asked = [
            slot.ask(self.judge, {**values, "first": one.text, "second": other.text}, "judge")
            for one, other in orders
        ]
        answers = yield from read_each(slot, self.judge, asked, self.fields["judge"])
        return tuple(
            _match(one, other, asked[2 * at], answers[2 * at : 2 * at + 2])
            for at, (one, other) in enumerate(pairs)
        )

    def _chosen(self, question: str, contest: Contest) -> list[Draft | Unusable]:
        """The first pair of which a row can be made, and what became of the others.

        The row counts the decided pairs. Without a row, their verdicts are told one by one.
        """
        failed: list[Unusable] = []
        told: list[Unusable] = []
        pair = None
        for pair in contest.candidates(
            ties=self.ties == "keep", inconsistent=self.inconsistent == "keep"
        ):
            made = self._made(question, contest, pair)
            if isinstance(made, Draft):
                return [made, *failed, *contest.undecided(pair)]
            failed.append(made)
            told.append(replace(made, detail=f"{pair.match.told}; {made.detail}"))
        return [*told, *contest.undecided(pair)]

    def _made(self, question: str, contest: Contest, pair: Pair) -> Draft | Unusable:
        won, beaten = pair.won, pair.beaten
        if pair.match.winner is not None and won.rating < beaten.rating:
            told = f"but the ratings are {won.rating:g} and {beaten.rating:g}"
            return Unusable(Reason.INCONSISTENT_JUDGE, told, pair.match.label)
        margin = contest.margin(pair)
        if pair.match.winner is not None and not won.ratings and margin <= 0:
            told = f"but {won.number} has won no greater share of its pairs than {beaten.number}"
            return Unusable(Reason.INCONSISTENT_JUDGE, told, pair.match.label)
        if margin < self.min_margin:
            told = f"its margin is {margin:g}, not {self.min_margin:g}"
            return Unusable(Reason.TIE, told, pair.match.label)
        ratings = [side.rated_by for side in (won, beaten) if side.rated_by is not None]
        return Draft(
            prompt=question,
            response=won.text,
            rejected=beaten.text,
            attributes={**contest.told(pair), **won.copy.told},
            mended=won.copy.mended or beaten.copy.mended,
            completions=(
                won.copy.completion,
                beaten.copy.completion,
                *ratings,
                *pair.match.completions,
            ),
        )


def _different(copies: Sequence[Copy]) -> _Sorted:
    """Responses that say the same are one: the first of them."""
    first: dict[str, Copy] = {}
    lost: list[Unusable] = []
    for copy in copies:
        before = first.setdefault(normalised(copy["response"]), copy)
        if before is not copy:
            told = f"says the same as {response_label(before.number)}"
            lost.append(Unusable(Reason.NOT_NOVEL, told, response_label(copy.number)))
    return _Sorted(tuple(Side(copy, copy["response"]) for copy in first.values()), tuple(lost))


def _match(
    one: Side, other: Side, asked: Request, answers: Sequence[Answered | Unusable]
) -> Match | Unusable:
    said: list[Said] = []
    completions: list[Completion] = []
    for answer in answers:
        if isinstance(answer, Unusable):
            told = f"its judge: {answer.detail}"
            return Unusable(answer.reason, told, pair_label(one, other))
        verdict = said_in(answer["verdict"])
        if verdict is None:
            told = f"the verdict {clipped(answer['verdict'])} is none of A, B, tie"
            return Unusable(Reason.UNPARSABLE, told, pair_label(one, other))
        said.append(verdict)
        completions.append(answer.completion)
    judge = asked_of(asked, completions[0]).teacher
    return Match(one, other, (said[0], said[1]), judge, tuple(completions))
