"""Scores of registered models, and their curves over generations."""

import json
from pathlib import Path

import pytest

from synth_assets.cli.main import main
from synth_assets.core.flywheel.history import TrainingHistory
from synth_assets.core.flywheel.records import ModelRecord, SetRecord
from synth_assets.core.flywheel.score_curves import SCORE_SCHEMA, mean_scores, score_curves
from synth_assets.resources.models.registry import ModelRegistry

_SET = SetRecord(key="half~12345678", digest="0" * 16, rows=800, synthetic_rows=480, depth=2)
_REAL = SetRecord(key="real~12345678", digest="1" * 16, rows=100, synthetic_rows=0, depth=0)


def _model(name: str, *sets: SetRecord, **scores: float) -> ModelRecord:
    seen = tuple(each.reference for each in sets)
    return ModelRecord(name=name, family="f", checkpoint=name, trained_on=seen, scores=scores)


def test_score_curves_go_by_generation_from_the_earliest():
    models = (
        _model("late", _SET, _REAL, gsm8k=0.3),
        _model("first", _REAL, gsm8k=0.4, loss=2.0),
        _model("bare", gsm8k=0.5),
        _model("unscored", _SET),
    )
    found = score_curves(TrainingHistory((_SET, _REAL), models))
    assert found.schema == SCORE_SCHEMA
    assert found["above_first"].to_list() == pytest.approx([0.05, -0.05, -0.15, 0.0])
    assert found.drop("above_first").rows() == [
        ("gsm8k", 0, "bare", 0.5, None),
        ("gsm8k", 0, "first", 0.4, 0.0),
        ("gsm8k", 2, "late", 0.3, 480 / 900),
        ("loss", 0, "first", 2.0, 0.0),
    ]


def test_mean_scores_are_of_models_of_one_generation_or_one_known_share():
    models = (
        _model("a", _SET, gsm8k=0.3),
        _model("b", _SET, gsm8k=0.5),
        _model("first", _REAL, gsm8k=0.6),
        _model("bare", gsm8k=0.8),
    )
    found = score_curves(TrainingHistory((_SET, _REAL), models))
    by_generation = mean_scores(found, "generation").rows()
    assert by_generation == [("gsm8k", 0, pytest.approx(0.7)), ("gsm8k", 2, pytest.approx(0.4))]
    by_share = mean_scores(found, "synthetic_share").rows()
    assert by_share == [("gsm8k", 0.0, 0.6), ("gsm8k", 0.6, pytest.approx(0.4))]


def test_score_curves_without_scores_are_empty():
    assert score_curves(TrainingHistory((_SET,), (_model("unscored", _SET),))).is_empty()


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["models", *arguments])
    return int(ended.value.code or 0)


def test_models_evaluate_adds_scores_that_stand_in_the_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path))
    registry = ModelRegistry(tmp_path)
    registry.add_set(_SET)
    registry.add_model(_model("tiny", _SET, old=1.0))
    assert _run("evaluate", "tiny", "--score", "gsm8k=0.41", "--score", "old=2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["scores"] == {"gsm8k": 0.41, "old": 2.0}
    picture = tmp_path / "scores.png"
    assert _run("curve", "-o", str(picture)) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["gsm8k", "2", "tiny", "0.41", "+0", "60%"] in rows
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_models_evaluate_of_an_unknown_model_lists_the_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path))
    ModelRegistry(tmp_path).add_model(_model("tiny"))
    assert _run("evaluate", "huge", "--score", "a=1") == 2
    assert "No model is registered as 'huge'. There are: tiny" in capsys.readouterr().err
