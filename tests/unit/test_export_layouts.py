from typing import get_args

import polars as pl
import pytest

from synth_assets.cli.export import FORMATS
from synth_assets.core.completion import Message
from synth_assets.core.config.mixtures import Format
from synth_assets.core.export.layout import columns_of, lay_out
from synth_assets.core.sample import history_text
from synth_assets.core.schema import TRAINING_SCHEMA
from synth_assets.errors import StageContractError
from tests.samples import real_row, synthetic_row
from tests.training_rows import CHAT, training_frame

PLAIN = real_row("a", "What is 1 + 1?", "Two.", rejected="Three.")
CHATTY = real_row("b", "Who came?", "Ann.", context="Ann came.", history=CHAT, rejected="Bob.")
BARE = real_row("c", "", "A page.", rejected="A bad page.")
PASSAGE = "Passage:\nAnn came.\n\nQuestion: Who came?"
BEFORE = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi."},
    {"role": "assistant", "content": "Hello."},
]


def laid(layout, *rows):
    return lay_out(training_frame(*rows), layout, provenance=False).to_dicts()


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


def test_messages_are_the_chat_before_the_question_and_the_answer():
    assert laid("messages", PLAIN, CHATTY) == [
        {"messages": [user("What is 1 + 1?"), assistant("Two.")]},
        {"messages": [*BEFORE, user(PASSAGE), assistant("Ann.")]},
    ]


def test_sharegpt_turns_have_its_names_for_who_speaks():
    assert laid("sharegpt", PLAIN, CHATTY) == [
        {
            "conversations": [
                {"from": "human", "value": "What is 1 + 1?"},
                {"from": "gpt", "value": "Two."},
            ]
        },
        {
            "conversations": [
                {"from": "system", "value": "Be brief."},
                {"from": "human", "value": "Hi."},
                {"from": "gpt", "value": "Hello."},
                {"from": "human", "value": PASSAGE},
                {"from": "gpt", "value": "Ann."},
            ]
        },
    ]


def test_sharegpt_turns_of_one_speaker_are_made_one():
    twice = history_text([Message("user", "Hi."), Message("user", "You there?")])
    [row] = laid("sharegpt", real_row("a", "Why?", "So.", history=twice))
    assert row["conversations"] == [
        {"from": "human", "value": "Hi.\n\nYou there?\n\nWhy?"},
        {"from": "gpt", "value": "So."},
    ]


def test_alpaca_has_passage_system_and_earlier_turns_in_columns_of_their_own():
    assert laid("alpaca", CHATTY, PLAIN) == [
        {
            "instruction": "Who came?",
            "input": "Ann came.",
            "output": "Ann.",
            "system": "Be brief.",
            "history": [["Hi.", "Hello."]],
        },
        {
            "instruction": "What is 1 + 1?",
            "input": "",
            "output": "Two.",
            "system": "",
            "history": [],
        },
    ]


@pytest.mark.parametrize(
    ("chat", "instruction", "history"),
    [
        ([Message("user", "Hi.")], "Hi.\n\nWhy?", []),
        ([Message("assistant", "Hello.")], "Why?", [["", "Hello."]]),
        (
            [Message("user", "a"), Message("user", "b"), Message("assistant", "c")],
            "Why?",
            [["a\n\nb", "c"]],
        ),
    ],
)
def test_alpaca_of_a_chat_without_turns_by_turns_pairs_them(chat, instruction, history):
    [row] = laid("alpaca", real_row("a", "Why?", "So.", history=history_text(chat)))
    assert (row["instruction"], row["history"]) == (instruction, history)


def test_alpaca_of_a_system_turn_in_the_midst_names_the_row():
    chat = history_text([Message("user", "Hi."), Message("system", "Stop."), Message("user", "x")])
    with pytest.raises(StageContractError, match="row-7: its chat has a turn of 'system'"):
        laid("alpaca", real_row("row-7", "Why?", "So.", history=chat))


def test_prompt_completion_is_the_texts_as_they_are_and_a_chat_in_words():
    assert laid("prompt_completion", PLAIN, CHATTY, BARE) == [
        {"prompt": "What is 1 + 1?", "completion": "Two."},
        {
            "prompt": "System: Be brief.\n\nUser: Hi.\n\nAssistant: Hello.\n\n"
            f"User: {PASSAGE}\n\nAssistant:",
            "completion": "Ann.",
        },
        {"prompt": "", "completion": "A page."},
    ]


