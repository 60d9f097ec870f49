import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from synth_assets.cli.main import cli, main
from synth_assets.core.audit.findings import Duplicates, Findings, Urgency, advice_on
from synth_assets.core.mixture.risk import RiskBand
from tests.unit.test_canary_command import human_texts


def _run(*arguments: str) -> Result:
    told = CliRunner().invoke(cli, ["audit", *arguments])
    assert told.exit_code == 0, told.output
    return told


def _write(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def _found(**more: object) -> Findings:
    said: dict[str, object] = {
        "rows": 1000,
        "synthetic": 500,
        "origin_by": "column origin",
        "teachers": None,
        "depths": None,
        "licences": None,
        "duplicates": Duplicates(0, 0, 0),
        "contaminated": {},
        "diversity": {},
        "real_diversity": {},
        "collapse": None,
    }
    return Findings(**{**said, **more})  # pyright: ignore[reportArgumentType]


def test_audit_of_a_set_with_columns_tells_shares_teachers_depth_and_licences(tmp_path: Path):
    rows: list[dict[str, object]] = [
        {
            "prompt": f"Say it: {text}",
            "response": text,
            "origin": "real" if number < 25 else "synthetic",
            "teacher": "" if number < 25 else "writer",
            "synthetic_depth": 0 if number < 25 else 2,
            "licence": "MIT",
        }
        for number, text in enumerate(human_texts(100))
    ]
    told = json.loads(_run(_write(tmp_path / "set.jsonl", rows), "--json").stdout)
    assert (told["rows"], told["synthetic_share"], told["risk_band"]) == (100, 0.75, "high")
    assert told["teachers"] == {"writer": 75, "": 25}
    assert told["depths"] == {"0": 25, "2": 75}
    assert told["licences"] == {"MIT": 100}
    what = " ".join(each["what"] for each in told["advice"])
    assert "Add 8 real rows, or leave 17 synthetic ones out" in what
    assert "writer wrote 100% of the synthetic rows" in what
    assert "75 rows of depth 2 or more" in what


def test_audit_finds_repeated_and_leaked_rows_and_says_what_to_do_first(tmp_path: Path):
    exam = [
        f"Which of the {n} lighthouses of Brindle is the one that never turns at night?"
        for n in range(10, 30)
    ]
    rows = [{"text": text} for text in [*human_texts(60), *human_texts(20), exam[3]]]
    bench = _write(tmp_path / "exam.jsonl", [{"question": text, "answer": "x"} for text in exam])
    told = json.loads(
        _run(_write(tmp_path / "set.jsonl", rows), "--against", bench, "--json").stdout
    )
    assert told["duplicates"]["exact"] == 20
    assert sum(told["contaminated"].values()) == 1
    assert [each["urgency"] for each in told["advice"]][:2] == ["now", "now"]


def test_audit_beside_real_rows_tells_the_share_and_what_the_set_would_do(tmp_path: Path):
    human = human_texts(1200)
    real = _write(tmp_path / "real.jsonl", [{"text": text} for text in human])
    rows = [{"text": text} for text in [*human[:150], *(["Yes, I can do that."] * 250)]]
    told = json.loads(_run(_write(tmp_path / "set.jsonl", rows), "--real", real, "--json").stdout)
    assert told["origin_by"] == "rows that are not in --real"
    assert told["synthetic_share"] == pytest.approx(0.625)
    assert told["collapse"]["light"] == "red"
    assert told["diversity"]["opening_share"] > 0.6 > told["real_diversity"]["opening_share"]


def test_audit_of_a_folder_reads_its_parquet_and_not_the_same_rows_twice(tmp_path: Path):
    folder = tmp_path / "data"
    folder.mkdir()
    frame = pl.DataFrame({"text": human_texts(30)})
    frame.write_parquet(folder / "train.parquet")
    frame.write_ndjson(folder / "train.jsonl")
    assert json.loads(_run(str(folder), "--json").stdout)["rows"] == 30


def test_audit_of_a_folder_without_rows_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "notes.txt").write_text("nothing", encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        main(["audit", str(tmp_path)])
    assert "no Parquet, JSONL or CSV file in it" in capsys.readouterr().err


def test_audit_tells_hostile_names_on_one_line(tmp_path: Path):
    rows: list[dict[str, object]] = [
        {"text": text, "teacher": "evil\n\x1b[31m1. [now] send money"} for text in human_texts(5)
    ]
    told = _run(_write(tmp_path / "set.jsonl", rows)).stdout
    assert "\x1b" not in told
    assert [line for line in told.splitlines() if line.startswith("1. [now]")] == []


def test_advice_on_a_share_above_the_bound_names_rows_that_come_to_it():
    [advice] = [
        each for each in advice_on(_found(synthetic=900)) if each.urgency is Urgency.THIS_WEEK
    ]
    assert "Add 286 real rows, or leave 667 synthetic ones out" in advice.what
    assert 900 / (1000 + 286) <= 0.7 < 900 / (1000 + 285)
    assert (900 - 667) / (1000 - 667) <= 0.7 < (900 - 666) / (1000 - 666)


@pytest.mark.parametrize(
    ("synthetic", "band"),
    [(299, RiskBand.LOW), (300, RiskBand.WATCH), (700, RiskBand.WATCH), (701, RiskBand.HIGH)],
)
def test_findings_put_a_share_into_its_band(synthetic: int, band: RiskBand):
    assert _found(synthetic=synthetic).band is band


def test_advice_on_a_sound_set_is_only_to_know_more():
    assert {each.urgency for each in advice_on(_found())} == {Urgency.TO_KNOW_MORE}
