import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.decontaminate.firewall import Firewall
from synth_assets.core.decontaminate.sieve import Sieve
from synth_assets.core.decontaminate.stage import LEAK_SCHEMA, decontaminate, leaks
from synth_assets.core.ngrams import ngrams, words
from synth_assets.core.sample import Sample, sample_frame
from synth_assets.core.schema import SAMPLE_SCHEMA, Reason, Split
from tests.samples import decisions_of, frame_of, real_row, reasons_of, synthetic_row

NOTHING = SAMPLE_SCHEMA.to_frame()
LONG = (
    "A baker fills nine trays with twelve rolls each, sells seventy of them before noon and "
    "shares the rest among four cafes. How many rolls does each cafe get?"
)
LONG_ANSWER = "Nine times twelve are 108 rolls; 38 remain, which makes nine and a half each."


def benchmark(*items: Sample) -> Firewall:
    return Firewall.build(NOTHING, frame_of(*items))


def held_out(*items: Sample) -> Firewall:
    return Firewall.build(frame_of(*items), NOTHING)


def test_ngrams_of_words_are_all_neighbouring_runs():
    assert ngrams(["a", "bc", "d", "ef"], 3) == ["a bc d", "bc d ef"]


def test_ngrams_of_too_few_words_are_none():
    assert ngrams(["a", "b"], 3) == []


def test_words_fold_case_width_and_punctuation():
    assert words("Tom\u2019s \uff21\uff22\uff23: $1,200 \u2014 snake_case!") == [
        *("tom", "s", "abc", "1", "200", "snake", "case")
    ]


def test_words_of_unspaced_script_count_character_by_character():
    assert words("法国的首都 is Paris") == [*"法国的首都", "is", "paris"]


def test_decontaminate_run_of_13_words_in_a_prompt_is_benchmark_overlap():
    copied = f"Solve this. {LONG.upper().replace(',', ' -')} Answer in French."
    samples = frame_of(synthetic_row("copy", copied, "38"), synthetic_row("own", "New?", "Yes."))
    result = decontaminate(samples, benchmark(real_row("item", LONG, "9.5")))
    found = decisions_of(result.decisions)["copy"]
    assert result.kept["sample_id"].to_list() == ["own"]
    assert (found.reason, found.duplicate_of) == (Reason.BENCHMARK_OVERLAP, "item")
    shared = "a baker fills nine trays with twelve rolls each sells seventy of them"
    assert found.detail == f"run: shared run of 13 words: {shared}"


@pytest.mark.parametrize("place", ["response", "context"])
def test_decontaminate_benchmark_item_outside_the_prompt_is_dropped(place):
    row = synthetic_row("leak", "Continue.", "Sure.")
    samples = frame_of(row).with_columns(**{place: frame_of(real_row("", LONG, ""))["prompt"]})
    result = decontaminate(samples, benchmark(real_row("item", LONG, "9.5")))
    assert reasons_of(result.decisions) == {"leak": Reason.BENCHMARK_OVERLAP}


def test_decontaminate_run_of_12_words_of_a_long_item_is_kept():
    twelve = " ".join(words(LONG)[3:15])
    samples = frame_of(synthetic_row("row", f"{twelve} otherwise", "Yes."))
    assert decontaminate(samples, benchmark(real_row("item", LONG, "9.5"))).counts["kept"] == 1


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("Please: how many legs do six spiders have together?", Reason.BENCHMARK_OVERLAP),
        ("How many legs do six spiders have?", None),
    ],
)
def test_decontaminate_item_of_9_words_is_known_by_runs_of_8(asked, reason):
    item = real_row("item", "How many legs do six spiders have together, then?", "48")
    result = decontaminate(frame_of(synthetic_row("row", asked, "48 legs")), benchmark(item))
    assert reasons_of(result.decisions) == {"row": reason}


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("what is 2 + 2", Reason.BENCHMARK_OVERLAP),
        ("What is 2 + 2 and why do children learn it?", None),
    ],
)
def test_decontaminate_short_item_is_known_as_a_whole_only(asked, reason):
    samples = frame_of(synthetic_row("row", asked, "Four."))
    result = decontaminate(samples, benchmark(real_row("item", "What is 2 + 2?", "4")))
    assert reasons_of(result.decisions) == {"row": reason}


