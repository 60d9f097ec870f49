"""What the verifier `grounding` accepts: real answers, quotes with one thing changed, and controls.

`python -m benchmarks.verify_grounding` prints the tables of `docs/verifiers/grounding.md`; the data
is where the tests have theirs (`SYNTH_TEST_DATA`).
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from benchmarks.timing import table
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Verdict, VerdictOutcome
from synth_assets.core.sentences import sentence_starts
from synth_assets.core.verify.grounding import Grounding
from synth_assets.core.verify.protocol import Check

SHARES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
TUNING, REPORTING = "tuning", "reporting"


@dataclass(frozen=True)
class Asked:
    """A question on a passage, an answer, and where it stands if that is known."""

    passage: str
    question: str
    answer: str
    start: int | None = None


@dataclass(frozen=True)
class Pair:
    """A right and a wrong answer to one question."""

    right: Asked
    wrong: Asked

    @property
    def half(self) -> str:
        """Which rows rules were written on, and which only measured: by a hash of the question."""
        digest = hashlib.sha256(self.right.question.encode()).digest()
        return REPORTING if digest[0] % 2 else TUNING


@dataclass(frozen=True)
class Changed:
    """A sentence of a passage as a quote, with something changed in it, or nothing."""

    kind: str
    passage: str
    quote: str


def data_folder() -> Path:
    """Where the real data is."""
    default = Path(__file__).parent.parent.parent / "shared" / "data"
    return Path(os.environ.get("SYNTH_TEST_DATA") or default)


def halueval(folder: Path) -> list[Pair]:
    """One-turn questions of HaluEval with a right and a hallucinated answer each."""
    lines = (folder / "halueval" / "qa_one-turn.A.jsonl").read_text("utf-8").splitlines()
    return [
        Pair(
            Asked(row["knowledge"], row["question"], row["right_answer"]),
            Asked(row["knowledge"], row["question"], row["hallucinated_answer"]),
        )
        for row in map(json.loads, lines)
    ]


def xquad(folder: Path, language: str) -> list[Asked]:
    """Each gold answer of XQuAD."""
    data = json.loads((folder / "xquad" / f"xquad.{language}.A.json").read_text("utf-8"))["data"]
    return [
        Asked(paragraph["context"], asked["question"], answer["text"], answer["answer_start"])
        for article in data
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
        for answer in asked["answers"]
    ]


def exchanged(asked: Sequence[Asked]) -> list[Asked]:
    """Each question with the answer to the next one on its passage: a span, and a wrong one."""
    return [
        replace(one, answer=other.answer, start=None)
        for one, other in pairwise(asked)
        if one.passage == other.passage and one.answer != other.answer
    ]


def pubmedqa(folder: Path) -> list[Asked]:
    """Abstracts without their conclusion, which is the answer."""
    rows = json.loads((folder / "pubmedqa" / "pqal.A.json").read_text("utf-8")).values()
    return [Asked("\n".join(r["CONTEXTS"]), r["QUESTION"], r["LONG_ANSWER"]) for r in rows]


def passages_of(asked: Iterable[Asked]) -> list[str]:
    """The passages, each once."""
    return list(dict.fromkeys(each.passage for each in asked))


def sentences_of(passage: str) -> list[str]:
    """Sentences of six words or more."""
    starts = [0, *sentence_starts(passage, 0, len(passage)), len(passage)]
    found = (passage[a:b].strip() for a, b in pairwise(starts))
    return [each for each in found if len(each.split()) >= 6]


_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*(?= [a-z])")
_VERB = {
    "en": re.compile(r"\b(?:is|are|was|were|has|have|had|can|will|would|could|may)\b"),
    "de": re.compile(r"\b(?:ist|sind|war|waren|hat|haben|hatte|kann|wird|werden|wurde|wurden)\b"),
}
_NEGATION = {
    "en": re.compile(r"\b(?:not|never|no) (?=[a-z])"),
    "de": re.compile(r"\b(?:nicht|nie|kein|keine|keinen) "),
}
_ARTICLE = re.compile(r"(?<=[a-z,] )(?:the|an?|der|die|das|den|dem|eine?) (?=[^\W_]{3,})")
_PLURAL = re.compile(r"(?<= )[a-z]{4,}(?<!s)s(?= )")


def changed_quotes(passages: Sequence[str], language: str) -> Iterator[Changed]:
    """Sentences exact, lightly edited, and with a number, a name or the sense changed."""
    names = {at: _NAME.findall(passage) for at, passage in enumerate(passages)}
    for at, passage in enumerate(passages):
        others = [name for name in names[(at + 1) % len(passages)] if name not in passage]
        for index, sentence in enumerate(sentences_of(passage)):
            yield Changed("exact", passage, sentence)
            for kind, edited in _edits(
                sentence, language, others[index % len(others) :][:1] if others else []
            ):
                if edited != sentence:
                    yield Changed(kind, passage, edited)


def _edits(sentence: str, language: str, others: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield "typography", sentence.replace('"', "\u201d").replace("-", "\u2013").upper()
    yield "article left out", _ARTICLE.sub("", sentence, count=1)
    if language == "en":
        yield "plural", _PLURAL.sub(lambda found: found[0][:-1], sentence, count=1)
    yield "number", _NUMBER.sub(_next_number, sentence, count=1)
    if others:
        yield "name", _NAME.sub(others[0], sentence, count=1)
    denied = {"en": "not", "de": "nicht"}[language]
    if _NEGATION[language].search(sentence):
        yield "negation", _NEGATION[language].sub("", sentence, count=1)
    else:
        yield "negation", _VERB[language].sub(rf"\g<0> {denied}", sentence, count=1)


def _next_number(found: re.Match[str]) -> str:
    """Another last digit."""
    return found[0][:-1] + str((int(found[0][-1]) + 3) % 10)


def checker(**parameters: object) -> Check:
    """The verifier with these parameters."""
    check = Grounding.model_validate({"kind": "grounding", **parameters}).prepare({})
    assert callable(check)
    return check


def verdict_on(check: Check, asked: Asked, quote: str = "") -> Verdict:
    """What it says of an answer."""
    row = Sample.real("data", 0, asked.question, asked.answer, "")
    drawn = {} if asked.start is None else {"start": asked.start}
    row = replace(row, context=asked.passage, reference=quote, attributes=json.dumps(drawn))
    return check(row)


def accepted(check: Check, asked: Iterable[Asked]) -> list[bool]:
    """Which answers are accepted."""
    return [verdict_on(check, each).outcome is VerdictOutcome.ACCEPTED for each in asked]


def quotes_accepted(check: Check, quotes: Iterable[Changed]) -> dict[str, list[bool]]:
    """Which quotes are accepted, by what was done to them."""
    found: dict[str, list[bool]] = {}
    for each in quotes:
        verdict = verdict_on(check, Asked(each.passage, "", ""), each.quote)
        found.setdefault(each.kind, []).append(verdict.outcome is VerdictOutcome.ACCEPTED)
    return found


def statements_accepted(check: Check, quotes: Iterable[Changed]) -> dict[str, list[bool]]:
    """The same sentences as answers."""
    found: dict[str, list[bool]] = {}
    for each in quotes:
        asked = Asked(each.passage, "What does the text say?", each.quote)
        kept = verdict_on(check, asked).outcome is VerdictOutcome.ACCEPTED
        found.setdefault(each.kind, []).append(kept)
    return found


def measure(folder: Path) -> str:
    """All tables, as Markdown."""
    parts = [_halueval(folder), _changed(folder), _controls(folder), _conclusions(folder)]
    return "\n\n".join([*parts, _speed(folder)])


def _percent(kept: Sequence[bool]) -> str:
    return f"{100 * sum(kept) / len(kept):.1f} %"


def _halueval(folder: Path) -> str:
    pairs = halueval(folder)
    settings = [("span", {"answer": "span"}), ("span, yes_no: accepted", _SPAN_YES)]
    settings += [
        (f"statements, min_word_share {share}", {"min_word_share": share, "yes_no": "accepted"})
        for share in SHARES
    ]
    rows = [[name, *_both(pairs, checker(quotes="off", **given))] for name, given in settings]
    for most in (1, 2, 3, 4, 6):
        cells = [
            _percent([len(each.answer.split()) <= most for each in answers])
            for half in (TUNING, REPORTING)
            for answers in _answers(pairs, half)
        ]
        rows.append([f"no verifier: at most {most} words", *cells])
    header = ["HaluEval, accepted"]
    header += [f"{kind}, {half}" for half in (TUNING, REPORTING) for kind in ("right", "wrong")]
    return table(header, rows)


_SPAN_YES = {"answer": "span", "yes_no": "accepted"}


def _answers(pairs: Sequence[Pair], half: str) -> tuple[list[Asked], list[Asked]]:
    chosen = [pair for pair in pairs if pair.half == half]
    return [pair.right for pair in chosen], [pair.wrong for pair in chosen]


def _both(pairs: Sequence[Pair], check: Check) -> list[str]:
    return [
        _percent(accepted(check, answers))
        for half in (TUNING, REPORTING)
        for answers in _answers(pairs, half)
    ]


def _changed(folder: Path) -> str:
    kinds = ["exact", "typography", "article left out", "plural", "number", "name", "negation"]
    sets = {
        "XQuAD en": (xquad(folder, "en"), "en"),
        "XQuAD de": (xquad(folder, "de"), "de"),
        "PubMedQA": (pubmedqa(folder), "en"),
    }
    quote, statement = checker(answer="off", quotes="required"), checker(quotes="off")
    rows: list[list[str]] = []
    for name, (asked, language) in sets.items():
        changed = list(changed_quotes(passages_of(asked), language))
        found = {
            "quote": quotes_accepted(quote, changed),
            "statement": statements_accepted(statement, changed),
            "rapidfuzz partial_ratio >= 88": _fuzzy(changed),
        }
        for how, kept in found.items():
            cells = [_percent(kept[kind]) if kind in kept else "" for kind in kinds]
            rows.append([f"{name}, {how}", *cells])
        rows.append([f"{name}, how many", *(str(len(found["quote"].get(k, []))) for k in kinds)])
    return table(["accepted", *kinds], rows)


def _fuzzy(changed: Iterable[Changed]) -> dict[str, list[bool]]:
    """What alignment of characters alone accepts."""
    from rapidfuzz.fuzz import partial_ratio

    found: dict[str, list[bool]] = {}
    for each in changed:
        score = partial_ratio(each.quote.lower(), each.passage.lower())
        found.setdefault(each.kind, []).append(score >= 88)
    return found


def _controls(folder: Path) -> str:
    rows: list[list[str]] = []
    for language in ("en", "de"):
        gold = xquad(folder, language)
        bare = [replace(each, start=None) for each in gold]
        span = checker(answer="span", quotes="off")
        at = checker(answer="span", quotes="off", start_attribute="start")
        rows += [
            [f"XQuAD {language}: gold span, with its offset", _percent(accepted(at, gold))],
            [f"XQuAD {language}: gold span", _percent(accepted(span, bare))],
            [
                f"XQuAD {language}: span of another question",
                _percent(accepted(span, exchanged(gold))),
            ],
        ]
    framed = [
        replace(pair.right, answer=f"The answer is {pair.right.answer}.")
        for pair in halueval(folder)
    ]
    for name, given in (("span", {"answer": "span"}), ("statements", {})):
        kept = accepted(checker(quotes="off", **given), framed)
        rows.append([f"HaluEval: right, as «The answer is ...», {name}", _percent(kept)])
    return table(["control", "accepted"], rows)


def _conclusions(folder: Path) -> str:
    asked = pubmedqa(folder)
    others = [
        replace(one, answer=other.answer)
        for one, other in zip(asked, asked[1:] + asked[:1], strict=True)
    ]
    rows: list[list[str]] = []
    for share in SHARES[:5]:
        check = checker(quotes="off", min_word_share=share)
        kept = _percent(accepted(check, asked)), _percent(accepted(check, others))
        rows.append([f"min_word_share {share}", *kept])
    return table(["PubMedQA conclusions, accepted", "own", "of another abstract"], rows)


def _speed(folder: Path) -> str:
    asked = [replace(each, start=None) for each in xquad(folder, "en")]
    long = [pair.wrong for pair in halueval(folder)]
    rows: list[list[str]] = []
    for name, answers in (("XQuAD", asked), ("HaluEval, wrong", long)):
        for mode in ("span", "statements"):
            check = checker(answer=mode, quotes="off")
            started = time.process_time()
            accepted(check, answers)
            spent = (time.process_time() - started) / len(answers)
            rows.append([f"{name}, {mode}", f"{1e6 * spent:.0f}", f"{1 / spent:,.0f}"])
    return table(["speed on one core", "\u00b5s an answer", "answers/s"], rows)


if __name__ == "__main__":
    print(measure(data_folder()))
