import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from synth_assets.core.coverage.intervals import Interval
from synth_assets.core.coverage.text_space import OUTSIDE, fit_text_space
from synth_assets.core.coverage.topics import TOPIC_SCHEMA, Topic, TopicGaps, topic_gaps

SUBJECTS = {
    subject: words.split()
    for subject, words in {
        "cooking": "bake bread flour oven yeast dough butter salt recipe kitchen",
        "sailing": "boat sail wind harbour anchor mast rope captain deck wave",
        "chess": "king queen rook bishop knight pawn board opening endgame mate",
    }.items()
}


def texts_of(subject, count):
    """Texts of five of the subject's ten words, all different."""
    words = SUBJECTS[subject]
    steps = [(at % 10, at // 10) for at in range(count)]
    return [
        " ".join(words[(start + step * (1 + turn % 3)) % 10] for step in range(5)) + f" {turn}"
        for start, turn in steps
    ]


def reference():
    return {
        f"{subject}-{at:02}": text
        for subject in SUBJECTS
        for at, text in enumerate(texts_of(subject, 40))
    }


def subject_of(topic):
    subjects = {row.partition("-")[0] for row in topic.rows}
    assert len(subjects) == 1
    return subjects.pop()


def test_topic_gaps_of_set_without_a_subject_names_the_subject():
    found = topic_gaps(texts_of("cooking", 60) + texts_of("sailing", 60), reference(), clusters=3)
    assert found.frame.schema == TOPIC_SCHEMA
    assert {subject_of(topic): topic.synthetic_rows for topic in found.topics} == {
        "cooking": 60,
        "sailing": 60,
        "chess": 0,
    }
    [gap] = found.gaps()
    assert subject_of(gap) == "chess"
    assert set(gap.terms) <= set(SUBJECTS["chess"])
    assert gap.name == ", ".join(gap.terms)
    assert gap.missing_share == pytest.approx(1 / 3)
    assert (gap.ratio, found.outside_rows) == (0.0, 0)


def test_topic_gaps_of_foreign_texts_counts_them_outside_and_not_in_the_nearest_topic():
    foreign = ["tax law court judge", "quantum lepton boson", "zzz"] * 20
    found = topic_gaps([*texts_of("chess", 60), *foreign], reference(), clusters=3)
    assert found.outside_rows == 60
    assert found.outside_share == 0.5
    shares = {subject_of(topic): topic.synthetic_share for topic in found.topics}
    assert shares == {"chess": 0.5, "cooking": 0.0, "sailing": 0.0}


def test_topic_gaps_of_few_synthetic_rows_raises_no_alarm():
    few = topic_gaps(texts_of("cooking", 6), reference(), clusters=3)
    assert [topic.ratio for topic in few.topics if subject_of(topic) == "chess"] == [0.0]
    assert few.gaps() == ()


def test_topic_gaps_of_the_reference_itself_has_ratio_one_everywhere():
    found = topic_gaps(list(reference().values()), reference(), clusters=3)
    assert [topic.ratio for topic in found.topics] == [1.0, 1.0, 1.0]
    assert found.gaps(1.0) == ()
    assert found.rows_to_start_from(9) == ()


def test_topic_gaps_without_synthetic_rows_has_no_ratio_and_no_gap():
    found = topic_gaps([], reference(), clusters=3)
    assert [topic.ratio for topic in found.topics] == [None, None, None]
    assert found.frame["ratio_high"].to_list() == [None, None, None]
    assert (found.gaps(), found.outside_share) == ((), None)


@pytest.mark.parametrize("rows", [{}, {"a": ""}, {"a": "😀 !!", "b": " \n"}])
def test_topic_gaps_of_reference_without_words_has_no_topics(rows):
    found = topic_gaps(["some words", "", "😀"], rows)
    assert found.topics == ()
    assert found.frame.is_empty()
    assert (found.reference_wordless, found.synthetic_rows) == (len(rows), 1)
    assert (found.synthetic_wordless, found.outside_rows) == (2, 1)


@pytest.mark.parametrize("rows", [{"a": "one text"}, {str(i): "one text" for i in range(500)}])
def test_topic_gaps_of_equal_texts_is_one_topic(rows):
    found = topic_gaps(["one text", "", "one text"], rows)
    [topic] = found.topics
    assert (topic.reference_share, topic.synthetic_share) == (1.0, 1.0)
    assert (found.synthetic_wordless, found.outside_rows) == (1, 0)
    assert topic.terms == ("one", "text")


def test_topic_gaps_of_fewer_rows_than_asked_topics_need_makes_fewer():
    assert len(topic_gaps([], reference(), clusters=20).topics) == 120 // 20
    assert len(topic_gaps([], dict(list(reference().items())[:7])).topics) == 1


def test_topic_rows_are_ranked_from_the_centre_to_the_fringe():
    rows = {f"r{i}": "boat sail wind" for i in range(20)} | {"fringe": "boat tax court law judge"}
    [topic] = topic_gaps([], rows).topics
    assert topic.central(2) == ("r0", "r1")
    assert topic.rows[-1] == "fringe"


def topic(number, rows, missing, high):
    ids = tuple(f"{number}-{at}" for at in range(rows))
    return Topic(number, ("t",), ids, 0.5, 0, 0.5 - missing, Interval(0.0, high))


def test_rows_for_gap_spreads_from_the_centre_to_the_fringe():
    gaps = TopicGaps((topic(0, 10, 0.2, 0.1),), 0, 100, 0, 0)
    assert gaps.rows_for(gaps.topics[0], 4) == ("0-0", "0-2", "0-5", "0-7")
    assert gaps.rows_for(gaps.topics[0], 0) == ()
    assert len(gaps.rows_for(gaps.topics[0], 99)) == 10


def test_rows_to_start_from_are_shared_by_what_is_missing_as_far_as_there_are_rows():
    topics = (topic(0, 50, 0.3, 0.1), topic(1, 50, 0.1, 0.1), topic(2, 50, 0.4, 0.9))
    gaps = TopicGaps(topics, 0, 100, 0, 0)
    taken = [row.partition("-")[0] for row in gaps.rows_to_start_from(8)]
    assert (taken.count("0"), taken.count("1"), taken.count("2")) == (6, 2, 0)
    scarce = TopicGaps((topic(0, 3, 0.3, 0.1), topic(1, 50, 0.1, 0.1)), 0, 100, 0, 0)
    taken = [row.partition("-")[0] for row in scarce.rows_to_start_from(8)]
    assert (taken.count("0"), taken.count("1")) == (3, 5)
    assert len(scarce.rows_to_start_from(1000)) == 53


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.text(alphabet="ab cde\n1é😀\ud800", max_size=20), max_size=50),
    st.lists(st.text(alphabet="ab cdf\n1é😀\ud800", max_size=20), max_size=50),
    st.randoms(),
)
def test_topic_gaps_of_any_texts_add_up_and_ignore_order(synthetic, real, random):
    rows = {f"r{i}": text for i, text in enumerate(real)}
    found = topic_gaps(synthetic, rows, clusters=4)
    assert sum(len(topic.rows) for topic in found.topics) + found.reference_wordless == len(rows)
    assert sum(t.synthetic_rows for t in found.topics) + found.outside_rows == found.synthetic_rows
    assert found.synthetic_rows + found.synthetic_wordless == len(synthetic)
    if found.topics:
        assert found.frame["reference_share"].sum() == pytest.approx(1)
    for column in found.frame.iter_columns():
        assert not column.dtype.is_float() or not column.is_nan().any()
    again = topic_gaps(
        random.sample(synthetic, len(synthetic)),
        dict(random.sample(sorted(rows.items()), len(rows))),
        clusters=4,
    )
    assert_frame_equal(again.frame, found.frame)
    assert [topic.rows for topic in again.topics] == [topic.rows for topic in found.topics]


