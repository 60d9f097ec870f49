import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.techniques.verdicts import verdict_in

WORDS = ("yes", "no", "a", "tie")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("yes", "yes"),
        ("**Yes**", "yes"),
        ("`no`.", "no"),
        ("Verdict: A", "a"),
        ("**Verdict:** no", "no"),
        ("The final answer is: \u00abtie\u00bb", "tie"),
        ("Response A", "a"),
        ("  NO!\n", "no"),
        ("yes and no", None),
        ("yes, but not quite", None),
        ("not no", None),
        ("Verdict:", None),
        ("", None),
        ("perhaps", None),
    ],
)
def test_verdict_is_the_word_alone_however_it_is_dressed(text: str, word: str | None):
    assert verdict_in(text, WORDS) == word


@given(st.text(max_size=40))
def test_verdict_of_any_text_is_one_of_the_words_or_none(text: str):
    assert verdict_in(text, WORDS) in {*WORDS, None}
