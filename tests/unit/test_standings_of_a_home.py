"""What rows are to a mixture, by the files of a project: catalogue, calls, samples, registry."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import yaml

from synth_assets.core.flywheel.records import ModelRecord
from synth_assets.core.sample import Sample
from synth_assets.core.schema import CALL_SCHEMA
from synth_assets.errors import CatalogueError, RegistryError, StorageError, TermsError
from synth_assets.resources.frames import write_frame
from synth_assets.resources.models.records import record_training_set
from synth_assets.resources.models.registry import ModelRegistry
from synth_assets.resources.models.standings import standings
from synth_assets.resources.settings import read_settings
from synth_assets.resources.sources.located import source_digest
from synth_assets.resources.workshop import Workshop
from tests.samples import frame_of, real_row, synthetic_row

KEY = "math~0123abcd"
TEACHERS = [
    {"id": "scholar", "model": "x/scholar", "family": "large", "checkpoint": "7", "licence": "MIT"},
    {"id": "pupil", "model": "x/pupil", "family": "tiny", "checkpoint": "3", "licence": "MIT"},
    {"id": "earlier", "model": "x/pupil", "family": "tiny", "checkpoint": "2", "licence": "MIT"},
    {"id": "oldest", "model": "x/pupil", "family": "tiny", "checkpoint": "1", "licence": "MIT"},
    {"id": "closed", "model": "x/closed", "family": "closed", "licence": "openai-terms"},
]
STUDENT = {"name": "tiny-3", "family": "tiny", "checkpoint": "3", "previous": ["2"]}
MIXTURE = {"id": "half", "student": STUDENT}


def source(name: str, **other: object) -> dict[str, object]:
    said = {"reader": "file", "id": name, "path": "x.csv", "prompt": "q", "response": "a"}
    return {**said, "licence": "MIT", **other}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Workshop]:
    """A project of such mixture, teachers and sources, read anew."""
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    (recipes / "x.csv").write_text("q,a\n1,2\n")
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SYNTH_RECIPES", str(recipes))

    def read(
        *sources: dict[str, object], teachers: list[dict[str, object]] = TEACHERS, **mixture: object
    ) -> Workshop:
        written = {
            "teachers.yaml": {"teachers": teachers},
            "sources.yaml": {"sources": list(sources)},
            "mixtures.yaml": {"mixtures": [MIXTURE | mixture]},
        }
        for name, content in written.items():
            (recipes / name).write_text(yaml.safe_dump(content))
        return Workshop(read_settings())

    return read


def standing(workshop: Workshop, *rows: Sample) -> list[tuple[str | None, str, int]]:
    found = standings(workshop, frame_of(*rows), workshop.catalogue.mixture("half"))
    return list(found.select("reason", "detail", "depth").iter_rows())


def by(teacher: str, name: str = "s", **other: object) -> Sample:
    return replace(synthetic_row(name, "q", name, teacher=teacher), **other)


def test_standings_planted_checkpoints_of_the_student_are_told_apart(
    project: Callable[..., Workshop],
):
    rows = [by(name, name) for name in ("pupil", "earlier", "oldest", "scholar")]
    found = standing(project(), *rows, real_row("r", "q", "a"))
    assert [reason for reason, _, _ in found] == ["own_voice", "own_voice", None, None, None]
    assert found[0][1] == "teacher pupil (tiny@3) is the student tiny-3 itself"
    assert found[1][1] == "teacher earlier (tiny@2) is the student tiny-3 at a checkpoint before"


def test_standings_student_that_answered_a_later_request_is_heard(
    project: Callable[..., Workshop], tmp_path: Path
):
    blank = dict.fromkeys(CALL_SCHEMA.names(), None)
    calls = [
        {**blank, "fingerprint": "f1", "sample_id": "a", "teacher": "scholar"},
        {**blank, "fingerprint": "f2", "sample_id": "a", "teacher": "pupil"},
    ]
    write_frame(tmp_path / "home" / "calls" / f"{KEY}.parquet", pl.DataFrame(calls, CALL_SCHEMA))
    rows = [
        by("scholar", "a", request_fingerprints=("f1",)),
        by("scholar", "b", request_fingerprints=("f1", "f2")),
    ]
    assert [reason for reason, _, _ in standing(project(), *rows)] == [None, "own_voice"]


def test_standings_planted_licence_conflicts_name_licence_rule_and_who_stated_it(
    project: Callable[..., Workshop],
):
    workshop = project(source("news", licence="CC-BY-NC-4.0"), use="commercial")
    news = replace(real_row("n", "q", "n", source="news"), licence="CC-BY-NC-4.0")
    found = standing(workshop, news, by("closed"), by("scholar", "t", source="news"), by("scholar"))
    assert [reason for reason, _, _ in found] == [*["terms_forbid"] * 3, None]
    assert "licence CC-BY-NC-4.0 of source news forbids commercial use" in found[0][1]
    assert "licence openai-terms of teacher closed forbids the training of models" in found[1][1]
    assert "licence CC-BY-NC-4.0 of source news forbids commercial use" in found[2][1]


def test_standings_terms_of_an_entry_hold_over_its_licence(project: Callable[..., Workshop]):
    agreed = {"commercial": "allowed", "because": "letter of 2026-05-02"}
    workshop = project(source("news", licence="CC-BY-NC-4.0", terms=agreed), use="commercial")
    news = replace(real_row("n", "q", "n", source="news"), licence="CC-BY-NC-4.0")
    assert standing(workshop, news) == [(None, "", 0)]


def test_standings_named_source_that_terms_forbid_refuses_the_mixture(
    project: Callable[..., Workshop],
):
    workshop = project(source("news", licence="CC-BY-NC-4.0"), use="commercial", sources=["news"])
    news = replace(real_row("n1", "q", "n", source="news"), licence="CC-BY-NC-4.0")
    with pytest.raises(TermsError, match=r"names source news, .* 1 rows \(n1\): licence CC-BY-NC"):
        standing(workshop, news)


def test_standings_planted_loop_of_sets_and_models_is_barred_by_its_way(
    project: Callable[..., Workshop],
):
    workshop = project()
    rows = frame_of(
        by("pupil", "a"), by("scholar", "b", synthetic_depth=2), real_row("r", "q", "a")
    )
    made = record_training_set(workshop, workshop.catalogue.mixture("half"), rows)
    registry = ModelRegistry(workshop.home.root)
    model = ModelRecord(name="large-8", family="large", checkpoint="8", trained_on=("half",))
    registry.add_model(model)
    later = [{**each, "checkpoint": "8"} if each["id"] == "scholar" else each for each in TEACHERS]
    found = standing(project(teachers=later), by("scholar", "c"), by("oldest", "d"))
    assert found[0] == (
        "own_voice",
        f"a loop of the flywheel: scholar (large@8) <- model large-8 <- set {made.reference} <- "
        "pupil (tiny@3), which is the student tiny-3 itself",
        3,
    )
    assert found[1] == (None, "", 1)
    assert (made.depth, made.synthetic_rows, made.rows) == (2, 2, 3)


def test_standings_depth_follows_dropped_parents(project: Callable[..., Workshop], tmp_path: Path):
    workshop = project()
    deep = frame_of(by("scholar", "x", synthetic_depth=4))
    record_training_set(workshop, workshop.catalogue.mixture("half"), deep)
    learned = [{**each, "trained_on": ["half"]} if each["id"] == "closed" else each
               for each in TEACHERS]  # fmt: skip
    parent = by("closed", "parent")
    child = by("scholar", "child", parent_ids=("parent",), synthetic_depth=2)
    write_frame(
        tmp_path / "home" / "assets" / "raw_generations" / f"{KEY}.parquet",
        frame_of(parent, child),
    )
    found = standing(project(teachers=learned), child, by("closed", "other"))
    assert [depth for _, _, depth in found] == [6, 5]


def test_standings_same_set_is_recorded_once(project: Callable[..., Workshop]):
    workshop = project()
    rows = frame_of(by("scholar"))
    mixture = workshop.catalogue.mixture("half")
    first = record_training_set(workshop, mixture, rows)
    assert record_training_set(workshop, mixture, rows) == first
    assert ModelRegistry(workshop.home.root).history().sets == (first,)


def test_standings_teacher_trained_on_nothing_that_is_known_is_named(
    project: Callable[..., Workshop],
):
    odd = [{**TEACHERS[0], "trained_on": ["quarter"]}]
    with pytest.raises(RegistryError, match="scholar: trained_on: 'quarter' names neither"):
        standing(project(teachers=odd), by("scholar"))


def test_standings_broken_record_of_calls_is_an_error(
    project: Callable[..., Workshop], tmp_path: Path
):
    calls = tmp_path / "home" / "calls" / f"{KEY}.parquet"
    calls.parent.mkdir(parents=True)
    calls.write_bytes(b"no parquet")
    with pytest.raises(StorageError, match="What was recorded of the rows cannot be read"):
        standing(project(), by("scholar"))


@pytest.mark.parametrize(
    "terms",
    [{"commercial": "allowed"}, {"commercial": "maybe", "because": "x"}, {"because": ""},
     {"because": "x", "selling": "allowed"}],
)  # fmt: skip
def test_standings_terms_that_say_nothing_sound_are_refused(
    project: Callable[..., Workshop], terms: dict[str, str]
):
    with pytest.raises(CatalogueError, match=r"sources\.yaml: 1 fault.*\n.*line \d+: .*\.terms\."):
        project(source("news", terms=terms)).catalogue  # noqa: B018  read for its error


def test_standings_terms_are_no_identity_of_a_sources_rows(project: Callable[..., Workshop]):
    plain = project(source("news")).catalogue.sources["news"]
    agreed = {"commercial": "allowed", "because": "letter"}
    stated = project(source("news", terms=agreed)).catalogue.sources["news"]
    assert source_digest(stated) == source_digest(plain)


def test_standings_shipped_entries_may_be_sold_and_published(project: Callable[..., Workshop]):
    workshop = project(use="commercial", publish=True)
    catalogue = workshop.catalogue
    rows = [
        replace(
            by(share.id, f"{recipe.id}-{share.id}"),
            recipe=recipe.id,
            source=recipe.spec.seeds.source or "recipe",
            licence=recipe.spec.licence,
        )
        for recipe in catalogue.recipes
        for share in recipe.spec.teachers
    ]
    rows += [
        replace(real_row(name, "q", name, source=name), licence=located.spec.licence)
        for name, located in catalogue.sources.items()
    ]
    assert len(rows) > 20
    assert {reason for reason, _, _ in standing(workshop, *rows)} == {None}
