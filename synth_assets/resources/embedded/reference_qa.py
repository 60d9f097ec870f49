"""Questions about a passage of reference prose, answered by a span of one of its sentences.

Sentences are matched against a few shapes (a definition, a condition, a rule, ...); each shape
gives a question and the part of the sentence that answers it. What fits no shape is left alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

QA_FLAWS = frozenset({Flaw.INVENTED_QUOTE, Flaw.PROMPT_LEAK})

Focus = Literal["definition", "condition", "rule", "behaviour", "reason", "term"]

_UNSUPPORTED = "<none/>"
_MIN_WORDS, _MAX_WORDS, _MAX_ANSWER_WORDS = 6, 45, 30
_MAX_CHARACTERS = 600
_TWISTED_SHARE = 0.6
_CLAIMS = (
    "undefined unless the interpreter runs in debug mode",
    "cached for the lifetime of the process",
    "ignored when optimisation is switched on",
    "computed lazily and at most once",
    "shared between all threads without locking",
)

_SENTENCE_END = re.compile(r'(?<!e\.g)(?<!i\.e)(?<!etc)(?<!cf)(?<=[.!?])\s+(?=["“*A-Z])')
_NOT_PROSE = re.compile(
    r"::=|>>>|\):(?:\s|$)|\s[=|]\s|\s# |^[*=~\-^]{3,}$"
    r"|^[ \t]*\[\d+\]|^[ \t]*(?:Changed|New|Deprecated) ",
    re.MULTILINE,
)
_BULLET = re.compile(r"^[ \t]*(?:[*+-]|\d+\.)\s+", re.MULTILINE)
_LEANS_ON_CONTEXT = re.compile(
    r"\b(?:this|these|those|above|below|following|former|latter|previous|such|here|see|section)\b",
    re.IGNORECASE,
)
_CONNECTIVE = re.compile(
    r"(?:Also|Then|However|Thus|Therefore|Otherwise|Note|Similarly|Instead|Likewise|For example)\b"
)
_ASIDE = re.compile(r"\s+\([^()]*\)")
_ADJUNCT = re.compile(
    r"(?P<adjunct>(?:For|In|With|During|At|After|Before|By|As|On|From|Within|Under|Unlike) "
    r"[^,;.]+), "
)
_NO_SUBJECT = (
    "It|They|He|She|There|This|These|That|Those|Here|You|We|If|When|One|Both|In|For|At|On|By|With"
    "|From|As|To|Unlike|Like|After|Before|Since|Although|While|Because|Whenever|What|How|Called"
    "|Return|Returns|Where|Whether|Unless|Using|Within|Under|But|And|Or|Not|Should|Must"
    "|May|Can|Formally|Only|Simply|Typically|Usually"
)
_NO_PART = (
    "may|can|must|should|cannot|will|would|is|are|was|were|be|that|which|whose|-|if|when|while|where"
    "|and|A|An|The"
)
_WORD = r"(?:\"[^\"]+\"|[\w*/'\u2019-]+)"
_SUBJECT = (
    rf"(?P<subject>(?!(?:{_NO_SUBJECT})\b)(?:\"[^\"]+\"|[A-Z*][\w*]*)"
    rf"(?: (?!(?:{_NO_PART})(?!\w)){_WORD}| \([^()]*\)){{0,7}}?)"
)
_PROPER = {"Python", "Unicode", "None", "True", "False", "Ellipsis", "NotImplemented", "ASCII"}

_DO = re.findall(
    r"\w+",
    "return raise yield cause take accept provide contain support allow specify represent "
    "implement describe denote produce create define bind remove convert give mean execute "
    "indicate hold store introduce perform determine control use require",
)
_DOES = {f"{verb}s": verb for verb in _DO} | {
    "has": "have",
    "consists of": "consist of",
    "refers to": "refer to",
    "evaluates to": "evaluate to",
    "corresponds to": "correspond to",
}
_SINGULAR = "|".join(sorted(_DOES, key=len, reverse=True))
_PLURAL = "|".join(sorted(_DOES.values(), key=len, reverse=True))
_STATE = r"(?:(?:not|always|never|usually|only|also) )?\w+(?:ed|en|wn|ound)\b"


@dataclass(frozen=True)
class Shape:
    """A form of sentence, the question it answers, and the group that answers it."""

    focus: Focus
    pattern: re.Pattern[str]
    question: str


def recognise(asked: Asked) -> Task | None:
    """`<passage>`, with `<focus>` where given: a question about it."""
    passage, focus = asked.section("passage"), asked.section("focus")
    if not passage:
        return None
    return Task(
        QA_FLAWS,
        lambda voice, flaw, dice: ask_about(passage, focus, voice, flaw, asked.leak, dice),
    )


def _shape(focus: Focus, pattern: str, question: str) -> Shape:
    return Shape(focus, re.compile(rf"{pattern}\.$"), question)


_SHAPES = (
    _shape(
        "definition",
        rf"{_SUBJECT} (?P<verb>is|are) used (?P<answer>(?:to|for) .+)",
        "what {verb} {subject} used for",
    ),
    _shape(
        "definition",
        rf"{_SUBJECT} (?P<verb>is|are) (?P<answer>(?:an?|the) .+)",
        "what {verb} {subject}",
    ),
    _shape(
        "definition",
        rf"{_SUBJECT} (?P<verb>is|are) (?:called|known as) (?P<answer>[^.,]+)",
        "what {verb} {subject} called",
    ),
    _shape(
        "reason",
        rf"{_SUBJECT} (?P<verb>is|are|can|must) (?P<rest>[^.,]+),? because (?P<answer>.+)",
        "why {verb} {subject} {rest}",
    ),
    _shape(
        "condition",
        r"(?P<word>If|When) (?!it\b|they\b|this\b|that\b|so\b|not\b)(?P<case>[^,.]{12,90}), "
        r"(?!(?:is|are|and|or|but|has|have)\b)(?P<answer>.+)",
        "what happens {word} {case}",
    ),
    _shape(
        "condition",
        rf"{_SUBJECT} (?P<verb>is|are) (?P<state>{_STATE})(?P<rest>[^.,]{{0,40}}?) "
        r"(?P<answer>(?:only )?(?:when|if|unless|before|after|until|whenever) .+)",
        "when {verb} {subject} {state}{rest}",
    ),
    _shape(
        "behaviour",
        rf"{_SUBJECT} (?P<verb>is|are) (?P<state>{_STATE})(?P<rest>[^.,]{{0,40}}?) "
        r"(?P<answer>by .+)",
        "how {verb} {subject} {state}{rest}",
    ),
    _shape(
        "behaviour",
        rf"{_SUBJECT} (?P<verb>is|are) (?P<state>{_STATE}) "
        r"(?P<answer>(?:as|with|using|via|through|like|according to) .+)",
        "how {verb} {subject} {state}",
    ),
    _shape(
        "behaviour",
        rf"{_SUBJECT} (?P<verb>is|are) (?P<state>{_STATE}) (?P<answer>(?:in|at|on|within) .+)",
        "where {verb} {subject} {state}",
    ),
    _shape(
        "rule",
        rf"{_SUBJECT} (?P<verb>must|should|may|can|cannot) (?P<not>not )?be "
        rf"(?P<answer>{_STATE}.*)",
        "what {verb} {not}be done with {subject}",
    ),
    _shape(
        "rule",
        rf"{_SUBJECT} (?P<verb>must|should|may|can|cannot) (?P<not>not )?be "
        rf"(?!{_STATE}\b)(?P<answer>.+)",
        "what {verb} {subject} {not}be",
    ),
    _shape(
        "rule",
        rf"{_SUBJECT} (?P<verb>must|should|may|can|cannot) (?P<not>not )?"
        r"(?P<answer>(?!be\b)\w+ .+)",
        "what {verb} {subject} {not}do",
    ),
    _shape(
        "behaviour",
        rf"{_SUBJECT} (?P<does>{_SINGULAR}) (?P<answer>.+)",
        "what does {subject} {does}",
    ),
    _shape(
        "behaviour",
        rf"{_SUBJECT} (?P<does>{_PLURAL}) (?P<answer>.+)",
        "what do {subject} {does}",
    ),
)
_EMPHASIS = re.compile(r"\*+([\w ]+?)\*+")
_NAME = re.compile(r'"([A-Za-z_][\w.]*(?:\(\))?)"|\*([A-Za-z][\w ]*)\*')

_WRAPPINGS = {
    "scholar": (
        "According to the Python language reference, {question}?",
        "In the terms of the Python reference: {question}?",
        "As the Python documentation describes it, {question}?",
    ),
    "clerk": ("{Question}?", "In Python, {question}?", "Reading up on Python: {question}?"),
}
_GAPS = {
    "scholar": "Which term completes this sentence of the Python reference? {sentence}",
    "clerk": "Fill in the missing term: {sentence}",
}
_TWISTS = (
    (" must ", " need not "),
    (" may not ", " may always "),
    (" may ", " must never "),
    (" cannot ", " can easily "),
    (" can ", " can no longer "),
    (" is not ", " is always "),
    (" are not ", " are always "),
    (" is ", " is never "),
    (" are ", " are rarely "),
    (" returns ", " discards "),
    (" raises ", " silently ignores "),
    (" causes ", " prevents "),
)


@dataclass(frozen=True)
class Finding:
    """A question that a sentence of the passage answers; `answer` is a span of `quote`."""

    focus: Focus
    question: str
    answer: str
    quote: str

    @property
    def text(self) -> str:
        """The three sections."""
        return (
            f"<question>\n{self.question}\n</question>\n"
            f"<answer>\n{self.answer}\n</answer>\n"
            f"<quote>\n{self.quote}\n</quote>"
        )


def ask_about(
    passage: str, focus: str, voice: str, flaw: Flaw | None, leak: str, dice: Dice
) -> Composition:
    """Ask about a passage in the sections `question`, `answer` and `quote`, or decline to."""
    findings = [found for text in sentences(passage) for found in _findings(text, voice, dice)]
    if not findings:
        return Composition(_UNSUPPORTED, Truth())
    chosen = _chosen(findings, focus, dice)
    match flaw:
        case Flaw.INVENTED_QUOTE:
            told = _invented(chosen, " ".join(passage.split()), dice)
        case Flaw.PROMPT_LEAK:
            told = replace(chosen, question=f"{leak}\n{chosen.question}")
        case _:
            told = chosen
    return Composition(told.text, Truth(flaw, answer=chosen.answer))


def sentences(passage: str) -> Iterator[str]:
    """The sentences of a passage that stand on their own, white space folded."""
    for paragraph in re.split(r"\n[ \t]*\n", passage):
        for item in _BULLET.split(paragraph):
            if not _NOT_PROSE.search(item):
                plain = " ".join(item.split())
                yield from (s for s in _SENTENCE_END.split(plain) if _stands_alone(s))


def _stands_alone(sentence: str) -> bool:
    return (
        len(sentence) <= _MAX_CHARACTERS
        and _MIN_WORDS <= len(sentence.split()) <= _MAX_WORDS
        and sentence.endswith(".")
        and sentence.count('"') % 2 == 0
        and sentence.count("(") == sentence.count(")")
        and not _CONNECTIVE.match(sentence)
    )


def _findings(sentence: str, voice: str, dice: Dice) -> Iterator[Finding]:
    """All that can be asked; the question, unlike the answer, must stand on its own."""
    clause = f"{sentence.split('; ')[0].rstrip('.')}."
    adjunct = _ADJUNCT.match(clause)
    main = clause[adjunct.end() :] if adjunct else clause
    main = main[:1].upper() + main[1:]
    for shape in _SHAPES:
        match = shape.pattern.match(main)
        if match and len(match["answer"].split()) <= _MAX_ANSWER_WORDS:
            asked = shape.question.format_map(_parts(match))
            if adjunct:
                asked = f"{asked} {_within(adjunct['adjunct'])}"
            if not _LEANS_ON_CONTEXT.search(asked):
                wrapping = dice.choice(_WRAPPINGS[voice])
                question = wrapping.format(question=asked, Question=asked[0].upper() + asked[1:])
                yield Finding(shape.focus, question, match["answer"], sentence)
    names = [match for match in _NAME.finditer(sentence) if sentence.count(match[0][1:-1]) == 1]
    if names:
        name = dice.choice(names)
        gap = f"{sentence[: name.start()]}____{sentence[name.end() :]}"
        yield Finding("term", _GAPS[voice].format(sentence=gap), name[0][1:-1], sentence)


def _parts(match: re.Match[str]) -> dict[str, str]:
    parts = {name: text or "" for name, text in match.groupdict().items()}
    parts["does"] = _DOES.get(parts.get("does", ""), parts.get("does", ""))
    parts["word"] = parts.get("word", "").lower()
    parts["subject"] = _within(parts.get("subject", ""))
    return {name: _ASIDE.sub("", _EMPHASIS.sub(r"\1", text)) for name, text in parts.items()}


def _within(subject: str) -> str:
    """A subject as it stands within a sentence: `The statement` -> `the statement`."""
    first, _, rest = subject.partition(" ")
    is_word = first.isalpha() and first[1:].islower() and first not in _PROPER
    return f"{first.lower()} {rest}".strip() if is_word or first == "A" else subject


def _chosen(findings: Sequence[Finding], focus: str, dice: Dice) -> Finding:
    """A finding of the wanted focus if there is one; gaps to fill only for want of better."""
    wanted = [finding for finding in findings if finding.focus in focus.casefold()]
    proper = [finding for finding in findings if finding.focus != "term"]
    return dice.choice(wanted or proper or findings)


def _invented(found: Finding, passage: str, dice: Dice) -> Finding:
    """The same question, answered from a sentence that the passage does not hold."""
    for plain, twisted in dice.shuffled(_TWISTS) if dice.unit() < _TWISTED_SHARE else ():
        quote = found.quote.replace(plain, twisted, 1)
        if quote.casefold() not in passage.casefold():
            answer = found.answer if found.answer in quote else found.answer.replace(plain, twisted)
            if answer in quote:
                return replace(found, answer=answer, quote=quote)
    minor = 2 + dice.below(12)
    claim = dice.choice(_CLAIMS)
    return replace(found, answer=claim, quote=f"As of Python 3.{minor}, the result is {claim}.")
