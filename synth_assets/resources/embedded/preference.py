"""Answers to everyday questions from notes, their ratings, and comparisons of two of them.

A writer brings some of the notes, in the manner that its instructions ask for. The rater and the
judge count: notes that stand in an answer, sentences that stand twice, words beyond the length.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

WRITE_FLAWS = frozenset({Flaw.REPETITION, Flaw.IGNORED_REQUEST, Flaw.PROMPT_LEAK})
JUDGE_FLAWS = frozenset({Flaw.POSITION_BIAS})

_LINKS = {
    "scholar": ("First of all", "After that", "It also pays to remember this", "Then", "Finally"),
    "clerk": ("To begin with", "Next", "On top of that", "Besides", "And last"),
}
_OPENERS = (
    "This is less trouble than it seems.",
    "A few habits make all the difference here.",
    "Take it one step at a time.",
    "Most people get this right at the second try.",
    "There is a simple way to go about it.",
    "It comes down to a handful of things.",
)
_CLOSERS = (
    "Once that is routine, you will hardly think about it.",
    "Give it two weeks before you judge the result.",
    "That is really all there is to it.",
    "Do this and the rest takes care of itself.",
    "If only one of these fits your day, start with that one.",
)
_EMPTY = (
    "This depends very much on the circumstances, and opinions differ.",
    "Many people ask themselves this, and every case is different.",
    "In the end everybody must find out what suits them best.",
    "It may help to ask somebody who has experience with such things.",
    "There are books about this, and some of them are quite good.",
    "Whatever you do, take your time and trust your judgement.",
    "A general rule cannot be given, as tastes and needs vary.",
)
_MISTAKE = "The mistake beginners make is to skip this: {note}"
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]")
_POINT = re.compile(r"^\s*(?:\d+\.|-)\s*")
_LIMIT = re.compile(r"(\d+) words")


@dataclass(frozen=True)
class Question:
    """What a prompt says of a question.

    Attributes:
        notes: what a good answer brings.
        most_words: the longest answer that was asked for.
    """

    notes: tuple[str, ...]
    most_words: int

    def quality(self, answer: str) -> float:
        """Notes brought, less what stands twice, and less what goes beyond the length."""
        return self.covered(answer) - repeated(answer) - 0.5 * self.is_too_long(answer)

    def covered(self, answer: str) -> int:
        """How many notes stand in an answer."""
        said = _plain(answer)
        return sum(_plain(note) in said for note in self.notes)

    def is_too_long(self, answer: str) -> bool:
        """Whether it is more than a tenth longer than was asked."""
        return len(answer.split()) > 1.1 * self.most_words


def recognise(asked: Asked) -> Task | None:
    """`<advice_question>` with `<advice_notes>`: answer; with responses: rate or compare them."""
    if not asked.section("advice_question"):
        return None
    lines = asked.section("advice_notes").splitlines()
    notes = tuple(_POINT.sub("", line).strip() for line in lines if line.strip())
    numbers = [int(found) for found in _LIMIT.findall(asked.section("advice_length"))]
    question = Question(notes, max(numbers, default=120))
    first, second = asked.section("first_response"), asked.section("second_response")
    rated = asked.section("response_to_rate")
    if first and second:
        return Task(JUDGE_FLAWS, lambda _, flaw, __: compare(question, first, second, flaw))
    if rated:
        return Task(frozenset(), lambda _, __, ___: rate(question, rated))
    manner = asked.messages[0].content
    return Task(
        WRITE_FLAWS,
        lambda voice, flaw, dice: answer(question, manner, voice, flaw, asked.leak, dice),
    )


def answer(
    question: Question, manner: str, voice: str, flaw: Flaw | None, leak: str, dice: Dice
) -> Composition:
    """Bring some of the notes, as the manner says."""
    if flaw is Flaw.IGNORED_REQUEST:
        return Composition(" ".join(dice.shuffled(_EMPTY)[: 3 + dice.below(4)]), Truth(flaw))
    least = 1 if question.most_words < 80 else 2
    count = least + dice.below(len(question.notes) - least + 1)
    brought = [note for note in dice.shuffled(question.notes)[:count]]
    text = _told(brought, manner, voice, dice)
    if flaw is Flaw.REPETITION:
        text = f"{text} {' '.join(brought[: 1 + dice.below(count)])}"
    if flaw is Flaw.PROMPT_LEAK:
        text = f"{leak} {text}"
    return Composition(text, Truth(flaw, answer=str(count)))


def rate(question: Question, response: str) -> Composition:
    """Rate by counting, in the sections `grounds` and `ratings`."""
    covered, twice = question.covered(response), repeated(response)
    coverage = max(1, min(10, 2 * covered))
    correctness = 10 if covered else 5
    clarity = max(1, 9 - 3 * twice - 2 * question.is_too_long(response) - 4 * (not covered))
    grounds = f"{covered} of {len(question.notes)} notes are there; {twice} stand twice."
    ratings = f"coverage: {coverage}\ncorrectness: {correctness}\nclarity: {clarity}"
    return Composition(_sections(grounds, "ratings", ratings), Truth(answer=str(covered)))


def compare(question: Question, first: str, second: str, flaw: Flaw | None) -> Composition:
    """Say which is better, in the sections `grounds` and `verdict`."""
    one, other = question.quality(first), question.quality(second)
    right = "tie" if one == other else "A" if one > other else "B"
    grounds = f"By the notes the first comes to {one:g}, the second to {other:g}."
    if flaw is Flaw.POSITION_BIAS:
        return Composition(_sections("The first makes its point.", "verdict", "A"), Truth(flaw))
    return Composition(_sections(grounds, "verdict", right), Truth(answer=right))


def repeated(answer: str) -> int:
    """How many sentences of an answer end as an earlier one does."""
    seen: list[str] = []
    count = 0
    for sentence in _SENTENCE.findall(answer):
        plain = _plain(sentence)
        count += any(plain.endswith(each) or each.endswith(plain) for each in seen)
        seen.append(plain)
    return count


def _told(notes: Sequence[str], manner: str, voice: str, dice: Dice) -> str:
    if "numbered list" in manner:
        return "\n".join(f"{place}. {note}" for place, note in enumerate(notes, 1))
    if "plainly" in manner:
        return " ".join(notes)
    linked = [f"{link}: {note[0].lower()}{note[1:]}" for link, note in _linked(notes, voice)]
    opener, closer = dice.choice(_OPENERS), dice.choice(_CLOSERS)
    if "conversational" in manner:
        return " ".join([opener, *linked, closer])
    if "two paragraphs" in manner and len(linked) > 1:
        half = (len(linked) + 1) // 2
        return f"{' '.join(linked[:half])}\n\n{' '.join([*linked[half:], closer])}"
    if "mistake" in manner:
        last = notes[-1]
        mistake = _MISTAKE.format(note=last[0].lower() + last[1:])
        return " ".join([opener, *linked[:-1], mistake])
    return " ".join([notes[0], *linked[1:]])


def _linked(notes: Sequence[str], voice: str) -> list[tuple[str, str]]:
    links = _LINKS.get(voice, _LINKS["scholar"])
    return [(links[min(place, len(links) - 1)], note) for place, note in enumerate(notes)]


def _sections(grounds: str, name: str, said: str) -> str:
    return f"<grounds>\n{grounds}\n</grounds>\n<{name}>\n{said}\n</{name}>"


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.casefold()))