def test_text_is_question_and_answer_or_the_answer_alone():
    assert laid("text", PLAIN, CHATTY, BARE) == [
        {"text": "What is 1 + 1?\n\nTwo."},
        {
            "text": "System: Be brief.\n\nUser: Hi.\n\nAssistant: Hello.\n\n"
            f"User: {PASSAGE}\n\nAssistant: Ann."
        },
        {"text": "A page."},
    ]


def test_trl_sft_sets_the_answer_apart_from_what_is_asked():
    assert laid("trl_sft", CHATTY) == [
        {"prompt": [*BEFORE, user(PASSAGE)], "completion": [assistant("Ann.")]}
    ]


def test_trl_dpo_sets_the_better_answer_beside_the_worse():
    assert laid("trl_dpo", CHATTY, PLAIN) == [
        {
            "prompt": [*BEFORE, user(PASSAGE)],
            "chosen": [assistant("Ann.")],
            "rejected": [assistant("Bob.")],
        },
        {
            "prompt": [user("What is 1 + 1?")],
            "chosen": [assistant("Two.")],
            "rejected": [assistant("Three.")],
        },
    ]


def test_trl_dpo_of_a_row_without_a_rejected_answer_names_it_and_what_to_do():
    rows = (PLAIN, real_row("row-7", "Why?", "So."))
    with pytest.raises(StageContractError, match=r"row-7 has no rejected .*trl_kto"):
        laid("trl_dpo", *rows)


def test_trl_kto_labels_the_better_answer_true_and_the_worse_false():
    assert laid("trl_kto", PLAIN, real_row("d", "Why?", "So.")) == [
        {"prompt": [user("What is 1 + 1?")], "completion": [assistant("Two.")], "label": True},
        {"prompt": [user("What is 1 + 1?")], "completion": [assistant("Three.")], "label": False},
        {"prompt": [user("Why?")], "completion": [assistant("So.")], "label": True},
    ]


def test_provenance_says_where_a_row_came_from():
    row = synthetic_row("s1", "p", "r", score=0.5, parent_ids=("p1",), rejected="worse")
    [told] = lay_out(training_frame(row), "messages").drop("messages").to_dicts()
    assert told == {
        "sample_id": "s1",
        "origin": "synthetic",
        "recipe": "math",
        "recipe_version": "0123abcd",
        "technique": "problem_generation",
        "source": "seeds",
        "seed_id": "",
        "parent_ids": ["p1"],
        "teacher": "scholar",
        "licence": "Apache-2.0",
        "synthetic_depth": 1,
        "difficulty": None,
        "content_hash": row.content_hash,
        "copy": 1,
        "score": 0.5,
        "rejected_response": "worse",
    }


def test_provenance_of_both_answers_of_a_pair_is_that_of_its_row():
    told = lay_out(training_frame(PLAIN, BARE), "trl_kto")
    assert told["sample_id"].to_list() == ["a", "a", "c", "c"]
    assert "rejected_response" not in told.columns


def test_score_that_is_no_number_becomes_null():
    frame = training_frame(real_row("r", "p", "r", score=float("nan")))
    assert lay_out(frame, "messages")["score"].to_list() == [None]


@pytest.mark.parametrize("layout", get_args(Format))
def test_columns_of_a_layout_are_those_of_any_rows(layout):
    for provenance in (True, False):
        columns = columns_of(layout, provenance=provenance)
        for rows in (training_frame(PLAIN, CHATTY, BARE), TRAINING_SCHEMA.to_frame()):
            assert lay_out(rows, layout, provenance=provenance).schema == columns


def test_formats_of_the_command_are_those_of_mixtures():
    assert get_args(Format) == FORMATS


@pytest.mark.parametrize("layout", get_args(Format))
def test_layout_of_rows_does_not_depend_on_the_rows_beside_them(layout):
    rows = training_frame(PLAIN, CHATTY, BARE, CHATTY, PLAIN)
    together = lay_out(rows, layout)
    one_by_one = pl.concat([lay_out(rows[n : n + 1], layout) for n in range(rows.height)])
    assert together.equals(one_by_one)
