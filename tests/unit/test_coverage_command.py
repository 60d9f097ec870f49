"""Coverage of a filled recipe as users see it."""

import json

import pytest

from synth_assets.cli.coverage import _lines, _record
from synth_assets.resources.coverage import measured
from synth_assets.resources.coverage_reference import Reference
from tests.coverage_frames import calls_of, filled_of, plan_of, rows_of
from tests.technique_runs import recipe_of

RECIPE = """
id: drawn
title: Drawn
samples: 8
seeds: {file: seeds.jsonl}
teachers: [{id: writer, weight: 3}, {id: second}]
sampling: {temperature: [0.2, 0.9]}
variations:
  level: [easy, hard]
  tone: {values: [dry, warm], when: {level: hard}}
never: [{level: hard, tone: dry}]
technique:
  kind: problem_generation
  write: {template: write.md.j2, inputs: [level, tone]}
  solve: {template: solve.md.j2, inputs: [question], teachers: [{id: judge}]}
"""
FILES = {"write.md.j2": "{{ level }} {{ tone }}", "solve.md.j2": "{{ question }}"}
EASY = {"level": "easy", "temperature": "0.2"}
HARD = {"level": "hard", "tone": "warm", "temperature": "0.9"}
TEACHERS = ["writer", "second"] * 4
CALLS = {f"ask-{at}": ("write", TEACHERS[at]) for at in range(8)}


@pytest.fixture
def found():
    """Six of eight samples were made; the first gave five rows, two more easy and one hard one."""
    plan = plan_of([EASY] * 4 + [HARD] * 4, TEACHERS)
    positions = [0, 0, 0, 0, 0, 1, 2, 4, 5]
    drawn = [(at, EASY if at < 4 else HARD) for at in positions]
    made = rows_of(*drawn, asked=[(f"ask-{at}", "ask-solve") for at in positions])
    calls = calls_of({**CALLS, "ask-solve": ("solve", "judge")})
    reference = {f"r{at}": f"Trees and leaves number {at}" for at in range(40)}
    filled = filled_of(plan, made, made.head(8), calls)
    return measured(recipe_of(RECIPE, FILES), filled, Reference(reference, "prompt"))


def values(found):
    return {(r["attribute"], r["value"]): r for r in found.shares.values.to_dicts()}


def test_coverage_sets_the_share_of_samples_against_the_share_of_rows(found):
    easy, hard = values(found)["level", "easy"], values(found)["level", "hard"]

    assert (hard["planned"], hard["verified"], hard["kept"], hard["rows"]) == (4, 2, 1, 1)
    assert (easy["planned"], easy["verified"], easy["kept"], easy["rows"]) == (4, 3, 3, 7)
    assert (easy["kept_share"], easy["row_share"]) == (3 / 4, 7 / 8)
    assert easy["gap"] == pytest.approx(7 / 8 - 1 / 2)
    assert values(found)["tone", "warm"]["target_share"] == 1.0, "dry and hard is forbidden"
    assert values(found)["temperature", "0.9"]["rows"] == 1


def test_coverage_counts_samples_and_rows_apart(found):
    assert (found.wanted, found.samples, found.samples_with_rows, found.rows) == (8, 8, 4, 8)
    assert found.counted == "8 wanted; 8 samples planned, 4 of them gave 8 rows"


def test_coverage_shows_teachers_by_weight_and_by_row(found):
    writer, second = (values(found)["write_teacher", name] for name in ("writer", "second"))

    assert (writer["target_share"], second["target_share"]) == (0.75, 0.25)
    assert (writer["planned"], writer["kept"], writer["rows"]) == (4, 3, 7)
    assert (second["planned"], second["kept"], second["rows"]) == (4, 1, 1)
    assert second["row_share"] == 1 / 8
    assert not any(name == "solve_teacher" for name, _ in values(found)), "there is but one"


def test_coverage_names_the_combinations_that_lack_samples(found):
    [hole] = found.space.holes

    assert (hole.values, hole.quota, hole.has) == ({"level": "hard", "tone": "warm"}, 2, 1)
    assert (
        found.space.told
        == "2 combinations of level, tone: 1 full; holes: 1, lacking 1 samples in all"
    )


def test_coverage_in_words_has_every_value_hole_and_topic(found):
    told = [" ".join(line.split()) for line in _lines(found)]

    assert "attribute value planned samples made verified kept rows achieved gap" in told
    assert "level easy 50.0% 4 3 3 3 7 87.5% +37.5 points" in told
    assert "write_teacher second 25.0% 4 2 2 1 1 12.5% -12.5 points" in told
    assert "level hard, tone warm 2 1 1" in told
    assert any(line.startswith("1 topics of the reference") for line in told)


