"""Edge cases, driven by the real engine with scripted answers."""

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.completion import Request
from synth_assets.core.fingerprint import short_id
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.edge_cases import EdgeCases, quotas_of
from synth_assets.core.techniques.filling import Filling
from synth_assets.errors import RecipeError
from tests.technique_runs import (
    TechniqueRun,
    assert_replays,
    recipe_of,
    run_technique,
    seeds_of_fields,
)

RECIPE = """
id: cases
title: Cases
technique:
  kind: edge_cases
  {more}
  space:
    kind: [{{value: fault, weight: 2}}, question]
    fault: {{values: [late, lost], when: {{kind: fault}}}}
    tone: [calm, cross]
  never: [{{fault: lost, tone: calm}}]
  write: {{template: write.md.j2, inputs: [thing, kind, fault, tone, colour]{form}}}
  {check}
seeds: {{file: seeds.jsonl}}
samples: {samples}
teachers: [{{id: writer}}]
variations: {{colour: [red, blue]}}
verifiers: [{{kind: length, min_words: 2}}]
"""
CHECK = "check: {template: check.md.j2, inputs: [query, handling, kind], teachers: [{id: judge}]}"
TEXT = {"type": "string"}
FILES = {
    "write.md.j2": "{{ kind }}/{{ fault }}/{{ tone }}/{{ colour }}: {{ thing }}",
    "check.md.j2": "{{ kind }}? {{ query }} -> {{ handling }}",
    "form.json": json.dumps(
        {
            "type": "object",
            "properties": {"query": TEXT, "handling": TEXT},
            "required": ["query", "handling"],
        }
    ),
}
SEEDS = seeds_of_fields(*({"thing": f"thing {n}. It is kept."} for n in range(5)))
CELLS = {"fault/late/calm", "fault/late/cross", "fault/lost/cross", "question//calm"} | {
    "question//cross"
}


def cell_of(request: Request) -> str:
    return request.messages[-1].content.rpartition("/")[0]


def good(request: Request) -> str:
    said = request.messages[-1].content
    if request.step == "check":
        return "<verdict>Yes.</verdict><reason>plain</reason>"
    name = short_id([said, request.sample_index])
    return f"<query>{said} {name}</query><handling>do {name}</handling>"


def run(
    folder: Path,
    answer: Callable[[Request], str] = good,
    samples: int = 12,
    more: str = "rounds: 10",
    check: str = "",
    form: str = "",
) -> TechniqueRun:
    text = RECIPE.format(samples=samples, more=more, check=check, form=form)
    return run_technique(folder, recipe_of(text, FILES), SEEDS, answer)


def cells(made: TechniqueRun) -> Counter[str]:
    drawn = [sample.drawn for sample in made.samples]
    return Counter(f"{d['kind']}/{d.get('fault', '')}/{d['tone']}" for d in drawn)


def test_edge_cases_every_cell_gets_its_quota_in_one_round(tmp_path: Path):
    made = run(tmp_path)
    assert [r.planned for r in made.rounds] == [12]
    found = cells(made)
    assert set(found) == CELLS
    assert found["fault/lost/cross"] == 4
    assert {found[name] for name in CELLS - {"fault/lost/cross"}} == {2}
    first = made.samples[0]
    assert first.prompt.startswith("fault/late/")
    assert first.response == f"do {first.prompt.rpartition(' ')[2]}"
    assert set(first.drawn) == {"kind", "fault", "tone", "colour"}
    assert "fault" not in made.samples[-1].drawn or made.samples[-1].drawn["kind"] == "fault"
    assert max(Counter(s.seed_id for s in made.samples).values()) == 3
    assert {s.drawn["colour"] for s in made.samples} == {"red", "blue"}


def test_edge_cases_rounds_begin_with_the_emptiest_cells(tmp_path: Path):
    def answer(request: Request) -> str:
        failing = cell_of(request).startswith("fault/lost") and request.sample_index == 0
        return "nothing" if failing else good(request)

    made = run(tmp_path, answer, more="at_once: 6\n  give_up_after: 9")
    assert [r.planned for r in made.rounds][:2] == [6, 12]
    asked = [cell_of(request) for request in made.asked("write")]
    first = Counter(asked[:6])
    assert set(first) == {f"{name}" for name in first}
    assert len(first) == 5, "every cell is tried before any gets much"
    assert cells(made)["fault/lost/cross"] == 4
    assert len(made.samples) == 12


def test_edge_cases_hopeless_cell_is_given_up_and_named(tmp_path: Path):
    def answer(request: Request) -> str:
        return "nothing" if cell_of(request).startswith("fault/lost") else good(request)

    made = run(tmp_path, answer, more="give_up_after: 2")
    assert len(made.rounds) == 2
    assert cells(made)["fault/lost/cross"] == 0
    assert len(made.samples) == 8
    told = [detail for _, detail in made.reasons.values()]
    assert len(told) == 8
    named = "given up unless another brings one: kind fault, fault lost, tone cross"
    assert sum(detail.endswith(named) for detail in told) == 4