@pytest.mark.parametrize(
    ("run", "shared", "reason"),
    [
        (8, 8, Reason.BENCHMARK_OVERLAP),
        (8, 7, None),
        (5, 5, Reason.BENCHMARK_OVERLAP),
        (20, 13, None),
        (20, 20, Reason.BENCHMARK_OVERLAP),
    ],
)
def test_decontaminate_runs_are_as_long_as_the_benchmark_says(run, shared, reason):
    item = real_row("item", LONG, "9.5", source="exam")
    firewall = Firewall.build(NOTHING, frame_of(item), {"exam": run})
    samples = frame_of(synthetic_row("row", f"{' '.join(words(LONG)[2 : 2 + shared])} else", "x"))
    assert reasons_of(decontaminate(samples, firewall).decisions) == {"row": reason}


def test_decontaminate_item_shorter_than_its_run_is_known_by_runs_of_8():
    item = real_row(
        "item", "How many legs do six spiders have together, then?", "48", source="exam"
    )
    firewall = Firewall.build(NOTHING, frame_of(item), {"exam": 10})
    asked = "Please: how many legs do six spiders have together?"
    result = decontaminate(frame_of(synthetic_row("row", asked, "48 legs")), firewall)
    assert reasons_of(result.decisions) == {"row": Reason.BENCHMARK_OVERLAP}


def test_decontaminate_chat_and_worse_response_are_looked_at():
    chat = json.dumps([{"role": "user", "content": f"Well: {LONG}"}])
    samples = frame_of(
        synthetic_row("chat", "And now?", "Nine.", history=chat),
        synthetic_row("pair", "Which one?", "This.", rejected=LONG),
        synthetic_row("odd", "Which one?", "That.", history=f"no JSON: {LONG}"),
        synthetic_row("clean", "Which one?", "None.", history="[]"),
    )
    result = decontaminate(samples, benchmark(real_row("item", LONG, "9.5")))
    assert result.kept["sample_id"].to_list() == ["clean"]


def test_decontaminate_item_without_words_matches_its_like_only():
    samples = frame_of(synthetic_row("same", "+ - ?", "x"), synthetic_row("other", "?!", "y"))
    result = decontaminate(samples, benchmark(real_row("item", "+ -  ?", "4")))
    assert reasons_of(result.decisions) == {"same": Reason.BENCHMARK_OVERLAP, "other": None}


def test_decontaminate_item_with_empty_prompt_leaves_unrelated_rows_alone():
    samples = frame_of(synthetic_row("row", "Why?", "Because."), synthetic_row("empty", "", "No."))
    result = decontaminate(samples, benchmark(real_row("item", "", "Yes")))
    assert result.counts["kept"] == 2


def test_decontaminate_held_out_template_prompt_alone_is_kept():
    prompt = "Explain the topic of assignment statements as the Python reference does, in full."
    item = real_row("item", prompt, LONG_ANSWER)
    other = real_row("row", prompt, "Another passage of the same topic, which says other things.")
    assert decontaminate(frame_of(other), held_out(item)).counts["kept"] == 1


def test_decontaminate_held_out_response_is_dropped_under_another_prompt():
    item = real_row("item", "What does it do?", LONG_ANSWER)
    copy = synthetic_row("row", "And this?", LONG_ANSWER.upper().replace(" ", "  "))
    found = decisions_of(decontaminate(frame_of(copy), held_out(item)).decisions)["row"]
    assert (found.reason, found.duplicate_of) == (Reason.HELD_OUT_OVERLAP, "item")


def test_decontaminate_short_held_out_response_counts_with_its_prompt_only():
    item = real_row("item", "Is it raining?", "Yes.")
    samples = frame_of(
        synthetic_row("same", "is it raining?", "YES."),
        synthetic_row("other", "Is it snowing?", "Yes."),
    )
    result = decontaminate(samples, held_out(item))
    assert reasons_of(result.decisions) == {"same": Reason.HELD_OUT_OVERLAP, "other": None}


def test_firewall_of_two_items_with_one_text_names_the_smaller_id():
    firewall = benchmark(real_row("b", LONG, "1"), real_row("a", LONG, "2"))
    found = firewall.overlap([LONG])
    assert found is not None
    assert (found.split, found.item_id) == (Split.BENCHMARK, "a")


def test_firewall_of_nothing_lets_everything_pass():
    assert Firewall.build(NOTHING, NOTHING).overlap(["", LONG, "!"]) is None


def test_leaks_of_contaminated_set_names_row_item_source_and_evidence():
    rows = frame_of(synthetic_row("clean", "Why?", "So."), synthetic_row("leak", LONG, "x"))
    item = real_row("item", LONG, "9.5", source="exam")
    found = leaks(rows, benchmark(item), {"item": "exam"})
    assert found.rows() == [
        ("leak", "item", "exam", "benchmark", "text", 1.0, f"the same text: {LONG}")
    ]
    assert found.schema == LEAK_SCHEMA


