"""Answers criticised by written principles and revised until the critique finds nothing.

Constitutional AI (Bai et al., 2022, arXiv:2212.08073), its supervised part: a model answers, finds
fault with its answer by a principle, and revises it. We differ: a sample keeps its principles,
which the paper draws anew each round, so that «nothing found» has a meaning and ends it; each
revision is held against them, the last one too; and a row is at once the revised answer, for
supervised training, and the pair of revised and first answer, for preference training, where the
paper has a model compare samples.
"""

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from synth_assets.core.completion import Completion, Request
from synth_assets.core.fingerprint import short_id
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.structured import ask_fields, ask_text
from synth_assets.core.techniques.verdicts import verdict_in
from synth_assets.core.verify.reading.folding import clipped, folded, stands_in
from synth_assets.errors import RecipeError, TechniqueError

_Step: TypeAlias = Generator[Sequence[Request], Sequence[Completion], Unusable | None]

_VERDICTS = ("none", "none found", "present")
_QUOTATION = re.compile(
    r"\u00ab([^\u00ab\u00bb]+)\u00bb|\u201c([^\u201c\u201d]+)\u201d|\"([^\"\n]+)\""
)
_NAMED = re.compile(r"([a-z][a-z0-9_]{0,30}):\s+(\S.*)")


@dataclass(frozen=True)
class Principle:
    """One line of a constitution: `name: what is asked`, or what is asked alone."""

    name: str
    text: str


