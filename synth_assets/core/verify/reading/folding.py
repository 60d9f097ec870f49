"""What counts as the same wording: typography, case and white space aside, token for token."""

from synth_assets.core.fingerprint import normalised

_SINGLE_QUOTES = "\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc\u2039\u203a"
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"

_TYPOGRAPHY = str.maketrans(
    {
        **dict.fromkeys(_SINGLE_QUOTES, "'"),
        **dict.fromkeys(_DOUBLE_QUOTES, '"'),
        **dict.fromkeys(_DASHES, "-"),
        **dict.fromkeys(_INVISIBLE, None),
        **{0xFF01 + at: chr(0x21 + at) for at in range(94)},  # full-width forms
    }
)


def plain_typography(text: str) -> str:
    """Straighten quotation marks and dashes, and remove what is invisible."""
    return text.translate(_TYPOGRAPHY)


def folded(text: str) -> str:
    """`normalised`, with typography straightened first."""
    return normalised(plain_typography(text))


def stands_in(needle: str, haystack: str) -> bool:
    """Whether a folded text stands in another as whole tokens.

    `art` does not stand in `party`, nor `200` in `1,200` or `12` in `12.5`. Scripts without case
    are not split into tokens, as many of them write no spaces. An empty needle stands nowhere.
    """
    start = haystack.find(needle) if needle else -1
    while start >= 0:
        if not (_joined(haystack, start) or _joined(haystack, start + len(needle))):
            return True
        start += 1
        # Going on from inside a long token would make this quadratic.
        while start < len(haystack) and _joined(haystack, start):
            start += 1
        start = haystack.find(needle, start)
    return False


def clipped(text: str, limit: int = 80) -> str:
    """Text that nobody checked, short, quoted and printable, for evidence."""
    return repr(text if len(text) <= limit else f"{text[: limit - 3]}...")


def _joined(text: str, at: int) -> bool:
    """Whether the characters on both sides of a position belong to one token."""
    before, after = text[max(at - 2, 0) : at], text[at : at + 2]
    if not before or not after:
        return False
    if _in_token(before[-1]) and _in_token(after[0]):
        return True
    if after[0] in ".,":
        return before[-1].isdigit() and after[1:].isdigit()
    return before[-1] in ".," and before[:-1].isdigit() and after[0].isdigit()


def _in_token(character: str) -> bool:
    return character.islower() or character.isdigit() or character == "_"
