from pathlib import Path

import pytest

from synth_assets.cli.main import main


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def test_report_before_any_run_says_how_to_make_one(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["report", "balanced_50"])
    assert ended.value.code == 2
    assert "synth run --mixture balanced_50" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_report_of_an_unknown_mixture_names_those_there_are(capsys):
    with pytest.raises(SystemExit):
        main(["report", "balanced_51"])
    assert "balanced_50" in capsys.readouterr().err
