"""ROUGE-L and the pool that new texts must differ from."""

import json
import re
from fractions import Fraction
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.novelty.rouge_l import (
    DEFAULT_THRESHOLD,
    Nearest,
    NoveltyPool,
    rouge_l,
    rouge_tokens,
)
from synth_assets.errors import ConfigurationError

# Few words, so that texts share many, in every order; and what the tokens' rule must cut away.
_PIECES = st.sampled_from(["a", "B", "c3", "d", "É", "K", "-", "\n", "_", "写", " ", "."])
_TEXTS = st.lists(_PIECES, max_size=14).map(" ".join)
_LATIN = st.lists(st.sampled_from("abcde"), max_size=9).map(" ".join)


def reference_tokens(text: str) -> list[str]:
    """Cut as `rouge_score.tokenize` does without a stemmer."""
    return [part for part in re.sub(r"[^a-z0-9]+", " ", text.lower()).split(" ") if part]


def table_lcs(one: list[str], other: list[str]) -> int:
    """Longest common subsequence by the textbook's table."""
    row = [0] * (len(other) + 1)
    for token in one:
        before = row
        row = [0]
        for at, against in enumerate(other):
            row.append(before[at] + 1 if token == against else max(before[at + 1], row[at]))
    return row[-1]


def reference_f(one: str, other: str) -> float:
    first, second = reference_tokens(one), reference_tokens(other)
    lcs = table_lcs(first, second)
    if not lcs:
        return 0.0
    recall, precision = lcs / len(first), lcs / len(second)
    return 2 * precision * recall / (precision + recall)


def nearest_by_pairs(text: str, pool: dict[str, str]) -> Nearest | None:
    scores = {key: rouge_l(text, other).f for key, other in pool.items()}
    key = max(scores, key=scores.__getitem__, default="")
    return Nearest(key, scores[key]) if scores.get(key) else None


def numbered(texts: list[str], prefix: str = "") -> dict[str, str]:
    return {f"{prefix}{number}": text for number, text in enumerate(texts)}


def pool_of(texts: dict[str, str], threshold: Fraction = DEFAULT_THRESHOLD) -> NoveltyPool:
    pool = NoveltyPool(threshold)
    pool.add_all(texts)
    return pool


def words(first: int, last: int) -> str:
    return " ".join(f"w{number}" for number in range(first, last))


@pytest.fixture(scope="module")
def seeds(shared_data: Path) -> dict[str, str]:
    """The seed tasks that the recorded run started from."""
    path = shared_data / "self_instruct" / "seed_tasks.jsonl"
    if not path.is_file():
        pytest.skip(f"no seed tasks at {path}")
    lines = path.read_text(encoding="utf-8").splitlines()
    return numbered([json.loads(line)["instruction"] for line in lines], "seed-")


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> list[dict[str, Any]]:
    """Kept instructions of a run of Self-Instruct, with their ten highest scores and the mean."""
    path = shared_data / "alpaca_regen_minpeter" / "regen.json"
    if not path.is_file():
        pytest.skip(f"no recorded run at {path}")
    return json.loads(path.read_text(encoding="utf-8"))


def test_rouge_l_against_a_recorded_run_equals_every_score_to_the_last_digit(
    seeds: dict[str, str], recorded: list[dict[str, Any]]
) -> None:
    pool = list(seeds.values())
    compared = 0
    for row in recorded:
        scores = {other: rouge_l(row["instruction"], other).reference_f for other in pool}
        top = row["most_similar_instructions"]
        assert {other: scores[other] for other in top} == top
        assert sorted(scores.values(), reverse=True)[:10] == list(top.values())
        assert fmean(scores.values()) == pytest.approx(row["avg_similarity_score"], abs=1e-15)
        compared += len(top)
        pool.append(row["instruction"])
    assert compared == 730


def test_pool_fed_a_recorded_run_admits_all_of_it_beside_the_recorded_neighbours(
    seeds: dict[str, str], recorded: list[dict[str, Any]]
) -> None:
    new = numbered([row["instruction"] for row in recorded], "new-")
    admission = pool_of(seeds).admit(new)
    assert dict(admission.dropped) == {}
    assert list(admission.admitted) == list(new)
    texts = seeds | new
    for row, nearest in zip(recorded, admission.admitted.values(), strict=True):
        top = row["most_similar_instructions"]
        assert nearest is not None
        assert float(nearest.score) == pytest.approx(max(top.values()), abs=1e-15)
        assert top[texts[nearest.key]] == max(top.values())


@given(_TEXTS, _TEXTS)
@settings(max_examples=300)
def test_rouge_l_of_texts_with_latin_tokens_equals_the_reference(one: str, other: str) -> None:
    result = rouge_l(one, other)
    assert rouge_l(other, one).f == result.f
    assert 0 <= result.f <= 1
    if reference_tokens(one) and reference_tokens(other):
        assert result.reference_f == reference_f(one, other)
        assert float(result.f) == pytest.approx(reference_f(one, other), abs=1e-15)


@given(st.text())
def test_rouge_tokens_of_any_text_are_those_of_the_reference_where_it_has_some(text: str) -> None:
    expected = reference_tokens(text)
    if expected:
        assert rouge_tokens(text) == expected


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ("", "", Fraction(0)),
        ("", "write a poem", Fraction(0)),
        ("...", "?!", Fraction(0)),
        ("Write a poem.", "write, a POEM", Fraction(1)),
        ("write a poem", "poem a write", Fraction(1, 3)),
        ("write a short poem", "write poem", Fraction(2, 3)),
        ("a a a", "a", Fraction(1, 2)),
        (words(0, 100), words(50, 300), Fraction(2 * 50, 350)),
        (words(0, 700), words(100, 900), Fraction(2 * 600, 1500)),
    ],
)
def test_rouge_l_of_two_texts_is_the_exact_fraction(one: str, other: str, score: Fraction) -> None:
    assert rouge_l(one, other).f == score
    nearest = pool_of({"other": other}).nearest(one)
    assert (nearest.score if nearest else 0) == score


