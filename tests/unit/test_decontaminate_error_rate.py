"""The error rate: contaminated rows made by rule, recall, false positives, figures on real data."""

import gzip
import json
import re
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.completion import Request
from synth_assets.core.decontaminate.error_rate import (
    CLEAN_ROWS,
    ERROR_RATE_SCHEMA,
    HELD_BACK,
    Shadow,
    measure_error_rate,
)
from synth_assets.core.decontaminate.finding import Method
from synth_assets.core.decontaminate.injections import Kind, injections
from synth_assets.core.decontaminate.number_words import ONES, TENS
from synth_assets.core.decontaminate.paraphrase import Paraphraser
from synth_assets.core.decontaminate.screen import Screen
from synth_assets.core.decontaminate.translation import ModelTranslator
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.core.verify.tools import CallFailure
from synth_assets.errors import UnknownNameError
from tests.samples import frame_of, real_row
from tests.unit.judging_bench import DOWN, ScriptedJudges
from tests.unit.test_decontaminate_finders import ITEM, OTHER, SAME_TOPIC, exam

NOTHING = SAMPLE_SCHEMA.to_frame()
BENCHMARKS = frame_of(real_row("ducks", ITEM, "#### 18"), real_row("robe", OTHER, "3"), *exam())
CLEAN = [SAME_TOPIC, *(f"The {n}th page tells of rain, wind and snow at sea." for n in range(40))]


def screen_of(benchmarks: pl.DataFrame) -> Screen:
    return Screen.build(NOTHING, benchmarks)


def measured(**options):
    options = {"benchmarks": BENCHMARKS, "clean": CLEAN} | options
    return measure_error_rate(screen_of(options["benchmarks"]), **options, without=screen_of)


def row_of(table: pl.DataFrame, rows: str, method: str) -> dict[str, object]:
    return table.filter(rows=rows, method=method).row(0, named=True)


def test_paraphraser_says_the_same_again_and_another_seed_something_else():
    one, other = (Paraphraser.for_texts([ITEM, OTHER], seed) for seed in (1, 2))
    assert one.rephrased(ITEM) == one.rephrased(ITEM) != other.rephrased(ITEM)


def test_paraphraser_keeps_names_and_numbers_and_changes_the_words():
    told = Paraphraser.for_texts([ITEM, OTHER]).rephrased(ITEM)
    assert told is not None
    assert {"Janet", "16", "2"} <= set(re.findall(r"\w+", told))
    before, after = (set(re.findall(r"[a-z]{4,}", text.lower())) for text in (ITEM, told))
    assert 0.3 <= len(before - after) / len(before) <= 0.8


def test_paraphraser_turns_clauses_round():
    paraphraser = Paraphraser(frozenset({"it", "rains"}))
    told = paraphraser.rephrased("If it rains in Mombasa, umbrellas sell well everywhere.")
    assert told is not None
    assert re.match(r"\w+ .* if it .* in Mombasa\.$", told)


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_paraphraser_renumbers_digits_and_nothing_else(text):
    told = Paraphraser(frozenset()).renumbered(text)
    if told is None:
        return
    words = r"[^\W\d_]+"
    kept = [(a, b) for a, b in zip(re.findall(words, text), re.findall(words, told), strict=True)]
    assert all(a == b or {a.lower(), b.lower()} <= {*ONES, *TENS} for a, b in kept)
    assert [len(n) for n in re.findall(r"\d+", told)] == [len(n) for n in re.findall(r"\d+", text)]


def test_paraphraser_renames_people_and_not_the_first_word():
    told = Paraphraser.for_texts([ITEM, OTHER, "She sells how."]).renamed(ITEM)
    assert told is not None
    assert "Janet" not in told
    assert "She eats" in told
    assert "16" not in told


@pytest.mark.parametrize("text", ["", "Why?", "Paris", "\ud800"])
def test_paraphraser_leaves_texts_alone_that_say_too_little(text):
    paraphraser = Paraphraser(frozenset())
    assert paraphraser.rephrased(text) is None
    assert paraphraser.renumbered(text) is None
    assert paraphraser.renamed(text) is None