class Constitutional(Technique):
    """`answer`, then `critique` and `revise` in turn, until a critique finds nothing.

    All see the seed's fields and the drawn attributes; `critique` and `revise` also `principles`
    (a line each), `response` (the answer so far) and `round` (1, 2, ...), and `revise` the
    `critique`. The whole answer to `answer` is the first response; as JSON, its field `response`.
    `critique` must answer with `critique` and `verdict`, which is `none` or `present`; `revise`
    with `revision`. A verdict of `none` beside a critique that quotes two words or more of the
    response contradicts itself, and ends the sample.

    Attributes:
        principles: file of the recipe with a principle a line, as `name: text` or text alone;
            empty lines and those that begin with `#` are passed over.
        per_sample: how many of them a sample is held to. A seed goes through all of them, in an
            order of its own, before any comes again.
        rounds: most revisions.
        unsettled: what becomes of an answer in which the critique after the last revision still
            finds something.
        instruction: the seed's field that the student is asked.
    """

    name: ClassVar[str] = "constitutional"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "answer": ("response",),
        "critique": ("critique", "verdict"),
        "revise": ("revision",),
    }

    answer: Prompt
    critique: Prompt
    revise: Prompt
    principles: str = "principles.txt"
    per_sample: int = Field(default=1, ge=1, le=20)
    rounds: int = Field(default=3, ge=1, le=10)
    unsettled: Literal["drop", "keep"] = "drop"
    instruction: str = "instruction"

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol."""
        return {"critique": self.rounds + 1, "revise": self.rounds}

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        if self.instruction not in slot.inputs:
            raise TechniqueError(
                f"technique constitutional: instruction: a seed has no field {self.instruction!r}. "
                f"It has: {', '.join(sorted(slot.seed.fields))}. Name one of these."
            )
        held = held_to(self._constitution(slot), self.per_sample, slot.seed.seed_id, slot.round)
        first = yield from ask_text(slot, self.answer, slot.inputs, "answer", "response")
        if isinstance(first, Unusable):
            return first
        work = _Work([first["response"]], first.completion, [first.completion], mended=first.mended)
        told = "\n".join(f"- {principle.text}" for principle in held)
        fault = yield from self._criticise(slot, work, told)
        while fault is None and not work.settled and len(work.texts) <= self.rounds:
            fault = yield from self._revise(slot, work, told)
            fault = fault or (yield from self._criticise(slot, work, told))
        if fault is None and not work.settled and self.unsettled == "drop":
            fault = Unusable(
                Reason.ENDLESS_CRITIQUE,
                f"after {self.rounds} revisions the critique still finds: "
                f"{clipped(work.critiques[-1])}",
            )
        return fault or self._drafted(slot, work, held)

    def _constitution(self, slot: Slot) -> tuple[Principle, ...]:
        found = read_principles(slot.files.get(self.principles, ""))
        if len(found) < self.per_sample:
            there = ", ".join(sorted(slot.files)) or "none"
            raise RecipeError(
                f"technique constitutional: principles: {self.principles} holds {len(found)} "
                f"principles, {self.per_sample} are asked for each sample. Files here: {there}. "
                "Write one principle a line."
            )
        return found

    def _criticise(self, slot: Slot, work: "_Work", told: str) -> _Step:
        number = len(work.texts)
        values = {**slot.inputs, "principles": told, **work.inputs}
        found = yield from ask_fields(
            slot, self.critique, values, "critique", self.fields["critique"]
        )
        if isinstance(found, Unusable):
            return Unusable(found.reason, f"critique {number}: {found.detail}")
        work.take(found)
        work.critiques.append(found["critique"])
        match verdict_in(found["verdict"], _VERDICTS):
            case None:
                said = clipped(found["verdict"])
                told = f"critique {number}: the verdict is {said}, not none or present"
                return Unusable(Reason.UNPARSABLE, told)
            case "present":
                return None
            case _:
                work.settled = True
        if (quoted := _quoted(found["critique"], work.texts[-1])) is not None:
            told = f"critique {number}: its verdict is none, but it quotes {clipped(quoted)}"
            return Unusable(Reason.INCONSISTENT_JUDGE, told)
        return None

    def _revise(self, slot: Slot, work: "_Work", told: str) -> _Step:
        number = len(work.texts)
        values = {**slot.inputs, "principles": told, **work.inputs}
        values["critique"] = work.critiques[-1]
        revised = yield from ask_fields(slot, self.revise, values, "revise", ("revision",))
        if isinstance(revised, Unusable):
            return Unusable(revised.reason, f"revision {number}: {revised.detail}")
        work.take(revised)
        before = [folded(text) for text in work.texts]
        if (text := folded(revised["revision"])) in before:
            copied = before.index(text)
            what = f"revision {copied}" if copied else "the first answer"
            return Unusable(Reason.NOT_IMPROVED, f"revision {number} is {what}, word for word")
        work.texts.append(revised["revision"])
        work.writer = revised.completion
        return None

    def _drafted(self, slot: Slot, work: "_Work", held: Sequence[Principle]) -> Draft:
        revisions = len(work.texts) - 1
        attributes: dict[str, str | int | float] = {
            "principles": ", ".join(principle.name for principle in held),
            "revisions": revisions,
            "settled": "yes" if work.settled else "no",
        }
        attributes |= {f"critique_{n}": said for n, said in enumerate(work.critiques, start=1)}
        return Draft(
            prompt=slot.inputs[self.instruction],
            response=work.texts[-1],
            rejected=work.texts[0] if revisions else "",
            attributes=attributes,
            mended=work.mended,
            completions=(work.writer, *work.completions),
        )


@dataclass
class _Work:
    """An answer on its way.

    Attributes:
        texts: the first answer and its revisions.
        writer: the completion in which the last of them stands.
        completions: all, in their order.
        critiques: what was said of each text.
        settled: whether the last critique found nothing.
        mended: whether the JSON of an answer had to be mended.
    """

    texts: list[str]
    writer: Completion
    completions: list[Completion]
    critiques: list[str] = field(default_factory=list[str])
    settled: bool = False
    mended: bool = False

    @property
    def inputs(self) -> dict[str, str]:
        """What critique and revision see of it."""
        return {"response": self.texts[-1], "round": str(len(self.texts))}

    def take(self, answered: Answered) -> None:
        """Remember a critique's or revision's completion."""
        self.mended |= answered.mended
        self.completions.append(answered.completion)


def read_principles(text: str) -> tuple[Principle, ...]:
    """The principles of a file; those without a name are called by their number, from 1."""
    lines = (line.strip() for line in text.splitlines())
    found = [line for line in lines if line and not line.startswith("#")]
    named = (_NAMED.fullmatch(line) for line in found)
    return tuple(
        Principle(match[1], match[2]) if match else Principle(str(number), line)
        for number, (line, match) in enumerate(zip(found, named, strict=True), start=1)
    )


def _quoted(critique: str, answer: str) -> str | None:
    """The first quotation of two words or more that stands in the answer."""
    there = folded(answer)
    for found in _QUOTATION.finditer(critique):
        quoted = found[found.lastindex or 0].strip(" .,;:!?")
        if len(quoted.split()) > 1 and stands_in(folded(quoted), there):
            return quoted
    return None


def held_to(
    constitution: Sequence[Principle], count: int, seed_id: str, round_: int
) -> tuple[Principle, ...]:
    """The principles of a sample: the next ones in its seed's own order.

    Other seeds and more samples change nothing; another principle changes few.
    """
    ordered = sorted(constitution, key=lambda each: short_id([seed_id, each.text]))
    start = round_ * count
    return tuple(ordered[(start + at) % len(ordered)] for at in range(count))