def test_edge_cases_rejected_by_verifiers_are_planned_again(tmp_path: Path):
    def answer(request: Request) -> str:
        short = request.sample_index == 0
        return "<query>q</query><handling>no</handling>" if short else good(request)

    made = run(tmp_path, answer, samples=6, more="give_up_after: 5")
    assert len(made.rounds) > 1
    accepted = [sample for sample in made.samples if len(sample.response.split()) > 1]
    assert len(accepted) == 6


def test_edge_cases_rounds_have_an_end(tmp_path: Path):
    made = run(tmp_path, lambda _: "nothing", more="rounds: 2\n  give_up_after: 50")
    assert [r.planned for r in made.rounds] == [12, 24]
    assert made.why == [Reason.UNPARSABLE] * 24


@pytest.mark.parametrize(
    ("verdict", "reason", "detail"),
    [
        ("<verdict>no</verdict><reason>too tame</reason>", Reason.WRONG_KIND, "too tame"),
        ("<verdict>maybe</verdict><reason>x</reason>", Reason.UNPARSABLE, "neither yes nor no"),
        ("<verdict>yes, but no</verdict><reason>x</reason>", Reason.UNPARSABLE, "yes, but no"),
        ("<verdict>**No**</verdict><reason>too tame</reason>", Reason.WRONG_KIND, "too tame"),
        ("<verdict>yes</verdict>", Reason.UNPARSABLE, "<reason>"),
        (
            "<verdict>yes</verdict><verdict>no</verdict><reason>x</reason>",
            Reason.UNPARSABLE,
            "stands 2 times",
        ),
        ("I cannot help with that.", Reason.REFUSAL, "refused"),
    ],
)
def test_edge_cases_judge_that_does_not_say_yes_keeps_the_sample_out(
    tmp_path: Path, verdict: str, reason: Reason, detail: str
):
    made = run(
        tmp_path,
        lambda request: verdict if request.step == "check" else good(request),
        more="rounds: 1",
        check=CHECK,
    )
    assert made.samples == ()
    assert made.why == [reason] * 12
    assert all(detail in told for _, told in made.reasons.values())


def test_edge_cases_judge_sees_query_handling_and_case(tmp_path: Path):
    made = run(tmp_path, samples=5, check=CHECK)
    assert len(made.samples) == 5
    asked = {request.messages[-1].content for request in made.asked("check")}
    drawn = {f"{s.drawn['kind']}? {s.prompt} -> {s.response}" for s in made.samples}
    assert asked == drawn
    assert {sample.teacher for sample in made.samples} == {"writer"}
    assert {len(sample.request_fingerprints) for sample in made.samples} == {2}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("<query>q</query>", Reason.UNPARSABLE),
        ("<query> </query><handling>do it</handling>", Reason.UNPARSABLE),
        ("", Reason.EMPTY_COMPLETION),
        ("<none/>", Reason.DECLINED),
    ],
)
def test_edge_cases_bad_answers_have_their_reasons(tmp_path: Path, answer: str, reason: Reason):
    made = run(tmp_path, lambda _: answer, more="rounds: 1")
    assert made.why == [reason] * 12


def test_edge_cases_context_asks_for_the_rule_that_decides(tmp_path: Path):
    def answer(request: Request) -> str:
        return f"{good(request)}<rule>It is kept.</rule>"

    made = run(tmp_path, answer, samples=5, more="context: thing")
    assert {sample.reference for sample in made.samples} == {"It is kept."}
    assert all(re.fullmatch(r"thing \d\. It is kept\.", s.context) for s in made.samples)
    none = run(tmp_path / "none", samples=5, more="context: thing\n  rounds: 1")
    assert none.why == [Reason.UNPARSABLE] * 5


def test_edge_cases_context_that_is_no_input_is_refused_before_anything_is_asked(tmp_path: Path):
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return good(request)

    with pytest.raises(RecipeError, match=r"context: seeds have no field thnig, only .*thing"):
        run(tmp_path, answer, more="context: thnig")
    assert asked == []


@pytest.mark.parametrize("verdict", ["**yes**", "YES", "Verdict: yes", "True."])
def test_edge_cases_verdict_is_read_however_it_is_marked(tmp_path: Path, verdict: str):
    said = f"<verdict>{verdict}</verdict><reason>plain</reason>"
    made = run(tmp_path, lambda r: said if r.step == "check" else good(r), samples=5, check=CHECK)
    assert len(made.samples) == 5


