r"""Mathematical answers as tokens, from LaTeX, plain text or a mixture.

What only places ink (`\left`, `\displaystyle`, thin spaces, `$...$`) is gone, `\dfrac` is `\frac`,
Unicode signs are the commands they stand for, and thousands separators are joined into numbers.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto

from synth_assets.core.verify.reading.folding import plain_typography

MAX_CHARACTERS = 2_000
"""Longer answers are not read."""

MAX_DIGITS = 400


class Unreadable(ValueError):
    """The text is no answer that can be read; the message says why."""


class Kind(Enum):
    """What a token is."""

    NUMBER = auto()
    LETTER = auto()
    """One letter: a variable, or a part of a product."""
    WORD = auto()
    """A run of letters in plain text that is no function."""
    TEXT = auto()
    """What stands in `\\text{...}` and the like."""
    COMMAND = auto()
    """A LaTeX command without its backslash, or a function's name in plain text."""
    SIGN = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an answer; `spaced` when white space stands before it."""

    kind: Kind
    text: str
    spaced: bool = False


_SIGNS = {
    "\u00d7": r"\times ",
    "\u2217": "*",
    "\u22c5": r"\cdot ",
    "\u00b7": r"\cdot ",
    "\u00f7": r"\div ",
    "\u2044": "/",
    "\u221a": r"\sqrt ",
    "\u221e": r"\infty ",
    "\u2264": r"\le ",
    "\u2265": r"\ge ",
    "\u2260": r"\ne ",
    "\u00b1": r"\pm ",
    "\u2213": r"\mp ",
    "\u222a": r"\cup ",
    "\u2208": r"\in ",
    "\u2205": r"\emptyset ",
    "\u211d": r"\mathbb{R}",
    "\u00b0": r"\circ ",
    "\u00ba": r"\circ ",
    "\u230a": r"\lfloor ",
    "\u230b": r"\rfloor ",
    "\u2308": r"\lceil ",
    "\u2309": r"\rceil ",
    "\uff0c": ",",
    "\uff08": "(",
    "\uff09": ")",
}
_GREEK_LETTERS = "\u03b1\u03b2\u03b3\u03b4\u03b8\u03bb\u03bc\u03c0\u03c1\u03c3\u03c4\u03c6\u03c9"
_GREEK = {
    character: f"\\{unicodedata.name(character).rpartition(' ')[2].lower()} "
    for character in _GREEK_LETTERS
}
_UNICODE = str.maketrans(_SIGNS | _GREEK)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_SUPERSCRIPTS = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u207b]+")

_THIN_GROUPS = re.compile(r"(?<=\d)(?:\{,\}|,\\!\s*|\\[!,]|\u2009|\u202f)(?=\d{3}(?!\d))")
_INK = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|scriptstyle|limits|quad|qquad|hfill"
    r"|bf|rm|it|mathstrut|allowbreak)(?![a-zA-Z])\.?|(?<!\\)\\[!,;: ]"
    r"|~|\\(?:h|v|m)space\{[^{}]*\}|`"
)
_SAME_COMMAND = {
    "dfrac": "frac",
    "tfrac": "frac",
    "cfrac": "frac",
    "dbinom": "binom",
    "tbinom": "binom",
    "leq": "le",
    "leqslant": "le",
    "geq": "ge",
    "geqslant": "ge",
    "neq": "ne",
    "lt": "<",
    "gt": ">",
    "lbrace": "{",
    "rbrace": "}",
    "lbrack": "[",
    "rbrack": "]",
    "lvert": "|",
    "rvert": "|",
    "vert": "|",
    "lparen": "(",
    "rparen": ")",
    "degree": "circ",
    "varnothing": "emptyset",
    "land": "and",
    "lor": "or",
    "ast": "cdot",
    "to": "rightarrow",
}
_TEXT_COMMANDS = (
    "text|textbf|textit|textrm|textsf|texttt|textnormal|mbox|hbox|mathrm|mathbf|operatorname|mathit"
)

# Names in plain text that are commands.
_NAMES = frozenset(
    re.findall(
        r"\w+",
        "sin cos tan cot sec csc arcsin arccos arctan arccot sinh cosh tanh ln log exp sqrt "
        "abs floor ceil pi infty gcd lcm max min or and theta alpha beta gamma delta lambda",
    )
)
_OTHER_NAMES = {
    "infinity": "infty",
    "inf": "infty",
    "oo": "infty",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "ceiling": "ceil",
    "union": "cup",
}

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+(?![\w.]))?"
_GROUPED = r"[1-9]\d{0,2}(?:,\d{3})+(?!,?\d)(?:\.\d+)?"
_ZERO_GROUPED = r"[1-9]\d{0,2}(?:,0\d\d)+(?!,?\d)(?:\.\d+)?"
_TOKEN = re.compile(
    rf"""
    (?P<space> \s+ )
  | (?P<text> \\(?:{_TEXT_COMMANDS})\s*\{{ (?P<inside>[^{{}}]*) \}} )
  | \\mathbb\s*\{{?(?P<field>[RQZN])\}}?
  | \\(?P<environment> begin|end )\{{ (?P<name>[a-z]+)\*? \}}
  | (?P<row> \\\\ )
  | \\(?P<command> [a-zA-Z]+ )
  | \\(?P<escaped> [{{}}|$%#&_] )
  | (?P<letters> [a-zA-Z]+ )
  | (?P<sign> <=|>=|!=|==|\*\*|:=|[-+*/^_=<>()\[\]{{}}|,;!%$&:'\u20ac\u00a3\u00a5\u20b9] )
    """,
    re.VERBOSE,
)
_NUMBERS = {
    False: re.compile(rf"{_GROUPED}|{_NUMBER}"),
    True: re.compile(rf"{_ZERO_GROUPED}|{_NUMBER}"),
}
"""Whether inside brackets, where a comma between digits parts coordinates -> pattern."""

_SAME_SIGN = {"==": "=", ":=": "=", "**": "^", "<=": "<=", ">=": ">=", ";": ","}


def tokens_of(text: str) -> list[Token]:
    """Split an answer.

    Raises:
        Unreadable: if it is longer than 2,000 characters, or has a sign that is not known.
    """
    if len(text) > MAX_CHARACTERS:
        raise Unreadable(f"{len(text):,} characters; at most {MAX_CHARACTERS:,} are read")
    plain = _plain(text)
    found: list[Token] = []
    at, depth, spaced = 0, 0, False
    while at < len(plain):
        match = _NUMBERS[depth > 0].match(plain, at) or _TOKEN.match(plain, at)
        if match is None:
            raise Unreadable(f"{plain[at : at + 10]!r} is not known")
        at = match.end()
        if match.lastgroup == "space":
            spaced = True
            continue
        for token in _tokens(match, spaced):
            found.append(token)
            if token.kind is Kind.SIGN:
                depth += (token.text in {"(", "[", "\\{"}) - (token.text in {")", "]", "\\}"})
        spaced = False
    return found


def _plain(text: str) -> str:
    text = _THIN_GROUPS.sub("", text)
    text = plain_typography(text).replace("\u00a2", r"\text{cents}")
    text = _SUPERSCRIPTS.sub(lambda m: f"^{{{unicodedata.normalize('NFKC', m.group())}}}", text)
    text = _NOT_ASCII.sub(_spelled, text.translate(_UNICODE))
    text = _INK.sub(" ", text)
    return _without_delimiters(plain_typography(text).strip())


def _spelled(match: re.Match[str]) -> str:
    character = match.group()
    plain = unicodedata.normalize("NFKC", character).replace("\u2044", "/")
    fraction = unicodedata.decomposition(character).startswith("<fraction>")
    return f" {plain}" if fraction else plain


def _without_delimiters(text: str) -> str:
    r"""Without `$`, `$$`, `\(` and `\[` around mathematics; a `$` alone is a dollar."""
    text = re.sub(r"\\[()]|(?<!\\)\\[\[\]]", " ", text)
    if len(re.findall(r"(?<!\\)\$", text)) % 2 == 0:
        text = re.sub(r"(?<!\\)\$", " ", text)
    return text.strip().rstrip(".,;:").strip("* \n\t")


def _tokens(match: re.Match[str], spaced: bool) -> list[Token]:
    group = match.groupdict() if match.re is _TOKEN else {}
    if not group:
        return [_number(match.group(), spaced)]
    if group["text"] is not None:
        return [_text(group["inside"].strip(), spaced)]
    if group["letters"] is not None:
        return _letters(group["letters"], spaced)
    if group["command"] is not None:
        return [_command(group["command"], spaced)]
    if group["field"] is not None:
        return [Token(Kind.COMMAND, f"field {group['field']}", spaced)]
    if group["environment"] is not None:
        return [Token(Kind.COMMAND, f"{group['environment']} {group['name']}", spaced)]
    if group["row"] is not None:
        return [Token(Kind.SIGN, "\\\\", spaced)]
    if (escaped := group["escaped"]) is not None:
        return [Token(Kind.SIGN, f"\\{escaped}" if escaped in "{}" else escaped, spaced)]
    sign = group["sign"]
    return [Token(Kind.SIGN, _SAME_SIGN.get(sign, sign), spaced)]


def _number(text: str, spaced: bool) -> Token:
    plain = text.replace(",", "")
    _, _, power = plain.lower().partition("e")
    if len(plain) > MAX_DIGITS or len(power) > 4 or (power and abs(int(power)) > MAX_DIGITS):
        raise Unreadable(f"the number {text[:20]} is too long")
    return Token(Kind.NUMBER, plain, spaced)


def _text(inside: str, spaced: bool) -> Token:
    name = _OTHER_NAMES.get(inside, inside)
    if name in _NAMES:
        return Token(Kind.COMMAND, name, spaced)
    # `\\mathrm{e}` is the constant; other letters in upright type are units.
    return Token(Kind.LETTER if name in {"e", "i"} else Kind.TEXT, inside, spaced)


def _command(name: str, spaced: bool) -> Token:
    name = _SAME_COMMAND.get(name, name)
    if len(name) == 1:
        return Token(Kind.SIGN, f"\\{name}" if name in "{}" else name, spaced)
    return Token(Kind.COMMAND, name, spaced)


def _letters(run: str, spaced: bool) -> list[Token]:
    """A function, a variable, a product of up to three letters, or a word."""
    name = _OTHER_NAMES.get(run.lower(), run.lower())
    if name in _NAMES:
        return [Token(Kind.COMMAND, name, spaced)]
    if len(run) == 1:
        return [Token(Kind.LETTER, run, spaced)]
    return [Token(Kind.WORD, run, spaced)]
