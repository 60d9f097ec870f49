"""Places that were to be filled in: `[Your Name]`, `<insert date>`, `{topic}`, lorem ipsum."""

import re
from collections.abc import Iterator

from synth_assets.core.config.names import Written
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failures.turn import Fault, Look, Turn, excused_by, has_any
from synth_assets.core.verify.reading.folding import clipped, folded

_FILL = r"(?:insert|enter|add|put|fill in|write|specify|replace|include|provide)"
_WHOSE = (
    r"(?:your|my|his|her|their|our|the|(?:recipient|sender|company|manager|employer|customer|client"
    r"|candidate|organi[sz]ation|friend)(?:'s)?|first|last|full|hiring|contact|phone|e-?mail|street"
    r"|job|product|event|start|end|brand|business|school|university|today's|current)"
)
_WHAT = (
    r"(?:names?|dates?|time|address|city|state|zip(?: code)?|country|location|venue"
    r"|phone(?: number)?|number|e-?mail(?: address)?|company(?: name)?|organi[sz]ation|title|event"
    r"|hiring manager|position|role|product|signature|link|url|website|image|photo|picture|amount"
    r"|salary|manager|recipient|sender|customer|client|employer|university|topic|subject|reason"
    r"|xx|xxx)"
)
_IN_BRACKETS = re.compile(
    rf"(?<![\w\])])\[(?:{_FILL}\b[^\[\]\n=\"]{{1,60}}"
    rf"|{_WHOSE}(?: [\w'/-]{{1,20}}){{0,3}} {_WHAT}"
    rf"|{_WHAT}(?:,? (?:and |or |of )?{_WHAT}){{0,3}}"
    r"|(?:[\w-]{1,20}(?:'s)? ){1,3}(?:names?|address|number|date|title|city)"
    r"|your [^\[\]\n]{1,40}|object object)\](?!\()",
    re.IGNORECASE,
)
_IN_ANGLES = re.compile(
    rf"<(?:{_FILL} [^<>\n=]{{1,60}}|(?:your|my) [^<>\n=]{{1,40}}|[^<>\n=/]{{1,40}} here)>",
    re.IGNORECASE,
)
_SLOT = (
    "name", "date", "time", "city", "address", "company", "title", "topic", "product", "number",
    "email", "phone",
)  # fmt: skip
_CAPITALS = re.compile(rf"<(?:[A-Z]{{1,12}}[ _])?(?:{'|'.join(_SLOT).upper()})>")
_IN_BRACES = re.compile(r"(?<![\w$\\^_{}%#@(\"'])\{[a-z][a-z_]{2,30}\}(?![\w{(])")
_NAMED_IN_BRACES = re.compile(
    r"(?<![\w$\\^_{}%#@(\"'])\{(?:[a-z]{2,12}_)?(?:country|question|answer|input|text|amount"
    rf"|price|subject|user|{'|'.join(_SLOT)})\}}(?![\w{{(])"
)
_FILLER = re.compile(
    rf"\({_FILL} (?:your |the |a )?[^()\n]{{1,40}} here\)"
    r"|\byour (?:text|answer|name|code|content|response) (?:goes )?here\b"
    r"|\b(?:answer|text) goes here\b|\blorem ipsum\b",
    re.IGNORECASE,
)
# Marks of a line of code, where braces are something else.
_OF_CODE = (";", "@", "f'", 'f"', "print", "return", "format(")
_PERHAPS_CODE = (*_OF_CODE, "=", "<")
_TO_DO = re.compile(r"\b(?:TODO|TBD|FIXME)\b|\bXXX-XXX|\(XXX\) ?XXX|\bXX/XX/XXXX\b")


class Placeholders(Written):
    """Nothing in the answer was left to be filled in.

    What the message it answers, or a text before it, has as well is no fault, nor what stands
    between code marks, `TODO` apart.

    Attributes:
        unless_prompt_has: words that ask for such places (`template*`: any ending).
        brackets: `[Your Name]`, `[insert date]`.
        angles: `<insert date>`, `<your text here>`.
        braces: `{topic}`.
        to_do: `TODO`, `TBD`, `FIXME`, `XXX-XXX-XXXX`.
        filler: lorem ipsum, «your text here».
    """

    unless_prompt_has: tuple[str, ...] = (
        "template*", "placeholder*", "blank*", "boilerplate", "form letter*", "mad lib*", "madlib*",
        "mail merge", "fill-in*", "fill in*", "f-string*", "format string*", "lorem ipsum",
        "sample form*",
    )  # fmt: skip
    brackets: bool = True
    angles: bool = True
    braces: bool = True
    to_do: bool = True
    filler: bool = True

    def look(self) -> Look:
        """Make the check."""
        excused = excused_by(self.unless_prompt_has)

        def check(turn: Turn) -> Fault | None:
            for found in self._candidates(turn):
                if folded(found) in turn.known or excused(turn.known):
                    continue
                return Fault(Reason.PLACEHOLDER, f"was not filled in: {clipped(found)}")
            return None

        return check

    def _candidates(self, turn: Turn) -> Iterator[str]:
        text = turn.text
        if self.brackets and "[" in text:
            yield from filter(_is_slot, map(_whole, _IN_BRACKETS.finditer(turn.prose)))
        if self.angles and "<" in text:
            yield from map(_whole, _IN_ANGLES.finditer(turn.prose))
            yield from map(_whole, _CAPITALS.finditer(turn.prose))
        if self.braces and "{" in text:
            yield from _in_braces(turn.prose)
        if self.to_do and has_any(text, ("TBD", "TODO", "FIXME", "XX")):
            yield from map(_whole, _TO_DO.finditer(text))
        if self.filler and has_any(turn.lowered, (" here", "lorem")):
            yield from map(_whole, _FILLER.finditer(turn.prose))


def _whole(match: re.Match[str]) -> str:
    return match.group()


def _in_braces(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if "{" in line and not has_any(line, _OF_CODE):
            pattern = _NAMED_IN_BRACES if has_any(line, _PERHAPS_CODE) else _IN_BRACES
            yield from map(_whole, pattern.finditer(line))


def _is_slot(found: str) -> bool:
    """`[Time]` and `[your time]` are, `the summer [time]` is an addition."""
    return " " in found or found[1].isupper()
