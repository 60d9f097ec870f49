"""Words of running text, folded and stemmed, English and German; heuristics, no dictionary.

Sentences are lists of words. A word keeps its spelling, so that names can be told, and has a key:
case, accents, inflection and British or American spelling aside.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from synth_assets.core.sentences import sentence_starts
from synth_assets.core.verify.reading.folding import plain_typography

LONGEST_WORD = 60
"""Characters; a longer run is a word, and is not stemmed."""

# Groups repeat inside `(?>...)` and not by `*+`, which before Python 3.11.5 keeps what a repetition
# that failed had taken: `\d++(?:\.\d++)*+` took the full stop of `9.` too.
_WORD = re.compile(
    r"(?>(?:[^\W\d_]\.){2,8})"  # U.S.
    r"|(?<![\w.])-?\d++(?>(?:[.,:/]\d++)*)\w*+"
    r"|\w++(?>(?:'\w++)*)"
    r"|[%$\u20ac\u00a3\u00a5\u00b0<>=\u00b1+\u2264\u2265]"
)
_RUN_TOGETHER = re.compile(r"(?<=[^\W\d_A-Z]{2}[.!?])(?=[A-Z])|(?<=\d{4}[.!?])(?=[A-Z])")

_SUFFIXES = tuple(
    re.findall(
        r"\w+",
        "ations ation ments ment ingly ings ing nesses ness ities ity ically ally edly ungen "
        "ung ively ives ive isches ischen ischer ische isch ern ers ies ied est ed en em er "
        "es ly st s e n t d y i ",
    )
)
_BY_LAST = {
    letter: tuple(suffix for suffix in _SUFFIXES if suffix[-1] == letter)
    for letter in {suffix[-1] for suffix in _SUFFIXES}
}
_SPELLINGS = (("ou", "o"), ("ae", "e"), ("oe", "e"), ("z", "s"), ("ph", "f"))
_INFLECTIONS = frozenset({"", "s", "es", "d", "ed", "ing", "e", "n", "en", "em"})
_DOUBLED = re.compile(r"(.)\1")


@dataclass(frozen=True)
class Word:
    """A word as it is written, and folded: lower case, no accents, no genitive `'s`."""

    text: str
    folded: str

    @property
    def is_capitalised(self) -> bool:
        """Whether it begins with a capital."""
        return self.text[0].isupper()

    @cached_property
    def has_digit(self) -> bool:
        """Whether there is a digit in it."""
        return any(character.isdigit() for character in self.text)

    @cached_property
    def is_content(self) -> bool:
        """Whether it says something by itself."""
        return self.folded not in STOP_WORDS and self.folded[:1].isalnum()

    @cached_property
    def key(self) -> str:
        """What its inflections and spellings share."""
        return stem(self.folded)


Sentence = tuple[Word, ...]


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a text that have words; linear in its length."""
    plain = _RUN_TOGETHER.sub(" ", plain_typography(text))
    start = 0
    for end in (*sentence_starts(plain, 0, len(plain)), len(plain)):
        found = words(plain[start:end])
        start = end
        if found:
            yield found


def words(text: str) -> Sentence:
    """The words, numbers and signs such as `%` of a text whose typography is plain."""
    return tuple(word_of(found) for found in _WORD.findall(text))


@lru_cache(maxsize=1 << 15)
def _short_word_of(text: str) -> Word:
    folded = text.casefold()
    if not folded.isascii():
        split = unicodedata.normalize("NFKD", folded)
        folded = "".join(each for each in split if not unicodedata.combining(each)) or folded
    return Word(text, folded[:-2] if folded.endswith("'s") else folded.removesuffix("'"))


def word_of(text: str) -> Word:
    """Fold one word."""
    # Words of hostile length are not kept.
    return Word(text, text.casefold()) if len(text) > LONGEST_WORD else _short_word_of(text)


def word_set(text: str) -> frozenset[str]:
    """Words between white space, folded."""
    return frozenset(word_of(found).folded for found in text.split())


STOP_WORDS = word_set(
    "a about after again all also although an and any are as at be became because been before "
    "being both but by can could did do does doing during each either even ever every for "
    "from had has have having he her hers herself him himself his how however i if in into is "
    "it its itself just many may me might more most much must my no nor not now of off often "
    "on one only or other our out over own per s same shall she should since so some still "
    "such than that the their them themselves then there therefore these they this those "
    "though through thus to too under until up upon us very was we were what when where "
    "whereas whether which while who whom whose why will with within without would yes yet "
    "you your aber alle allem allen aller alles als am an auch auf aus bei beim bis da damit "
    "dann das dass dem den denn der des die dies diese diesem diesen dieser dieses doch dort "
    "du durch ein eine einem einen einer eines er es etwa f\u00fcr gegen hat hatte hatten "
    "haben hier ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in ist ja jede jedem jeden "
    "jeder jedes jedoch kann kein keine keinem keinen keiner k\u00f6nnen konnte man mehr mit "
    "nach nicht noch nur ob oder ohne sehr sein seine seinem seinen seiner seines seit sich "
    "sie sind so sondern soll sowie \u00fcber um und uns unter viele vom von vor w\u00e4hrend "
    "war waren was weil welche welcher welches wenn wer werden wie wieder wird wo wurde "
    "wurden zu zum zur zwischen answer answers"
)
"""Words of grammar, folded; `answer` among them, for `the answer is ...`."""


def stem(word: str) -> str:
    """What is left of a folded word without its ending, in American spelling.

    One ending of inflection or derivation goes, then a short one, and at least four letters stay.
    """
    if len(word) < 4 or len(word) > LONGEST_WORD or not word.isalpha():
        return word
    return _stem(word)


def inflects(left: str, right: str) -> bool:
    """Whether folded words are the same but for inflection or spelling (`colours`, `color`).

    Derived words are others: an employee is no employer.
    """
    left, right = _spelling(left), _spelling(right)
    shared = next(
        (at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )
    return shared >= 3 and {left[shared:], right[shared:]} <= _INFLECTIONS


def _spelling(word: str) -> str:
    if len(word) < 4 or len(word) > LONGEST_WORD:
        return word
    for old, new in _SPELLINGS:
        word = word.replace(old, new)
    return _DOUBLED.sub(r"\1", word)


@lru_cache(maxsize=1 << 15)
def _stem(word: str) -> str:
    word = _spelling(word)
    for _ in range(2):
        for suffix in _BY_LAST.get(word[-1], ()):
            if len(word) - len(suffix) >= 4 and word.endswith(suffix):
                word = word[: -len(suffix)]
                break
        else:
            break
    return word
