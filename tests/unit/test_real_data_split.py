import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.decontaminate.firewall import Firewall
from synth_assets.core.decontaminate.stage import leaks
from synth_assets.core.real_data import split_held_out
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.errors import UnknownNameError
from tests.samples import frame_of, real_row

NOTHING = SAMPLE_SCHEMA.to_frame()
SAID = "This response is long enough to be evidence all by itself"


def many(count, response="{} is what is said in this response, number {}."):
    return [real_row(f"r{n:04}", f"Prompt {n}?", response.format(n, n)) for n in range(count)]


def test_split_held_out_equal_texts_are_one_row_with_the_smallest_id():
    rows = frame_of(
        real_row("b", "Why?", "So."), real_row("a", "WHY?", " so. "), real_row("c", "Who?", "I.")
    )
    split = split_held_out(rows, {"people": 0})
    assert sorted(split.pool["sample_id"]) == ["a", "c"]
    assert split.held_out.is_empty()


def test_split_held_out_share_is_met_in_expectation():
    split = split_held_out(frame_of(*many(2_000)), {"people": 0.2})
    assert 340 < split.held_out.height < 460


@pytest.mark.parametrize(("share", "held_out"), [(0.0, 0), (1.0, 300)])
def test_split_held_out_nothing_or_all(share, held_out):
    split = split_held_out(frame_of(*many(300)), {"people": share})
    assert (split.held_out.height, split.pool.height) == (held_out, 300 - held_out)


def test_split_held_out_rows_with_one_response_go_the_same_way():
    rows = [
        real_row(f"{group}-{n}", f"Prompt {group} {n}", f"{SAID}, said by {group}")
        for group in range(40)
        for n in range(3)
    ]
    split = split_held_out(frame_of(*rows), {"people": 0.5})
    pool, held_out = (set(part["response"]) for part in (split.pool, split.held_out))
    assert pool
    assert held_out
    assert pool.isdisjoint(held_out)


def test_split_held_out_short_responses_are_split_row_by_row():
    split = split_held_out(frame_of(*many(200, "Yes.")), {"people": 0.5})
    assert 60 < split.held_out.height < 140


def test_split_held_out_text_of_two_sources_is_held_out_at_the_larger_share():
    rows = frame_of(
        real_row("a", "One?", SAID, source="never"), real_row("b", "Two?", SAID, source="always")
    )
    split = split_held_out(rows, {"never": 0.0, "always": 1.0})
    assert sorted(split.held_out["sample_id"]) == ["a", "b"]


def test_split_held_out_source_without_share_is_named():
    with pytest.raises(UnknownNameError, match=r"people.*Given: docs"):
        split_held_out(frame_of(*many(1)), {"docs": 0.1})


def test_split_held_out_of_no_rows_is_empty():
    split = split_held_out(NOTHING, {})
    assert split.pool.schema == split.held_out.schema == SAMPLE_SCHEMA


PROMPTS = st.sampled_from(["Why?", "why?", "Who?", "Strasse?", "Straße?", ""])
RESPONSES = st.sampled_from(["Yes.", "no", SAID, SAID.upper(), f"{SAID} twice", "ß", "ss"])


@given(st.lists(st.tuples(PROMPTS, RESPONSES), max_size=12), st.integers(0, 12))
def test_split_held_out_grown_and_shuffled_rows_move_none_and_leak_nothing(texts, cut):
    rows = [real_row(f"r{n:02}", prompt, said) for n, (prompt, said) in enumerate(texts)]
    shares = {"people": 0.5}
    before = split_held_out(frame_of(*rows[:cut]), shares)
    after = split_held_out(frame_of(*reversed(rows)), shares)
    assert set(before.pool["content_hash"]) <= set(after.pool["content_hash"])
    assert set(before.held_out["content_hash"]) <= set(after.held_out["content_hash"])
    assert leaks(after.pool, Firewall.build(after.held_out, NOTHING)).is_empty()