def test_injections_hold_items_in_every_way_they_allow():
    items = {"ducks": ITEM, "plain": "Explain why the wide sky looks blue at noon, please."}
    made = injections(items, ["Before.", "After."], 0, [("ducks", "anew"), ("ducks", " ")])
    kinds = {item: [each.kind for each in made if each.item_id == item] for item in items}
    told = [Kind.VERBATIM, Kind.EMBEDDED, Kind.REPHRASED]
    assert kinds["plain"] == told
    assert kinds["ducks"] == [*told, Kind.RENUMBERED, Kind.RENAMED, Kind.RECORDED]
    embedded = next(each.text for each in made if each.kind is Kind.EMBEDDED)
    assert re.fullmatch(rf"\w+\.\n\n{re.escape(ITEM)}\n\n\w+\.", embedded)


def test_error_rate_counts_what_a_teacher_translated_and_what_it_did_not():
    asked: list[str] = []

    def translate(texts: Sequence[str]) -> list[str | None]:
        asked.extend(texts)
        return [f"In other tongues: {texts[0]}", *(f"kaum {n}" for n in range(3)), None]

    found = measured(translate=translate, shadow=Shadow(translated=5))
    translated = row_of(found.table, "translated", "any")
    # Of these four one still holds the item word for word.
    assert (translated["looked_at"], translated["flagged"]) == (4, 1)
    assert found.untranslated == 1
    assert len(asked) == 5
    assert measured().untranslated == 0


def test_translator_asks_for_each_text_as_data_and_takes_what_is_another():
    def says(request: Request) -> str | CallFailure:
        prompt = request.messages[-1].content
        if ITEM in prompt:
            return "<translation>\n Janets Enten legen 16 Eier. </translation>"
        if OTHER in prompt:
            return f"<translation>{OTHER.upper()}</translation>"
        return "I cannot." if "refused" in prompt else DOWN

    judges = ScriptedJudges(says)
    teacher = next(iter(judges.teachers))
    told = ModelTranslator(judges, teacher, "German")([ITEM, OTHER, "refused {text}", "down"])
    assert told == ["Janets Enten legen 16 Eier.", None, None, None]
    [calls] = judges.asked[:1]
    first, third = calls[0].request, calls[2].request
    assert (first.step, first.teacher) == (f"translate_item:{teacher}", teacher)
    assert f"<text>\n{ITEM}\n</text>" in first.messages[-1].content
    assert "into German" in first.messages[-1].content
    assert "<text>\nrefused {text}\n</text>" in third.messages[-1].content
    with pytest.raises(UnknownNameError, match=r"is to ask nobody \(translate_item\)"):
        ModelTranslator(judges, "nobody", "German")([ITEM])


def test_error_rate_tells_recall_by_kind_and_false_positives():
    found = measured()
    assert found.table.schema == ERROR_RATE_SCHEMA
    verbatim = row_of(found.table, "verbatim", "any")
    assert (verbatim["looked_at"], verbatim["flagged"], verbatim["right_item"]) == (62, 62, 62)
    assert (verbatim["share"], verbatim["high"]) == (1.0, 1.0)
    assert 0.93 < verbatim["low"] < 0.95
    assert found.recall(Kind.RENUMBERED) == 1.0
    assert row_of(found.table, "renumbered", "near")["flagged"] == 0
    assert found.recall(Kind.TRANSLATED) is None
    assert found.false_positives() == 0.0
    assert row_of(found.table, CLEAN_ROWS, "any")["looked_at"] == len(CLEAN)
    assert row_of(found.table, CLEAN_ROWS, "any")["right_item"] is None


def test_error_rate_counts_what_methods_miss_and_flag_wrongly():
    found = measured(recorded=[("ducks", "Something else altogether."), ("nobody", ITEM)])
    assert row_of(found.table, "recorded", "any")["looked_at"] == 1
    assert found.recall(Kind.RECORDED) == 0.0
    assert [each.text for each in found.missed if each.kind is Kind.RECORDED] == [
        "Something else altogether."
    ]
    words = ITEM.split()
    almost = " ".join(word if at % 9 else f"{word} indeed" for at, word in enumerate(words))
    wrong = measured(clean=[almost, f"So: {almost}"])
    assert wrong.false_positives() == 1.0
    assert {overlap.item_id for _, overlap in wrong.wrong if overlap.method is Method.NEAR} == {
        "ducks"
    }


