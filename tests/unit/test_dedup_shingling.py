import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synth_assets.core.dedup.code_points import Unit
from synth_assets.core.dedup.shingling import Shingles, Shingling
from synth_assets.core.ngrams import ngrams, words, words_and_symbols
from synth_assets.errors import ConfigurationError

RULES = {Unit.WORDS: words_and_symbols, Unit.PLAIN_WORDS: words}

# Letters of several scripts, marks, symbols, white space, what shows nothing, what NFKC changes.
SIGNS = (
    "abcXYZ019 \t\n_.,;'+-=$\u00ad\u200b\ufeffßÄé\u0301ﬁ½\uff12漢かカ한กाЖ"
    "\U0001f600\U00020000\ud800"
)
TEXTS = st.text(alphabet=st.sampled_from(SIGNS), max_size=40) | st.text(max_size=40)


def shingles(text: str, shingling: Shingling | None = None) -> list[int]:
    return (shingling or Shingling()).cut([text]).hashes.tolist()


@settings(deadline=None)
@given(TEXTS, st.sampled_from([*RULES]), st.integers(1, 6))
@example("a\u200bb c", Unit.WORDS, 1)
@example("\u200ba漢\u200b字", Unit.WORDS, 1)
def test_cut_has_a_shingle_for_every_run_of_tokens_equal_where_the_runs_are(text, unit, size):
    runs = ngrams(RULES[unit](text), size)
    found = shingles(text, Shingling(unit, size))
    assert len(found) == max(len(runs), 1)
    if runs:
        assert len(set(found)) == len(set(runs))
        assert len(set(zip(found, runs, strict=True))) == len(set(runs))


@settings(deadline=None)
@given(TEXTS, TEXTS, st.sampled_from([*RULES]))
def test_cut_of_two_texts_shares_what_their_runs_share(one, other, unit):
    shingling, rule = Shingling(unit, 2), RULES[unit]
    runs = [set(ngrams(rule(text), 2)) for text in (one, other)]
    found = [set(shingles(text, shingling)) for text in (one, other)]
    if all(runs):
        assert len(found[0] & found[1]) == len(runs[0] & runs[1])


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=8))
def test_cut_of_many_texts_is_that_of_each(texts):
    cut = Shingling().cut(texts)
    assert cut.texts == len(texts)
    assert [cut.of(at).tolist() for at in range(len(texts))] == [shingles(text) for text in texts]
    parts = [Shingling().cut([text]) for text in texts]
    assert Shingles.joined(parts).hashes.tolist() == cut.hashes.tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Say it, Tom!", "say it tom"),
        ("one\n two", "one two"),
        ("\uff26\uff55\uff4c\uff4c", "full"),
        ("zero\u200bwidth", "zerowidth"),
        ("", " \n"),
        ("", "\ufeff"),
        ("", "\u200b"),
    ],
)
def test_cut_of_texts_that_read_alike_is_one(one, other):
    assert shingles(one) == shingles(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("3 + 4", "3 - 4"), ("?", "!"), ("", "?"), ("a b", "b a"), ("a", "a a"), ("漢字", "漢")],
)
def test_cut_of_texts_that_read_differently_differs(one, other):
    assert set(shingles(one)).isdisjoint(shingles(other))


def test_cut_by_characters_sees_scripts_without_spaces_and_no_white_space():
    by_three = Shingling(Unit.CHARACTERS, 3)
    assert len(shingles("今日は天気", by_three)) == 3
    assert shingles("a b cd", by_three) == shingles("abcd", by_three)
    assert shingles("a,b", by_three) != shingles("a;b", by_three)


def test_cut_by_code_sees_names_case_and_marks():
    by_two = Shingling(Unit.CODE, 2)
    assert len(shingles("my_name = f(x)", by_two)) == 5
    assert shingles("my_name", by_two) != shingles("my_Name", by_two)
    assert shingles("a[0]", by_two) != shingles("a(0)", by_two)
    assert shingles("a  =\tb", by_two) == shingles("a = b", by_two)


@pytest.mark.parametrize(
    ("text", "begin", "end", "said"),
    [
        ("One, two three: FOUR five six!", 0, 1, "one, two three: four five"),
        ("One, two three: FOUR five six!", 1, 2, "two three: four five six"),
        ("a b c d e f g", 0, 3, "a b c d e f g"),
        ("Too short", 0, 1, "too short"),
        ("ÄÖ ß \ufb01 d e", 0, 1, "äö ss fi d e"),
        ("?!", 0, 1, "?!"),
    ],
)
def test_stretch_is_what_shingles_say(text, begin, end, said):
    assert Shingling().stretch(text, begin, end) == said


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_shingling_of_impossible_size_is_refused(size):
    with pytest.raises(ConfigurationError, match=f"cannot have {size} tokens"):
        Shingling(Unit.WORDS, size)
