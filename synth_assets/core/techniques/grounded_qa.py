"""Questions about passages, answered with verbatim quotes of them.

Quotes make the answer checkable without a judge: a fact without a quote is an invention until
shown otherwise (cf. Menick et al., 2022, «verified quotes», arXiv:2203.11147). Questions that the
passage does not answer teach a student to say so (Rajpurkar et al., 2018, arXiv:1806.03822); those
over two passages to put together what stands apart (Yang et al., 2018, arXiv:1809.09600).

We differ: a model writes question, answer and quote at once, where people or a reward model wrote
and chose them; what has no answer is answered with a stated phrase; and passages that belong
together are those of one document, not of a graph of links.
"""

from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, cycle, islice, zip_longest
from math import ceil
from typing import ClassVar, TypeAlias

from pydantic import Field, model_validator

from synth_assets.core.completion import Completion, Request
from synth_assets.core.fingerprint import exact_hash
from synth_assets.core.novelty.rouge_l import rouge_l
from synth_assets.core.numbered import number_passages, numbered_quotes, written_quotes
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered
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
from synth_assets.core.techniques.repeated import Blocks, read_blocks
from synth_assets.core.techniques.structured import ask_fields
from synth_assets.core.techniques.unseen import field_of
from synth_assets.core.verify.quote import says_no_answer
from synth_assets.core.verify.reading.folding import clipped, folded
from synth_assets.errors import RecipeError

UNANSWERABLE = "unanswerable"
"""The kind of question that is answered with the phrase `no_answer`."""

_NO_QUOTE = "none"
_EMPTY_ROUNDS = 2
_LIKELY_SHARE = 0.8
_LEAST_SHARE = 0.1
"""Of the questions asked for; so that a bad round does not buy ten times as many."""
_LEAST_CITED = 2
_MOST_DISTANCES = 20
"""So that a book of a thousand passages is not combined into half a million pairs."""

_Asking: TypeAlias = Generator[Sequence[Request], Sequence[Completion], Blocks]


