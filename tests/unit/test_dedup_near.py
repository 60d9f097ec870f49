import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.dedup.code_points import Unit
from synth_assets.core.dedup.exact import ExactRule
from synth_assets.core.dedup.join import Method
from synth_assets.core.dedup.near import duplicates_among, shared_texts
from synth_assets.core.dedup.shingling import Shingling
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.fingerprint import normalised
from synth_assets.core.ngrams import ngrams, words_and_symbols
from synth_assets.errors import ConfigurationError

WORDS = [f"w{n}" for n in range(60)]


def text(*changed: int) -> str:
    """Sixty words with those at some positions changed; one change breaks five shingles."""
    return " ".join("x" if at in changed else word for at, word in enumerate(WORDS))


def shingles(said: str) -> set[str]:
    tokens = words_and_symbols(said)
    return set(ngrams(tokens, 5)) or {" ".join(tokens) or normalised(said)}


def jaccard(one: str, other: str) -> float:
    return len(shingles(one) & shingles(other)) / len(shingles(one) | shingles(other))


def by_hand(texts: list[str], order: list[int], threshold: float) -> list[int]:
    """The rule, word for word, over all pairs."""
    kept: list[int] = []
    found = [-1] * len(texts)
    for row in order:
        equal = [other for other in kept if normalised(texts[other]) == normalised(texts[row])]
        near = [(-jaccard(texts[row], texts[other]), at) for at, other in enumerate(kept)]
        most, at = min(near, default=(0.0, 0))
        if equal:
            found[row] = equal[0]
        elif kept and -most >= threshold:
            found[row] = kept[at]
        else:
            kept.append(row)
    return found


def kept_for(texts: list[str], threshold: float, order: list[int] | None = None) -> list[int]:
    rule = DedupRule(threshold, recall=0.999999 if threshold > 0.2 else 0.999)
    ranked = np.array(order, np.int64) if order is not None else None
    return duplicates_among(texts, rule, ranked).kept.tolist()


def test_duplicates_name_the_most_similar_kept_text():
    texts = [text(), text(5, 20, 40), text(5, 20)]
    assert jaccard(texts[0], texts[1]) < 0.6
    found = duplicates_among(texts, DedupRule(0.6))
    assert found.kept.tolist() == [-1, -1, 1]
    assert found.similarity.tolist() == [0, 0, 51 / 61]
    assert found.method.tolist() == [Method.KEPT, Method.KEPT, Method.NEAR]


def test_duplicates_of_equal_similarity_name_the_first_in_survivor_order():
    texts = [text(5, 20), text(35, 50), text()]
    assert kept_for(texts, 0.68) == [-1, -1, 0]
    assert kept_for(texts, 0.68, [1, 0, 2]) == [-1, -1, 1]


def test_duplicates_do_not_chain():
    assert kept_for([text(), text(10, 30), text(10, 30, 50, 55)], 0.69) == [-1, 0, -1]


def test_duplicates_at_the_threshold_are_dropped():
    texts = ["a b c d e f g h i", "a b c d e f g h x"]
    assert jaccard(*texts) == 4 / 6
    assert kept_for(texts, 4 / 6) == [-1, 0]
    assert kept_for(texts, 0.67) == [-1, -1]


def test_duplicates_that_are_equal_are_told_from_similar_ones():
    texts = [text(), text().upper(), text(59), f"{text(59)}."]
    found = duplicates_among(texts, DedupRule(0.9))
    assert found.kept.tolist() == [-1, 0, 0, 0]
    assert found.method.tolist() == [Method.KEPT, Method.EXACT, Method.NEAR, Method.NEAR]
    assert found.similarity.tolist() == [0, 1, 55 / 57, 55 / 57]


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        (ExactRule(case=False), "tom's  Cat, said"),
        (ExactRule(white_space=False), "Tom's Cat, said"),
        (ExactRule(unicode=False), "Tom's  Cat,\u200b said"),
        (ExactRule(punctuation=False), "Tom's  Cat said"),
    ],
    ids=["case", "white_space", "unicode", "punctuation"],
)
def test_exact_duplicates_may_differ_in_what_the_rule_says(rule, other):
    said = "Tom's  Cat, said"
    every = DedupRule(exact=ExactRule(punctuation=True), near=False)
    strict = DedupRule(exact=rule, near=False)
    assert duplicates_among([said, other], every).kept.tolist() == [-1, 0]
    assert duplicates_among([said, other], strict).kept.tolist() == [-1, -1]


def test_duplicates_without_near_are_equal_ones_alone():
    found = duplicates_among([text(), text(), text(59)], DedupRule(0.5, near=False))
    assert found.kept.tolist() == [-1, 0, -1]


def test_duplicates_by_characters_are_found_where_words_differ():
    texts = ["today the cats are sleeping in the sun", "today the cat is sleeping in the sun"]
    assert kept_for(texts, 0.5) == [-1, -1]
    rule = DedupRule(0.5, shingling=Shingling(Unit.CHARACTERS, 4))
    assert duplicates_among(texts, rule).kept.tolist() == [-1, 0]