def test_coverage_for_programs_has_all_figures(found):
    told = json.loads(json.dumps(_record(found)))

    assert (told["wanted"], told["samples"], told["samples_with_rows"], told["rows"]) == (
        8,
        8,
        4,
        8,
    )
    assert told["space"]["attributes"] == ["level", "tone"]
    assert (told["space"]["cells"], told["space"]["full"], told["space"]["lacking"]) == (2, 1, 1)
    assert {each["attribute"] for each in told["distances"]} == {
        *("level", "tone", "temperature", "write_teacher"),
    }
    assert told["topics"][0]["reference_rows"] == 40


def test_coverage_of_fewer_samples_than_combinations_prints_no_hole():
    many = RECIPE.replace("[easy, hard]", "[easy, hard, odd, even, low, high]")
    rows = rows_of(*[(0, EASY)] * 30)
    found = measured(recipe_of(many, FILES), filled_of(plan_of([EASY, HARD]), rows))

    assert found.rows == 30
    assert found.space is not None
    assert found.space.holes == ()
    assert "Combinations are not counted: two attributes have more than samples gave rows." in [
        *_lines(found)
    ]


def test_coverage_of_rare_combinations_says_how_many_have_no_whole_sample():
    rare = RECIPE.replace("[easy, hard]", "[{value: easy, weight: 9}, hard]")
    rows = rows_of(*((at, EASY) for at in range(7)))
    found = measured(recipe_of(rare, FILES), filled_of(plan_of([EASY] * 7 + [HARD]), rows))

    assert found.space is not None
    assert (found.space.cells, found.space.holes, found.space.without_quota) == (1, (), 1)
    assert found.shares.cells["lacking"].to_list() == [0, 0]


TEXTBOOK = """
id: lessons
title: Lessons
samples: 2
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
variations: {level: [easy, hard]}
technique:
  kind: textbook
  styles: styles.txt
  expand: {template: expand.md.j2, inputs: [topic]}
  write: {template: write.md.j2, inputs: [topic, level]}
  exercise: {template: exercise.md.j2, inputs: [topic, style]}
"""
LESSONS = {
    "expand.md.j2": "{{ topic }}",
    "write.md.j2": "{{ topic }} {{ level }}",
    "exercise.md.j2": "{{ topic }} {{ style }}",
    "styles.txt": "# how\nas a letter\nas a riddle\n\nas a bill\n",
}


def lesson(number: int, level: str) -> dict[str, str]:
    return {"level": level, "topic": f"T{number}", "lesson": str(number)}


