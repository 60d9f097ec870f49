import json
from collections import Counter
from pathlib import Path

import pytest

from synth_assets.core.config.mixture_bounds import ShareBounds
from synth_assets.core.config.recipe import Chosen
from synth_assets.core.schema import Reason
from synth_assets.core.verify.number import Number
from synth_assets.resources.embedded.probe import probe_problems
from synth_assets.resources.embedded.truth import Flaw
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.samples import synthetic_row
from tests.unit.embedded_runs import RECIPES, Made, rejections, run, seeds, shingles, shipped

SHIFTS = range(3)
UNSOUND = {
    Flaw.WRONG_NUMBER: {Reason.WRONG_NUMBER, Reason.WRONG_WORKING},
    Flaw.INVENTED_QUOTE: {Reason.QUOTE_NOT_IN_PASSAGE},
    Flaw.MALFORMED_JSON: {Reason.MALFORMED_JSON},
    Flaw.SCHEMA_VIOLATION: {Reason.SCHEMA_VIOLATION},
    Flaw.INVENTED_VALUE: {Reason.VALUE_NOT_IN_TEXT},
    Flaw.PROMPT_LEAK: {Reason.PROMPT_LEAK},
}
SOUND = {None, Flaw.NEAR_DUPLICATE, Flaw.COPIED_BENCHMARK}
LOST = {Flaw.REFUSAL: Reason.REFUSAL, Flaw.TRUNCATION: Reason.TRUNCATED}


def survivors(made: tuple[Made, ...], name: str) -> list[Made]:
    """What verification keeps, one of a family of duplicates, and nothing of the benchmark."""
    families: set[str] = set()
    kept: list[Made] = []
    for item in made:
        if item.sample is None or rejections(name, item.sample):
            continue
        if item.truth.flaw is Flaw.COPIED_BENCHMARK or item.truth.family in families:
            continue
        families |= {item.truth.family} - {""}
        kept.append(item)
    return kept


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_plans_240_samples_for_two_voices_two_to_one(name: str):
    made = run(name)
    assert len(made) == 240
    shares = Counter(item.teacher for item in made)
    assert set(shares) == {"embedded-scholar", "embedded-clerk"}
    assert 0.55 < shares["embedded-scholar"] / 240 < 0.8


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("shift", SHIFTS)
def test_recipe_verifiers_reject_every_unsound_sample_and_no_sound_one(name: str, shift: int):
    seen: set[Flaw | None] = set()
    for item in run(name, shift):
        flaw = item.truth.flaw
        seen.add(flaw)
        if flaw in LOST:
            assert item.dropped is LOST[flaw]
        elif item.sample is None:
            assert item.dropped is Reason.DECLINED
            assert item.truth.answer == ""
        elif flaw in SOUND:
            assert rejections(name, item.sample) == []
        elif flaw is Flaw.COPIED_SEED:
            assert rejections(name, item.sample) == [Reason.NO_REFERENCE]
        else:
            assert set(rejections(name, item.sample)) & UNSOUND[flaw]
    assert len(seen) >= 5


@pytest.mark.parametrize("shift", SHIFTS)
def test_recipes_together_leave_enough_for_the_mixtures(shift: int):
    kept = {name: len(survivors(run(name, shift), name)) for name in RECIPES}
    assert min(kept.values()) >= 125
    assert sum(kept.values()) >= 450


def test_recipes_math_final_numbers_that_survive_are_the_right_ones():
    for item in survivors(run("math_word_problems"), "math_word_problems"):
        assert item.sample is not None
        assert item.sample.response.endswith(f"#### {item.truth.answer}")


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_leak_markers_are_words_of_its_own_prompts(name: str):
    recipe = shipped().recipe(name)
    texts = " ".join(recipe.templates.values())
    [markers] = [v.leak_markers for v in recipe.spec.verifiers if v.kind == "failure_modes"]
    assert all(marker in texts for marker in markers)


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_prompts_ask_for_each_section_that_is_read(name: str):
    recipe = shipped().recipe(name)
    sections = {
        "problem_generation": ("problem", "solution"),
        "grounded_qa": ("question", "answer", "quote"),
        "document_extraction": ("document", "record"),
    }[recipe.spec.technique.kind]
    first = next(iter(recipe.spec.technique.prompts.values()))
    values = {name: f"[{name}]" for name in first.inputs}
    chosen = Chosen("t", *first.templates)
    system, user = recipe.messages(first, values, chosen)
    assert all(f"<{tag}>" in user.content and f"</{tag}>" in user.content for tag in sections)
    assert all(f"[{name}]" in system.content + user.content for name in first.inputs)
    assert "{{" not in user.content


def test_recipes_parameters_hold_nothing_that_a_real_model_would_refuse():
    for recipe in shipped().recipes:
        sent = set(recipe.spec.parameters)
        for prompt in recipe.spec.technique.prompts.values():
            sent |= set(prompt.parameters)
        assert sent <= {"temperature", "max_tokens"}


def test_seed_problems_are_many_and_their_shown_solutions_right():
    rows = seeds("math_word_problems")
    assert len(rows) >= 40
    check = Number(kind="number", last_step_is_answer=True).prepare({})
    for seed in rows:
        solution = seed.fields["response"]
        final = solution.rpartition("#### ")[2]
        verdict = check(synthetic_row("s", seed.fields["prompt"], solution, reference=final))
        assert verdict.reason is None, (solution, verdict.evidence)


def test_seed_problems_share_no_run_of_words_with_the_probe_or_with_gsm8k(shared_data: Path):
    ours = set[tuple[str, ...]]()
    for seed in seeds("math_word_problems"):
        ours |= shingles(seed.fields["prompt"], 8)
    for item in probe_problems():
        assert not ours & shingles(item.problem, 8)
    for file in ("train.jsonl", "test.jsonl"):
        with (shared_data / "gsm8k" / file).open(encoding="utf-8") as lines:
            for line in lines:
                assert not ours & shingles(json.loads(line)["question"], 8)


def test_mixture_of_hard_puzzles_takes_nothing_else():
    mixture = shipped().mixtures["hard_puzzles"]
    assert (mixture.on_request, mixture.recipes, mixture.sources) == (True, ("voted_puzzles",), ())
    [quota] = mixture.quotas
    assert (quota.where, quota.share) == ({"attribute.hard": "yes"}, ShareBounds(at_least=1))


def test_mixtures_are_one_for_each_policy_and_the_samples_suffice_for_them():
    mixtures = {name: each for name, each in shipped().mixtures.items() if each.policy}
    assert {name: mixture.policy for name, mixture in mixtures.items()} == {
        name: name for name in ("balanced_50", "ceiling_70", "conservative_30", "fine_tuning_75")
    }
    shares = {name: mixture.synthetic_share.said for name, mixture in mixtures.items()}
    assert shares == {
        "balanced_50": "0.5",
        "ceiling_70": "0.7",
        "conservative_30": "0.28 to 0.29",
        "fine_tuning_75": "0.75",
    }
    assert [each.id for each in shipped().usual_mixtures] == ["balanced_50"]
    for mixture in mixtures.values():
        assert (mixture.rows or 0) * mixture.synthetic_share.at_most <= 450
        assert (mixture.teacher_cap, mixture.own_voice) == (0.7, 0)
        assert mixture.distinct_teachers is not None


def test_extraction_seeds_are_fifteen_organisations_for_each_kind():
    path = SHIPPED_RECIPES / "structured_extraction" / "seeds.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    kinds = Counter(row["document_kind"] for row in rows)
    assert set(kinds.values()) == {15}
    assert len({row["organisation"] for row in rows}) == len(rows) == 60
