"""Where sentences begin.

Rules, no model: a sentence ends at `.`, `!`, `?` or an ellipsis, closing marks included, before
white space and something that can begin a sentence. Chinese and Japanese full stops need no white
space. A full stop behind an abbreviation, an initial or a number of a list ends nothing. Where a
rule errs, it errs towards longer sentences.
"""

import re
from collections.abc import Iterator

_WIDE = "\u3002\uff01\uff1f"
_CLOSING = r"\"'\u201d\u2019\u00bb)\]*_`"
_OPENING = r"\"'\u201c\u2018\u201e\u00ab(\[*_`\u00bf\u00a1"
_END = re.compile(
    rf"(?:[.!?\u2026]+[{_CLOSING}]*(?=\s)|[{_WIDE}]+[\u300d\u300f\u201d\u2019\uff09]*)\s*"
)
_BEGINNING = re.compile(rf"[{_OPENING}]*[^\W_a-z]")
_LAST_WORD = re.compile(r"[^\s(\[\"\u201c\u201e]{1,12}$")
_INITIAL = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]\.|\d{1,3}\.")
_ABBREVIATIONS = {
    "al.", "approx.", "art.", "bzw.", "ca.", "cf.", "ch.", "co.", "corp.", "d.h.", "dr.", "ed.",
    "eds.", "e.g.", "eq.", "eqs.", "etc.", "fig.", "figs.", "inc.", "i.e.", "jr.", "ltd.", "mr.",
    "mrs.", "ms.", "nr.", "no.", "nos.", "op.", "p.", "para.", "pp.", "prof.", "ref.", "refs.",
    "resp.", "rev.", "sec.", "sect.", "sr.", "st.", "tab.", "u.a.", "usw.", "v.", "vol.", "vols.",
    "vs.", "z.b.", "z.t.",
}  # fmt: skip


def sentence_starts(text: str, start: int, end: int) -> Iterator[int]:
    """Offsets in `text[start:end]` at which a sentence begins, but for the first one."""
    for found in _END.finditer(text, start, end):
        if found.end() < end and _ends(text, found):
            yield found.end()


def _ends(text: str, found: re.Match[str]) -> bool:
    mark = text[found.start()]
    if mark in _WIDE:
        return True
    following = _BEGINNING.match(text, found.end())
    if following is None:
        return False
    if following[0][-1].islower():  # a lower case letter beyond ASCII
        return False
    if mark != "." or text.startswith("..", found.start()):
        return True
    word = _LAST_WORD.search(text, max(0, found.start() - 12), found.start() + 1)
    return word is None or not _is_abbreviated(word[0])


def _is_abbreviated(word: str) -> bool:
    return word.lower() in _ABBREVIATIONS or _INITIAL.fullmatch(word) is not None
