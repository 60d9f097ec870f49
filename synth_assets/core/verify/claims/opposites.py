"""Words that turn a statement round: negations, opposites, comparisons, qualifiers."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from synth_assets.core.verify.reading.words import (
    LONGEST_WORD,
    STOP_WORDS,
    Sentence,
    Word,
    stem,
    word_of,
    word_set,
)

NEGATIONS = word_set(
    "no not never none nor neither nobody nothing nowhere cannot without hardly barely "
    "scarcely nicht kein keine keinem keinen keiner keines nie niemals niemand nichts ohne "
    "weder kaum"
)
_NEGATIVE_STARTS = tuple(
    word_set(
        "fail lack miss absent absenc deni deny refus prevent avoid rather instead except unlik "
        "unable fehl mangel verweiger verhinder statt ausser"
    )
)
_NEGATIVE_PREFIXES = ("un", "in", "im", "dis", "non", "ir", "il", "mis")

_PAIRS = (
    "more less|more fewer|most least|most fewest|larger smaller|largest smallest|"
    "bigger smaller|biggest smallest|greater smaller|greater less|greater lesser|"
    "greatest smallest|higher lower|highest lowest|high low|longer shorter|"
    "longest shortest|long short|taller shorter|tallest shortest|older younger|"
    "older newer|oldest youngest|oldest newest|old young|old new|earlier later|"
    "earliest latest|early late|before after|prior after|faster slower|fastest slowest|"
    "fast slow|better worse|best worst|good bad|stronger weaker|strongest weakest|"
    "strong weak|heavier lighter|richer poorer|wider narrower|warmer cooler|"
    "hotter colder|hot cold|warm cold|wet dry|first last|above below|over under|"
    "up down|upper lower|increase decrease|increased decreased|increase reduce|"
    "increased reduced|increasing decreasing|increases decreases|increases reduces|"
    "rise fall|rose fell|rising falling|rises falls|grow shrink|grew shrank|gain lose|"
    "gained lost|win lose|won lost|winner loser|accept reject|accepted rejected|"
    "allow forbid|allowed forbidden|permitted prohibited|allow prohibit|include exclude|"
    "included excluded|including excluding|open closed|opened closed|begin end|"
    "began ended|start end|started ended|start stop|started stopped|alive dead|"
    "born died|buy sell|bought sold|import export|north south|northern southern|"
    "east west|eastern western|left right|male female|man woman|men women|boy girl|"
    "father mother|son daughter|brother sister|husband wife|king queen|he she|his her|"
    "always never|all none|all some|everyone nobody|maximum minimum|majority minority|"
    "many few|much little|often rarely|true false|correct incorrect|possible impossible|"
    "likely unlikely|necessary unnecessary|able unable|legal illegal|"
    "successful unsuccessful|successfully unsuccessfully|positive negative|"
    "presence absence|present absent|same different|similar different|agree disagree|"
    "agreed disagreed|like dislike|public private|safe dangerous|active inactive|"
    "effective ineffective|significant insignificant|significantly insignificantly|"
    "simple complex|internal external|inside outside|superior inferior|with without|"
    "to from|and or|am pm|must may|mehr weniger|gr\u00f6\u00dfer kleiner|"
    "gr\u00f6\u00dfte kleinste|h\u00f6her niedriger|h\u00f6chste niedrigste|hoch niedrig|"
    "l\u00e4nger k\u00fcrzer|lang kurz|\u00e4lter j\u00fcnger|alt neu|alt jung|"
    "fr\u00fcher sp\u00e4ter|vor nach|schneller langsamer|besser schlechter|"
    "st\u00e4rker schw\u00e4cher|stark schwach|stieg fiel|steigt f\u00e4llt|"
    "gewann verlor|erlaubt verboten|offen geschlossen|begann endete|immer nie|"
    "alle keine|m\u00f6glich unm\u00f6glich|richtig falsch|n\u00f6rdlich s\u00fcdlich|"
    "\u00f6stlich westlich|links rechts|mit ohne|und oder|\u00fcber unter|er sie|"
    "sein ihr|muss darf"
)
_TOO_COMMON = word_set(
    "to from and or he she his her with without all some er sie sein ihr mit vor nach und "
    "oder uber unter over up like long old good am pm may must"
)


def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _PAIRS.split("|"):
        left, right = (word_of(word).folded for word in pair.split())
        found.setdefault(left, set()).add(right)
        found.setdefault(right, set()).add(left)
    return {word: frozenset(others) for word, others in found.items()}


OPPOSITES = _opposites()
"""Folded word -> those that say the opposite."""

TELLING_OPPOSITES = {word: others for word, others in OPPOSITES.items() if word not in _TOO_COMMON}
"""Those of content words, and of comparisons."""

QUALIFIERS = word_set(
    "only about approximately almost nearly roughly around exactly least most at some any all "
    "every each both either many few several half part partly mostly mainly usually often "
    "sometimes rarely always probably possibly perhaps maybe reportedly allegedly alleged "
    "supposedly apparently likely may might could would should must can if unless until "
    "except than too also alone former formerly first last nur etwa ungefahr fast beinahe "
    "rund genau mindestens hochstens einige alle jede jeder jedes beide viele wenige meist "
    "meistens oft manchmal selten immer wahrscheinlich moglicherweise vielleicht angeblich "
    "offenbar kann konnte soll sollte muss darf wenn falls bis ausser als ehemalige "
    "ehemaliger fruher"
)
"""Words that widen or narrow what a statement says."""

_COMPARING = frozenset({"than", "als"})


def is_negation(word: Word) -> bool:
    """Whether the word denies what stands beside it."""
    folded = word.folded
    return folded in NEGATIONS or folded.endswith("n't")


def denies(word: Word) -> bool:
    """Whether the word denies by what it means: `failed`, `lacks`, `refused`."""
    return word.folded.startswith(_NEGATIVE_STARTS)


def denials(sentence: Sentence) -> tuple[frozenset[str], ...]:
    """For each negation the stems it is about: two content words behind it, and one before."""
    return tuple(_about(sentence, at) for at, word in enumerate(sentence) if is_negation(word))


def deniable(sentence: Sentence) -> frozenset[str]:
    """Stems that a sentence denies by whatever means: `not able`, `unable`, opposites."""
    found: set[str] = set()
    for at, word in enumerate(sentence):
        by_itself = _denied_by(word.folded)
        if by_itself:
            found |= by_itself
        if is_negation(word) or denies(word):
            found |= _about(sentence, at)
    return frozenset(found)


@lru_cache(maxsize=1 << 15)
def _denied_by(folded: str) -> frozenset[str]:
    """Stems that a word denies by its form or sense: `unable` denies `able`, `dead` `alive`."""
    if len(folded) > LONGEST_WORD:
        return frozenset()
    found = {stem(each) for each in OPPOSITES.get(folded, ())}
    for prefix in _NEGATIVE_PREFIXES:
        if folded.startswith(prefix) and len(folded) > len(prefix) + 2:
            found.add(stem(folded.removeprefix(prefix)))
    if folded.endswith("less"):
        found.add(stem(folded.removesuffix("less")))
    return frozenset(found)


def _about(sentence: Sentence, at: int) -> frozenset[str]:
    behind = [each for each in sentence[at + 1 : at + 6] if each.is_content][:2]
    before = [each for each in sentence[max(at - 3, 0) : at] if each.is_content][-1:]
    return frozenset(each.key for each in (*behind, *before))


def turned_comparison(claim: Sentence, source: Sentence) -> bool:
    """Whether both compare by the same words, with the two sides exchanged: `A is older than B`."""
    ours, theirs = _sides(claim), _sides(source)
    if ours is None or theirs is None:
        return False
    return (
        ours[1] == theirs[1]
        and bool(ours[0] & theirs[2])
        and bool(ours[2] & theirs[0])
        and not ours[0] & theirs[0]
        and not ours[2] & theirs[2]
    )


def _sides(sentence: Sentence) -> tuple[frozenset[str], str, frozenset[str]] | None:
    """The content words before a comparison, its word, and those behind."""
    for at, word in enumerate(sentence):
        if word.folded in _COMPARING and at >= 2:
            before, behind = _content(sentence[: at - 1]), _content(sentence[at + 1 :])
            return before - behind, sentence[at - 1].folded, behind - before
    return None


def _content(words: Sequence[Word]) -> frozenset[str]:
    return frozenset(_stems(words))


def _stems(words: Sequence[Word]) -> Iterator[str]:
    return (stem(word.folded) for word in words if word.folded not in STOP_WORDS)