def test_duplicates_of_short_and_empty_texts_are_those_that_say_the_same():
    texts = ["", "Yes.", "yes", "?", "!", " ", "No", "yes yes"]
    assert kept_for(texts, 0.8) == [-1, -1, 1, -1, -1, 0, -1, -1]


def test_duplicates_that_differ_in_what_is_not_seen_are_equal():
    texts = ["The same" + "\u200b" * n + " text\ufeff" for n in range(1, 51)]
    found = duplicates_among(texts)
    assert found.kept.tolist() == [-1, *[0] * 49]
    assert (found.method == Method.EXACT).sum() == 49


def test_duplicates_of_texts_with_lone_surrogates_are_found():
    assert kept_for(["a\ud800 b c d e f", "a\ud800 b c d e f", "a\udfff b c d e f"], 0.9) == [
        -1,
        0,
        -1,
    ]


def test_duplicates_of_many_equal_texts_compare_none():
    found = duplicates_among(["the same text again and again"] * 20_000)
    assert (found.kept[1:] == 0).all()
    assert found.compared == 0


def test_duplicates_of_one_text_differing_in_marks_compare_each_once():
    texts = ["one two three four five six" + "." * n for n in range(2_000)]
    found = duplicates_among(texts)
    assert (found.kept[1:] == 0).all()
    assert found.compared == 1_999


def test_duplicates_of_one_huge_text_and_its_copy_are_found():
    huge = " ".join(map(str, range(300_000)))
    assert kept_for([huge, "small", f"{huge} more"], 0.9) == [-1, -1, 0]


def test_duplicates_of_no_texts_are_none():
    assert kept_for([], 0.8) == []


@pytest.mark.parametrize("threshold", [0, -0.1, 1.01, float("nan")])
def test_duplicates_with_impossible_threshold_are_refused(threshold):
    with pytest.raises(ConfigurationError, match="threshold"):
        duplicates_among(["x"], DedupRule(threshold))


def test_duplicates_tell_progress_up_to_the_end():
    told: list[tuple[int, int]] = []
    duplicates_among([f"text {n}" for n in range(1_200)], on_progress=lambda *at: told.append(at))
    assert told[-1] == (1_200, 1_200)


SAID = st.lists(st.sampled_from(["a", "b", "c", "B", "?"]), max_size=9).map(" ".join)


@settings(deadline=None)
@given(
    st.lists(SAID, max_size=12).flatmap(
        lambda texts: st.tuples(st.just(texts), st.permutations(range(len(texts))))
    ),
    st.sampled_from([0.25, 0.5, 0.8, 1.0]),
)
def test_duplicates_are_those_of_the_rule_over_all_pairs(given_texts, threshold):
    texts, order = given_texts
    assert kept_for(texts, threshold, order) == by_hand(texts, order, threshold)


def test_duplicates_planted_in_real_text_are_found_and_nothing_else(shared_data):
    path = shared_data / "gsm8k" / "train.jsonl"
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line, _ in zip(file, range(1_200), strict=False)]
    texts = [f"{row['question']}\n{row['answer']}" for row in rows]
    similar: dict[int, int] = {}
    for original in range(0, 1_200, 4):
        spoken = texts[original].split()
        spoken[len(spoken) // 2] = "another"
        texts.append(" ".join(spoken))
        if jaccard(texts[original], texts[-1]) >= 0.8:
            similar[len(texts) - 1] = original
    assert len(similar) > 250
    found = duplicates_among(texts, DedupRule(0.8))
    assert {row: kept for row, kept in enumerate(found.kept.tolist()) if kept >= 0} == similar
    first = next(iter(similar))
    assert found.similarity[first] == jaccard(texts[first], texts[similar[first]])


def test_pairs_of_real_text_that_are_kept_are_all_dissimilar(shared_data):
    path = shared_data / "gsm8k" / "train.jsonl"
    with path.open(encoding="utf-8") as file:
        texts = [json.loads(line)["question"] for line, _ in zip(file, range(400), strict=False)]
    kept = [texts[row] for row, of in enumerate(kept_for(texts, 0.3)) if of < 0]
    assert all(jaccard(one, other) < 0.3 for one, other in combinations(kept, 2))


def shared_text(one: str, other: str) -> str:
    cut = Shingling()
    return shared_texts(cut, [one], cut.cut([one]), cut.cut([other]))[0]


def test_shared_text_is_the_longest_common_stretch():
    one = "a b c d e f zz, g h i j k; l m N"
    other = "a b c d e f yy g h i j k l m n"
    assert shared_text(one, other) == "g h i j k; l m n"
    assert shared_text("a b c", "d e f") == ""


def test_shared_text_that_is_long_is_cut_short():
    assert shared_text(text(), text()) == f"{text()[:159]}…"


def test_shared_texts_of_many_are_those_of_each():
    ones = [text(5), "a b c", text(20, 40), ""]
    others = [text(), "a b c", text(5), "x"]
    cut = Shingling()
    found = shared_texts(cut, ones, cut.cut(ones), cut.cut(others))
    assert found == [shared_text(*pair) for pair in zip(ones, others, strict=True)]
