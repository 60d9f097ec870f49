"""Answers criticised and revised: what each step sees, when it ends, what is dropped."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.techniques.constitutional import held_to, read_principles
from synth_assets.errors import RecipeError, TechniqueError
from tests.technique_runs import (
    Answer,
    TechniqueRun,
    assert_replays,
    recipe_of,
    run_technique,
    seeds_of_fields,
)

RECIPE = """
id: tiny
title: Advice revised
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
technique:
  kind: constitutional
  answer: {{template: a.j2, inputs: [instruction]}}
  critique: {{template: c.j2, inputs: [instruction, response, principles, round],
              teachers: [{{id: judge}}]}}
  revise: {{template: r.j2, inputs: [instruction, response, critique], teachers: [{{id: second}}]}}
{more}
"""
FILES = {
    "a.j2": "{{ instruction }}",
    "c.j2": "{{ round }}|{{ instruction }}|{{ response }}|{{ principles }}",
    "r.j2": "{{ instruction }}|{{ response }}|{{ critique }}",
    "principles.txt": (
        "# ours\nkind: Be kind.\n\nBe brief: no more than needed.\nhonest: Be honest.\n"
    ),
}
ASKED = ("How do I fold a map?", "How do I carry a ladder?", "How do I wrap a vase?")
SEEDS = seeds_of_fields(*({"instruction": asked} for asked in ASKED))
NONE = "<critique>Nothing.</critique><verdict>none</verdict>"


def recipe(more: str = "", samples: int = 3, **files: str):
    return recipe_of(RECIPE.format(samples=samples, more=more), {**FILES, **files})


def found(what: str) -> str:
    return f"<critique>{what}</critique>\n<verdict>present</verdict>"


def script(
    critiques: tuple[str, ...] = (found("It scolds."), NONE),
    revisions: tuple[str, ...] = ("<revision>Kindly said.</revision>",),
    first: str = "Scolding.",
) -> Callable[[Request], str]:
    """Critiques in the order of rounds; revisions in the order of the texts they are given."""
    texts = [first, *(r.replace("<revision>", "").replace("</revision>", "") for r in revisions)]

    def answer(request: Request) -> str:
        said = request.messages[-1].content
        match request.step:
            case "critique":
                return critiques[int(said.partition("|")[0]) - 1]
            case "revise":
                return revisions[texts.index(said.split("|")[1])]
            case _:
                return first

    return answer


# --- what is made -------------------------------------------------------------------------------


def test_constitutional_first_critique_that_finds_nothing_ends_without_a_pair(tmp_path: Path):
    made = run_technique(tmp_path, recipe(), SEEDS, script((NONE,)))

    assert len(made.samples) == 3
    assert {(s.response, s.rejected) for s in made.samples} == {("Scolding.", "")}
    for sample in made.samples:
        assert sample.prompt in ASKED
        assert sample.teacher == "writer"
        told = {name: sample.drawn[name] for name in ("revisions", "settled", "critique_1")}
        assert told == {"revisions": 0, "settled": "yes", "critique_1": "Nothing."}
    assert Counter(r.step for r in made.requests) == {"answer": 3, "critique": 3}


def test_constitutional_revised_answer_and_the_first_are_one_row(tmp_path: Path):
    made = run_technique(tmp_path, recipe(), SEEDS, script())

    assert {(s.response, s.rejected) for s in made.samples} == {("Kindly said.", "Scolding.")}
    for sample in made.samples:
        assert sample.drawn["revisions"] == 1
        assert sample.drawn["settled"] == "yes"
        assert sample.drawn["critique_1"] == "It scolds."
        assert sample.drawn["critique_2"] == "Nothing."
        assert sample.teacher == "second", "who wrote the response"
        assert len(sample.request_fingerprints) == 4
    assert Counter(r.step for r in made.requests) == {"answer": 3, "critique": 6, "revise": 3}


def test_constitutional_steps_see_principles_answer_and_critique(tmp_path: Path):
    made = run_technique(tmp_path, recipe("  per_sample: 3", samples=1), SEEDS[:1], script())

    asked = SEEDS[0].fields["instruction"]
    first, second = (r.messages[-1].content for r in made.asked("critique"))
    number, instruction, response, principles = first.split("|")
    assert (number, instruction, response) == ("1", asked, "Scolding.")
    assert sorted(principles.splitlines()) == [
        "- Be brief: no more than needed.",
        "- Be honest.",
        "- Be kind.",
    ]
    assert second == f"2|{asked}|Kindly said.|{principles}"
    [revise] = made.asked("revise")
    assert revise.messages[-1].content == f"{asked}|Scolding.|It scolds."
    names = str(made.samples[0].drawn["principles"]).split(", ")
    assert sorted(names) == ["2", "honest", "kind"]


def test_constitutional_several_rounds_reject_the_first_answer(tmp_path: Path):
    answer = script(
        (found("It scolds."), found("It brags."), NONE),
        ("<revision>Milder.</revision>", "<revision>Mild.</revision>"),
    )
    made = run_technique(tmp_path, recipe(), SEEDS, answer)

    assert {(s.response, s.rejected) for s in made.samples} == {("Mild.", "Scolding.")}
    assert {s.drawn["revisions"] for s in made.samples} == {2}
    assert {s.drawn["critique_2"] for s in made.samples} == {"It brags."}


@pytest.mark.parametrize(
    "said", ["\n **None.**\n", "`none`", "None found.", "Verdict: none", "**Verdict:** None found"]
)
def test_constitutional_verdict_is_read_whatever_its_case_and_marks(tmp_path: Path, said: str):
    loose = f"<critique>Well.</critique><verdict>{said}</verdict>"
    made = run_technique(tmp_path, recipe(), SEEDS, script((loose,)))
    assert len(made.samples) == 3


@pytest.mark.parametrize(
    "said", ["\u00abBe kind to all\u00bb is kept.", 'The word "scolding" is mild.']
)
def test_constitutional_quotation_of_something_else_or_of_one_word_is_no_contradiction(
    tmp_path: Path, said: str
):
    critique = f"<critique>{said}</critique><verdict>none</verdict>"
    made = run_technique(tmp_path, recipe(), SEEDS, script((critique,)))
    assert {sample.drawn["settled"] for sample in made.samples} == {"yes"}


def test_constitutional_most_calls_count_the_critique_after_the_last_revision(tmp_path: Path):
    told = recipe("  rounds: 2", samples=1)
    made = run_technique(tmp_path, told, SEEDS[:1], endless)
    asked = Counter(request.step for request in made.requests)
    assert told.spec.technique.most_calls == {"critique": 3, "revise": 2}
    assert (asked["critique"], asked["revise"]) == (3, 2)


def test_constitutional_answers_in_json_are_read_by_their_fields(tmp_path: Path):
    schema = {
        "type": "object",
        "properties": {"critique": {"type": "string"}, "verdict": {"enum": ["none", "present"]}},
        "required": ["critique", "verdict"],
        "additionalProperties": False,
    }
    text = RECIPE.format(samples=3, more="").replace(
        "principles, round]", "principles, round], schema_file: c.json"
    )
    told = recipe_of(text, {**FILES, "c.json": json.dumps(schema)})
    said = json.dumps({"critique": "Fine.", "verdict": "none"})
    made = run_technique(tmp_path, told, SEEDS, script((said,)))
    assert {s.drawn["critique_1"] for s in made.samples} == {"Fine."}


def test_constitutional_of_seeds_in_another_order_gives_equal_samples(tmp_path: Path):
    first = run_technique(tmp_path / "a", recipe(samples=6), SEEDS, script())
    turned = run_technique(tmp_path / "b", recipe(samples=6), SEEDS[::-1], script())
    assert turned.samples == first.samples


def test_constitutional_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    def run(folder: Path, answer: Answer) -> TechniqueRun:
        return run_technique(folder, recipe(), SEEDS, answer)

    assert len(assert_replays(tmp_path, run, script(), (0, 1, 4, 7, 11)).samples) == 3


# --- a critique that never ends -----------------------------------------------------------------


def endless(request: Request) -> str:
    """Finds fault for ever; every revision is a new one."""
    said = request.messages[-1].content
    match request.step:
        case "critique":
            return found(f"Fault {said.partition('|')[0]}.")
        case "revise":
            return f"<revision>{said.split('|')[1]} Again.</revision>"
        case _:
            return "First."


def test_constitutional_critique_that_never_ends_is_dropped_with_its_last_word(tmp_path: Path):
    made = run_technique(tmp_path, recipe("  rounds: 2"), SEEDS, endless)

    assert made.samples == ()
    assert made.why == ["endless_critique"] * 3
    assert {detail for _, detail in made.reasons.values()} == {
        "after 2 revisions the critique still finds: 'Fault 3.'"
    }
    assert Counter(r.step for r in made.requests) == {"answer": 3, "critique": 9, "revise": 6}


def test_constitutional_critique_that_never_ends_is_kept_as_unsettled_where_asked(tmp_path: Path):
    made = run_technique(tmp_path, recipe("  rounds: 2\n  unsettled: keep"), SEEDS, endless)

    assert {(s.response, s.rejected) for s in made.samples} == {("First. Again. Again.", "First.")}
    assert {(s.drawn["settled"], s.drawn["revisions"]) for s in made.samples} == {("no", 2)}
    assert {s.drawn["critique_3"] for s in made.samples} == {"Fault 3."}


# --- what is dropped ----------------------------------------------------------------------------

BACK = ("<revision>Milder.</revision>", "<revision>scolding. </revision>")


@pytest.mark.parametrize(
    ("answer", "reason", "told"),
    [
        (
            script(revisions=("<revision> SCOLDING.</revision>",)),
            "not_improved",
            "the first answer",
        ),
        (script((found("a"), found("b"), NONE), BACK), "not_improved", "revision 2 is the first"),
        (
            script((found("a"), found("b"), NONE), (BACK[0], BACK[0])),
            "not_improved",
            "revision 2 is revision 1, word for word",
        ),
        (script(("It scolds.",)), "unparsable", "critique 1: section <critique> stands 0 times"),
        (script(("<critique>x</critique>",)), "unparsable", "<verdict> stands 0 times"),
        (
            script(("<critique>x</critique><verdict>none or present</verdict>",)),
            "unparsable",
            "critique 1: the verdict is 'none or present', not none or present",
        ),
        (
            script(
                ("<critique>It says \u00abscolding now\u00bb.</critique><verdict>none</verdict>",),
                first="Scolding  now.",
            ),
            "inconsistent_judge",
            "critique 1: its verdict is none, but it quotes 'scolding now'",
        ),
        (
            script(
                (
                    found("It scolds."),
                    '<critique>"Kindly said" lies.</critique><verdict>none</verdict>',
                )
            ),
            "inconsistent_judge",
            "critique 2: its verdict is none, but it quotes 'Kindly said'",
        ),
        (script(("<critique> </critique><verdict>none</verdict>",)), "unparsable", "is empty"),
        (script((found("It scolds."), "")), "empty_completion", "critique 2"),
        (script(("I cannot assist with that.",)), "refusal", "critique 1"),
        (script(revisions=("Kindly said.",)), "unparsable", "revision 1: section <revision>"),
        (script(revisions=("I'm sorry, but I can't help with that.",)), "refusal", "revision 1"),
        (script(first=""), "empty_completion", "empty"),
        (script(first="I'm sorry, but I can't help with that."), "refusal", "can't help"),
        (script(first="<none/>"), "declined", "gives no sample"),
    ],
)
def test_constitutional_step_that_cannot_be_used_drops_the_sample_and_says_which(
    tmp_path: Path, answer: Callable[[Request], str], reason: str, told: str
):
    made = run_technique(tmp_path, recipe(), SEEDS, answer)

    assert made.samples == ()
    assert made.why == [reason] * 3
    assert all(told in detail for _, detail in made.reasons.values()), made.reasons


# --- principles ---------------------------------------------------------------------------------


def test_read_principles_takes_names_and_passes_over_comments():
    read = read_principles("# no\n\nkind: Be kind.\nBe brief: always.\r\n  honest:   Be so. \nx:\n")
    assert [(each.name, each.text) for each in read] == [
        ("kind", "Be kind."),
        ("2", "Be brief: always."),
        ("honest", "Be so."),
        ("4", "x:"),
    ]


def test_held_to_goes_through_all_before_any_comes_again():
    constitution = read_principles("\n".join(f"p{n}: Principle {n}." for n in range(6)))
    for seed in ("a", "b", "c"):
        rounds = [held_to(constitution, 2, seed, round_) for round_ in range(6)]
        assert Counter(each for held in rounds[:3] for each in held) == dict.fromkeys(
            constitution, 1
        )
        assert rounds[3:] == rounds[:3]
    firsts = Counter(held_to(constitution, 1, f"seed {n}", 0)[0].name for n in range(600))
    assert min(firsts.values()) > 70


def test_held_to_with_a_principle_more_keeps_the_order_of_the_others():
    few = read_principles("a: A one.\nb: B one.\nc: C one.")
    more = read_principles("a: A one.\nb: B one.\nc: C one.\nd: D one.")
    ordered = held_to(more, 4, "seed", 0)
    assert [each for each in ordered if each.name != "d"] == list(held_to(few, 3, "seed", 0))


def test_constitutional_samples_of_one_seed_are_held_to_different_principles(tmp_path: Path):
    made = run_technique(tmp_path, recipe(samples=9), SEEDS, script((NONE,)))
    held = {(s.seed_id, s.drawn["principles"]) for s in made.samples}
    assert len(held) == 9


@pytest.mark.parametrize(
    ("more", "files", "said"),
    [
        ("", {"principles.txt": "# none\n"}, "principles.txt holds 0 principles, 1 are asked"),
        ("  principles: other.txt", {}, "technique: principles: there is no file other.txt"),
        ("  per_sample: 4", {}, "holds 3 principles, 4 are asked"),
    ],
)
def test_constitutional_without_enough_principles_stops_with_the_mend(
    tmp_path: Path, more: str, files: dict[str, str], said: str
):
    with pytest.raises(RecipeError, match=said):
        run_technique(tmp_path, recipe(more, **files), SEEDS, script())


def test_constitutional_unknown_instruction_field_stops_with_the_mend(tmp_path: Path):
    with pytest.raises(TechniqueError, match=r"no field 'question'\. It has: instruction"):
        run_technique(tmp_path, recipe("  instruction: question"), SEEDS, script())


def test_constitutional_edited_principles_make_another_version():
    assert recipe().version == recipe().version
    assert recipe(**{"principles.txt": "Be kinder."}).version != recipe().version
