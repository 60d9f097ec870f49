"""A text that is looked at by many constraints: what they count is counted once."""

import re
from functools import cached_property

from synth_assets.core.verify.constraints.sentences import sentence_count
from synth_assets.core.verify.reading.language import Language, language_of

_WORD = re.compile(r"\w+")

# What NLTK's word tokenizer (after Penn Treebank's) cuts off or cuts out; a full stop at the end of
# a token or an apostrophe before it does not change whether the token is in capitals.
_BETWEEN_TOKENS = re.compile(
    r"[\s\[\](){}<>?!;@#$%&*\"`\u00ab\u00bb\u2018\u2019\u201c-\u201e\u2012-\u2015]+"
    r"|--+|\.{2,}|[:,](?!\d)"
)
_CLITIC = re.compile(r"[^'](?P<clitic>'(?:s|m|d|ll|re|ve)|'(?:S|M|D|LL|RE|VE)|n't|N'T)\Z")
_TWO_WORDS = frozenset(["CANNOT", "GIMME", "GONNA", "GOTTA", "LEMME", "WANNA"])


class Wording:
    """A response, or a part of it.

    Attributes:
        text: as it stands.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def lower(self) -> str:
        """In small letters."""
        return self.text.lower()

    @cached_property
    def bare(self) -> str:
        """Without white space around it."""
        return self.text.strip()

    @cached_property
    def lines(self) -> list[str]:
        """Parted at line feeds alone."""
        return self.text.split("\n")

    @cached_property
    def words(self) -> int:
        """How many runs of letters, digits and underscores it has."""
        return len(_WORD.findall(self.text))

    @cached_property
    def sentences(self) -> int:
        """How many sentences it has."""
        return sentence_count(self.text)

    @cached_property
    def capital_words(self) -> int:
        """How many words in capitals it has; «I» is one, «I'M» two, «TOP-LEVEL» one."""
        return sum(_capitals(token) for token in _BETWEEN_TOKENS.split(self.text))

    @cached_property
    def language(self) -> Language | None:
        """Its language, where that is known."""
        return language_of(self.text)


def _capitals(token: str) -> int:
    if "'" not in token:
        return token.isupper() + (token in _TWO_WORDS)
    found = _CLITIC.search(token, max(0, len(token) - 4))
    if found is None:
        return int(token.isupper())
    return token[: found.start("clitic")].isupper() + found["clitic"].isupper()