def test_rouge_l_of_texts_in_chinese_counts_their_characters() -> None:
    assert rouge_l("写一首诗。", "写一首歌!").f == Fraction(3, 4)
    assert rouge_l("写一首诗", "翻译成德文").f == 0
    assert rouge_l("Напиши стих", "напиши рассказ").f == Fraction(1, 2)


def test_rouge_l_of_chinese_texts_with_a_latin_name_tells_them_apart_by_words_only() -> None:
    one, other = "用 Python 写一个排序函数", "Python 是谁发明的"
    assert rouge_l(one, other).f == 1
    assert rouge_l(one, other, "words").f == Fraction(2, 15)
    pool = NoveltyPool(rule="words")
    pool.add("one", one)
    assert pool.nearest(other) == Nearest("one", Fraction(2, 15))
    assert pool.too_similar(other) is None


def test_pool_with_a_text_at_the_threshold_keeps_it_and_above_it_drops_it() -> None:
    # In floating point the first comes to 0.7000000000000001.
    kept, dropped = words(0, 7), words(0, 8)
    pool = pool_of({"there": words(0, 13)})
    assert rouge_l(kept, words(0, 13)).reference_f > 0.7
    assert pool.nearest(kept) == Nearest("there", Fraction(7, 10))
    assert pool.too_similar(kept) is None
    assert pool.too_similar(dropped) == Nearest("there", Fraction(16, 21))


@given(st.lists(_LATIN, max_size=6), st.lists(_LATIN, max_size=6), st.lists(_LATIN, max_size=4))
def test_pool_asked_for_many_texts_finds_what_pairs_find(
    first: list[str], second: list[str], asked: list[str]
) -> None:
    texts = numbered(first, "first-")
    pool = pool_of(texts)
    assert pool.nearest_many(asked) == [nearest_by_pairs(text, texts) for text in asked]
    texts |= numbered(second, "second-")
    for key, text in numbered(second, "second-").items():
        pool.add(key, text)
    assert len(pool) == len(texts)
    assert [pool.nearest(text) for text in asked] == [
        nearest_by_pairs(text, texts) for text in asked
    ]


@given(
    st.lists(_LATIN, max_size=5),
    st.lists(_LATIN, max_size=12),
    st.sampled_from([Fraction(0), Fraction(1, 2), DEFAULT_THRESHOLD, Fraction(1)]),
)
def test_admission_of_texts_in_order_equals_one_comparison_after_another(
    there: list[str], new: list[str], threshold: Fraction
) -> None:
    texts = numbered(there, "there-")
    admission = pool_of(texts, threshold).admit(numbered(new, "new-"))
    admitted: dict[str, Nearest | None] = {}
    dropped: dict[str, Nearest] = {}
    for key, text in numbered(new, "new-").items():
        nearest = nearest_by_pairs(text, texts)
        if nearest and nearest.score > threshold:
            dropped[key] = nearest
        else:
            admitted[key] = nearest
            texts[key] = text
    assert dict(admission.admitted) == admitted
    assert dict(admission.dropped) == dropped


def test_admission_of_more_texts_than_are_compared_at_once_equals_that_of_parts() -> None:
    # Each text shares eight of ten words with the one ten places on, and none with those between.
    texts = {
        f"t{at}": words(10 * (at % 10) + at // 10, 10 * (at % 10) + at // 10 + 10)
        for at in range(900)
    }
    whole = NoveltyPool().admit(texts)
    pool, admitted, dropped = NoveltyPool(), {}, {}
    for key, text in texts.items():
        part = pool.admit({key: text})
        admitted |= part.admitted
        dropped |= part.dropped
    assert dict(whole.admitted) == admitted
    assert dict(whole.dropped) == dropped
    assert len(dropped) > 600
    assert len(admitted) > 10


def test_pool_of_many_thousand_texts_names_the_first_of_equally_near_ones() -> None:
    texts = {f"t{at}": f"only{at} word" for at in range(9_000)}
    texts["early"] = "a fine match indeed"
    texts |= {f"u{at}": f"only{at} more" for at in range(5_000)}
    texts |= {"late": "a fine match indeed", "better": "such a fine match indeed"}
    pool = pool_of(texts)
    assert pool.nearest_many(["a fine match", "such a fine match indeed", "only8999 word"]) == [
        Nearest("early", Fraction(6, 7)),
        Nearest("better", Fraction(1)),
        Nearest("t8999", Fraction(1)),
    ]


def test_pool_without_a_shared_token_has_no_nearest_text() -> None:
    assert NoveltyPool().nearest("write a poem") is None
    pool = pool_of({"empty": "", "poem": "write a poem"})
    assert pool.nearest_many(["translate this", "", "..."]) == [None, None, None]
    assert pool.too_similar("translate this") is None


def test_admission_of_nothing_is_empty() -> None:
    admission = pool_of({"poem": "write a poem"}).admit({})
    assert (dict(admission.admitted), dict(admission.dropped)) == ({}, {})


@pytest.mark.parametrize("threshold", [Fraction(-1, 10), Fraction(11, 10)])
def test_pool_with_a_threshold_out_of_range_is_refused(threshold: Fraction) -> None:
    with pytest.raises(ConfigurationError, match="within 0 and 1"):
        NoveltyPool(threshold)
