import json
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.dedup.near import Banding, Shingles, near_duplicates
from synth_assets.errors import ConfigurationError

WORDS = [f"w{n}" for n in range(60)]


def text(*changed):
    """Sixty words with those at some positions changed; one change breaks five shingles."""
    return " ".join("x" if at in changed else word for at, word in enumerate(WORDS))


def test_shingles_of_long_text_are_its_runs_of_5():
    assert Shingles.of("One, two three: four five six!").runs == [
        "one two three four five",
        "two three four five six",
    ]


@pytest.mark.parametrize(
    ("said", "shingle"), [("Four words, no more", "four words no more"), ("?!", "?!"), ("", "")]
)
def test_shingles_of_short_text_are_the_whole(said, shingle):
    assert Shingles.of(said).runs == [shingle]


def test_jaccard_by_hand():
    one, other = Shingles.of("a b c d e f g"), Shingles.of("a b c d e f x y")
    assert one.jaccard(other) == 2 / 5


def test_jaccard_of_texts_that_differ_in_an_operator_is_below_one():
    assert Shingles.of("What is 3 + 4?").jaccard(Shingles.of("What is 3 - 4?")) == 0
    assert Shingles.of("Tom, what now?").jaccard(Shingles.of("tom what now")) == 1


def test_longest_shared_is_the_longest_common_stretch():
    one = Shingles.of("a b c d e f zz g h i j k l m n")
    other = Shingles.of("a b c d e f yy g h i j k l m n")
    assert one.longest_shared(other) == "g h i j k l m n"


def test_near_duplicates_names_the_most_similar_kept_text():
    texts = {"first": text(), "second": text(5, 20, 40), "third": text(5, 20)}
    assert Shingles.of(texts["second"]).jaccard(Shingles.of(texts["first"])) < 0.6
    [(dropped, match)] = near_duplicates(texts, 0.6).items()
    assert (dropped, match.kept, match.similarity) == ("third", "second", 51 / 61)
    assert match.excerpt == " ".join(text(5, 20).split()[:40])


def test_near_duplicates_of_equal_similarity_name_the_smaller_id():
    texts = {"b": text(5, 20), "a": text(35, 50), "c": text()}
    assert near_duplicates(texts, 0.68)["c"].kept == "a"


def test_near_duplicates_do_not_chain():
    texts = {"a": text(), "b": text(10, 30), "c": text(10, 30, 50, 55)}
    assert list(near_duplicates(texts, 0.69)) == ["b"]


def test_near_duplicates_at_the_threshold_are_dropped():
    texts = {"a": "a b c d e f g h i", "b": "a b c d e f g h x"}
    assert Shingles.of(texts["a"]).jaccard(Shingles.of(texts["b"])) == 4 / 6
    assert list(near_duplicates(texts, 4 / 6)) == ["b"]
    assert not near_duplicates(texts, 0.67)


@pytest.mark.parametrize("threshold", [0, -0.1, 1.01, float("nan")])
def test_near_duplicates_with_impossible_threshold_is_refused(threshold):
    with pytest.raises(ConfigurationError, match="threshold"):
        near_duplicates({"a": "x"}, threshold)


def test_near_duplicates_tells_progress_up_to_the_end():
    told = []
    texts = {str(n): f"text {n}" for n in range(1_200)}
    near_duplicates(texts, 0.8, lambda done, total: told.append((done, total)))
    assert told == [(500, 1_200), (1_000, 1_200), (1_200, 1_200)]


@given(st.floats(0.05, 1))
def test_banding_finds_pairs_at_the_threshold_with_999_in_1000(threshold):
    cut = Banding.for_threshold(threshold)
    assert cut.permutations <= 128
    assert 1 - (1 - threshold**cut.values) ** cut.bands >= 0.998


@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=9).map(" ".join), max_size=12),
    st.sampled_from([0.3, 0.5, 0.8, 1.0]),
)
def test_near_duplicates_resemble_what_they_name_and_kept_texts_do_not(said, threshold):
    texts = {f"t{at:02}": each for at, each in enumerate(said)}
    dropped = near_duplicates(texts, threshold)
    shingles = {name: Shingles.of(each) for name, each in texts.items()}
    for name, match in dropped.items():
        assert match.kept not in dropped
        assert match.similarity == shingles[name].jaccard(shingles[match.kept]) >= threshold
    kept = [shingles[name] for name in texts if name not in dropped]
    assert all(one.jaccard(other) < threshold for one, other in combinations(kept, 2))


def test_near_duplicates_planted_in_real_text_are_found_and_nothing_else(shared_data):
    path = shared_data / "gsm8k" / "train.jsonl"
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line, _ in zip(file, range(1_200), strict=False)]
    texts = {f"a{at:04}": f"{row['question']}\n{row['answer']}" for at, row in enumerate(rows)}
    planted: dict[str, str] = {}
    for name, original in list(texts.items())[::4]:
        spoken = original.split()
        spoken[len(spoken) // 2] = "another"
        planted[f"b{name}"] = name
        texts[f"b{name}"] = " ".join(spoken)
    shingles = {name: Shingles.of(each) for name, each in texts.items()}
    similar = {
        name: of for name, of in planted.items() if shingles[name].jaccard(shingles[of]) >= 0.8
    }
    assert len(similar) > 250
    assert {name: match.kept for name, match in near_duplicates(texts, 0.8).items()} == similar