def test_error_rate_leaves_out_clean_rows_that_hold_an_item_word_for_word():
    found = measured(clean=[*CLEAN, ITEM, f"So: {OTHER}"])
    assert row_of(found.table, CLEAN_ROWS, "any")["looked_at"] == len(CLEAN)


def test_error_rate_holds_half_of_a_small_benchmark_back_at_most():
    items = [
        real_row(name, f"{text} {name}", "x") for name, text in zip("abc", _APART, strict=True)
    ]
    found = measured(benchmarks=frame_of(*items))
    held_back = row_of(found.table, HELD_BACK, "any")
    assert (held_back["looked_at"], held_back["flagged"]) == (1, 0)
    alone = measured(benchmarks=frame_of(items[0]))
    assert HELD_BACK not in alone.table["rows"]


_APART = (
    "Name the rivers that flow through the capitals of Europe, from north to south.",
    "Why do bees dance when they come back to the hive with nectar or pollen?",
    "Prove that there are infinitely many primes of the form four times n plus three.",
)


def test_error_rate_is_the_same_again_in_any_order_and_of_a_shadow():
    shadow = Shadow(items=20, clean_rows=10, seed=3)
    one = measured(shadow=shadow)
    other = measured(benchmarks=BENCHMARKS.reverse(), clean=CLEAN[::-1], shadow=shadow)
    assert one.table.equals(other.table)
    assert row_of(one.table, "verbatim", "any")["looked_at"] == 20
    assert row_of(one.table, CLEAN_ROWS, "any")["looked_at"] == 10


def test_error_rate_of_no_items_and_no_rows_is_an_empty_table():
    found = measured(benchmarks=NOTHING, clean=[])
    assert found.table.height == 0
    assert found.table.schema == ERROR_RATE_SCHEMA


@pytest.fixture(scope="module")
def gsm8k(shared_data):
    def questions(name: str) -> list[str]:
        lines = (shared_data / "gsm8k" / name).read_text("utf-8").splitlines()
        return [json.loads(line)["question"] for line in lines]

    items = sample_frame(
        Sample.real("gsm8k", at, text, "", "MIT") for at, text in enumerate(questions("test.jsonl"))
    )
    return items, questions("train.jsonl")


def test_gsm8k_rephrasings_are_found_and_human_training_problems_left_alone(gsm8k, shared_data):
    items, train = gsm8k
    lines = (shared_data / "decontaminator" / "rephrase_gsm8k.A.jsonl").read_text("utf-8")
    anew = [json.loads(line)["text"] for line in lines.splitlines()]
    found = measure_error_rate(
        screen_of(items),
        items,
        train,
        screen_of,
        Shadow(clean_rows=10_000),
        recorded=list(zip(items["sample_id"], anew, strict=False)),
    )
    by_method = dict(found.table.filter(rows="recorded").select("method", "right_item").iter_rows())
    assert by_method["run"] == by_method["text"] == 0
    assert by_method["any"] >= 0.945 * len(anew)
    assert found.false_positives() <= 0.006
    assert 0.93 <= (found.recall(Kind.REPHRASED) or 0) <= 0.99
    assert (found.recall(Kind.RENAMED) or 0) >= 0.96
    assert (found.false_positives(HELD_BACK) or 0) <= 0.02


def test_humaneval_rephrasings_are_found_and_other_tasks_left_alone(shared_data):
    with gzip.open(shared_data / "humaneval" / "HumanEval.jsonl.gz", "rt") as file:
        tasks = [json.loads(line) for line in file]
    items = sample_frame(
        Sample.real("he", at, task["prompt"], task["canonical_solution"], "MIT")
        for at, task in enumerate(tasks)
    )
    lines = (shared_data / "decontaminator" / "humaneval_python.A.jsonl").read_text("utf-8")
    anew = [json.loads(line)["text"] for line in lines.splitlines()]
    mbpp = json.loads((shared_data / "mbpp" / "sanitized-mbpp.json").read_text("utf-8"))
    screen = screen_of(items)
    found = [set(seen) for seen in screen.seen([[text] for text in anew if text.strip()])]
    others = screen.look([[f"{task['prompt']}\n{task['code']}"] for task in mbpp])
    assert len(found) == 77
    assert sum(Method.RUN in methods for methods in found) <= 1
    assert sum(bool(methods) for methods in found) >= 50
    assert sum(overlap is not None for overlap in others) <= 0.01 * len(mbpp)