def test_edge_cases_rounds_go_on_as_long_as_cells_fill(tmp_path: Path):
    made = run(tmp_path, samples=36, more="at_once: 2")
    assert len(made.rounds) == 18
    assert len(made.samples) == 36


def test_edge_cases_json_answer_is_read(tmp_path: Path):
    def answer(request: Request) -> str:
        name = short_id([request.messages[-1].content, request.sample_index])
        return json.dumps({"query": f"q {name}", "handling": f"do {name}"})

    made = run(tmp_path, answer, samples=5, form=", schema_file: form.json")
    assert len(made.samples) == 5


def _spotty(request: Request) -> str:
    digit = int(short_id([request.messages[-1].content, request.sample_index])[0], 16)
    return "nothing" if digit < 6 else good(request)


def test_edge_cases_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    whole = assert_replays(tmp_path, partial(run, samples=40), _spotty, (0, 1, 25, 52))
    assert len(whole.rounds) > 2
    assert len(whole.samples) >= 38


def test_edge_cases_filling_of_samples_names_the_holes(tmp_path: Path):
    made = run(tmp_path, samples=12)
    technique = recipe_of(RECIPE.format(samples=12, more="", check="", form=""), FILES)
    said = technique.spec.technique
    assert isinstance(said, EdgeCases)
    assert said.filling(made.samples, 12).holes == {}
    lost = [s for s in made.samples if s.drawn.get("fault") != "lost"]
    hole = (("kind", "fault"), ("fault", "lost"), ("tone", "cross"))
    assert said.filling(lost, 12).holes == {hole: 4}


SHARES = st.dictionaries(
    st.integers(0, 40).map(lambda n: (("a", str(n)),)), st.integers(1, 50), min_size=1
)


@given(SHARES, st.integers(1, 500))
def test_quotas_add_up_and_lie_within_one_of_their_share(weights, wanted: int):
    total = sum(weights.values())
    shares = {cell: weight / total for cell, weight in weights.items()}
    quotas = quotas_of(shares, wanted)
    assert sum(quotas.values()) == wanted
    assert min(quotas.values()) >= 1
    assert all(abs(quotas.get(cell, 0) - share * wanted) < 1 for cell, share in shares.items())
    assert quotas == quotas_of(dict(reversed(shares.items())), wanted)


def test_filling_next_cells_are_those_that_lack_most_of_their_quota():
    a, b, c = ((("x", name),) for name in "abc")
    filling = Filling({a: 4, b: 2, c: 1}, {a: 3, b: 1}, {}, 3)
    assert filling.next_cells(10) == [c, b, a]
    assert filling.next_cells(1) == [c]
    hopeless = Filling({a: 4, b: 2, c: 1}, {a: 3, b: 1}, {c: 3}, 3)
    assert hopeless.next_cells(10) == [b, a]
    assert hopeless.given_up == (c,)
    assert hopeless.holes == {a: 1, b: 1, c: 1}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("tone: [calm, cross]", "tone: {file: tones.txt}", "tone names a file"),
        ("when: {kind: fault}", "when: {mood: x}", "mood is not declared"),
        ("tone: [calm, cross]", "tone: [calm, calm]", "'calm' stands twice"),
        ("fault: lost, tone: calm", "tone: [calm, cross]", "forbids every combination"),
    ],
)
def test_edge_cases_space_that_is_none_is_refused(old: str, new: str, told: str):
    text = RECIPE.format(samples=1, more="", check="", form="")
    assert old in text
    with pytest.raises(RecipeError, match=told):
        recipe_of(text.replace(old, new), FILES)


def test_edge_cases_filling_goes_through_the_rounds_again_to_say_what_was_given_up(tmp_path: Path):
    def answer(request: Request) -> str:
        return "nothing" if cell_of(request).startswith("fault/lost") else good(request)

    made = run(tmp_path, answer, more="give_up_after: 2")
    planned = len(made.asked("write"))
    said = recipe_of(
        RECIPE.format(samples=12, more="give_up_after: 2", check="", form=""), FILES
    ).spec.technique
    hole = (("kind", "fault"), ("fault", "lost"), ("tone", "cross"))

    whole = said.filling(made.samples, 12, made.samples, planned)
    assert whole is not None
    assert (whole.holes, whole.given_up) == ({hole: 4}, (hole,))
    cut_off = said.filling(made.samples, 12, made.samples, 12)
    assert cut_off is not None
    assert (cut_off.holes, cut_off.given_up) == ({hole: 4}, ()), "one round was tried"
    duplicates = said.filling(made.samples[2:], 12, made.samples, planned)
    assert duplicates is not None
    assert sum(duplicates.holes.values()) == 6
    assert duplicates.given_up == (hole,)
