import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from synth_assets.cli.doctor import Report, examine
from synth_assets.cli.main import main
from synth_assets.resources.new_recipe import create_recipe


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with one recipe of a teacher that the test declares."""
    made = create_recipe(tmp_path / "recipes", "mine") / "recipe.yaml"
    made.write_text(made.read_text().replace("embedded-clerk", "own"))
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SYNTH_RECIPES", str(tmp_path / "recipes"))
    monkeypatch.delenv("SYNTH_TEACHER", raising=False)
    return tmp_path / "recipes"


@pytest.fixture
def teacher(folder: Path) -> Callable[..., None]:
    def declare(**entry: object) -> None:
        text = yaml.safe_dump({"teachers": [{"id": "own", "model": "hosted_vllm/m", **entry}]})
        (folder / "teachers.yaml").write_text(text)

    declare()
    return declare


def _told(report: Report, subject: str) -> tuple[str, str]:
    [finding] = [finding for finding in report.findings if finding.subject == subject]
    return finding.state, finding.told


def test_doctor_of_a_sound_installation_finds_no_fault(teacher: Callable[..., None]):
    report = examine()

    assert report.healthy
    assert _told(report, "recipe mine")[0] == "ok"
    assert _told(report, "ledger") == ("note", "none yet; the first run makes it")


def test_doctor_counts_models_and_names_a_broken_line_of_theirs(
    teacher: Callable[..., None], tmp_path: Path
):
    assert _told(examine(), "models") == ("ok", "0 models, 0 training sets recorded")

    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "models.jsonl").write_text("{half a rec")
    state, told = _told(examine(), "models")
    assert state == "fault"
    assert "models.jsonl" in told
    assert "line 1" in told


def test_doctor_names_the_variable_of_a_missing_key(
    teacher: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    teacher(api_key_env="SYNTH_TEST_KEY")
    monkeypatch.delenv("SYNTH_TEST_KEY", raising=False)
    assert _told(examine(), "teacher own") == ("fault", "hosted_vllm/m: export SYNTH_TEST_KEY")

    monkeypatch.setenv("SYNTH_TEST_KEY", "sk-secret-value")
    report = examine()
    assert _told(report, "teacher own")[0] == "ok"
    assert "sk-secret-value" not in report.as_text()


def test_doctor_tells_a_dead_address_from_one_that_answers(teacher: Callable[..., None]):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        teacher(api_base=f"http://127.0.0.1:{port}/v1")
        assert _told(examine(), "teacher own") == ("ok", f"hosted_vllm/m at 127.0.0.1:{port}")
    state, told = _told(examine(), "teacher own")

    assert state == "fault"
    assert f"nothing answers at 127.0.0.1:{port}" in told
    assert told.endswith("Start it.")


@pytest.mark.parametrize("address", ["http://host:99999/v1", "http://[::1/v1"])
def test_doctor_names_an_address_that_is_none(teacher: Callable[..., None], address: str):
    teacher(api_base=address)
    state, told = _told(examine(), "teacher own")

    assert state == "fault"
    assert "its api_base is no address" in told


def test_doctor_names_a_broken_recipe_and_its_mend(folder: Path, teacher: Callable[..., None]):
    recipe = folder / "mine" / "recipe.yaml"
    recipe.write_text(recipe.read_text() + "colour: red\n")
    state, told = _told(examine(), f"recipe {folder / 'mine'}")

    assert state == "fault"
    assert "`colour` is no known key. Remove it" in told


def test_doctor_names_a_home_that_cannot_be_written(
    teacher: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "file" / "home"))
    state, told = _told(examine(), "home")

    assert state == "fault"
    assert told.endswith("Set SYNTH_HOME.")


def test_doctor_names_a_damaged_ledger_and_leaves_it_alone(
    teacher: Callable[..., None], tmp_path: Path
):
    ledger = tmp_path / "home" / "ledger.sqlite"
    ledger.parent.mkdir()
    ledger.write_bytes(b"no database " * 500)
    state, told = _told(examine(), "ledger")

    assert state == "fault"
    assert told.endswith("Run `synth ledger repair`: it saves what is sound.")
    assert ledger.read_bytes() == b"no database " * 500


def test_doctor_names_settings_that_are_wrong(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SYNTH_RECIPES", "/no/such/folder")
    state, told = _told(examine(), "configuration")

    assert state == "fault"
    assert "SYNTH_RECIPES names /no/such/folder" in told


@pytest.mark.parametrize(("key", "code"), [(None, 0), ("SYNTH_TEST_NO_KEY", 1)])
def test_doctor_for_programs_prints_one_json_document_and_its_health_as_exit_code(
    teacher: Callable[..., None], capsys: pytest.CaptureFixture[str], key: str | None, code: int
):
    teacher(api_key_env=key)
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert ended.value.code == code
    assert told["healthy"] is (code == 0)
    states = {finding["subject"]: finding["state"] for finding in told["findings"]}
    assert states["teacher own"] == ("ok" if code == 0 else "fault")
    assert states["python"] == "ok"
