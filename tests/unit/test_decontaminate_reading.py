"""What texts are to finders of contamination: words, numbers, keys, parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.decontaminate.elements import FUNCTION, NUMBER, UNKNOWN, Lexicon
from synth_assets.core.decontaminate.hash_set import HashSet
from synth_assets.core.decontaminate.item_index import Costs, ItemIndex
from synth_assets.core.decontaminate.keying import Keying, Sources
from synth_assets.core.decontaminate.parts import LONGEST_PART, Parts
from synth_assets.core.decontaminate.reading import Words
from synth_assets.core.ngrams import words


def numbers_of(text: str) -> list[float]:
    elements = Lexicon([]).read([text])
    return elements.values[elements.codes == NUMBER].tolist()


@given(st.lists(st.text(max_size=40), max_size=4))
@settings(max_examples=100, deadline=None)
def test_words_of_any_texts_are_those_of_ngrams(texts):
    read = Words.of(texts)
    cut = [list(map(read.word, range(*read.offsets[at : at + 2]))) for at in range(len(texts))]
    assert cut == [words(text) for text in texts]


def test_words_with_one_hash_are_equal():
    read = Words.of(["Tom's CAT, tom S cat", "x\u00ady \uff38\uff39"])
    assert read.hashes[:3].tolist() == read.hashes[3:6].tolist()
    assert read.hashes[6] == read.hashes[7] != read.hashes[0]


def test_words_stretch_is_what_the_text_says_folded():
    read = Words.of(["ignored", "He said: \u201cNO, never!\u201d Twice."])
    assert read.stretch(2, 5) == "said: \u201cno, never"
    assert read.stretch(2, 2) == ""


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("7 eggs, 1,200 hens and 3.50 each", [7, 1200, 3.5]),
        ("1,200,300.25 or 1,20", [1200300.25, 1, 20]),
        ("3/4 of a cup, \u00bd of it, 1/0 of all", [0.75, 0.5, 1, 0]),
        ("twenty-five, forty, nineteen", [25, 40, 19]),
        ("two thirds; three-quarters", [2 / 3, 0.75]),
        ("one third and one half, but one of them", [1 / 3, 0.5]),
        ("3 million, five hundred thousand, 2 dozen, a dozen", [3e6, 5e5, 24]),
        ("twice, half, triple the rest", [2, 0.5, 3]),
        ("the third day of the first quarter", []),
        ("\u0661\u0662 and \uff13", [12, 3]),
        ("version 1.2.3", [1.2, 3]),
    ],
)
def test_numbers_are_read_however_they_are_written(text, values):
    assert numbers_of(text) == pytest.approx(values)


def test_numbers_of_endless_digits_are_infinite_and_bounded():
    assert numbers_of("9" * 400 + " and " + "0." + "1" * 400) == [float("inf"), float("inf")]


def test_lexicon_knows_stems_of_items_and_tells_grammar_apart():
    lexicon = Lexicon(Lexicon.vocabulary_of(["The market sells eggs", "x + y"]))
    elements = lexicon.read(["Sells the eggs at market, x"])
    assert len(lexicon) == 3
    known = [code >= 0 for code in elements.codes.tolist()]
    assert known == [True, False, True, False, True, False]
    assert elements.codes[[1, 3, 5]].tolist() == [FUNCTION, FUNCTION, FUNCTION]
    assert lexicon.read(["zebra"]).codes.tolist() == [UNKNOWN]


def test_lexicon_forgets_and_reads_on_as_before():
    lexicon = Lexicon(Lexicon.vocabulary_of(["market eggs"]), slots=64)
    before = lexicon.read(["Eggs of the market for 3"]).codes.tolist()
    strange = lexicon.read([" ".join(f"w{number} market" for number in range(1_000))])
    assert strange.codes.tolist() == [UNKNOWN, before[3]] * 1_000
    assert lexicon.read(["Eggs of the market for 3"]).codes.tolist() == before


def test_elements_stretch_takes_whole_numbers():
    elements = Lexicon([]).read(["", "It costs 1,200.50 dollars, twenty-five less."])
    assert elements.stretch(1, 2, 3) == "1,200.50"
    assert elements.stretch(1, 2, 6) == "1,200.50 dollars, twenty-five less"
    assert elements.stretch(0, 0, 0) == ""


def test_keys_of_numbers_are_by_value_and_of_others_apart():
    lexicon = Lexicon(Lexicon.vocabulary_of(["eggs 12 and 3.5"]))
    items = lexicon.read(["eggs 12 and 3.5"])
    keying = Keying.of(items, len(lexicon))
    texts = ["A dozen times 12.0 eggs", "7/2 hens, 99"]
    read = keying.keyed(lexicon.read(texts), Sources.of(texts))
    assert read.keys_of_text(0).tolist()[-2:] == [2, 0]
    found = read.keys_of_text(1).tolist()
    assert found[:2] == [1, -1]
    assert found[2] >= keying.known


def test_parts_of_long_items_are_equal_and_cover_them():
    parts = Parts.of(np.array([0, 0, 5, 5 + 3 * LONGEST_PART + 1]))
    assert parts.items.tolist() == [0, 1, 2, 2, 2, 2]
    assert parts.begins.tolist()[1:] == parts.ends.tolist()[:-1]
    assert max(parts.ends - parts.begins) <= LONGEST_PART


@given(
    st.sets(st.integers(1, 2**64 - 1), max_size=30),
    st.lists(st.integers(0, 2**64 - 1), max_size=30),
)
def test_hash_set_places_are_those_of_a_set(members, asked):
    known = HashSet.of(np.array(sorted(members), np.uint64))
    hashes = np.array([*asked, *members], np.uint64)
    places, ranks = known.places(hashes)
    assert places.tolist() == [at for at, each in enumerate(hashes.tolist()) if each in members]
    assert known.values[ranks].tolist() == hashes[places].tolist()


_KEYS = 12
_FIRST_NUMBER = 8
_COSTS = Costs(0.25, 1.5, _FIRST_NUMBER, _KEYS + 4)
_ITEMS = st.lists(st.sets(st.integers(0, _KEYS - 1), min_size=1), min_size=1, max_size=6)
_TEXTS = st.lists(st.lists(st.integers(-1, _KEYS + 3), max_size=30), max_size=4)
_GAIN = np.linspace(0.5, 3.0, _KEYS + 4)


def index_of(items: list[set[int]], needed: float) -> ItemIndex:
    keys = [np.array(sorted(item), np.int32) for item in items]
    base = np.array([-0.5 * len(item) for item in items])
    return ItemIndex.of(keys, _GAIN, base, np.full(len(items), needed), _COSTS)


def laid_out(texts: list[list[int]]):
    offsets = np.cumsum([0, *map(len, texts)])
    return np.array([key for text in texts for key in text], np.int32), offsets


@given(items=_ITEMS, texts=_TEXTS)
@settings(max_examples=100, deadline=None)
def test_item_index_score_is_what_the_stretch_holds(items, texts):
    for match in index_of(items, 0.5).matches(*laid_out(texts)):
        stretch = texts[match.text][match.begin : match.end]
        own = items[match.item]
        shared = own.intersection(stretch)
        words_beside = sum(key not in own and key < _FIRST_NUMBER for key in stretch)
        others = {key for key in stretch if key not in own and key >= _FIRST_NUMBER}
        gained = _GAIN[sorted(shared)].sum() - 0.25 * words_beside - 1.5 * len(others)
        assert match.score == pytest.approx(gained - 0.5 * len(own), abs=1e-4)
        assert match.score >= 0.5 - 1e-6
        assert match.numbers == sum(key >= _FIRST_NUMBER for key in shared)
        assert match.other_numbers == len(others)


@given(items=_ITEMS, texts=_TEXTS, needed=st.floats(0.1, 6))
@settings(max_examples=100, deadline=None)
def test_item_index_finds_the_same_whatever_is_needed(items, texts, needed):
    everything = index_of(items, -100.0).matches(*laid_out(texts))
    enough = [match for match in everything if match.score >= np.float32(needed)]
    assert index_of(items, needed).matches(*laid_out(texts)) == enough


@given(
    item=st.sets(st.integers(0, _KEYS - 1), min_size=2), rest=st.lists(st.just(-1), max_size=2_000)
)
@settings(max_examples=50, deadline=None)
def test_item_index_finds_a_whole_item_wherever_it_stands(item, rest):
    text = [*rest, *sorted(item), *rest]
    [match] = index_of([item], 0.0).matches(*laid_out([text]))
    assert (match.begin, match.end) == (len(rest), len(rest) + len(item))
    assert match.score == pytest.approx(_GAIN[sorted(item)].sum() - 0.5 * len(item), abs=1e-4)


def test_item_index_tells_the_eight_best_items_first():
    items = [set(range(size)) for size in range(1, 13)]
    matches = index_of(items, -100.0).matches(*laid_out([list(range(12))]))
    assert [match.item for match in matches] == [11, 10, 9, 8, 7, 6, 5, 4]


def test_item_index_of_nothing_finds_nothing():
    empty = ItemIndex.of([], np.empty(0), np.empty(0), np.empty(0), Costs(1, 1, 0, 1))
    assert empty.matches(np.array([-1], np.int32), np.array([0, 1])) == []
    assert index_of([{1}], 0.0).matches(*laid_out([])) == []
