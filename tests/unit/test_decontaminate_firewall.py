import json
import time

import pytest

from synth_assets.core.decontaminate.firewall import Firewall
from synth_assets.core.decontaminate.stage import decontaminate, leaks
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
    assert found.detail == f"shared run of 13 words: {shared}"


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


def test_leaks_of_contaminated_set_names_row_item_and_evidence():
    rows = frame_of(synthetic_row("clean", "Why?", "So."), synthetic_row("leak", LONG, "x"))
    found = leaks(rows, benchmark(real_row("item", LONG, "9.5")))
    assert found.select("sample_id", "reason", "duplicate_of").rows() == [
        ("leak", "benchmark_overlap", "item")
    ]
    assert found.columns == [*SAMPLE_SCHEMA.names(), "reason", "duplicate_of", "detail"]


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


def test_decontaminate_gsm_hard_and_gsm8k_train_against_gsm8k_test(shared_data):
    def rows(path, source, prompt, response):
        texts = zip(_questions(path, prompt), _questions(path, response), strict=True)
        return sample_frame(
            Sample.real(source, at, question, str(answer), "MIT")
            for at, (question, answer) in enumerate(texts)
        )

    math, gsm8k = shared_data / "math", shared_data / "gsm8k"
    hard = rows(math / "gsm_hard_test.jsonl", "hard", "input", "target")
    train = rows(gsm8k / "train.jsonl", "train", "question", "answer")
    firewall = Firewall.build(NOTHING, rows(gsm8k / "test.jsonl", "test", "question", "answer"))
    started = time.process_time()
    assert decontaminate(hard, firewall).counts["dropped"] == 1_302
    assert decontaminate(train, firewall).counts["dropped"] == 4
    assert time.process_time() - started < 40
