"""Templates: what is left of texts when numbers, names, rare words and fillers are blanked.

A teacher that fills one mould with other names and numbers has hardly a duplicate, and yet says
the same thing over and over. The share of rows in the commonest moulds sees it. In the spirit of
Shaib et al., 2024, «Detection and Measurement of Syntactic Templates in Generated Text»,
arXiv:2407.00211, with words in the place of parts of speech, so that no tagger is needed.

The rule:

1. Of each text the first sentence is read: from its first word up to `.`, `!` or `?` before white
   space (not directly after the first word, as in `Mr. Wu`), or to the line's end. Tokens are
   numbers, words (with inner apostrophes and hyphens), and other characters one by one.
2. A number is blanked: a token that begins with a digit.
3. A name is blanked: a word that within the sentences read stands more often with a capital than
   without, where words after the start, an opening quote or bracket, or a colon do not count. It
   is blanked at the start too. German nouns are names by this rule; one-letter words are not.
4. A rare word is blanked: one that stands in less than 5 % of the texts, or in only one of them.
5. A filler is blanked: a word between two neighbours (tokens, all numbers alike, or an end of the
   sentence) that vary what stands between them: they stand around a word at least three times and
   in at least 5 % of the texts, around three different words or more, none of which is more than
   half of them. This sees moulds whose lists are too short for their words to be rare.
6. Blanks beside each other become one; the rest is casefolded. One word at least must stand; else
   the sentence itself is the template, so that texts without a common word are not one mould.

Of 250 texts written by people (GSM8K, Self-Instruct) 1 to 3 % are of the commonest template and 7
to 15 % of the ten commonest; of a mould of six names, eight things and a number, all.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

BLANK = "_"
RARE_SHARE = 0.05
FILLERS = 3
FILLER_SHARE = 0.5
TOP_TEMPLATES = 10

_SENTENCE = re.compile(r"\S+\s[^\n]*?[.!?]+[\"'\u201d\u2019»)\]]*(?=\s|$)|[^\n]+")
_TOKEN = re.compile(
    r"\d(?:[\w.,:/%-]*[\w%])?|[^\W\d_][^\W_]*(?:['\u2019-][^\W_]+)*|[^\w\s]|_",
)
_OPENING = frozenset("\"'\u201c\u2018«\u201e\u201a([{:")
_NUMBER = "0"
_START, _END = "", " "


@dataclass(frozen=True)
class Templates:
    """The templates of some texts.

    Attributes:
        counts: template -> how many texts come from it.
        examples: template -> of those texts the first by spelling.
    """

    counts: Counter[str]
    examples: Mapping[str, str]

    @property
    def texts(self) -> int:
        """How many texts there are; blank ones are left out."""
        return self.counts.total()

    @property
    def share(self) -> float | None:
        """Share of the texts that come from the commonest template: 0 to 1; None without."""
        return self.top_share(1)

    def top_share(self, templates: int = TOP_TEMPLATES) -> float | None:
        """Share of the texts that come from so many commonest templates; None without texts.

        With no two texts alike it is `templates` over the number of texts, so compare at equal
        numbers.
        """
        covered = sum(count for _, count in self.commonest(templates))
        return covered / self.texts if self.texts else None

    def commonest(self, templates: int) -> tuple[tuple[str, int], ...]:
        """The commonest templates with their texts; equally common ones by spelling."""
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(ranked[:templates])


def find_templates(texts: Sequence[str]) -> Templates:
    """Cut texts to their templates, by the rule above.

    What is rare is rare among these texts, and the more texts, the less often two are alike by
    chance: compare only sets of as many texts, as `synth_assets.core.coverage.controls` does.
    """
    cut = [(text, _TOKEN.findall(_first_sentence(text))) for text in texts if text.strip()]
    sentences = [tokens for _, tokens in cut if tokens]
    folded = [[_folded(token) for token in tokens] for tokens in sentences]
    blanked = _names(sentences) | _rare(folded)
    varied = _varied(folded)
    found = [_template(tokens, blanked, varied) for tokens in folded]
    spelled = sorted(
        zip((text for text, tokens in cut if tokens), found, strict=True), reverse=True
    )
    return Templates(Counter(found), {template: text for text, template in spelled})


def template_share(texts: Sequence[str]) -> float | None:
    """Share of the texts that come from the commonest template: 0 to 1; None without texts."""
    return find_templates(texts).share


def top_template_share(texts: Sequence[str], templates: int = TOP_TEMPLATES) -> float | None:
    """Share of the texts that come from the so many commonest templates; None without texts."""
    return find_templates(texts).top_share(templates)


def _first_sentence(text: str) -> str:
    found = _SENTENCE.search(text.strip())
    return found.group() if found else ""


def _names(sentences: Iterable[Sequence[str]]) -> set[str]:
    balance: Counter[str] = Counter()
    for tokens in sentences:
        for token in _inside(tokens):
            balance[token.casefold()] += 1 if token[0].isupper() else -1
    return {word for word, more in balance.items() if more > 0 and len(word) > 1}


def _inside(tokens: Sequence[str]) -> Iterator[str]:
    """The words of a sentence that a capital would make names: not those that open something."""
    opens = True
    for token in tokens:
        if _is_word(token) and not opens:
            yield token
        opens = token in _OPENING or (opens and not token[0].isalnum())


def _rare(folded: Sequence[Sequence[str]]) -> set[str]:
    holding = Counter(word for tokens in folded for word in set(tokens))
    return {word for word, count in holding.items() if count < max(2.0, _common(folded))}


def _varied(folded: Sequence[Sequence[str]]) -> set[tuple[str, str]]:
    """The pairs of neighbours that vary what stands between them."""
    between: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for tokens in folded:
        for neighbours, token in _between(tokens):
            if _is_word(token):
                between[neighbours][token] += 1
    least = max(3.0, _common(folded))
    return {
        neighbours
        for neighbours, words in between.items()
        if words.total() >= least
        and len(words) >= FILLERS
        and max(words.values()) <= FILLER_SHARE * words.total()
    }


def _template(tokens: Sequence[str], blanked: set[str], varied: set[tuple[str, str]]) -> str:
    parts: list[str] = []
    standing = 0
    for neighbours, token in _between(tokens):
        is_word = _is_word(token)
        if token == _NUMBER or (is_word and (token in blanked or neighbours in varied)):
            if parts[-1:] != [BLANK]:
                parts.append(BLANK)
        else:
            parts.append(token)
            standing += is_word
    return " ".join(parts if standing else tokens)


def _between(tokens: Sequence[str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Each token with its two neighbours."""
    steps = pairwise([_START, *tokens, _END])
    for (before, token), (_, after) in pairwise(steps):
        yield (before, after), token


def _common(folded: Sequence[Sequence[str]]) -> float:
    return RARE_SHARE * len(folded)


def _folded(token: str) -> str:
    return _NUMBER if token[0].isdigit() else token.casefold()


def _is_word(token: str) -> bool:
    return token[0].isalpha()
