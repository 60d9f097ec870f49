"""The machine-readable description, held to mlcroissant; everything is read from the disk."""

import json
from dataclasses import replace

import polars as pl
import pytest

from synth_assets.core.config.mixtures import ExportSpec
from synth_assets.core.export.card import CROISSANT_FILE, descriptions
from synth_assets.core.export.croissant import croissant_json
from synth_assets.core.schema import TRAINING_SCHEMA
from synth_assets.resources.exports import export_training_set
from tests.samples import real_row, synthetic_row
from tests.unit.card_examples import UNEVALUABLE, facts, kept_out, mixture, training_rows, written

mlcroissant = pytest.importorskip("mlcroissant", reason="the validator of Croissant files")

HISTORY = '[{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Good day."}]'


def some_rows(count=9):
    """Rows with all that rows can have: chats before, worse answers, odd signs, missing numbers."""
    rows = [
        synthetic_row(
            f"s{n}",
            f'Frage {n}: "Äpfel"\n\t\\ 🍏?',
            f"Antwort {n}",
            difficulty=None if n % 2 else n / 4,
            score=float(n) / 8,
            rejected=f"schlecht {n}",
            history=HISTORY if n % 3 else "",
            parent_ids=tuple(f"p{each}" for each in range(n % 3)),
        )
        for n in range(count - 1)
    ]
    made = training_rows(*rows, real_row("r", "Who?", "Nobody.", rejected="All."))
    splits = ["test" if n % 4 == 3 else "train" for n in range(count)]
    return made.with_columns(split=pl.Series(splits))


def exported(folder, spec=ExportSpec(), rows=None, **known):  # noqa: B008
    rows = some_rows() if rows is None else rows
    place = folder.parent / f"{folder.name}.parquet"
    place.parent.mkdir(exist_ok=True)
    rows.write_parquet(place)
    return export_training_set(
        folder,
        place,
        spec,
        describe=lambda data: descriptions(facts(rows=rows, written=data, **known)),
    )


def opened(folder):
    return mlcroissant.Dataset(jsonld=str(folder / CROISSANT_FILE))


def records(folder, split):
    return [_plain(record) for record in opened(folder).records(split)]


