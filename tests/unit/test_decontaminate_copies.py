"""Copies of kept-out rows: equal but for what a reader overlooks, and nearly equal ones."""

import json
import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.decontaminate.copies import RULE, Copies
from synth_assets.core.decontaminate.finding import FirstOf, Method, Overlap
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import SAMPLE_SCHEMA, Reason, Split
from tests.samples import frame_of, real_row

NOTHING = SAMPLE_SCHEMA.to_frame()
ASKED = (
    "A baker fills nine trays with twelve rolls each, sells seventy of them before noon and "
    "shares the rest among four cafes. How many rolls does each cafe get?"
)
SAID = "Nine times twelve are 108 rolls; 38 remain, which makes nine and a half for each of them."
CHANGES = {
    "verbatim": lambda text: text,
    "re-cased": str.upper,
    "re-spaced": lambda text: text.replace(" ", "\n\t  "),
    "wide": lambda text: text.replace("a", "\uff41").replace("s ", "s\u200b "),
    "dashed": lambda text: text.replace(",", " \u2013").replace(".", "").replace("?", "\u2026"),
    "quoted": lambda text: f"\u00ab{text}\u00bb",
}


def held_out(prompt: str = ASKED, response: str = SAID) -> Copies:
    return Copies.of(frame_of(real_row("row", prompt, response)), NOTHING)


def exam(prompt: str = ASKED, response: str = "9.5") -> Copies:
    return Copies.of(NOTHING, frame_of(real_row("item", prompt, response)))


def found(copies: Copies, *texts: str) -> Overlap | None:
    [overlap] = copies.look([texts])
    return overlap


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_copies_that_a_reader_takes_for_the_text_are_found_for_certain(change):
    answer = found(held_out(), "Go on.", change(SAID))
    assert answer is not None
    assert (answer.split, answer.item_id, answer.score) == (Split.HELD_OUT, "row", 1.0)
    assert (answer.method, answer.reason) == (Method.TEXT, Reason.HELD_OUT_OVERLAP)
    question = found(exam(), change(ASKED), "Ten.")
    assert question is not None
    assert (question.split, question.item_id) == (Split.BENCHMARK, "item")
    assert question.reason is Reason.BENCHMARK_OVERLAP


def test_copies_say_whether_the_text_is_the_same_to_the_letter():
    same, changed = found(held_out(), "", SAID), found(held_out(), "", SAID.lower())
    assert same is not None
    assert changed is not None
    assert same.evidence.startswith("the same text: Nine times")
    assert changed.evidence.startswith("the same text but for case, white space, Unicode or")


def test_copies_of_two_items_that_differ_in_case_name_the_one_that_is_the_same():
    rows = frame_of(real_row("a", "", SAID.upper()), real_row("b", "", SAID))
    for text, item in ((SAID, "b"), (SAID.upper(), "a"), (SAID.title(), "a")):
        overlap = found(Copies.of(rows, NOTHING), "Say.", text)
        assert overlap is not None
        assert overlap.item_id == item


@pytest.mark.parametrize(("dropped", "is_near"), [(1, True), (2, True), (3, False)])
def test_copies_with_changes_are_found_from_a_similarity_of_four_fifths_on(dropped, is_near):
    text = " ".join(SAID.split()[dropped:])
    overlap = found(held_out(), "Go on.", text)
    assert (overlap is not None) is is_near
    if overlap is not None:
        assert overlap.method is Method.NEAR
        assert 0.8 <= overlap.score < 1
        assert overlap.evidence.startswith(f"{overlap.score:.0%} of the runs of 5 words are the")


def test_copies_of_prompt_and_response_together_are_found_as_one_text():
    short = held_out("Is it raining?", "Yes.")
    assert found(short, "is it raining", "YES!") is not None
    assert found(short, "Go on.", "Is it raining? Yes.") is not None
    assert found(short, "Is it raining?", "No.") is None
    assert found(short, "Is it snowing?", "Yes.") is None


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        (f"Summarise in a word:\n\n{SAID.upper()}\n\nBe brief, please, and very kind.", True),
        (f"Note. {SAID.replace(' ', '  ')} {CHANGES['dashed'](ASKED)} And so on, for ever.", True),
        (f"Summarise in a word: {SAID.replace('remain', 'are left')} Be brief, and kind.", False),
        (f"Summarise in a word: {' '.join(SAID.split()[:14])}, says who?", False),
    ],
)
def test_copies_that_stand_as_a_whole_within_a_longer_text_are_found(text, is_found):
    for place in ((text, "Fine."), ("Go on.", text), ("Go on.", "Fine.", text)):
        overlap = found(held_out(), *place)
        assert (overlap is not None) is is_found
        if overlap is not None:
            assert overlap.method is Method.TEXT
            assert overlap.evidence.startswith("the whole text stands in it: Nine times twelve")


