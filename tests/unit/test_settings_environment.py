import os
from pathlib import Path

import pytest

from synth_assets.errors import ConfigurationError
from synth_assets.resources.settings import (
    SHIPPED_RECIPES,
    ambient_secrets,
    child_environment,
    has_secret,
    read_secret,
    read_settings,
)


def test_settings_of_an_empty_environment_are_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    settings = read_settings({})

    assert settings.home == tmp_path / ".synth"
    assert settings.recipe_folders == (SHIPPED_RECIPES,)
    assert settings.teacher is None
    assert (settings.dagster_url, settings.dashboard_url) == (
        "http://127.0.0.1:3000",
        "http://127.0.0.1:8000",
    )


def test_settings_take_the_working_directory_s_recipes_unless_others_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for name in ("recipes", "a", "b"):
        Path(name).mkdir()

    assert read_settings({}).recipe_folders[1:] == (tmp_path / "recipes",)
    assert read_settings({"SYNTH_RECIPES": " "}).recipe_folders[1:] == (tmp_path / "recipes",)
    named = read_settings({"SYNTH_RECIPES": os.pathsep.join(["a", "", str(tmp_path / "b")])})
    assert named.recipe_folders[1:] == (tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("name", ["SYNTH_HOME", "SYNTH_RECIPES"])
def test_settings_read_a_tilde_as_the_user_s_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine").mkdir()
    settings = read_settings({name: "~/mine"})

    assert tmp_path / "mine" in (settings.home, *settings.recipe_folders)


def test_settings_empty_variables_are_as_good_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    names = ("SYNTH_HOME", "SYNTH_RECIPES", "SYNTH_TEACHER", "SYNTH_DAGSTER_PORT")

    assert read_settings(dict.fromkeys(names, "")) == read_settings({})


def test_settings_shipped_recipes_can_be_left_out_and_lend_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes").mkdir()
    alone = read_settings({"SYNTH_SHIPPED_RECIPES": "off"})

    assert alone.recipe_folders == (tmp_path / "recipes",)
    assert alone.lent_folders == (SHIPPED_RECIPES,)
    assert read_settings(child_environment(alone)) == alone
    assert read_settings({"SYNTH_SHIPPED_RECIPES": "on"}) == read_settings({})
    assert read_settings({}).lent_folders == ()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SYNTH_SHIPPED_RECIPES", "no", "SYNTH_SHIPPED_RECIPES is 'no'; say on or off"),
        ("SYNTH_FRESH_DAYS", "-1", "SYNTH_FRESH_DAYS is '-1'; give a number of days up to 3650"),
        ("SYNTH_FRESH_DAYS", "3651", "SYNTH_FRESH_DAYS is '3651'; give a number"),
    ],
)
def test_settings_switch_or_age_that_is_none_is_named(name: str, value: str, told: str):
    with pytest.raises(ConfigurationError, match=told):
        read_settings({name: value})


def test_settings_recipe_folder_that_is_none_is_named(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"SYNTH_RECIPES names .*/gone, which is no fold"):
        read_settings({"SYNTH_RECIPES": str(tmp_path / "gone")})


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "3000 ", "1e3", "99999999999"])
@pytest.mark.parametrize("name", ["SYNTH_DAGSTER_PORT", "SYNTH_DASHBOARD_PORT"])
def test_settings_port_that_is_none_is_named(name: str, port: str):
    with pytest.raises(ConfigurationError, match=f"{name} is '{port}'; give a port from 1 to 655"):
        read_settings({name: port})


def test_settings_of_a_child_are_those_of_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "mine").mkdir()
    settings = read_settings(
        {
            "SYNTH_HOME": str(tmp_path / "home"),
            "SYNTH_RECIPES": str(tmp_path / "mine"),
            "SYNTH_DAGSTER_PORT": "3001",
            "SYNTH_FRESH_DAYS": "0",
        }
    )
    monkeypatch.chdir(tmp_path)

    assert read_settings(child_environment(settings)) == settings
    assert child_environment(settings, MORE="x")["MORE"] == "x"


def test_secret_is_read_when_needed_and_named_when_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SYNTH_TEST_KEY", "value")
    assert has_secret("SYNTH_TEST_KEY")
    assert read_secret("SYNTH_TEST_KEY", "scholar") == "value"

    monkeypatch.setenv("SYNTH_TEST_KEY", "")
    assert not has_secret("SYNTH_TEST_KEY")
    with pytest.raises(ConfigurationError, match=r"Teacher scholar: .*SYNTH_TEST_KEY is not set"):
        read_secret("SYNTH_TEST_KEY", "scholar")


@pytest.mark.parametrize("value", ["sk-1\n", " sk-1", "sk-1\r", "sk\t1", "sk-\u00fc", "sk-\u200b1"])
def test_secret_that_no_header_can_hold_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, value: str
):
    monkeypatch.setenv("SYNTH_TEST_KEY", value)
    with pytest.raises(ConfigurationError, match="SYNTH_TEST_KEY holds a line break") as refused:
        read_secret("SYNTH_TEST_KEY", "scholar")
    assert "sk" not in str(refused.value)


def test_ambient_secrets_are_values_whose_name_says_so(monkeypatch: pytest.MonkeyPatch):
    for name, value in {
        "OPENAI_API_KEY": "sk-ambient-1",
        "hf_token": "hf-ambient-2",
        "SHORT_KEY": "none",
        "KEYBOARD": "a-long-value",
    }.items():
        monkeypatch.setenv(name, value)

    found = ambient_secrets()
    assert {"sk-ambient-1", "hf-ambient-2"} <= set(found)
    assert {"none", "a-long-value"} & set(found) == set()
