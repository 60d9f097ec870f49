"""How sources say what is looked for of a benchmark, and what the UI is told of it."""

from pathlib import Path

import pytest

from synth_assets.core.config.sources import KeptOut
from synth_assets.core.decontaminate.finding import FINDERS, Method
from synth_assets.core.decontaminate.kept_out import REGISTER_SCHEMA
from synth_assets.core.decontaminate.kept_out import KeptOut as ItemsKeptOut
from synth_assets.core.decontaminate.screen import Screen
from synth_assets.core.decontaminate.stage import decontaminate
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.defs.contamination import error_metadata, method_metadata
from synth_assets.errors import CatalogueError
from synth_assets.resources.catalogue import Catalogue, load_catalogue
from synth_assets.resources.home import Home
from synth_assets.resources.kept_out.firewall import ProjectFirewall
from synth_assets.resources.sources.inputs import screen_rules
from synth_assets.resources.sources.located import source_digest
from tests.samples import frame_of, real_row, synthetic_row
from tests.unit.test_decontaminate_finders import ITEM, OTHER, RENAMED, SAME_TOPIC

NOTHING = SAMPLE_SCHEMA.to_frame()
SOURCES = """sources:
  - {reader: file, id: exam, uses: [benchmark], path: exam.jsonl, prompt: q, response: a KEPT}
  - {reader: embedded_probe, id: probe}
  - {reader: stdlib_reference, id: reference}
"""


def catalogue(folder: Path, kept_out: str = "") -> Catalogue:
    said = f", kept_out: {kept_out}" if kept_out else ""
    (folder / "sources.yaml").write_text(SOURCES.replace(" KEPT", said))
    (folder / "exam.jsonl").write_text('{"q": "x", "a": "y"}\n')
    return load_catalogue([folder])


def test_screen_rules_are_13_words_and_all_finders_where_nothing_is_said(tmp_path: Path):
    rules = screen_rules(catalogue(tmp_path))
    assert rules.run_words == {"exam": 13, "probe": 13}
    assert rules.finders.methods("exam") == rules.finders.methods("probe") == set(FINDERS)


def test_screen_rules_are_those_that_the_source_says(tmp_path: Path):
    rules = screen_rules(catalogue(tmp_path, "{ngram: 8, look_for: [perturbed]}"))
    assert rules.run_words == {"exam": 8, "probe": 13}
    assert rules.finders.methods("exam") == {Method.PERTURBED}
    assert rules.finders.methods("probe") == set(FINDERS)


def test_kept_out_says_nothing_of_the_rows_themselves(tmp_path: Path):
    plain = source_digest(catalogue(tmp_path).sources["exam"])
    assert source_digest(catalogue(tmp_path, "{ngram: 8}").sources["exam"]) == plain


@pytest.mark.parametrize("said", ["{ngram: 0}", "{look_for: [translated]}", "{grams: 8}"])
def test_kept_out_that_means_nothing_is_refused(tmp_path: Path, said: str):
    with pytest.raises(CatalogueError, match=r"sources\.yaml"):
        catalogue(tmp_path, said)


def test_kept_out_knows_every_finder():
    assert KeptOut().look_for == tuple(map(str, FINDERS))


def test_metadata_tells_methods_and_error_rates(tmp_path: Path):
    benchmarks = frame_of(real_row("ducks", ITEM, "18"), real_row("robe", OTHER, "3"))
    rows = frame_of(
        synthetic_row("copy", ITEM, "Yes."),
        synthetic_row("other", RENAMED, "Yes."),
        real_row("human", SAME_TOPIC, "A picture of a duck."),
    )
    rules = screen_rules(Catalogue((), (), {}, {}, {}, {}))
    screen = Screen.build(NOTHING, benchmarks, rules)
    found = method_metadata(decontaminate(rows, screen).decisions)
    assert found["found_by"].value == (
        "| method | rows |\n| --- | ---: |\n| perturbed | 1 |\n| text | 1 |"
    )
    registered = REGISTER_SCHEMA.to_frame()
    firewall = ProjectFirewall(
        Home(tmp_path), ItemsKeptOut.of(NOTHING, benchmarks, registered), rules
    )
    errors = error_metadata(firewall.measure_errors(benchmarks, rows))
    lines = str(errors["error_rate"].value).splitlines()
    assert "| verbatim | recall | 2 | 2 | 1 | 0.3424 | 1 |" in lines
    assert "| clean rows | false positives | 2 | 0 | 0 | 0 | 0.6576 |" in lines
    assert method_metadata(decontaminate(NOTHING, screen).decisions) == {}
    assert error_metadata(firewall.measure_errors(NOTHING, rows)) == {}