def test_copies_of_fewer_than_thirteen_words_are_found_as_a_whole_text_only():
    short = "Nine times twelve rolls are 108, and 38 remain then."
    assert found(held_out(response=short), "Go on.", short) is not None
    assert found(held_out(response=short), "Go on.", f"{short} {'And so on. ' * 9}") is None


def test_copies_of_a_held_out_prompt_alone_pass_and_of_a_benchmark_prompt_do_not():
    assert found(held_out(), ASKED, "Four.") is None
    assert found(exam(), ASKED, "Four.") is not None


@pytest.mark.parametrize("blank", [("", ""), ("", "Yes"), ("?!", "..."), ("Why?", "")])
def test_copies_of_items_with_next_to_nothing_in_them_leave_rows_alone(blank):
    rows = [("", ""), ("Why not?", "Yes"), ("?!", "No."), ("...", "?!"), ("Why?", "So.")]
    assert held_out(*blank).look(rows) == [None] * len(rows)


def test_copies_name_benchmark_before_held_out_and_the_smaller_id():
    both = Copies.of(
        frame_of(real_row("a", ASKED, SAID)),
        frame_of(real_row("c", ASKED, SAID), real_row("b", ASKED, SAID)),
    )
    overlap = found(both, ASKED, SAID)
    assert overlap is not None
    assert (overlap.split, overlap.item_id) == (Split.BENCHMARK, "b")


def test_copies_of_nothing_let_everything_pass():
    assert Copies.of(NOTHING, NOTHING).look([(ASKED, SAID), (), ("",)]) == [None] * 3


def test_guards_in_a_row_are_asked_only_about_what_earlier_ones_let_pass():
    first, second = exam(), held_out()
    rows = [(ASKED, SAID), ("Go on.", SAID), ("And?", "Nothing.")]
    told = FirstOf((first, second)).look(rows)
    assert [overlap and overlap.split for overlap in told] == [
        Split.BENCHMARK,
        Split.HELD_OUT,
        None,
    ]


WORDS = st.lists(st.sampled_from("abcdefgh"), min_size=9, max_size=24)


@given(
    items=st.lists(WORDS, min_size=1, max_size=5),
    row=WORDS,
    cut=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    source=st.integers(0, 5),
)
@settings(max_examples=150, deadline=None)
def test_copies_of_any_texts_are_those_whose_similarity_reaches_the_threshold(
    items, row, cut, source
):
    if source < len(items):
        row = items[source][cut[0] : len(items[source]) - cut[1]]
    texts = [" ".join(words) for words in items]
    frame = frame_of(*(real_row(f"i{at}", "", text) for at, text in enumerate(texts)))
    overlap = found(Copies.of(frame, NOTHING), " ".join(row))
    best = max(similarity(" ".join(row), text) for text in texts)
    if best < RULE.threshold:
        assert overlap is None
    # A pair at the threshold becomes a candidate with a probability of 0.999 only.
    elif overlap is not None:
        assert overlap.score == pytest.approx(best)
    else:
        assert best < 0.9


def similarity(one: str, other: str) -> float:
    ours, theirs = ({run.item() for run in RULE.shingling.cut([t]).hashes} for t in (one, other))
    return len(ours & theirs) / len(ours | theirs)


def test_copies_planted_among_real_rows_are_found_and_nothing_else_is(shared_data):
    def rows(name: str) -> pl.DataFrame:
        path = shared_data / "gsm8k" / name
        with path.open(encoding="utf-8") as file:
            read = [json.loads(line) for line in file]
        return sample_frame(
            Sample.real(name, at, row["question"], row["answer"], "MIT")
            for at, row in enumerate(read)
        )

    tests, train = rows("test.jsonl"), rows("train.jsonl").select("prompt", "response").rows()
    copies = Copies.of(tests.head(400), tests.tail(900))
    clean = copies.look(train)
    assert sum(overlap is not None for overlap in clean) == 0
    rng = random.Random(1)
    ids, prompts, responses = (tests[n].to_list() for n in ("sample_id", "prompt", "response"))
    for change in CHANGES.values():
        at = rng.sample(range(1_319), 60)
        held, asked = [row for row in at if row < 400], [row for row in at if row >= 419]
        planted = [("Go on.", change(responses[row])) for row in held]
        planted += [(change(prompts[row]), "Ten.") for row in asked]
        told = [overlap and overlap.item_id for overlap in copies.look(planted)]
        assert told == [ids[row] for row in (*held, *asked)]