def _plain(value):
    """As Polars reads it: text for bytes, and columns without the name of their record set."""
    match value:
        case bytes():
            return value.decode()
        case dict():
            return {key.rpartition("/")[2]: _plain(each) for key, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case _:
            return value


def laid_out(made, split):
    shards = [file for file in made.rows.files if file.split == split]
    kind = max(file.kind for file in shards)
    read = pl.read_parquet if kind == "parquet" else pl.read_ndjson
    paths = [made.folder / file.path for file in shards if file.kind == kind]
    return pl.concat([read(path) for path in paths]).to_dicts()


@pytest.mark.parametrize(
    "spec",
    [
        ExportSpec(),
        ExportSpec(rows_per_file=2),
        ExportSpec(files=("jsonl",)),
        ExportSpec(files=("jsonl",), compression="gzip"),
        ExportSpec(format="sharegpt", files=("parquet",)),
        ExportSpec(format="alpaca", files=("parquet",)),
        ExportSpec(format="prompt_completion", files=("parquet",)),
        ExportSpec(format="trl_sft", files=("parquet",)),
        ExportSpec(format="trl_dpo", files=("parquet",)),
        ExportSpec(format="trl_kto", files=("parquet",), rows_per_file=5),
        ExportSpec(format="text", files=("parquet",), provenance=False),
    ],
    ids=lambda spec: f"{spec.format}-{'-'.join(spec.files)}-{spec.rows_per_file}",
)
def test_croissant_records_are_the_exported_rows(tmp_path, spec):
    made = exported(tmp_path / "set", spec)
    for split in ("train", "test"):
        rows = laid_out(made, split)
        assert len(rows) > 1
        assert records(made.folder, split) == rows


def test_croissant_validates_without_an_error_and_lacks_only_a_date(tmp_path):
    made = exported(tmp_path / "set")
    issues = opened(made.folder).metadata.ctx.issues
    assert not issues.errors
    [warning] = issues.warnings
    assert "datePublished" in warning


def test_croissant_names_every_file_by_its_content(tmp_path):
    made = exported(tmp_path / "set")
    told = {each.id: each.sha256 for each in opened(made.folder).metadata.distribution}
    assert told == {file.path: file.sha256 for file in made.rows.files}
    train = made.folder / "train.parquet"
    train.write_bytes(train.read_bytes() + b" ")
    with pytest.raises(Exception, match="Download") as refused:
        records(made.folder, "train")
    assert "not identical with the reference" in str(refused.value.__cause__)


def test_croissant_of_equal_facts_is_equal_to_the_byte(tmp_path):
    rows = some_rows()
    first = exported(tmp_path / "a" / "set", rows=rows)
    second = exported(tmp_path / "b" / "set", rows=rows)
    assert first.beside[CROISSANT_FILE] == second.beside[CROISSANT_FILE]
    known = facts()
    assert croissant_json(facts(rows=known.rows.reverse())) == croissant_json(known)


def test_croissant_does_not_change_with_what_was_paid_when(tmp_path):
    known = facts()
    paid = replace(known.stages, cost=known.stages.cost.with_columns(bought_usd=pl.lit(0.0)))
    assert croissant_json(facts(stages=paid)) == croissant_json(known)


def test_croissant_version_changes_with_rows_and_with_the_policy():
    files = written()
    other = replace(files.files[0], sha256="ef" * 32)
    versions = {
        json.loads(croissant_json(each))["version"]
        for each in (
            facts(),
            facts(written=replace(files, files=(other, *files.files[1:]))),
            facts(mixture=mixture(seed=3)),
        )
    }
    assert len(versions) == 3


def test_croissant_tells_what_is_known_for_responsible_use():
    told = json.loads(croissant_json(facts(kept_out=kept_out(evaluability=UNEVALUABLE))))
    assert "1 rows written by people were taken from data sources." in told["rai:dataCollection"]
    assert "scholar are rule-based programs, no language models." in told["rai:dataCollection"]
    assert told["rai:dataCollectionType"] == ["Secondary Data analysis", "Others"]
    assert told["rai:dataCollectionRawData"] == "plain (MIT): 1 rows"
    assert told["rai:machineAnnotationTools"] == ["number"]
    assert "50.0% of the synthetic rows are by scholar." in told["rai:dataBiases"]
    assert "Unevaluable: There is no held-out real row." in told["rai:dataLimitations"]
    assert told["rai:dataUseCases"] == ["Training of plain; use: research"]
    assert told["rai:personalSensitiveInformation"] == ["Personal data was not looked for."]
    assert told["license"] == [
        "https://spdx.org/licenses/Apache-2.0.html",
        "https://spdx.org/licenses/MIT.html",
    ]
    assert told["inLanguage"] == ["de", "en"]


@pytest.mark.parametrize(
    "said", ['"}],"@id":"x"', "@type\n{{}}", "http://evil.example/#x", "_:b0 \\", "\x00\x1b"]
)
def test_croissant_of_hostile_text_is_read_back_as_one_line_of_it(tmp_path, said):
    rows = some_rows()
    known = {"mixture": mixture(said), "recipes": facts(said).recipes}
    made = exported(tmp_path / "set", rows=rows, **known)
    metadata = opened(made.folder).metadata
    line = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    assert metadata.description.startswith(f"{line} 9 rows" if line else "9 rows")
    assert [each.id for each in metadata.record_sets] == ["train", "test"]
    assert records(made.folder, "test") == laid_out(made, "test")


def test_croissant_of_no_rows_is_still_a_document():
    empty = facts(rows=TRAINING_SCHEMA.to_frame(), recipes=())
    told = json.loads(croissant_json(empty))
    assert told["rai:dataCollection"] == ""
    assert told["license"] == []
