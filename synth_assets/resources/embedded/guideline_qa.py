"""Questions about guidelines: definitions, numbers, comparisons, causes, procedures, and gaps.

Sentences are matched against a shape for each kind; the question repeats what the sentence says of
its subject, and the answer is the rest of it, word for word. What the guideline does not answer is
asked of subjects that stand nowhere in it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from synth_assets.core.numbered import NumberedQuote, numbered_passages, written_quotes
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

GUIDELINE_FLAWS = frozenset(
    {Flaw.INVENTED_QUOTE, Flaw.PROMPT_LEAK, Flaw.REPETITION, Flaw.IGNORED_REQUEST}
)
KINDS = ("definition", "number", "comparison", "cause", "procedure")
UNANSWERABLE = "unanswerable"

_SEVERAL = "several"
_DECLINED = "<none/>"
_UNANSWERABLE_EVERY = 7
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_SECTION = re.compile(r"<(\w+)>.*?</\1>", re.DOTALL)
_VERB = (
    r"(?:must|may|should|is|are|was|were|has|have|can|receives?|takes?|counts?|costs?|makes?"
    r"|needs?|serves?|breathes?|stands?|joins?|lasts?|goe?s?|borrows?|bears?|visits?)"
)
_QUANTITY = re.compile(
    r"(?:(?P<less>fewer|less|more|older|longer|higher|lower) than )?"
    r"(?<![\w.-])(?P<number>\d[\d,]*(?:\.\d+)?) (?P<unit>[a-z]+)\b"
)
_SHAPES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "definition": (
        re.compile(r"(?P<subject>(?:[A-Z][\w-]* ?){1,4}?[\w ]*?) means (?P<answer>.+)\."),
        "what is meant by {subject}",
    ),
    "comparison": (
        re.compile(
            rf"(?P<answer>(?P<subject>[A-Z][\w ]+?) {_VERB}\b[^,]*, whereas "
            rf"(?P<other>[\w ]+?) {_VERB}\b.+)\."
        ),
        "what is the difference between {subject} and {other}",
    ),
    "cause": (
        re.compile(r"(?P<subject>[A-Z][^,]+), because (?P<answer>.+)\."),
        "what is the reason that {subject}",
    ),
    "goal": (
        re.compile(r"To (?P<subject>[^,]+), (?P<answer>.+)\."),
        "what are the steps to {subject}",
    ),
    "condition": (
        re.compile(r"If (?P<subject>[^,]+), (?P<answer>.+)\."),
        "what follows if {subject}",
    ),
}
_KIND_OF = {"goal": "procedure", "condition": "procedure"}


@dataclass(frozen=True)
class Wanted:
    """What a prompt asks for.

    Attributes:
        passages: number -> text; one or several.
        title: of the document.
        kind: of the one question asked for; empty where all kinds may be asked.
        count: how many questions; 0 where one is asked for without a block.
        earlier: questions that were asked before.
        no_answer: what to answer where the guideline has no answer.
        leak: the first sentence of the instructions.
        reader: who asks, where the teacher can speak for them.
    """

    passages: Mapping[int, str]
    title: str
    kind: str
    count: int
    earlier: str
    no_answer: str
    leak: str
    reader: str


@dataclass(frozen=True)
class Finding:
    """A question with its answer; the quotes are empty where there is none."""

    kind: str
    question: str
    answer: str
    quotes: tuple[NumberedQuote, ...] = ()

    def text(self, wanted: Wanted) -> str:
        """The sections of an answer."""
        several = len(wanted.passages) > 1
        quoted = written_quotes(self.quotes) if several else " ".join(q.text for q in self.quotes)
        body = (
            f"<question>\n{self.question}\n</question>\n<answer>\n{self.answer}\n</answer>\n"
            f"<quote>\n{quoted or 'none'}\n</quote>"
        )
        return f"<qa>\n<kind>{self.kind}</kind>\n{body}\n</qa>" if wanted.count else body


def recognise(asked: Asked) -> Task | None:
    """`<guideline>`: questions about it, so many and of such kinds as other sections say."""
    guideline = asked.section("guideline")
    if not guideline:
        return None
    count = asked.section("count")
    place = asked.section("guideline_title")
    wanted = Wanted(
        numbered_passages(guideline) or {1: guideline},
        place.partition(" > ")[0].partition(" (")[0],
        asked.section("kind"),
        int(count) if count.isdigit() else 0,
        asked.section("earlier_questions"),
        asked.section("no_answer"),
        asked.leak,
        _reader_of(asked.prompt),
    )
    return Task(GUIDELINE_FLAWS, lambda voice, flaw, dice: ask_guideline(wanted, voice, flaw, dice))


def ask_guideline(wanted: Wanted, voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
    """Ask about a guideline in sections, or in blocks of them, or decline to."""
    findings = dice.shuffled(list(_findings(wanted, voice, dice)))
    if len(wanted.passages) > 1:
        findings = list(_joined(findings, wanted, dice))
    gaps = _gaps(wanted, voice, dice)
    if wanted.count:
        chosen = _mixed(findings, gaps, wanted)
    elif wanted.kind == UNANSWERABLE:
        chosen = gaps[:1]
    else:
        chosen = [found for found in findings if wanted.kind in ("", found.kind)][:1]
    if not chosen:
        return Composition(_DECLINED, Truth())
    told = _flawed(chosen, wanted, flaw, dice)
    text = "\n".join(found.text(wanted) for found in told)
    if len(told) < wanted.count:
        text += f"\n{_DECLINED}"
    return Composition(text, Truth(flaw, answer=chosen[0].answer))


def _findings(wanted: Wanted, voice: str, dice: Dice) -> Iterator[Finding]:
    for number, passage in wanted.passages.items():
        for paragraph in passage.split("\n\n"):
            for sentence in _SENTENCE_END.split(" ".join(paragraph.split())):
                if not sentence.endswith(".") or sentence.startswith("This guideline"):
                    continue
                quotes = (NumberedQuote(number, sentence),)
                for kind, asked, answer in _asked_of(sentence):
                    question = _worded(asked, wanted, voice, dice)
                    if len(wanted.passages) > 1 or asked not in wanted.earlier:
                        yield Finding(kind, question, answer, quotes)


def _asked_of(sentence: str) -> Iterator[tuple[str, str, str]]:
    """Kind, question without its lead, and answer."""
    is_shaped = False
    for name, (shape, question) in _SHAPES.items():
        if match := shape.fullmatch(sentence):
            is_shaped = True
            parts = {key: _within(text) for key, text in match.groupdict().items()}
            yield _KIND_OF.get(name, name), question.format_map(parts), match["answer"]
    quantities = list(_QUANTITY.finditer(sentence))
    if len(quantities) == 1 and (not is_shaped or sentence.startswith("If")):
        found = quantities[0]
        unit = {"hour": "hours", "day": "days"}.get(found["unit"], found["unit"])
        gap = f"{sentence[: found.start()]}how many {unit}{sentence[found.end() :]}"
        if found["less"]:
            gap = gap.replace("how many", f"{found['less']} than how many")
        yield "number", _within(gap.rstrip(".")), found[0]


def _within(text: str) -> str:
    """Words as they stand within a sentence."""
    first = text.partition(" ")[0]
    return text[0].lower() + text[1:] if first[1:].islower() or len(first) == 1 else text


def _reader_of(prompt: str) -> str:
    """The first reader that is named outside of all sections and that the teacher can speak for."""
    told = _SECTION.sub("", prompt)
    return next((reader for reader in _words()["readers"] if reader in told), "")


def _worded(question: str, wanted: Wanted, voice: str, dice: Dice) -> str:
    leads = [*_words()["leads"][voice], *_words()["readers"].get(wanted.reader, ())]
    return dice.choice(leads).format(title=wanted.title, question=question)


def _joined(findings: Sequence[Finding], wanted: Wanted, dice: Dice) -> Iterator[Finding]:
    """Questions that ask of two passages at once: each finding once, then once more, and again."""
    earlier = wanted.earlier.splitlines()
    others = [
        dice.shuffled([f for f in findings if f.quotes[0].passage > one.quotes[0].passage])[:3]
        for one in findings
    ]
    for turn in range(3):
        for one, found in zip(findings, others, strict=True):
            if turn >= len(found):
                continue
            other = found[turn]
            first, second = _unled(one), _unled(other)
            if any(first in line and second in line for line in earlier):
                continue
            yield Finding(
                one.kind if one.kind == other.kind else _SEVERAL,
                f"{one.question.rstrip('?')}, and {second}?",
                f"{one.answer}; {other.answer}",
                (*one.quotes, *other.quotes),
            )


def _unled(found: Finding) -> str:
    """A question without its lead and its mark."""
    return found.question.split(", ", 1)[1].rstrip("?")


def _gaps(wanted: Wanted, voice: str, dice: Dice) -> list[Finding]:
    """What nobody can answer from the guideline."""
    text = " ".join(wanted.passages.values()).casefold()
    absent = [subject for subject in _words()["subjects"] if subject.split()[-1] not in text]
    found: list[Finding] = []
    for subject in dice.shuffled(absent):
        if subject not in wanted.earlier:
            question = _gap(subject, wanted, voice, dice)
            found.append(Finding(UNANSWERABLE, question, wanted.no_answer))
    return found


def _gap(subject: str, wanted: Wanted, voice: str, dice: Dice) -> str:
    """A question about a subject; half of those of a known reader begin as the reader does."""
    if wanted.reader and dice.below(2):
        asked = dice.choice(_words()["open_asks"]).format(subject=subject)
        return _worded(asked, wanted, voice, dice)
    asked = dice.choice(_words()["asks"]).format(title=wanted.title, subject=subject)
    return f"{asked[0].upper()}{asked[1:]}?"


def _mixed(findings: Sequence[Finding], gaps: Sequence[Finding], wanted: Wanted) -> list[Finding]:
    """Kinds in turn, and now and then what has no answer."""
    queues = [[found for found in findings if found.kind == kind] for kind in (*KINDS, _SEVERAL)]
    chosen: list[Finding] = []
    left = list(gaps) if wanted.no_answer else []
    while len(chosen) < wanted.count and any(queues):
        for queue in queues:
            if left and len(chosen) % _UNANSWERABLE_EVERY == _UNANSWERABLE_EVERY - 1:
                chosen.append(left.pop(0))
            if queue:
                chosen.append(queue.pop(0))
    return chosen[: wanted.count]


def _flawed(
    chosen: Sequence[Finding], wanted: Wanted, flaw: Flaw | None, dice: Dice
) -> list[Finding]:
    """One of the questions goes wrong."""
    told, at = list(chosen), dice.below(len(chosen))
    spoil: Callable[[Finding], Finding] | None = None
    match flaw:
        case Flaw.INVENTED_QUOTE:
            spoil = _invented(dice)
        case Flaw.PROMPT_LEAK:
            spoil = _leaking(wanted.leak)
        case Flaw.IGNORED_REQUEST:
            spoil = _ignoring(wanted)
        case Flaw.REPETITION if len(told) > 1:
            at = max(at, 1)
            repeated = told[at - 1]
            told[at] = replace(repeated, question=repeated.question.replace("the", "this", 1))
        case _:
            pass
    if spoil is not None:
        told[at] = spoil(told[at])
    return told


def _invented(dice: Dice) -> Callable[[Finding], Finding]:
    def spoil(found: Finding) -> Finding:
        """A quote that the guideline does not hold, and an answer taken from it."""
        claim = dice.choice(_words()["claims"])
        if not found.quotes:
            return replace(found, answer=f"This is allowed {claim}")
        *before, last = found.quotes
        made = NumberedQuote(last.passage, f"{last.text.rstrip('.')} {claim}.")
        return replace(found, answer=f"{found.answer} {claim}", quotes=(*before, made))

    return spoil


def _leaking(leak: str) -> Callable[[Finding], Finding]:
    return lambda found: replace(found, question=f"{leak}\n{found.question}")


def _ignoring(wanted: Wanted) -> Callable[[Finding], Finding]:
    """The kind is as asked, the question is not: answered where it has no answer, or not at all."""

    def spoil(found: Finding) -> Finding:
        if found.kind == UNANSWERABLE:
            return replace(found, answer="Yes, that is allowed.")
        return replace(found, answer=wanted.no_answer or "That is not stated.", quotes=())

    return spoil


@cache
def _words() -> dict[str, Any]:
    return read_packaged("guideline_qa.yaml")