class GroundedQa(Technique):
    """Questions on the seed's passage: `ask`, answered with `question`, `answer` and `quote`.

    Several of one request stand in blocks `<qa>`, which may name their `kind`; `ask` then sees
    `count`, how many are wanted, and `earlier`, the questions that the passage has already.

    Attributes:
        ask: the prompt.
        passage: the input that holds the passage; it becomes the sample's context.
        questions: samples a passage.
        questions_a_request: the next request knows the questions of those before.
        passages: with more than one, so many passages of one document stand in the input
            `passages`, numbered; `passage` and `document` then name fields of seeds, `samples` is
            how many are to be accepted, and a question must quote two passages or more.
        document: the field whose document passages share: its text, or the file in `(file, page 3)`
            at its end, as the reader `documents` has it.
        no_answer: what to answer where the passage has no answer; without it, all must have one.
        max_likeness: drop a question that quotes what an earlier one of the passage quotes, if
            their ROUGE-L is larger; equal questions are dropped whatever they quote.
        review_share: share of the samples marked for an expert.
    """

    name: ClassVar[str] = "grounded_qa"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {"ask": ("question", "answer", "quote")}

    ask: Prompt
    passage: str = "passage"
    questions: int = Field(default=1, ge=1, le=200)
    questions_a_request: int = Field(default=10, ge=1, le=50)
    passages: int = Field(default=1, ge=1, le=5)
    document: str = "document"
    no_answer: str = ""
    max_likeness: float = Field(default=0.8, gt=0, le=1)
    review_share: float = Field(default=0, ge=0, le=1)

    @model_validator(mode="after")
    def _blocks_are_text(self) -> "GroundedQa":
        if self.ask.form is not None and min(self.questions, self.questions_a_request) > 1:
            raise ValueError(
                "several questions of one request are answered in sections; set "
                "questions_a_request: 1, or leave schema_file and pydantic out"
            )
        return self

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol."""
        return {"ask": ceil(self.questions / self.questions_a_request)}

    def expected(self, wanted: int) -> int:
        """See the protocol: of several passages, four of five questions come in."""
        likely = self.questions * _LIKELY_SHARE
        return wanted if self.passages == 1 else ceil(wanted / likely)

    def produce(self, slot: Slot) -> Production:
        """See the protocol.

        Raises:
            RecipeError: if the seed has no such passage.
        """
        if self.passages == 1:
            field_of(slot.inputs, self.passage, "passage")
        made: list[Draft | Unusable] = []
        for copy, first in enumerate(range(0, self.questions, self.questions_a_request)):
            count = min(self.questions_a_request, self.questions - first)
            blocks = yield from self._asked(slot, made, count, copy)
            for number, answered in enumerate(blocks.read, first + 1):
                label = f"q{number}" if self.questions > 1 else ""
                one = self._made(slot, answered, label, made)
                if isinstance(one, Draft):
                    chosen = slot.ask.choices(self.ask, "ask", copy)
                    one = replace(one, attributes={**chosen, **one.attributes})
                made.append(one)
            if blocks.surplus:
                told = f"{blocks.surplus} questions more than the {count} asked for"
                made.append(Unusable(Reason.UNPARSABLE, told, f"surplus{copy}"))
        return made if self.questions > 1 else made[0]

    def _asked(
        self, slot: Slot, made: Sequence[Draft | Unusable], count: int, copy: int
    ) -> _Asking:
        earlier = "\n".join(f"- {each.prompt}" for each in made if isinstance(each, Draft))
        values = {**slot.inputs}
        if self.questions > 1:
            values |= {"count": str(count), "earlier": earlier}
        names = self.fields["ask"]
        if min(self.questions, self.questions_a_request) == 1:
            one = yield from ask_fields(slot, self.ask, values, "ask", names, copy=copy)
            return Blocks([one], 0)
        [completion] = yield [slot.ask(self.ask, values, "ask", copy=copy)]
        return read_blocks(completion, "qa", names, count, ("kind",))

    def _made(
        self,
        slot: Slot,
        answered: Answered | Unusable,
        label: str,
        earlier: Sequence[Draft | Unusable],
    ) -> Draft | Unusable:
        if isinstance(answered, Unusable):
            return Unusable(answered.reason, answered.detail, label)
        quote = self._quote(answered)
        if isinstance(quote, Unusable):
            return Unusable(quote.reason, quote.detail, label)
        question = answered["question"]
        for other in earlier:
            if isinstance(other, Draft) and self._is_like(question, quote, other):
                told = f"too like an earlier question of the passage: {clipped(other.prompt, 160)}"
                return Unusable(Reason.NOT_NOVEL, told, label)
        found: dict[str, str | int | float] = {}
        if kind := answered.texts.get("kind", ""):
            found["kind"] = kind
        if fault := self._wrong_kind(kind or slot.drawn.get("kind", ""), answered["answer"]):
            return Unusable(Reason.WRONG_KIND, fault, label)
        if self.no_answer:
            found["answerable"] = "yes" if quote else "no"
        if self.passages > 1 and quote:
            cited = sorted({each.passage for each in numbered_quotes(quote)})
            found["quoted_passages"] = ", ".join(map(str, cited))
        if self._is_for_expert(slot, question, answered["answer"]):
            found["expert_review"] = "yes"
        return Draft(
            prompt=question,
            response=answered["answer"],
            context=slot.inputs["passages" if self.passages > 1 else self.passage],
            reference=quote,
            attributes=found,
            mended=answered.mended,
            label=label,
            completions=(answered.completion,) if self.questions > 1 else (),
        )

    def _quote(self, answered: Answered) -> str | Unusable:
        """The quote, empty where there is no answer."""
        said = answered["quote"]
        quotes_nothing = said.strip("<>/. \n").casefold() == _NO_QUOTE
        if says_no_answer(answered["answer"], self.no_answer):
            told = f"says that there is no answer, and quotes one: {clipped(said, 160)}"
            return "" if quotes_nothing else Unusable(Reason.ANSWER_NOT_IN_QUOTE, told)
        if self.passages == 1:
            return said
        quotes = numbered_quotes(said)
        if not quotes:
            told = f"a quote does not begin with the number of its passage: {clipped(said, 160)}"
            return Unusable(Reason.UNPARSABLE, told)
        if len({each.passage for each in quotes}) < _LEAST_CITED:
            told = f"asked for a question over several passages, quotes only {quotes[0].passage}"
            return Unusable(Reason.WRONG_KIND, told)
        return written_quotes(quotes)

    def _wrong_kind(self, kind: str, answer: str) -> str:
        """What is wrong, where a kind was asked for; else nothing."""
        if not kind or not self.no_answer:
            return ""
        is_unanswered = says_no_answer(answer, self.no_answer)
        if is_unanswered == (kind.casefold() == UNANSWERABLE):
            return ""
        wanted = "has an answer" if not is_unanswered else "is said to have none"
        return f"a question of the kind {kind} {wanted}: {clipped(answer, 160)}"

    def _is_like(self, question: str, quote: str, other: Draft) -> bool:
        if folded(question) == folded(other.prompt):
            return True
        # «What is a minor breach?» and «What is a major breach?» are alike, and ask for two things.
        quotes_same = folded(quote) == folded(other.reference)
        return quotes_same and rouge_l(question, other.prompt).f > self.max_likeness

    def _is_for_expert(self, slot: Slot, question: str, answer: str) -> bool:
        drawn = int(exact_hash(slot.seed.seed_id, question, answer)[:12], 16) / 16**12
        return drawn < self.review_share

    @property
    def plans_rounds(self) -> bool:
        """See the protocol: passages are put together in rounds, one is asked about as it is."""
        return self.passages > 1

    @property
    def told_attributes(self) -> Sequence[str]:
        """See the protocol."""
        return ("kind", "answerable") if self.no_answer else ("kind",)

    def grow(self, seeds: Sequence[Seed], wanted: int) -> Growth | None:
        """See the protocol."""
        return self._rounds(_starts(self, seeds), wanted) if self.plans_rounds else None

    def _rounds(self, starts: Iterator[Start], wanted: int) -> Growth:
        """Until so many are accepted, each round by the share so far; two empty ones end it."""
        have = planned = empty = 0
        while have < wanted and empty < _EMPTY_ROUNDS:
            share = max(have / planned, self.questions * _LEAST_SHARE) if have else self.questions
            chosen = list(islice(starts, ceil((wanted - have) / share)))
            came: Sequence[Sample] = yield Round(chosen)
            have, planned = have + len(came), planned + len(chosen)
            empty = 0 if came else empty + 1
        return {}


def _starts(technique: GroundedQa, seeds: Sequence[Seed]) -> Iterator[Start]:
    """Passages of one document together: each document in turn, over and over.

    Raises:
        RecipeError: if seeds lack the fields, or no document has so many passages.
    """
    text, document = technique.passage, technique.document
    groups: dict[str, list[Seed]] = defaultdict(list)
    for seed in seeds:
        if missing := {text, document} - set(seed.fields):
            raise RecipeError(
                f"grounded_qa: seeds have no field {min(missing)}, only "
                f"{', '.join(sorted(seed.fields))}. Name the fields under passage: and document:."
            )
        groups[_document(seed.fields[document])].append(seed)
    combined = [_combinations(groups[name], technique.passages) for name in sorted(groups)]
    turns = [each for turn in zip_longest(*combined) for each in turn if each]
    if not turns:
        raise RecipeError(
            f"grounded_qa: no document has {technique.passages} passages. Name the field that "
            "tells documents apart under document:, or cut passages shorter."
        )
    return chain.from_iterable(cycle([[_start(each, text) for each in turns]]))


def _document(place: str) -> str:
    """`Title > Heading (guide.pdf, page 3)` -> `guide.pdf`; all else as it is."""
    _, opened, file = place.rpartition(" (")
    return file[:-1].partition(", page ")[0] if opened and file.endswith(")") else place


def _combinations(seeds: Sequence[Seed], size: int) -> list[tuple[Seed, ...]]:
    """Different passages at several distances from each other, none of them together twice."""
    found: dict[frozenset[str], tuple[Seed, ...]] = {}
    for step in range(1, min(len(seeds), _MOST_DISTANCES + 1)):
        for first in range(len(seeds)):
            chosen = tuple(seeds[(first + step * turn) % len(seeds)] for turn in range(size))
            ids = frozenset(seed.seed_id for seed in chosen)
            if len(ids) == size:
                found.setdefault(ids, chosen)
    return list(found.values())


def _start(seeds: Sequence[Seed], field: str) -> Start:
    """The first passage's seed stands for all; the others are told among the attributes."""
    passages = number_passages([seed.fields[field] for seed in seeds])
    merged = seeds[0].with_fields({"passages": passages})
    return Start(merged, {"passage_seeds": " ".join(seed.seed_id for seed in seeds)})
