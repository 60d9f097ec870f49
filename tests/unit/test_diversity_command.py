import json

import pytest
from click.testing import CliRunner

from synth_assets.cli.main import cli, main
from synth_assets.core.diversity.metrics import DiversityMetric
from tests.unit.test_canary_command import human_texts


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def run(*arguments):
    return CliRunner().invoke(cli, ["diversity", *arguments])


def pairs(texts, teacher="writer"):
    return [
        {"question": f"Q {number}: say it", "answer": text, "teacher": teacher}
        for number, text in enumerate(texts)
    ]


@pytest.fixture(scope="module")
def human(tmp_path_factory):
    return write(tmp_path_factory.mktemp("real") / "real.jsonl", pairs(human_texts(300), ""))


def test_diversity_of_a_file_tells_every_metric_that_needs_no_reference(tmp_path, human):
    rows = write(tmp_path / "set.jsonl", pairs(human_texts(60)))
    told = json.loads(run(rows, "--json").stdout)
    found = {each["metric"]: each for each in told["metrics"]}
    assert list(found) == [each.value for each in DiversityMetric]
    assert (told["rows"], told["real_rows"], told["sample"]["rows"]) == (60, 0, 2_000)
    assert found["prompt_opening_share"]["value"] == pytest.approx(1 / 60)
    assert found["effective_teachers"]["value"] == 1.0
    assert found["real_coverage"]["value"] is None
    assert found["distinct_2"]["low"] < found["distinct_2"]["value"] < found["distinct_2"]["high"]


def test_diversity_of_like_files_crosses_no_floor_and_shows_both(tmp_path, human):
    rows = write(tmp_path / "set.jsonl", pairs(human_texts(150, first=5_000)))
    told = run(rows, "--reference", human)
    assert told.exit_code == 0, told.output
    assert "150 of 150 rows, beside real rows drawn of 300." in told.stdout
    line = next(each for each in told.stdout.splitlines() if "distinct-2" in each)
    assert line.endswith("near the real")
    assert line.count("0.") == 4  # value, interval, real rows


def test_diversity_of_one_sentence_again_and_again_ends_with_exit_code_1(tmp_path, human):
    rows = write(tmp_path / "set.jsonl", pairs(["Yes, I can."] * 150))
    told = run(rows, "--reference", human, "--json")
    assert told.exit_code == 1, told.output
    beyond = [each["metric"] for each in json.loads(told.stdout)["beyond_floor"]]
    assert {"vendi", "response_opening_share"} <= set(beyond)


def test_diversity_of_a_file_without_text_is_refused_with_the_mend(tmp_path, capsys):
    rows = write(tmp_path / "set.jsonl", [{"number": 1}])
    with pytest.raises(SystemExit) as ended:
        main(["diversity", rows])
    assert ended.value.code == 2
    assert "no column is known to hold text" in capsys.readouterr().err


def test_diversity_of_a_missing_file_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["diversity", str(tmp_path / "nothing.jsonl")])
    assert "nothing.jsonl" in capsys.readouterr().err


def test_diversity_of_blank_and_broken_text_is_measured(tmp_path):
    rows = write(tmp_path / "set.jsonl", pairs(["", "\ud800 half", "\U0001f600 whole"] * 5))
    told = json.loads(run(rows, "--json").stdout)
    assert told["rows"] == 15
    assert told["metrics"][0]["value"] > 0
