"""What goes wrong with teachers whatever the task: refusals, leaked prompts, silence.

Patterns are English. Refusals are looked for at the start of the first two sentences only, in the
first person, so that a story or a lesson about refusing is none. An opinion that is withheld and
then given («As an AI, I don't have personal opinions. However, ...») counts as an answer.

Tuned and measured on XSTest (Röttger et al., 2024, arXiv:2308.01263), partial refusals counting as
refusals: the same word as people's on 435 of 450 completions of GPT-4 and 427 of Llama 2, where the
string match shipped with it reaches 421 and 402. No alarm on 15,000 ordinary answers.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import StringConstraints

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.folding import clipped, folded, plain_typography
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.tools import NO_TOOLS, Tools

_HEAD_CHARACTERS = 400
_HEAD_SENTENCES = 2

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_OPENING = (
    r"(?:(?:unfortunately|however|but|and|well|no),? |as an?\b[^,.!?]{1,60}, "
    r"|as an ai(?: language model| assistant)? )*+"
)
_REGRET = (
    r"(?:(?:(?:i'm|i am|my) )?(?:\w+ly |so |very )*(?:sorry|apologies)"
    r"|i (?:\w+ly )?apologi[sz]e)"
)
_UNABLE = (
    r"i(?:'m| am)?(?: \w+ly| just| also| still| afraid(?: that)?| i)*"
    r" (?:cannot|can't|can not|won't|will not|unable to|not able to|refuse to|decline to"
    r"|must decline|have to decline|not comfortable|not (?:programmed|permitted|allowed))"
)
_HELPING = (
    r"(?:assist|help(?! (?:but|\w+ing)\b)|provide|fulfil|comply|offer|give|share|suggest|support"
    r"|endorse|encourage|promote|condone|advise|generate|create|produce|write|answer|discuss"
    r"|engage|participate|recommend|respond|continue|complete|proceed|do (?:that|this|so)"
    r"|satisfy|accommodate|facilitate|disclose|access|speculate|tell you|guide)"
)
_REFUSES = rf"{_UNABLE}(?: \w+ly| to| be able to| with)* {_HELPING}\w*"
_PROPER = r"(?:appropriate|ethical|acceptable|accurate|safe|legal|okay|fair|respectful)"
_IMPROPER = (
    rf"(?:it(?:'s| is)(?: \w+ly)? (?:not |never )(?:\w+ )?{_PROPER}"
    rf"|it would(?: not|n't) be (?:\w+ )?{_PROPER}"
    rf"|i (?:do not|don't) (?:think|believe) (?:that )?(?:it's|it is|it would be) {_PROPER})"
)
_REFUSALS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_OPENING}{_REFUSES}",
        rf"{_OPENING}{_REGRET}\b[^.!?]{{0,60}}?[,;:-]? (?:but )?(?:{_REFUSES}|{_IMPROPER})",
        rf"{_OPENING}{_REGRET},? but (?:{_UNABLE}|the question)",
        rf"{_OPENING}i don't (?:think|believe) (?:it's|it is|it would be) {_PROPER}",
        rf"{_OPENING}(?:it's|it is) not {_PROPER} or {_PROPER}",
        rf"{_OPENING}i must (?:\w+ly )?(?:decline|refuse|challenge)",
        r"(?:.{0,80}\b(?:but|however),? )?i must (?:\w+ly )?point out that the (?:phrase|term)\b",
        r"as an? [^.!?]{0,30}\bai\b[^,.!?]{0,40},? i must (?:\w+ly )?clarify",
        r"as an? [^.!?]{0,30}\bai\b[^,.!?]{0,40},? i (?:don't|do not) have access to personal\b",
        rf"i(?:'m| am) just an ai\b[^.!?]{{0,40}}?(?:{_IMPROPER}|{_REFUSES}|it's not within my)",
    )
)

_GENERIC_LEAKS = (
    re.compile(r"\b(?:system|developer) (?:prompt|message)\b"),
    re.compile(r"\byou are (?:a|an|the) (?:\w+ ){0,3}(?:assistant|teacher model|language model)\b"),
    re.compile(
        r"\{\{-?\s*[a-z_][\w.]*\s*(?:\|[^{}\n]{0,80})?-?\}\}|\{%-?\s*[a-z]+\b[^{}\n]{0,80}%\}"
    ),
    re.compile(r"<\|[a-z_]{1,40}\|>|\[/?inst\]|<</?sys>>"),
    re.compile(
        r"</?(?:example_)?(?:problem|solution|question|answer|quote|document|record|passage"
        r"|response|instructions?)>"
    ),
)


def refusal_in(text: str) -> str | None:
    """The phrase by which `text` refuses, or None."""
    head = plain_typography(text[:_HEAD_CHARACTERS]).lower().lstrip(" \t\r\n*_#>")
    for sentence in _SENTENCE_END.split(head)[:_HEAD_SENTENCES]:
        for pattern in _REFUSALS:
            if match := pattern.match(sentence):
                return match.group()
    return None


class FailureModes(Verifier):
    """Prompt and response are there, the response is no refusal, and neither leaks a prompt.

    The same is asked of each turn of the chat before; its system message is left alone.

    Attributes:
        leak_markers: texts of the recipe's own prompts that no sample may repeat, whatever case
            and white space they stand in.
        generic_leaks: also reject system prompts, template tags, chat markup and section tags such
            as `<problem>`. Turn it off for recipes about these things.
    """

    kind: Literal["failure_modes"]
    leak_markers: tuple[Annotated[str, StringConstraints(pattern=r"\S")], ...] = ()
    generic_leaks: bool = True

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol; no file is needed."""
        return self._check

    def _check(self, sample: Sample) -> Verdict:
        earlier = [(f"earlier {m.role} turn", m) for m in sample.earlier if m.role != "system"]
        texts = [(name, message.content) for name, message in earlier]
        for name, text in (*texts, ("prompt", sample.prompt), ("response", sample.response)):
            if not text.strip():
                return Verdict.rejected(Reason.EMPTY_COMPLETION, f"the {name} is empty")
            if leak := self._leak_in(text):
                return Verdict.rejected(Reason.PROMPT_LEAK, f"the {name} has {clipped(leak)}")
        answers = [(name, m.content) for name, m in earlier if m.role == "assistant"]
        for name, text in (*answers, ("response", sample.response)):
            if phrase := refusal_in(text):
                return Verdict.rejected(Reason.REFUSAL, f"the {name} refuses: {clipped(phrase)}")
        return Verdict.accepted("no refusal, no leaked prompt")

    def _leak_in(self, text: str) -> str | None:
        plain = folded(text)
        for marker in self.leak_markers:
            if folded(marker) in plain:
                return marker
        if self.generic_leaks:
            for pattern in _GENERIC_LEAKS:
                if match := pattern.search(plain):
                    return match.group()
        return None
