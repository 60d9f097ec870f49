"""An instruction for a text that is there already, kept where it fits.

Instruction backtranslation, «Humpback» (Li et al., 2023, arXiv:2308.06259): a teacher writes the
instruction that a human text would answer (self-augmentation), and rates how well the text answers
it, from 1 to 5; the best pairs stay (self-curation). We differ: any teachers write and rate, none
is trained in between, so that there is one iteration; several ratings can be asked for, and a judge
that contradicts itself is not believed; an instruction that copies the text is dropped.
"""

import re
from collections.abc import Generator, Mapping, Sequence
from typing import ClassVar, TypeAlias

from pydantic import Field

from synth_assets.core.completion import Completion, Request
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.structured import ask_fields, read_each
from synth_assets.core.techniques.unseen import copied_run, field_of
from synth_assets.core.verify.failure_modes import refusal_in
from synth_assets.core.verify.reading.folding import clipped

_RATING = re.compile(
    r"(?:(?:my |the )?(?:score|rating)(?: is)?\s*[:=]?\s*)?"
    r"(?P<value>[1-5])(?:[.,]0+)?(?![\w%]|[.,]\d)"
    r"(?:\s*(?:/|out of|of)\s*5(?:[.,]0+)?(?![\w%]|[.,]\d))?(?P<words>\W.*)?",
    re.IGNORECASE | re.DOTALL,
)
_ANOTHER = re.compile(
    r"\b(?:or|half|zero|one|two|three|four|five|six|seven|eight|nine|ten)\b|^\s*[-+]\s*$",
    re.IGNORECASE,
)
"""Words after a rating that may name another one."""
_Rating: TypeAlias = Generator[Sequence[Request], Sequence[Completion], tuple[int, ...] | Unusable]


class BacktranslationInstruction(Technique):
    """`instruct`, then `rate`, then, if there is one, `rewrite`.

    `instruct` sees the seed and answers with `instruction`. `rate` and `rewrite` see the seed and
    `instruction`; they answer with `rating`, a whole number from 1 to 5, and `response`.

    Attributes:
        instruct: writes the instruction.
        rate: rates the pair.
        rewrite: writes the response anew, for the instruction; the seed's text is the reference.
        response: the seed's field with the text.
        threshold: the least mean rating of a pair that is kept.
        ratings: how many are asked for.
        max_spread: ratings further apart than this contradict each other.
        max_copied_words: the longest run of the text that an instruction may repeat.
    """

    name: ClassVar[str] = "backtranslation_instruction"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "instruct": ("instruction",),
        "rate": ("rating",),
        "rewrite": ("response",),
    }

    instruct: Prompt
    rate: Prompt
    rewrite: Prompt | None = None
    response: str = "response"
    threshold: float = Field(default=4, ge=1, le=5)
    ratings: int = Field(default=1, ge=1, le=9)
    max_spread: int = Field(default=1, ge=0, le=4)
    max_copied_words: int = Field(default=10, ge=3)

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol."""
        return {"rate": self.ratings}

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        text = field_of(slot.inputs, self.response, "response")
        asked = yield from ask_fields(
            slot, self.instruct, slot.inputs, "instruct", self.fields["instruct"]
        )
        if isinstance(asked, Unusable):
            return asked
        instruction = asked["instruction"]
        if phrase := refusal_in(instruction):
            return Unusable(Reason.REFUSAL, f"the instruction refuses: {phrase!r}")
        copied = copied_run(instruction, text)
        if len(copied) > self.max_copied_words:
            run = clipped(" ".join(copied), 160)
            told = f"the instruction repeats {len(copied)} words of the text: {run}"
            return Unusable(Reason.COPIED_SOURCE, told)
        values = {**slot.inputs, "instruction": instruction}
        ratings = yield from self._rated(slot, values)
        if isinstance(ratings, Unusable):
            return ratings
        found: dict[str, str | int | float] = {"rating": round(sum(ratings) / len(ratings), 2)}
        if self.rewrite is None:
            return Draft(instruction, text, attributes=found, mended=asked.mended)
        written = yield from ask_fields(
            slot, self.rewrite, values, "rewrite", self.fields["rewrite"]
        )
        if isinstance(written, Unusable):
            return written
        return Draft(
            prompt=instruction,
            response=written["response"],
            reference=text,
            attributes=found,
            mended=asked.mended or written.mended,
        )

    def _rated(self, slot: Slot, values: Mapping[str, str]) -> _Rating:
        """All ratings; unusable where one cannot be read, they contradict each other or are low."""
        requests = [slot.ask(self.rate, values, "rate", copy=copy) for copy in range(self.ratings)]
        answers = yield from read_each(slot, self.rate, requests, self.fields["rate"])
        ratings: list[int] = []
        for answer in answers:
            if isinstance(answer, Unusable):
                return answer
            rating = rating_in(answer["rating"])
            if rating is None:
                told = f"a rating is no whole number from 1 to 5: {clipped(answer['rating'])}"
                return Unusable(Reason.UNPARSABLE, told)
            ratings.append(rating)
        said = ", ".join(map(str, ratings))
        if max(ratings) - min(ratings) > self.max_spread:
            return Unusable(Reason.INCONSISTENT_JUDGE, f"rated {said}: too far apart to believe")
        if sum(ratings) < self.threshold * len(ratings):
            told = f"rated {said}; {self.threshold:g} or more is asked for"
            return Unusable(Reason.LOW_RATED, f"{told}: {clipped(values['instruction'], 160)}")
        return tuple(ratings)


def rating_in(text: str) -> int | None:
    """The whole number from 1 to 5 that a rating begins with; none where it is no such rating.

    Markdown and quotation marks, `/5` after the number and words (`5 - perfect`) do not matter.
    None where the number is out of range or broken, or the words name a number again.
    """
    plain = re.sub(r"[*_`]", "", text).strip(" \t\r\n\"'\u201c\u201d")
    match = _RATING.fullmatch(plain.rstrip("."))
    if match is None:
        return None
    after = match["words"] or ""
    if any(character.isnumeric() for character in after) or _ANOTHER.search(after):
        return None
    return int(match["value"])
