"""A lookout reads what changed, and nothing else."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from synth_assets.errors import StorageError
from synth_assets.resources import manifests
from synth_assets.resources.history import History
from synth_assets.resources.home import Home
from synth_assets.resources.lookout import Lookout
from synth_assets.resources.settings import Settings, read_settings
from tests.integration.own_project import WRITE, OwnProject, own_project

NOBODY = "http://127.0.0.1:9/v1"


@pytest.fixture
def project(tmp_path: Path) -> OwnProject:
    made = own_project(tmp_path, NOBODY)
    made.write_recipe("terms")
    return made


def settings(project: OwnProject) -> Settings:
    variables = {**project.synth.environment, "SYNTH_HOME": str(project.home)}
    return replace(read_settings(variables), recipe_folders=(project.recipes,))


def test_lookout_keeps_what_is_unchanged_and_reads_what_was_edited(project: OwnProject):
    lookout = Lookout(settings(project))
    first = lookout.look()
    again = lookout.look()
    project.write("sums/write.md.j2", f"{WRITE}\nBe brief.")
    edited = lookout.look()

    assert again is first
    assert edited.recipe("terms") is first.recipe("terms")
    assert edited.recipe("sums").key != first.recipe("sums").key
    assert edited.seed_files == first.seed_files


def test_lookout_checks_all_where_what_they_share_changed(project: OwnProject):
    lookout = Lookout(settings(project))
    first = lookout.look()
    project.write_teachers(NOBODY, checkpoint="2026-11")
    edited = lookout.look()

    assert {each.id for each in edited.recipes} == {"sums", "terms"}
    assert not {each.key for each in edited.recipes} & {each.key for each in first.recipes}
    assert edited.recipe("sums").teachers["writer"].checkpoint == "2026-11"


def test_lookout_reads_no_folder_again_for_what_they_share(project: OwnProject):
    lookout = Lookout(settings(project))
    first = lookout.look()
    project.write_teachers(NOBODY, checkpoint="2026-11")
    project.write("sums/write.md.j2", f"{WRITE}\nBe brief.")
    edited = lookout.look()

    assert edited.recipe("terms").spec.technique is first.recipe("terms").spec.technique
    assert edited.recipe("sums").spec.technique is not first.recipe("sums").spec.technique
    assert "Be brief." in edited.recipe("sums").files["write.md.j2"]


def test_lookout_finds_recipes_that_come_go_break_and_mend(project: OwnProject):
    lookout, history = Lookout(settings(project)), History(Home(project.home))
    history.note(lookout.look())
    whole = (project.recipes / "sums/recipe.yaml").read_text()
    project.write("sums/recipe.yaml", "id: [")
    project.write_recipe("more")
    broken = lookout.look()
    noted = history.note(broken)
    project.write("sums/recipe.yaml", whole)
    mended = lookout.look()

    assert [each.id for each in broken.recipes] == ["more", "terms"]
    assert [(each.event, each.name) for each in noted.changes] == [("added", "more")]
    assert {key.partition("~")[0] for key in noted.held} == {"sums"}
    assert [each.id for each in mended.recipes] == ["more", "sums", "terms"]
    assert history.note(mended).changes == ()


def test_history_tells_the_cause_of_an_edit_that_all_recipes_share(project: OwnProject):
    lookout, history = Lookout(settings(project)), History(Home(project.home))
    history.note(lookout.look())
    project.write_teachers(NOBODY, checkpoint="2026-11")
    changes = history.note(lookout.look()).changes

    assert {each.name for each in changes} == {"sums", "terms"}
    assert all("2026-11" in each.told for each in changes)
    found = [history.manifest(each.key) for each in changes]
    assert [made and made.key for made in found] == [each.key for each in changes]
    assert history.manifest("sums~00000000") is None


def test_history_that_is_no_database_is_told_with_the_mend(project: OwnProject):
    lookout, history = Lookout(settings(project)), History(Home(project.home))
    history.note(lookout.look())
    kept = project.home / "history/versions.sqlite"
    kept.write_text("no database" * 1_000)
    project.write("sums/write.md.j2", f"{WRITE}\nBe brief.")

    with pytest.raises(StorageError, match=r"versions\.sqlite: cannot be read as history: .*move"):
        history.note(lookout.look())
    kept.unlink()
    assert [each.name for each in history.note(lookout.look()).changes] == ["sums"]


def test_history_that_another_process_holds_is_not_told_to_be_moved_away(
    project: OwnProject, monkeypatch: pytest.MonkeyPatch
):
    lookout, history = Lookout(settings(project)), History(Home(project.home))
    history.note(lookout.look())
    project.write("sums/write.md.j2", f"{WRITE}\nBe brief.")
    monkeypatch.setattr(manifests, "_WAIT_S", 0.05)
    with closing(sqlite3.connect(project.home / "history/versions.sqlite")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match=r"is locked.*wait until the process") as told:
            history.note(lookout.look())
        other.rollback()

    assert "move it away" not in str(told.value)
    assert [each.name for each in history.note(lookout.look()).changes] == ["sums"]
