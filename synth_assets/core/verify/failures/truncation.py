"""Answers that break off: what a file shows of it where nobody noted why a teacher stopped."""

import re
from typing import Literal, assert_never

from pydantic import Field

from synth_assets.core.config.names import Written
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failures.turn import Fault, Look, Turn, has_any, listed

_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)", re.MULTILINE)
_BRACKETS = re.compile(r"[()\[\]{}]")
_SMILEY = re.compile(r"(?<!\S)[:;]'?-?[()]+(?=\s|$)")
_CLOSING = re.compile(
    r"\b(?:sincerely|yours|regards|wishes|greetings|love|hope|respect\w*|cheers|gratitude|thanks|you)"
    r"(?:,\s|\Z)",
    re.IGNORECASE,
)
_LITERAL = re.compile(r"""'[()\[\]{}]{1,3}'|"[()\[\]{}]{1,3}"|\\[()\[\]{}]""")
_LIST_MARK = re.compile(
    r"[ \t]*(?:[-*+\u2022\u2013]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.):])[ \t]+"
)
_INNER_END = re.compile(r"[a-z)][.!?][\"')]? +[A-Z]")
_SENTENCES = re.compile(r"[a-z]{3}[.!?][\"')]? +[A-Z][a-z']*,? [a-z]")
_ENDS = ".!?\u2026\u3002\uff01\uff1f\u061f\u0964\u06d4:;\"'\u201d\u2019\u00bb)]}>*`|$"
_TAIL = 2000
_HANGING = listed(
    "the a an and or of because than their your my our its whose although while into from with "
    "very including"
)
_LEAST_LINE = 4
_LEAST_ALIKE = 1


class Truncation(Written):
    """The answer does not break off.

    Attributes:
        fences: a code fence that is opened and not closed.
        brackets: a bracket that is opened in the last 400 characters and not closed, where no
            sentence ends behind it; with `text`, an answer that begins with a bracket is left to
            the verifiers of JSON.
        hanging: an end such as `and`, `of the` or a comma, behind at least `min_words` words.
        habit: no full stop at the end, though every line before, or every sentence of the last
            paragraph, has one.
        long_line: no full stop at the end of a last line of so many words or more that is prose;
            none for any length.
        min_words: shorter answers, labels and names, have no shape that could be broken off.
    """

    fences: bool = True
    brackets: Literal["off", "text", "all"] = "text"
    hanging: bool = True
    habit: bool = True
    long_line: int | None = Field(default=None, ge=4)
    min_words: int = Field(default=6, ge=1)

    def look(self) -> Look:
        """Make the check."""
        return self._look

    def _look(self, turn: Turn) -> Fault | None:
        text = turn.text.rstrip()
        if not text:
            return None
        if self.fences and ("```" in text or "~~~" in text) and len(_FENCE.findall(text)) % 2:
            return Fault(Reason.TRUNCATED, "opens a code fence and does not close it")
        last = text[-1]
        if last in ".!?\"'`":
            return None
        tail = text[-_TAIL:]
        if self._in_brackets(text) and (at := _open_bracket(tail)) is not None:
            return _fault("does not close a bracket", tail[at:])
        if "```" in text or last in _ENDS:
            return None
        line = tail.rpartition("\n")[2]
        if self.hanging and (said := _hangs(tail, line, last, self.min_words)):
            return _fault(said, line)
        if last.isalnum() and ((self.habit and _breaks_habit(tail, line)) or self._is_long(line)):
            return _fault("ends in the middle of a sentence", line)
        return None

    def _is_long(self, line: str) -> bool:
        words = line.split()
        if self.long_line is None or len(words) < self.long_line or _looks_like_code(line):
            return False
        prose = sum(map(str.isalpha, words)) > 0.7 * len(words)
        return prose and words[-1][0].islower() and not _CLOSING.search(line[-80:])

    def _in_brackets(self, text: str) -> bool:
        match self.brackets:
            case "off":
                return False
            case "text":
                return text.lstrip()[0] not in "{["
            case "all":
                return True
            case _:
                assert_never(self.brackets)


def _open_bracket(tail: str) -> int | None:
    """Where the last bracket stands that is open at the end; `[0, 1)` closes."""
    start = max(len(tail) - 400, 0)
    shown = tail[start:]
    if not has_any(shown, "([{") or "\\" in shown:
        return None
    # Marks that stand for themselves keep their place, so that offsets stay.
    shown = _SMILEY.sub(_blank, _LITERAL.sub(_blank, shown))
    opened: list[int] = []
    for match in _BRACKETS.finditer(shown):
        if match.group() in "([{":
            opened.append(match.start())
        elif opened:
            opened.pop()
    if not opened or _INNER_END.search(shown, opened[-1]):
        return None
    return start + opened[-1]


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _hangs(tail: str, line: str, last: str, min_words: int) -> str:
    words = line.split()
    if len(words) < min_words and len(tail.split()) < 4 * min_words:
        return ""
    if last in ",&" and len(words) >= min_words:
        return "ends with a comma" if last == "," else "ends with &"
    if last in "=+<" and len(words) >= min_words and words[-1] not in ("++", "C++", "c++", "A+"):
        return "ends with an operator"
    if len(words) < min_words or _looks_like_code(line):
        return ""
    if last.isalpha() and words[-1] in _HANGING:
        return f"ends with '{words[-1]}'"
    return ""


def _breaks_habit(tail: str, line: str) -> bool:
    marked = _LIST_MARK.match(line)
    body = line[marked.end() :] if marked else line
    words = body.split()
    if len(words) < _LEAST_LINE or not words[-1][0].islower() or _looks_like_code(line):
        return False
    if _SENTENCES.search(body):
        return not _CLOSING.search(body[-80:])
    before = [each.rstrip() for each in tail.split("\n")[:-1] if len(each.split()) >= _LEAST_LINE]
    alike = [each for each in before if bool(_LIST_MARK.match(each)) == bool(marked)]
    return len(alike) >= _LEAST_ALIKE and all(each[-1] in ".!?\u3002" for each in alike)


def _looks_like_code(line: str) -> bool:
    return line.startswith(("    ", "\t")) or any(
        mark in line for mark in ("=", "{", "</", "://", "$", "\\")
    )


def _fault(said: str, where: str) -> Fault:
    return Fault(Reason.TRUNCATED, f"{said}: {where[-80:]!r}")
