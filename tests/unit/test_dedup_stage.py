import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.dedup.stage import deduplicate, survivor_order
from synth_assets.core.schema import SAMPLE_SCHEMA, Reason, Stage
from synth_assets.errors import StageContractError
from tests.samples import decisions_of, frame_of, real_row, reasons_of, synthetic_row

WORDS = " ".join(f"w{n}" for n in range(60))


def test_deduplicate_same_text_is_exact_whatever_case_and_space():
    samples = frame_of(
        synthetic_row("a", "What is one and one?", "Two."),
        synthetic_row("b", "what is  ONE and one?", "two.\n"),
        synthetic_row("c", "What is two and two?", "Four."),
    )
    result = deduplicate(samples)
    found = decisions_of(result.decisions)["b"]
    assert result.kept["sample_id"].to_list() == ["a", "c"]
    assert (found.reason, found.duplicate_of, found.score) == (Reason.EXACT_DUPLICATE, "a", 1.0)
    assert set(result.decisions.select("stage", "partition").iter_rows()) == {(Stage.DEDUP, "all")}


def test_deduplicate_text_moved_between_prompt_and_response_is_a_duplicate():
    samples = frame_of(
        synthetic_row("a", "one two", "three"), synthetic_row("b", "one", "two three")
    )
    assert deduplicate(samples).reasons == {Reason.EXACT_DUPLICATE: 1}


def test_deduplicate_near_duplicate_names_kept_row_similarity_and_evidence():
    samples = frame_of(
        synthetic_row("a", "Say it.", WORDS), synthetic_row("b", "Say it.", f"{WORDS} more")
    )
    found = decisions_of(deduplicate(samples).decisions)["a"]
    assert (found.reason, found.duplicate_of, found.score) == (Reason.NEAR_DUPLICATE, "b", 58 / 59)
    assert found.detail.startswith("shared: say it. w0 w1")
    assert found.recipe == "math"


def test_deduplicate_copy_of_a_near_duplicate_names_the_row_that_is_kept():
    samples = frame_of(
        synthetic_row("best", "Say it.", f"{WORDS} more and more"),
        synthetic_row("near", "Say it.", WORDS),
        synthetic_row("nearcopy", "SAY it.", WORDS),
    )
    decisions = decisions_of(deduplicate(samples).decisions)
    assert [decisions[name].duplicate_of for name in ("near", "nearcopy")] == ["best", "best"]
    assert decisions["near"].score == decisions["nearcopy"].score
    assert decisions["nearcopy"].reason == Reason.NEAR_DUPLICATE


def test_survivor_order_real_then_score_then_length_then_id():
    samples = frame_of(
        synthetic_row("nan", "p", "long response", score=float("nan")),
        synthetic_row("b", "p", "short", score=0.9),
        synthetic_row("a", "p", "short", score=0.9),
        synthetic_row("unscored", "p", "longest response", score=None),
        synthetic_row("longer", "p", "longer", score=0.9),
        synthetic_row("best", "p", "r", score=1.0),
        real_row("real", "p", "r"),
    )
    ordered = samples["sample_id"][survivor_order(samples)].to_list()
    assert ordered == ["real", "best", "longer", "a", "b", "unscored", "nan"]


def test_deduplicate_real_row_stays_even_if_the_synthetic_one_scores_higher():
    samples = frame_of(synthetic_row("a", "p", WORDS, score=1.0), real_row("z", "p", WORDS))
    assert deduplicate(samples).kept["sample_id"].to_list() == ["z"]


def test_deduplicate_rows_that_share_an_id_are_refused():
    samples = frame_of(synthetic_row("a", "p", "r"), synthetic_row("a", "q", "s"))
    with pytest.raises(StageContractError, match="such as a"):
        deduplicate(samples)


def test_deduplicate_of_no_rows_is_empty():
    result = deduplicate(SAMPLE_SCHEMA.to_frame())
    assert (result.kept.height, result.decisions.height) == (0, 0)


def test_deduplicate_text_without_words_is_compared_as_it_stands():
    samples = frame_of(
        synthetic_row("a", "?", "!"), synthetic_row("b", "?", "!!"), synthetic_row("c", "", "")
    )
    assert deduplicate(samples).counts["kept"] == 3


SAID = st.lists(st.sampled_from(["a", "b", "c", "A", "+"]), max_size=8).map(" ".join)
SCORES = st.sampled_from([None, 0.5, 1.0])


@settings(deadline=None)
@given(
    st.lists(st.tuples(SAID, SAID, SCORES, st.booleans()), max_size=12),
    st.sampled_from([0.3, 0.6, 1.0]),
    st.randoms(),
)
def test_deduplicate_shuffled_rows_decide_alike(texts, threshold, random):
    rows = [
        (real_row if is_real else synthetic_row)(f"s{n:02}", prompt, said, score=score)
        for n, (prompt, said, score, is_real) in enumerate(texts)
    ]
    once = deduplicate(frame_of(*rows), DedupRule(threshold))
    random.shuffle(rows)
    again = deduplicate(frame_of(*rows), DedupRule(threshold))
    assert decisions_of(once.decisions) == decisions_of(again.decisions)
    kept = {name for name, reason in reasons_of(once.decisions).items() if reason is None}
    dropped = once.decisions.filter(once.decisions["reason"].is_not_null())
    assert set(dropped["duplicate_of"]) <= kept