def test_coverage_of_requests_that_only_plan_counts_them_neither_planned_nor_lost():
    topics = [{"level": "easy", "topic": "T"}] * 3
    plan = plan_of([*topics, lesson(1, "easy"), lesson(2, "hard")])
    styles = ["as a letter", "as a letter", "as a bill"]
    exercises = [(3 + at // 2, {**lesson(1, "easy"), "style": s}) for at, s in enumerate(styles)]
    rows = rows_of((3, lesson(1, "easy")), (4, lesson(2, "hard")), *exercises)
    found = measured(recipe_of(TEXTBOOK, LESSONS), filled_of(plan, rows))

    assert (found.samples, found.samples_with_rows, found.only_planning) == (2, 2, 3)
    assert found.counted.endswith("gave 5 rows; 3 more requests only served to plan them")
    assert values(found)["level", "easy"]["planned"] == 1


def test_coverage_of_styles_sets_equal_parts_against_rows_that_have_one():
    plan = plan_of([lesson(1, "easy"), lesson(2, "hard")])
    told = [(0, {"style": "as a letter"})] * 2 + [(1, {"style": "as a bill"}), (1, {})]
    found = values(measured(recipe_of(TEXTBOOK, LESSONS), filled_of(plan, rows_of(*told))))

    styles = {value: row for (name, value), row in found.items() if name == "style"}
    assert {value: (row["rows"], row["row_share"]) for value, row in styles.items()} == {
        "as a letter": (2, 2 / 3),
        "as a bill": (1, 1 / 3),
        "as a riddle": (0, 0.0),
    }
    assert {row["target_share"] for row in styles.values()} == {1 / 3}
    assert {row["planned"] for row in styles.values()} == {None}


QUESTIONS = """
id: asked
title: Asked
samples: 2
seeds: {file: seeds.jsonl}
teachers: [{id: writer}]
technique:
  kind: grounded_qa
  no_answer: It does not say.
  questions: 2
  ask: {template: ask.md.j2, inputs: [passage, count, earlier]}
"""
ASK = {"ask.md.j2": "{{ passage }} {{ count }} {{ earlier }}"}


def test_coverage_of_kinds_that_a_teacher_chose_has_no_plan():
    told = [{"kind": "cause"}, {"kind": "cause"}, {"kind": "number"}]
    rows = rows_of(*((at // 2, each) for at, each in enumerate(told)))
    found = measured(recipe_of(QUESTIONS, ASK), filled_of(plan_of([{}, {}]), rows))

    cause = values(found)["kind", "cause"]
    assert (cause["rows"], cause["row_share"]) == (2, 2 / 3)
    assert (cause["target_share"], cause["gap"], cause["planned"]) == (None, None, None)
    assert any(line.split() == ["kind", "cause", "2", "66.7%"] for line in _lines(found))


def test_coverage_of_kinds_that_are_drawn_has_their_plan():
    drawn = QUESTIONS + "variations: {kind: [cause, number]}\n"
    ask = drawn.replace("inputs: [passage", "inputs: [kind, passage")
    files = {"ask.md.j2": "{{ kind }}" + ASK["ask.md.j2"]}
    kinds = [{"kind": "cause"}, {"kind": "number"}]
    rows = rows_of((0, kinds[0]), (0, kinds[0]), (1, kinds[1]))
    cause = values(measured(recipe_of(ask, files), filled_of(plan_of(kinds), rows)))[
        "kind", "cause"
    ]

    assert (cause["target_share"], cause["planned"], cause["row_share"]) == (0.5, 1, 2 / 3)


CASES = """
id: cases
title: Cases
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
variations: {{colour: [red, blue, green, grey]}}
technique:
  kind: edge_cases
  at_once: 4
  give_up_after: 2
  space: {{fault: [late, lost], tone: [calm, cross]}}
  write: {{template: write.md.j2, inputs: [fault, tone, colour]}}
"""
WRITE = {"write.md.j2": "{{ fault }} {{ tone }} {{ colour }}"}
CELLS = [(fault, tone) for fault in ("late", "lost") for tone in ("calm", "cross")]


def case(cell: tuple[str, str], at: int = 0) -> dict[str, str]:
    return {"fault": cell[0], "tone": cell[1], "colour": ("red", "blue", "green")[at % 3]}


def test_coverage_of_a_space_is_what_the_technique_says_whatever_varies_besides():
    drawn = [case(CELLS[at % 4], at) for at in range(400)]
    rows = rows_of(*enumerate(drawn))
    found = measured(recipe_of(CASES.format(samples=400), WRITE), filled_of(plan_of(drawn), rows))

    assert (found.space.cells, found.space.quota, found.space.full) == (4, 400, 4)
    assert found.space.attributes == ("fault", "tone")
    assert "4 cells of the technique's own space, 400 samples wanted: each has its quota." in [
        *_lines(found)
    ]


def test_coverage_of_a_space_counts_against_what_is_wanted_and_names_what_was_given_up():
    hopeless = ("lost", "cross")
    # Two each are wanted; one cell never comes, and one sample of another is a duplicate.
    rounds = [CELLS, [*CELLS[:3], hopeless]]
    drawn = [case(cell) for tried in rounds for cell in tried]
    rows = rows_of(*((at, each) for at, each in enumerate(drawn) if each != case(hopeless)))
    recipe = recipe_of(CASES.format(samples=8), WRITE)
    found = measured(recipe, filled_of(plan_of(drawn), rows, rows.head(5)))

    assert [
        (hole.values["fault"], hole.values["tone"], hole.has) for hole in found.space.holes
    ] == [
        ("lost", "cross", 0),
        ("lost", "calm", 1),
    ]
    assert [hole.is_given_up for hole in found.space.holes] == [True, False]
    assert (found.space.cells, found.space.full, found.space.lacking) == (4, 2, 3)
    told = [" ".join(line.split()) for line in _lines(found)]
    assert (
        "4 cells of the technique's own space, 8 samples wanted: 2 full; holes: 2, lacking 3 "
        "samples in all; given up: 1; the most:"
    ) in told
    assert "fault lost, tone cross 2 0 2 given up" in told
    assert _record(found)["space"]["given_up"] == 1


def test_coverage_of_more_cells_than_samples_says_how_many_have_none():
    rows = rows_of((0, case(CELLS[0])))
    found = measured(recipe_of(CASES.format(samples=3), WRITE), filled_of(plan_of([{}]), rows))

    assert (found.space.cells, found.space.without_quota) == (3, 1)
    assert found.space.told.endswith("; with a part of less than one sample: 1 more")
