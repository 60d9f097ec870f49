"""Coverage of a filled recipe as users see it."""

import json

import polars as pl
import pytest

from synth_assets.cli.coverage import _lines, _record
from synth_assets.core.schema import PLAN_SCHEMA, Stage
from synth_assets.resources.coverage import measured
from tests.samples import frame_of, synthetic_row
from tests.technique_runs import recipe_of

RECIPE = """
id: drawn
title: Drawn
samples: 8
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
sampling: {temperature: [0.2, 0.9]}
variations:
  level: [easy, hard]
  tone: {values: [dry, warm], when: {level: hard}}
never: [{level: hard, tone: dry}]
technique:
  kind: problem_generation
  write: {template: write.md.j2, inputs: [level, tone]}
  solve: {template: solve.md.j2, inputs: [question]}
"""
FILES = {"write.md.j2": "{{ level }} {{ tone }}", "solve.md.j2": "{{ question }}"}


@pytest.fixture
def found():
    drawn = [{"level": "easy", "temperature": "0.2"}] * 4
    drawn += [{"level": "hard", "tone": "warm", "temperature": "0.9"}] * 4
    rows = [
        (f"s{at}", "seed", 0, f"f{at}", "writer", "m", "{}", "h", json.dumps(each), at)
        for at, each in enumerate(drawn)
    ]
    plan = pl.DataFrame(rows, schema=PLAN_SCHEMA, orient="row")
    made = frame_of(*(synthetic_row(f"piece-{at}", f"P{at}", "R", position=at) for at in range(6)))
    kept = made.head(4)
    reference = {f"r{at}": f"Trees and leaves number {at}" for at in range(40)}
    return measured(recipe_of(RECIPE, FILES), plan, made, made, kept, Stage.VERIFY, reference)


def test_coverage_counts_planned_samples_whatever_their_rows_are_called(found):
    rows = {(r["attribute"], r["value"]): r for r in found.shares.values.to_dicts()}

    hard = rows["level", "hard"]
    assert (hard["planned"], hard["generated"], hard["kept"]) == (4, 2, 0)
    assert rows["level", "easy"]["gap"] == pytest.approx(0.5)
    assert rows["tone", "warm"]["target_share"] == 1.0, "dry and hard is forbidden"
    assert rows["temperature", "0.9"]["kept"] == 0


def test_coverage_names_the_combinations_that_lack_rows(found):
    holes = found.shares.holes.to_dicts()

    assert [(json.loads(each["cell"]), each["lacking"]) for each in holes] == [
        ({"level": "hard", "tone": "warm"}, 2)
    ]


def test_coverage_in_words_has_every_value_hole_and_topic(found):
    text = "\n".join(_lines(found))

    assert "level         easy   50.0%        4          4         4     4  100.0%  +50.0" in text
    assert "1 lack rows, 2 in all" in text
    assert "level hard, tone warm      2        4     0        2" in text
    assert "1 topics of the reference" in text


def test_coverage_for_programs_has_all_figures(found):
    told = json.loads(json.dumps(_record(found)))

    assert told["joint"] == ["level", "tone"]
    assert {each["attribute"] for each in told["distances"]} == {"level", "tone", "temperature"}
    assert told["topics"][0]["reference_rows"] == 40
