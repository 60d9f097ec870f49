import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.coverage.templates import (
    find_templates,
    template_share,
    top_template_share,
)

NAMES = ["Tom", "Ann", "Mia", "Bob", "Zoe", "Kim"]
THINGS = ["apples", "pens", "cards", "eggs", "books", "coins", "hats", "keys"]


def mould(count):
    return [
        f"{NAMES[at % 6]} has {at + 2} {THINGS[at % 8]}. How many are left on day {at}?"
        for at in range(count)
    ]


def questions(shared_data):
    lines = (shared_data / "gsm8k" / "train.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines[:3000:12]]


def test_find_templates_of_one_mould_with_short_lists_is_one_template():
    assert find_templates(mould(240)).counts == {"_ has _ .": 240}


def test_find_templates_of_mould_among_other_texts_has_the_moulds_share(shared_data):
    found = find_templates(mould(125) + questions(shared_data)[:125])
    assert 0.5 <= found.share <= 0.56
    assert found.commonest(1)[0][0] == "_ has _ ."


def test_template_shares_of_human_questions_are_small(shared_data):
    texts = questions(shared_data)
    assert len(texts) == 250
    assert template_share(texts) <= 0.04
    assert top_template_share(texts) <= 0.2
    assert len(set(texts)) == 250


def test_find_templates_blanks_numbers_of_every_spelling():
    texts = ["It costs 5 now.", "It costs 1,250.50 now.", "It costs 10% now.", "It costs 3/4 now."]
    assert find_templates(texts).counts == {"it costs _ now .": 4}


def test_find_templates_blanks_names_also_where_they_open_a_sentence():
    texts = ["Ann ran home.", "Ann ran home.", "Then Ann ran home.", "Then she ran home."]
    found = find_templates(texts)
    assert found.counts == {"_ ran home .": 2, "then _ ran home .": 2}


def test_find_templates_keeps_common_words_that_open_or_follow_a_quote():
    texts = ['Say "Hello you" to me.', 'Say "Hello you" to me.']
    assert find_templates(texts).counts == {'say " hello you " to me .': 2}


def test_find_templates_blanks_words_of_one_text_alone():
    texts = ["write about cats now", "write about dogs now", "write about tax law now"]
    assert find_templates(texts).counts == {"write about _ now": 3}


def test_find_templates_of_texts_without_a_common_word_are_their_own():
    found = find_templates(["Bonjour", "Willkommen", "Hola", "Hola"])
    assert found.counts == {"hola": 2, "bonjour": 1, "willkommen": 1}
    assert found.share == 0.5


def test_find_templates_reads_the_first_sentence_of_two_words_or_more():
    texts = ["Mr. X ate it all. Why?", "Mr. X ate it all. Who?\nSo", "Mr. X ate it all.\nEnd."]
    assert find_templates(texts).counts == {"mr . x ate it all .": 3}


def test_templates_commonest_ranks_by_count_then_spelling_with_an_example():
    found = find_templates(["b b", "a a", "a a", "b b", "c c", "c c", "c c"])
    assert found.commonest(2) == (("c c", 3), ("a a", 2))
    assert found.top_share(2) == 5 / 7
    assert found.examples["a a"] == "a a"


@pytest.mark.parametrize("texts", [[], [""], [" \n\t", ""]])
def test_template_shares_of_blank_texts_do_not_exist(texts):
    assert template_share(texts) is None
    assert top_template_share(texts) is None


def test_template_share_of_one_text_or_equal_texts_is_one():
    assert template_share(["Just this."]) == 1.0
    assert template_share(["😀"]) == 1.0
    assert template_share(["The same."] * 9 + [""]) == 1.0


@settings(max_examples=60)
@given(
    st.lists(st.text(alphabet="abAB 1.!?\"'\n_é😀²\ud800", max_size=25), max_size=30),
    st.randoms(),
)
def test_templates_of_any_texts_add_up_and_ignore_order(texts, random):
    found = find_templates(texts)
    assert found.texts == sum(bool(text.strip()) for text in texts)
    shuffled = find_templates(random.sample(texts, len(texts)))
    assert (shuffled.counts, shuffled.examples) == (found.counts, found.examples)
    assert found.top_share(len(texts) + 1) == (1.0 if found.texts else None)
    if found.texts:
        assert 0 < found.share <= found.top_share(10) <= 1
        assert set(found.examples) == set(found.counts)
        assert set(found.examples.values()) <= set(texts)
