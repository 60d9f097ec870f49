"""The longest run that one text has of another."""

import time

from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.techniques.unseen import copied_run

WORDS = st.lists(st.sampled_from("abc"), max_size=30)


def longest_run(said: list[str], source: list[str]) -> tuple[str, ...]:
    """By its definition."""
    runs = {tuple(source[a:b]) for a in range(len(source)) for b in range(a, len(source) + 1)}
    for length in range(len(said), 0, -1):
        for at in range(len(said) - length + 1):
            if (run := tuple(said[at : at + length])) in runs:
                return run
    return ()


@given(WORDS, WORDS)
def test_copied_run_is_the_first_of_the_longest(said: list[str], source: list[str]):
    assert copied_run(" ".join(said), " ".join(source)) == longest_run(said, source)


def test_copied_run_of_one_word_again_and_again_takes_no_square_of_time():
    started = time.process_time()
    assert len(copied_run("the " * 50_000, "the " * 40_000)) == 40_000
    assert time.process_time() - started < 50
