"""Items told in other words: the same numbers and rare words, in other sentences.

Each word or number that a stretch of a text and an item share speaks for the item, the more the
rarer it is among items (Robertson and Sparck Jones, 1976, «Relevance weighting of search terms»);
each that the other lacks speaks against it, numbers more than words, as who rephrases a problem
keeps its numbers. The shape of programs and vectors of meaning are weighed in where there are any.
After Yang et al., 2023, arXiv:2311.04850 («Rethinking Benchmark and Contamination»), who find such
items by vectors and a judge.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
import numpy.typing as npt

from synth_assets.core.decontaminate.code_shape import (
    Run,
    Shapes,
    description,
    is_code,
    shape_runs,
)
from synth_assets.core.decontaminate.elements import Elements, Lexicon
from synth_assets.core.decontaminate.finding import Find, Method
from synth_assets.core.decontaminate.firewall import excerpt
from synth_assets.core.decontaminate.item_index import Costs, ItemIndex, Keys, Match
from synth_assets.core.decontaminate.keying import KeyedTexts, Keying, Sources
from synth_assets.core.decontaminate.parts import Parts
from synth_assets.core.decontaminate.weights import (
    CODE,
    CODE_WITH_VECTORS,
    PROSE,
    PROSE_WITH_VECTORS,
    Weights,
)
from synth_assets.core.embedding.protocol import Embedder, Vectors
from synth_assets.errors import ConfigurationError

_PRIOR_TEXTS, _PRIOR_SHARE = 200.0, 1 / 400
_SHOWN_WORDS = 10
_WHOLE_SHARE = 0.6
_MOST_EMBEDDED = 3


@dataclass(frozen=True)
class RephraseRule:
    """When a row holds an item in other words.

    Attributes:
        least: score from which on the item is there, unless a judge says otherwise; 0..1.
        lower: score from which on a judge is asked.
        upper: score from which on no judge is asked.
        least_keys: items with fewer words that say something, and numbers, are not looked for.
        least_words: so many of its words it takes anyway; numbers alone are not enough.
    """

    least: float = 0.5
    lower: float = 0.1
    upper: float = 0.95
    least_keys: int = 5
    least_words: int = 2

    def __post_init__(self) -> None:
        """Refuse thresholds in another order.

        Raises:
            ConfigurationError: if they are.
        """
        if not 0 < self.lower <= min(self.least, self.upper) or self.least >= 1:
            raise ConfigurationError(
                f"Rephrasings: lower {self.lower}, least {self.least}, upper {self.upper}. Give "
                "0 < lower <= least < 1, and upper not below lower."
            )


@dataclass(frozen=True)
class _Kind:
    """Items of one kind, prose or code.

    Attributes:
        weights: of the kind.
        index: of all parts; those of the other kind never match.
    """

    weights: Weights
    index: ItemIndex


@dataclass(frozen=True)
class Meaning:
    """Vectors of items, and what makes them."""

    embedder: Embedder
    vectors: Vectors

    @classmethod
    def of(cls, embedder: Embedder, prompts: Sequence[str]) -> "Meaning":
        """Embed items; of programs what they say of themselves.

        Raises:
            ConfigurationError: if the embedder's vectors depend on the other texts given.
        """
        if embedder.looks_at_others:
            raise ConfigurationError(
                f"The embedder {embedder.name} makes vectors that depend on all texts given at "
                "once, so rows cannot be held against items bit by bit. Name another, such as "
                "minilm, or none."
            )
        said = [(description(text) if is_code(text) else "") or text for text in prompts]
        return cls(embedder, embedder.embed(said))


@dataclass(frozen=True)
class RephraseFinder:
    """Finds items that are told in other words.

    Attributes:
        rule: what it takes.
        keying: how elements become keys.
        rarity: of each key.
        kinds: of items.
        parts: of items.
        numbers: how many numbers each part has.
        shapes: of the items' programs.
        meaning: for cosines; none without an embedder.
    """

    rule: RephraseRule
    keying: Keying
    rarity: npt.NDArray[np.float64]
    kinds: tuple[_Kind, ...]
    parts: Parts
    numbers: npt.NDArray[np.int64]
    shapes: Shapes
    meaning: Meaning | None

    @classmethod
    def of(
        cls,
        lexicon: Lexicon,
        prompts: Sequence[str],
        responses: Sequence[str],
        rule: RephraseRule,
        embedder: Embedder | None = None,
    ) -> "RephraseFinder":
        """Learn items.

        Args:
            lexicon: knows the words of the prompts.
            prompts: of items.
            responses: of items, for the programs in them.
            rule: what it takes.
            embedder: for cosines; without one, words and numbers decide.
        """
        items = lexicon.read(prompts)
        keying = Keying.of(items, len(lexicon))
        read = keying.keyed(items, Sources.of(prompts))
        parts = Parts.of(read.offsets)
        bounds = zip(parts.begins.tolist(), parts.ends.tolist(), strict=True)
        keys = [np.unique(read.keys[begin:end]) for begin, end in bounds]
        rarity = _rarity(keys, keying)
        programs = [
            f"{prompt}\n{response}" if is_code(prompt) or is_code(response) else ""
            for prompt, response in zip(prompts, responses, strict=True)
        ]
        is_program = np.array([bool(program) for program in programs], np.bool_)[parts.items]
        prose, code = (PROSE, CODE) if embedder is None else (PROSE_WITH_VECTORS, CODE_WITH_VECTORS)
        kinds = tuple(
            _Kind(weights, _index(keys, rarity, keying, weights, those, rule))
            for weights, those in ((prose, ~is_program), (code, is_program))
            if those.any()
        )
        return cls(
            rule,
            keying,
            rarity,
            kinds,
            parts,
            np.array([np.sum(each >= keying.words) for each in keys], np.int64),
            Shapes.of(programs),
            None if embedder is None else Meaning.of(embedder, prompts),
        )

    def find(self, elements: Elements, sources: Sources) -> list[Find]:
        """The items that are told in each text, the best first.

        Args:
            elements: what the texts are made of.
            sources: the texts, and the rows that they stand in.
        """
        read = self.keying.keyed(elements, sources)
        found: list[Find] = []
        for kind in self.kinds:
            matches = [
                match
                for match in kind.index.matches(read.keys, read.offsets)
                if match.words >= self.rule.least_words
            ]
            logits = self._logits(kind, matches, read)
            if self.meaning is not None:
                matches, logits = _best(matches, logits, self._within_reach(kind.weights))
                logits = self._with_cosines(kind, matches, logits, read)
            for match, logit in zip(matches, logits, strict=True):
                score = 1 / (1 + exp(-max(logit, -500.0)))
                if score >= self.rule.lower:
                    found.append(self._find(kind, match, score, read))
        return sorted(found, key=lambda each: (each.row, -each.score, each.item))

    def _logits(self, kind: _Kind, matches: Sequence[Match], read: KeyedTexts) -> list[float]:
        """What words, numbers and programs say."""
        shapes: dict[int, frozenset[Run]] = {}
        logits: list[float] = []
        for match in matches:
            item = int(self.parts.items[match.item])
            logit = match.score
            if not self._corroborated(match):
                logit += kind.weights.uncorroborated
            if self.shapes.runs[item]:
                if match.text not in shapes:
                    shapes[match.text] = shape_runs(read.sources.whole(match.text))
                logit += kind.weights.shape * self.shapes.likeness(item, shapes[match.text])
            logits.append(logit)
        return logits

    def _within_reach(self, weights: Weights) -> float:
        """What words, numbers and programs must say, that a vector can make it enough."""
        return _logit(self.rule.lower) - weights.cosine * (1 - weights.usual_cosine)

    def _with_cosines(
        self, kind: _Kind, matches: Sequence[Match], logits: Sequence[float], read: KeyedTexts
    ) -> list[float]:
        if not matches:
            return []
        speaks = kind.weights.cosine * (self._cosines(matches, read) - kind.weights.usual_cosine)
        return [logit + each for logit, each in zip(logits, speaks.tolist(), strict=True)]

    def _corroborated(self, match: Match) -> bool:
        """Whether numbers speak for the item, and not words alone, which a topic shares."""
        differ = int(self.numbers[match.item]) - match.numbers + match.other_numbers
        return match.numbers >= max(2, 2 * differ)

    def _cosines(self, matches: Sequence[Match], read: KeyedTexts) -> npt.NDArray[np.float64]:
        assert self.meaning is not None
        said = [self._said(match, read) for match in matches]
        rows = {text: row for row, text in enumerate(dict.fromkeys(said))}
        vectors = self.meaning.embedder.embed(list(rows))
        own = self.meaning.vectors[self.parts.items[[match.item for match in matches]]]
        there = vectors[[rows[text] for text in said]]
        return np.einsum("ij,ij->i", there, own, dtype=np.float64)

    def _said(self, match: Match, read: KeyedTexts) -> str:
        """What of a text is held against an item by its vector."""
        text = read.sources.texts[match.text]
        is_program = self.shapes.runs[int(self.parts.items[match.item])]
        if is_program and (told := description(read.sources.whole(match.text))):
            return told
        # Of a text that the item fills, one vector does for all items.
        fills = match.end - match.begin >= _WHOLE_SHARE * read.length(match.text)
        return text if fills else read.stretch(match)

    def _find(self, kind: _Kind, match: Match, score: float, read: KeyedTexts) -> Find:
        begin, end = kind.index.item_starts[match.item : match.item + 2]
        own = set(kind.index.item_keys[begin:end].tolist())
        places: dict[int, int] = {}
        for place, key in enumerate(read.keys_of(match).tolist()):
            if key in own:
                places.setdefault(key, place)
        rarest = sorted(places, key=lambda key: (-self.rarity[key], key))[:_SHOWN_WORDS]
        words = [read.word(match, place) for place in sorted(places[key] for key in rarest)]
        told = f"{len(places)} of its {len(own)} words and numbers"
        return Find(
            match.text,
            int(self.parts.items[match.item]),
            Method.REPHRASED,
            score,
            f"{told}, such as: {excerpt(', '.join(words))}",
        )


def _best(
    matches: Sequence[Match], logits: Sequence[float], least: float
) -> tuple[Sequence[Match], Sequence[float]]:
    """The three likeliest items of each text: vectors are dear, and the right one is among them."""
    enough = [at for at, logit in enumerate(logits) if logit >= least]
    order = sorted(enough, key=lambda at: (matches[at].text, -logits[at]))
    seen: Counter[int] = Counter()
    kept: list[int] = []
    for at in order:
        seen[matches[at].text] += 1
        if seen[matches[at].text] <= _MOST_EMBEDDED:
            kept.append(at)
    return [matches[at] for at in kept], [logits[at] for at in kept]


def _logit(score: float) -> float:
    return log(score / (1 - score))


def _rarity(keys: Sequence[Keys], keying: Keying) -> npt.NDArray[np.float64]:
    """The logarithm of how rare each key is among items.

    As if 200 more items had been seen in which each word stood once in 400 times: a benchmark of
    five items knows little of what is rare.
    """
    nothing = np.empty(0, np.int32)
    counts = np.bincount(np.concatenate([nothing, *keys]), minlength=keying.most)
    return np.log((len(keys) + _PRIOR_TEXTS) / (counts + _PRIOR_TEXTS * _PRIOR_SHARE))


def _index(
    keys: Sequence[Keys],
    rarity: npt.NDArray[np.float64],
    keying: Keying,
    weights: Weights,
    those: npt.NDArray[np.bool_],
    rule: RephraseRule,
) -> ItemIndex:
    """Items of one kind by their keys."""
    words = weights.rarity * rarity + weights.shared - weights.missing
    numbers = weights.number_rarity * rarity + weights.number_shared - weights.number_missing
    gain = np.where(np.arange(keying.most) < keying.words, words, numbers)
    missing = np.where(
        np.arange(keying.most) < keying.words, weights.missing, weights.number_missing
    )
    listed = [each if this else each[:0] for each, this in zip(keys, those, strict=True)]
    looked_for = np.array([len(each) >= rule.least_keys for each in listed], np.bool_)
    base = weights.bias + np.array([missing[each].sum() for each in listed])
    needed = _logit(rule.lower) - weights.most_beside_words
    return ItemIndex.of(
        listed,
        gain,
        base,
        np.where(looked_for, needed, np.inf),
        Costs(-weights.extra, -weights.number_extra, keying.words, keying.most),
    )
