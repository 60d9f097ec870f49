import json
from pathlib import Path

import pytest

from synth_assets.cli.side_by_side import side_by_side
from synth_assets.cli.why import why_text
from synth_assets.core.schema import Decision, Outcome, Reason, Split, Stage
from synth_assets.errors import LineageError, UnknownNameError
from synth_assets.resources.kept_out.register import Register
from tests.samples import frame_of, real_row
from tests.unit.lineage_home import HALF, Home, small_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = small_home(tmp_path_factory.mktemp("home"))
    made.ingested()
    return made


@pytest.fixture(autouse=True)
def _at_home(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTH_HOME", str(home.root))


@pytest.mark.parametrize(
    ("sample_id", "told"),
    [
        ("m1-id-", f"m1-id-0001  is in {HALF}"),
        ("m2-id-", "m2-id-0001  is in no training set: deduplication dropped it (near_duplicate)"),
        ("m3-id-", "m3-id-0001  is in no training set: verification dropped it (wrong_number)"),
        ("m4-id-", "m4-id-0001  is in no training set: verification could not decide on it"),
        ("m5-id-", "m5-id-0001  is in no training set: generation dropped it (refusal)"),
        ("q1-id-", "q1-id-0001  is in no training set: no mixture took it (teacher_cap)"),
        ("q2-id-", "q2-id-0001  is in no training set: decontamination dropped it"),
        ("h1-id-", "h1-id-0001  is held out: a real row that no training set may hold"),
        ("b1-id-", "b1-id-0001  is a test item, which no training set may hold"),
    ],
)
def test_why_says_in_its_first_line_where_a_row_is(sample_id: str, told: str):
    assert why_text(sample_id, as_json=False).splitlines()[0].startswith(told)


def test_why_of_a_duplicate_shows_similarity_shared_text_kept_row_and_both_texts():
    told = why_text("m2-id-0001", as_json=False)
    assert "similarity  0.900, " in told
    assert "because     because near_duplicate" in told
    assert f"kept        m1-id-0001, which is in {HALF}" in told
    assert "2 rows: 1 stays; dropped for it 1 near duplicates, of math" in told
    ours, theirs = (f"Question {name}? Answer {name}." for name in ("m2-id-0001", "m1-id-0001"))
    assert f"{ours:<55}{theirs}" in told.splitlines()


def test_why_of_a_contaminated_row_names_the_item_and_its_source():
    told = why_text("q2-id-0001", as_json=False)
    assert "overlaps    b1-id-0001 of docs, which is a test item" in told
    assert "because     because benchmark_overlap" in told
    assert "A benchmark item?" in told


def test_why_of_a_row_beyond_bounds_names_each_live_mixture_and_its_bound():
    told = why_text("q1-id-0001", as_json=False)
    assert f"not in      {HALF}: teacher_cap; because teacher_cap" in told
    assert "half~44444444" not in told


def test_why_of_a_superseded_version_says_so():
    assert "superseded version" in why_text("o1-id-0001", as_json=False)


def test_why_as_json_has_the_decision_the_other_row_and_the_cluster():
    record = json.loads(why_text("m2-id-0001", as_json=True))
    assert (record["stage"], record["reason"], record["method"], record["similarity"]) == (
        "dedup",
        "near_duplicate",
        "near",
        0.9,
    )
    assert record["text"] == "Question m2-id-0001?\nAnswer m2-id-0001."
    assert record["other"]["text"] == "Question m1-id-0001?\nAnswer m1-id-0001."
    assert record["other"]["in_training_sets"] == [HALF]
    assert record["cluster"]["cluster_rows"] == 2


def test_why_as_json_of_a_row_that_no_mixture_took_lists_the_bounds():
    record = json.loads(why_text("q1-id-0001", as_json=True))
    assert record["in_training_sets"] == []
    assert record["not_in"] == [
        {"mixture": HALF, "reason": "teacher_cap", "detail": "because teacher_cap"}
    ]


def test_why_as_json_of_a_row_that_is_kept_out_has_split_and_text():
    record = json.loads(why_text("b1-id-0001", as_json=True))
    assert (record["split"], record["text"]) == (
        "benchmark",
        "A benchmark item?\nA real answer.",
    )


def test_why_of_an_item_whose_source_is_gone_is_told_by_the_register(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = small_home(tmp_path)
    home.decide(
        Stage.DECONTAMINATE,
        "all",
        [Decision("q2-id-0001", Outcome.DROPPED, Reason.BENCHMARK_OVERLAP, 1.0, "gone-item-7")],
    )
    home.ingested()
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path))
    assert "gone-item-7, which lineage does not hold" in why_text("q2-id-0001", as_json=False)
    item = real_row("gone-item-7", "An old item?", "An old answer.", "old_exam")
    Register(tmp_path / "kept_out").add(frame_of(item), Split.BENCHMARK, "run")
    told = why_text("q2-id-0001", as_json=False)
    assert "overlaps    gone-item-7 of old_exam, which is a test item" in told
    assert "An old item?" in told
    assert why_text("gone-i", as_json=False).startswith("gone-item-7  is a test item, which no")
    with pytest.raises(UnknownNameError):
        why_text("nobody", as_json=False)


def test_why_of_a_row_that_waits_for_the_next_stage_says_what_kept_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = small_home(tmp_path)
    home.decide(Stage.MIX, HALF, [Decision("m1-id-0001", Outcome.DROPPED, Reason.BEYOND_TARGET)])
    home.ingested()
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path))
    assert "decontamination kept it, and what follows has not run" in why_text(
        "o1-id-0001", as_json=False
    )


def test_why_of_an_unknown_id_says_where_ids_stand():
    with pytest.raises(UnknownNameError, match=r"Ids stand in train\.jsonl"):
        why_text("nobody-knows", as_json=False)
    with pytest.raises(LineageError, match="at least 6 characters"):
        why_text("m1", as_json=False)


def test_side_by_side_puts_what_differs_on_one_height_and_cuts_what_is_equal():
    same = " ".join(f"w{n}" for n in range(40))
    rows = list(side_by_side(f"red {same} end", f"blue {same} stop", ("one", "two")))
    assert [row.split() for row in rows[:1]] == [["one", "two"]]
    assert [row.split() for row in rows[2:]] == [
        ["red", "blue"],
        [*(["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "…", "w32", "w33", "w34", "w35", "w36",
            "w37"] * 2)],
        ["w38", "w39", "w38", "w39"],
        ["end", "stop"],
    ]  # fmt: skip


def test_side_by_side_of_texts_that_share_nothing_has_both_in_columns():
    rows = list(side_by_side("a " * 60, "b", ("one", "two")))
    assert rows[2].split() == ["a"] * 26 + ["b"]
    assert set(" ".join(rows[3:]).split()) == {"a"}


def test_side_by_side_of_long_texts_says_how_much_is_not_shown():
    rows = list(side_by_side(" ".join(map(str, range(3000))), "", ("one", "two")))
    assert len(rows) == 25
    assert rows[-1].endswith("more lines)")


def test_side_by_side_shows_no_control_characters():
    shown = "\n".join(side_by_side("\x1b[31mred\x07", "b\u202ee", ("one", "two")))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
