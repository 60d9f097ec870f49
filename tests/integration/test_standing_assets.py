"""Own voice, depth and terms as the asset of training sets heeds them, on rows laid by hand."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
import yaml

from synth_assets.core.flywheel.records import ModelRecord
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Stage
from synth_assets.defs.build import build_definitions
from synth_assets.defs.partitions import mixture_versions
from synth_assets.errors import RegistryError, TermsError
from synth_assets.resources.frames import read_frame, write_frame
from synth_assets.resources.models.records import record_training_set
from synth_assets.resources.models.registry import ModelRegistry
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop
from tests.samples import decisions_of, frame_of, real_row, synthetic_row

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
TEACHERS = [
    {"id": "scholar", "family": "large", "checkpoint": "7", "licence": "MIT"},
    {"id": "clerk", "family": "other", "checkpoint": "1", "licence": "MIT"},
    {"id": "pupil", "family": "tiny", "checkpoint": "2", "licence": "MIT"},
    {"id": "closed", "family": "closed", "checkpoint": "1", "licence": "openai-terms"},
]
STUDENT = {"name": "tiny-3", "family": "tiny", "checkpoint": "3", "previous": ["2"]}
MIXTURE = {"id": "half", "student": STUDENT, "rows": 20, "synthetic_share": 0.5}


def rows_by(teacher: str, count: int, recipe: str = "math", **other: object) -> list[Sample]:
    return [
        replace(
            synthetic_row(
                f"{teacher}-{n}", f"{teacher} asks {n}?", f"{n} says {teacher}", recipe, teacher
            ),
            **other,
        )
        for n in range(count)
    ]


REAL = [real_row(f"real-{n}", f"What is {n}?", f"{n} it is, {n * n} squared") for n in range(12)]
GOOD = [*rows_by("scholar", 8), *rows_by("clerk", 8)]

Compose = Callable[..., tuple[dict[str, str | None], dict[str, str], pl.DataFrame]]


@pytest.fixture
def compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Compose]:
    """Make the training set of a mixture from such rows: reasons, details and the set."""
    warnings.simplefilter("ignore")
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SYNTH_RECIPES", str(recipes))
    with dg.DagsterInstance.ephemeral() as instance:

        def compose(
            *rows: Sample, teachers: list[dict[str, object]] = TEACHERS, **mixture: object
        ) -> tuple[dict[str, str | None], dict[str, str], pl.DataFrame]:
            entries = [{"model": f"x/{each['id']}", **each} for each in teachers]
            said = {"mixtures": [MIXTURE | mixture]}
            (recipes / "teachers.yaml").write_text(yaml.safe_dump({"teachers": entries}))
            (recipes / "mixtures.yaml").write_text(yaml.safe_dump(said))
            workshop = Workshop(read_settings())
            key = workshop.catalogue.mixture("half").key
            write_frame(workshop.home.asset("decontaminated_samples"), frame_of(*rows))
            instance.add_dynamic_partitions(str(mixture_versions.name), [key])
            selection = dg.AssetSelection.assets("training_sets").without_checks()
            job = dg.define_asset_job("some", selection=selection)
            found = dg.Definitions.merge(
                build_definitions(workshop), dg.Definitions(jobs=[job])
            ).resolve_job_def("some")
            found.execute_in_process(instance=instance, partition_key=key, run_config=QUIET)
            told = decisions_of(read_frame(workshop.home.decisions(Stage.MIX, key)))
            return (
                {name: each.reason for name, each in told.items()},
                {name: each.detail for name, each in told.items()},
                read_frame(workshop.home.asset("training_sets", key)),
            )

        yield compose


def test_training_set_never_holds_the_students_own_voice(compose: Compose):
    reasons, details, made = compose(*REAL, *GOOD, *rows_by("pupil", 4))
    assert {reasons[f"pupil-{n}"] for n in range(4)} == {"own_voice"}
    assert details["pupil-0"] == (
        "teacher pupil (tiny@2) is the student tiny-3 at a checkpoint before"
    )
    assert (made.height, "pupil" in set(made["teacher"])) == (20, False)


def test_training_set_caps_the_own_voice_where_the_mixture_allows_some(compose: Compose):
    _, _, made = compose(*REAL, *GOOD[:7], *rows_by("pupil", 8), own_voice=0.3)
    assert made.filter(pl.col("teacher") == "pupil").height == 3


def test_training_set_drops_what_terms_forbid_by_name(compose: Compose):
    reasons, details, made = compose(*REAL, *GOOD, *rows_by("closed", 4), use="commercial")
    assert {reasons[f"closed-{n}"] for n in range(4)} == {"terms_forbid"}
    assert details["closed-0"] == (
        "licence openai-terms of teacher closed forbids the training of models that compete with "
        "it; half is for commercial use"
    )
    assert "closed" not in set(made["teacher"])


def test_training_set_of_a_named_recipe_that_terms_forbid_is_refused(compose: Compose):
    rows = rows_by("closed", 4, "sums")
    with pytest.raises(TermsError, match=r"names recipe sums, .* 4 rows \(closed-0, closed-1"):
        compose(*REAL, *GOOD, *rows, use="commercial", recipes=["math", "sums"])


def test_training_set_to_be_published_under_licences_in_conflict_is_refused(compose: Compose):
    alike = [replace(row, licence="CC-BY-SA-4.0") for row in REAL[:6]]
    gnu = [replace(row, licence="GPL-2.0-only") for row in REAL[6:]]
    with pytest.raises(TermsError) as caught:
        compose(*alike, *gnu, *GOOD, publish=True)
    assert "licence CC-BY-SA-4.0 of source people" in str(caught.value)
    assert "licence GPL-2.0-only of source people" in str(caught.value)
    assert "6 rows (real-0, real-1" in str(caught.value)


def test_training_set_counts_what_teachers_were_trained_on_in_depth(
    compose: Compose, tmp_path: Path
):
    compose(*REAL, *GOOD)
    workshop = Workshop(read_settings())
    first = record_training_set(
        workshop,
        workshop.catalogue.mixture("half"),
        frame_of(*REAL, *rows_by("scholar", 2, synthetic_depth=3)),
    )
    learned = [{**each, "trained_on": [first.reference]} if each["id"] == "clerk" else each
               for each in TEACHERS]  # fmt: skip
    clerks = rows_by("clerk", 3)
    _, _, made = compose(*REAL, *rows_by("scholar", 7), *clerks, teachers=learned)
    depths = made.select("teacher", "synthetic_depth").unique().sort("teacher").rows()
    assert depths == [("", 0), ("clerk", 4), ("scholar", 1)]
    reasons, _, made = compose(
        *REAL, *rows_by("scholar", 12), *clerks, teachers=learned, max_depth=3
    )
    assert {reasons[f"clerk-{n}"] for n in range(3)} == {"too_deep"}
    assert "clerk" not in set(made["teacher"])


def test_training_set_never_holds_what_learned_from_the_student(compose: Compose):
    compose(*REAL, *GOOD)
    workshop = Workshop(read_settings())
    mixture = workshop.catalogue.mixture("half")
    first = record_training_set(workshop, mixture, frame_of(*REAL, *rows_by("pupil", 2)))
    model = ModelRecord(name="large-7", family="large", checkpoint="7", trained_on=("half",))
    ModelRegistry(workshop.home.root).add_model(model)
    reasons, details, made = compose(*REAL, *rows_by("scholar", 3), *rows_by("clerk", 12))
    assert {reasons[f"scholar-{n}"] for n in range(3)} == {"own_voice"}
    assert details["scholar-0"] == (
        f"a loop of the flywheel: scholar (large@7) <- model large-7 <- set {first.reference} <- "
        "pupil (tiny@2), which is the student tiny-3 at a checkpoint before"
    )
    assert "scholar" not in set(made["teacher"])


def test_training_set_of_a_teacher_that_saw_its_own_rows_is_refused(compose: Compose):
    compose(*REAL, *GOOD)
    workshop = Workshop(read_settings())
    mixture = workshop.catalogue.mixture("half")
    record_training_set(workshop, mixture, frame_of(*REAL, *rows_by("clerk", 2)))
    learned = [{**each, "trained_on": ["half"]} if each["id"] == "clerk" else each
               for each in TEACHERS]  # fmt: skip
    with pytest.raises(RegistryError, match=r"clerk \(other@1\) was trained on its own rows: "):
        compose(*REAL, *GOOD, teachers=learned)
