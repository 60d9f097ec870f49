"""Trying a recipe before it is filled, and comparing what it gave before and after an edit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import ValidationError

from synth_assets.cli.compare import compare
from synth_assets.cli.preview import preview
from synth_assets.core.versions.comparison import Comparison
from synth_assets.defs.trying import compare_recipe_versions, preview_rows
from synth_assets.errors import UnknownNameError
from synth_assets.resources.comparison import compare_versions
from synth_assets.resources.preview import Preview, preview_recipe
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.integration.chat_server import ChatServer, chat_server, embedded_answer
from tests.integration.own_project import OUTPUT_USD, WRITE, OwnProject, own_project

SAMPLES = 12


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server(embedded_answer) as server:
        yield server


@pytest.fixture
def project(server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnProject:
    project = own_project(tmp_path, server.base_url, samples=SAMPLES)
    for name, value in {**project.synth.environment, "SYNTH_HOME": str(project.home)}.items():
        monkeypatch.setenv(name, value)
    return project


def previewed(rows: int) -> Preview:
    return preview_recipe(Workshop(read_settings()), "sums", rows)


def compared(to: str = "") -> Comparison:
    return compare_versions(Workshop(read_settings()), "sums", to)


def written(home: Path) -> set[str]:
    """What stands under a home, the ledger and locks left out."""
    files = {path.relative_to(home) for path in home.rglob("*") if path.is_file()}
    spared = ("ledger.", "locks", "sources")
    return {str(path) for path in files if not str(path).startswith(spared)}


def test_preview_makes_the_first_rows_of_the_plan_which_filling_does_not_buy_again(
    server: ChatServer, project: OwnProject
):
    made = previewed(4)
    asked = server.asked
    assert made.rows.height == 4
    assert made.calls_bought == asked == len(server.served)
    assert made.bought_usd > asked * OUTPUT_USD / 1e6
    assert made.rows["cost_usd"].sum() == pytest.approx(made.bought_usd)
    assert written(project.home) == set()

    again = previewed(4)
    assert (again.calls_bought, again.calls_from_ledger) == (0, made.calls_bought)
    assert again.rows.equals(made.rows)

    calls = project.fill()
    first = set(made.rows["sample_id"])
    assert first < set(calls["sample_id"])
    assert server.asked == calls.height
    assert calls["from_ledger"].sum() == asked
    assert set(calls.filter("from_ledger")["sample_id"]) == first


def test_compare_after_an_edit_sets_reasons_cost_and_the_same_samples_side_by_side(
    project: OwnProject, tmp_path: Path
):
    project.fill()
    with pytest.raises(UnknownNameError, match="no other version is filled than sums~"):
        compared()
    old = Workshop(read_settings()).catalogue.recipe("sums").key
    project.write("sums/write.md.j2", f"Be brief.\n\n{WRITE}")
    with pytest.raises(UnknownNameError, match="is not filled yet"):
        compared()
    project.fill()

    found = compared()
    assert found.old.key == old
    assert found.new.key == Workshop(read_settings()).catalogue.recipe("sums").key != old
    assert found.old.planned == found.new.planned == SAMPLES
    for version, side in ((found.old, "old"), (found.new, "new")):
        assert version.accepted == version.verified.height
        assert version.accepted + found.reasons[side].sum() == SAMPLES
    assert (found.old.cost_usd or 0) > 0
    assert found.pairs.height == 5
    assert (found.pairs["old_prompt"] != found.pairs["new_prompt"]).all()
    assert found.diversity["old"].null_count() < found.diversity.height
    digits = old.removeprefix("sums~")[:5]
    assert compared(digits).pairs.equals(found.pairs)
    with pytest.raises(UnknownNameError, match="no filled version is called so"):
        compared("zzz")

    page = tmp_path / "page.md"
    told = run(compare, "sums", "--markdown", str(page), "-n", "1")
    assert told.exit_code == 0, told.output
    assert f"old  {old}" in told.output
    assert page.read_text().startswith(f"# {old} and ".replace("~", "\\~"))
    assert page.read_text().count("### Planned sample") == 1


def run(command: object, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, catch_exceptions=False)  # type: ignore[arg-type]


def test_preview_command_shows_why_a_row_is_lost_and_prints_no_control_characters(
    project: OwnProject,
):
    with chat_server(lambda _: "\x1b[2Jnothing of the kind") as silly:
        project.write_teachers(silly.base_url)
        told = run(preview, "sums", "-n", "2")
    assert told.exit_code == 0, told.output
    assert "0 of 2 kept" in told.output
    assert "dropped at generate: unparsable" in told.output
    assert "answered  [2Jnothing of the kind" in told.output
    assert "\x1b" not in told.output


def test_jobs_of_the_ui_try_and_compare(project: OwnProject):
    tried = preview_rows.execute_in_process(
        run_config={"ops": {"make_a_few_rows": {"config": {"recipe": "sums", "rows": 2}}}}
    )
    [shown] = [event for event in tried.all_events if event.is_successful_output]
    metadata = shown.step_output_data.metadata
    assert metadata["planned"].value == 2
    assert "| outcome | stage |" in str(metadata["rows"].value)

    settings = {"set_versions_side_by_side": {"config": {"recipe": "sums"}}}
    with pytest.raises(UnknownNameError, match="is not filled yet"):
        compare_recipe_versions.execute_in_process(run_config={"ops": settings})
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        preview_rows.execute_in_process(
            run_config={"ops": {"make_a_few_rows": {"config": {"recipe": "sums", "rows": 0}}}}
        )