def test_text_space_of_any_length_of_list_places_a_text_alike():
    space = fit_text_space(list(reference().values()), 3)
    text = texts_of("chess", 1)[0]
    alone = space.place([text])
    among = space.place([*["bake bread flour"] * 6_000, text, ""])
    assert among.clusters[-2] == alone.clusters[0] != OUTSIDE
    assert among.similarities[-2] == pytest.approx(alone.similarities[0], abs=1e-5)
    assert (among.clusters[-1], among.wordless) == (OUTSIDE, 1)


def gsm8k_halves(shared_data):
    lines = (shared_data / "gsm8k" / "train.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    return questions[::2], {f"q{at:04}": text for at, text in enumerate(questions[1::2])}


def test_topic_gaps_of_two_halves_of_gsm8k_finds_none(shared_data):
    synthetic, real = gsm8k_halves(shared_data)
    found = topic_gaps(synthetic, real)
    assert len(found.topics) == 20
    assert found.gaps(0.8) == ()
    assert found.outside_share < 0.02


@pytest.mark.parametrize(
    ("pattern", "term"),
    [(r"\bmiles?\b|\bkm\b|\bmph\b", "miles"), (r"\b(years? old|age|older)\b", "old")],
)
def test_topic_gaps_of_gsm8k_with_a_planted_hole_finds_that_alone(shared_data, pattern, term):
    synthetic, real = gsm8k_halves(shared_data)
    hole = re.compile(pattern)
    found = topic_gaps([text for text in synthetic if not hole.search(text)], real)
    [gap] = found.gaps()
    assert term in gap.terms
    starting = found.rows_to_start_from(20)
    assert len(set(starting)) == 20
    assert sum(bool(hole.search(real[row])) for row in starting) >= 15


def test_topic_gaps_of_role_play_against_alpaca_is_mostly_gaps(shared_data):
    alpaca = json.loads((shared_data / "alpaca" / "alpaca_5000.json").read_text("utf-8"))
    real = {f"a{at:04}": f"{row['instruction']}\n{row['input']}" for at, row in enumerate(alpaca)}
    [path] = (shared_data / "gpteacher").glob("roleplay-simple*.json")
    roleplay = [row["instruction"] for row in json.loads(path.read_text("utf-8"))]
    found = topic_gaps(roleplay, real)
    gaps = found.gaps()
    assert len(gaps) >= 10
    assert any("sentence" in gap.terms for gap in gaps)
    assert any("calculate" in gap.terms for gap in gaps)