def test_leaks_of_a_row_that_stands_there_twice_are_one():
    rows = frame_of(*(synthetic_row("leak", LONG, "x") for _ in range(2)))
    assert leaks(rows, benchmark(real_row("item", LONG, "9.5"))).height == 1


def test_leaks_of_decontaminated_set_are_none():
    rows = frame_of(synthetic_row("clean", "Why?", "So."), synthetic_row("leak", LONG, "x"))
    firewall = benchmark(real_row("item", LONG, "9.5"))
    assert leaks(decontaminate(rows, firewall).kept, firewall).is_empty()


def _questions(path, column):
    with path.open(encoding="utf-8") as file:
        return [json.loads(line)[column] for line in file]


@pytest.mark.parametrize(("n", "shared"), [(8, 1_317), (13, 1_302)])
def test_ngrams_of_gsm_hard_cover_the_known_number_of_gsm8k_items(shared_data, n, shared):
    hard = _questions(shared_data / "math" / "gsm_hard_test.jsonl", "input")
    known = {run for text in hard for run in ngrams(words(text), n)}
    items = _questions(shared_data / "gsm8k" / "test.jsonl", "question")
    assert sum(not known.isdisjoint(ngrams(words(text), n)) for text in items) == shared


@pytest.fixture(scope="module")
def gsm8k(shared_data):
    def rows(path, source, prompt, response):
        texts = zip(_questions(path, prompt), _questions(path, response), strict=True)
        return sample_frame(
            Sample.real(source, at, question, str(answer), "MIT")
            for at, (question, answer) in enumerate(texts)
        )

    math, folder = shared_data / "math", shared_data / "gsm8k"
    return {
        "hard": rows(math / "gsm_hard_test.jsonl", "hard", "input", "target"),
        "train": rows(folder / "train.jsonl", "train", "question", "answer"),
        "test": rows(folder / "test.jsonl", "test", "question", "answer"),
    }


@pytest.mark.parametrize(("run", "hard", "train"), [(None, 1_302, 4), ({"test": 8}, 1_317, 97)])
def test_decontaminate_gsm_hard_and_gsm8k_train_against_gsm8k_test(gsm8k, run, hard, train):
    sieve = Sieve.build(NOTHING, gsm8k["test"], run)
    assert decontaminate(gsm8k["hard"], sieve).counts["dropped"] == hard
    assert decontaminate(gsm8k["train"], sieve).counts["dropped"] == train


@pytest.mark.parametrize("run", [None, {"test": 8}, {"test": 5}, {"test": 30}])
def test_sieve_of_real_rows_says_what_the_rule_says(gsm8k, run):
    held_out, benchmarks = gsm8k["train"].tail(500), gsm8k["test"]
    sieve = Sieve.build(held_out, benchmarks, run)
    rows = pl.concat([gsm8k["hard"].head(300), gsm8k["train"].tail(1_000)])
    texts = rows.select("prompt", "response").rows()
    told = sieve.look(texts)
    assert told == sieve.firewall.look(texts)
    assert sum(found is not None for found in told) >= 700


_WORDS = st.sampled_from(["one", "two", "Three", "4", "na\u00efve", "!", "\u4e00", "x\u00ady"])
_TEXTS = st.lists(_WORDS, max_size=20).map(" ".join)
_ROWS = st.lists(st.tuples(_TEXTS, _TEXTS), max_size=6)


@given(items=_ROWS, kept_out=_ROWS, rows=_ROWS, run=st.sampled_from([2, 3, 8, 13]))
@settings(max_examples=150, deadline=None)
def test_sieve_of_any_rows_says_what_the_rule_says(items, kept_out, rows, run):
    held_out = sample_frame(Sample.real("a", at, *row, "MIT") for at, row in enumerate(kept_out))
    benchmarks = sample_frame(Sample.real("b", at, *row, "MIT") for at, row in enumerate(items))
    sieve = Sieve.build(held_out, benchmarks, {"b": run})
    assert sieve.look(rows) == sieve.firewall.look(rows)


def test_sieve_of_lone_surrogates_and_empty_rows_says_what_the_rule_says():
    benchmarks = frame_of(real_row("item", LONG, "9.5"))
    sieve = Sieve.build(NOTHING, benchmarks)
    rows = [[], [""], ["\ud800"], [f"\udfff {LONG}", "x"], ["\x00", LONG]]
    told = sieve.look(rows)
    assert told == sieve.firewall.look(rows)
    assert [found is not None for found in told] == [False, False, False, True, True]
