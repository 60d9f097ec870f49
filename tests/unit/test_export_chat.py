import json

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.completion import Message
from synth_assets.core.export.chat import export_frame, jsonl_lines
from synth_assets.core.sample import history_text
from synth_assets.core.schema import SAMPLE_SCHEMA
from tests.samples import frame_of, real_row, synthetic_row


def test_export_lines_are_chats_with_their_provenance():
    rows = frame_of(synthetic_row("s1", "What is 1 + 1?", "Two.", score=0.5, parent_ids=("p",)))
    [line] = jsonl_lines(rows)
    assert json.loads(line) == {
        "messages": [
            {"role": "user", "content": "What is 1 + 1?"},
            {"role": "assistant", "content": "Two."},
        ],
        "rejected": "",
        "sample_id": "s1",
        "origin": "synthetic",
        "recipe": "math",
        "recipe_version": "0123abcd",
        "technique": "problem_generation",
        "source": "seeds",
        "seed_id": "",
        "parent_ids": ["p"],
        "teacher": "scholar",
        "licence": "Apache-2.0",
        "synthetic_depth": 1,
        "difficulty": None,
        "content_hash": rows["content_hash"][0],
        "score": 0.5,
    }


def test_export_of_a_chat_and_a_pair_has_every_turn_and_the_worse_answer():
    history = history_text([Message("system", "Be brief."), Message("user", "Hi.")])
    row = synthetic_row("s1", "Why?", "So.", history=history, rejected="No idea.", difficulty=2.0)
    [line] = jsonl_lines(frame_of(row))
    told = json.loads(line)
    assert [(said["role"], said["content"]) for said in told["messages"]] == [
        ("system", "Be brief."),
        ("user", "Hi."),
        ("user", "Why?"),
        ("assistant", "So."),
    ]
    assert (told["rejected"], told["difficulty"]) == ("No idea.", 2.0)


def test_export_context_stands_before_the_prompt():
    row = synthetic_row("s1", "Who came?", "Ann.", context="Ann came.\nBob left.")
    asked = export_frame(frame_of(row))["messages"][0][0]["content"]
    assert asked == "Passage:\nAnn came.\nBob left.\n\nQuestion: Who came?"


def test_export_context_that_the_prompt_holds_is_not_repeated():
    row = synthetic_row("s1", "Read this:\n\nANN  came.", "{}", context="Ann came. ")
    asked = export_frame(frame_of(row))["messages"][0][0]["content"]
    assert asked == "Read this:\n\nANN  came."


def test_export_score_that_is_no_number_becomes_null():
    [line] = jsonl_lines(frame_of(real_row("r", "p", "r", score=float("nan"))))
    assert json.loads(line)["score"] is None


def test_export_of_no_rows_keeps_the_columns():
    frame = export_frame(SAMPLE_SCHEMA.to_frame())
    assert frame.schema["messages"] == pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
    assert list(jsonl_lines(SAMPLE_SCHEMA.to_frame())) == []


HOSTILE = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(HOSTILE, HOSTILE), max_size=5))
def test_export_of_any_text_gives_one_line_a_row_that_reads_back(texts):
    rows = frame_of(*(real_row(str(n), p, r) for n, (p, r) in enumerate(texts)))
    written = "".join(jsonl_lines(rows)).encode()
    read = [json.loads(line) for line in written.split(b"\n")[:-1]]
    assert [(m[0]["content"], m[1]["content"]) for m in (row["messages"] for row in read)] == texts
    assert read == export_frame(rows).to_dicts()
