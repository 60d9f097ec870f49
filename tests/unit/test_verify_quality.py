"""A classifier of answers, learnt from accepted and rejected ones, and its threshold."""

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from synth_assets.core.quality.classifier import FOLDS, learnt
from synth_assets.core.quality.example import Example
from synth_assets.core.quality.features import BUCKETS, MEASURES, features_of
from synth_assets.core.quality.threshold import Curve, fewest_accepted
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.quality import Quality
from synth_assets.core.verify.stage import verify_samples
from synth_assets.errors import RecipeError
from tests.samples import frame_of, synthetic_row

_THINGS = ("river", "stone", "garden", "winter", "market", "teacher", "window", "bridge", "letter")


def made(count: int, noise: float = 0.0) -> list[Example]:
    """Plain answers that are good, boastful ones that are not; `noise` of the labels are wrong."""
    dice = random.Random(7)
    found: list[Example] = []
    for number in range(count):
        things = dice.sample(_THINGS, 4)
        good = number % 2 == 0
        text = f"The {things[0]} stood near the {things[1]}, and a {things[2]} was behind it."
        if not good:
            text = f"WOW!!! Absolutely amazing {things[0]}!!! Truly {things[1]} of a lifetime"
        label = good != (dice.random() < noise)
        found.append(Example(f"Tell me of the {things[3]}, part {number}.", text, label))
    return found


def lines(examples: Sequence[Example]) -> str:
    return "\n".join(json.dumps(vars(each)) for each in examples)


def prepared(examples: Sequence[Example], **parameters: Any):
    verifier = Quality.model_validate(
        {"kind": "quality", "examples_file": "labelled.jsonl", **parameters}
    )
    return verifier.prepare({"labelled.jsonl": lines(examples)})


def verdict(response: str, examples: Sequence[Example], **parameters: Any) -> Verdict:
    return prepared(examples, **parameters)(synthetic_row("s", "Tell me.", response))


GOOD = "The bridge stood near the market, and a letter was behind it."
BAD = "WOW!!! Absolutely amazing bridge!!! Truly market of a lifetime"


def test_quality_accepts_what_is_like_the_accepted_and_rejects_the_rest() -> None:
    examples = made(400)
    good, bad = verdict(GOOD, examples), verdict(BAD, examples)
    assert good.outcome == VerdictOutcome.ACCEPTED
    assert good.score is not None
    assert good.score > 0.9
    assert bad.reason == Reason.LOW_QUALITY
    assert bad.score is not None
    assert bad.score < 0.1
    assert "precision 0.9" in good.evidence
    assert "against it: " in bad.evidence
    assert "'!'" in bad.evidence


def test_quality_without_a_safe_threshold_is_errored_or_only_scored() -> None:
    examples = made(400, noise=0.4)
    found = verdict(GOOD, examples)
    assert found.outcome == VerdictOutcome.ERRORED
    assert found.evidence.startswith("no safe threshold for a precision of 0.95: the best has")
    accepted = verdict(BAD, examples, without_threshold="accept")
    assert accepted.outcome == VerdictOutcome.ACCEPTED
    assert accepted.score is not None
    assert 0.2 < accepted.score < 0.6
    assert "no safe threshold" in accepted.evidence
    assert verdict(GOOD, examples, precision=0.5, confidence=0.8).outcome == VerdictOutcome.ACCEPTED


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has 0 accepted answers; .* need 80 at the least"),
        (lines(made(158)), "has 79 accepted answers"),
        (lines([each for each in made(200) if each.accepted] + made(38)[1::2]), "19 rejected"),
        ("{", "line 1: not JSON"),
        ("[" * 100_000, "line 1: not JSON"),
        ('{"prompt": "a", "accepted": true}', 'line 1: must be an object with the texts "prompt"'),
        ('\n{"prompt": 1, "response": "b", "accepted": true}', "line 2: must be an object"),
        ('{"response": "b", "accepted": 1}', 'line 1: "accepted" must be true or false'),
        ("7", "line 1: must be an object"),
        (
            '{"prompt": "a", "response": "b", "accepted": true}\n'
            '{"prompt": "A", "response": "b ", "accepted": false}',
            "lines 1 and 2 label the same answer differently",
        ),
    ],
)
def test_quality_examples_that_do_not_do_are_refused_at_once(text: str, told: str) -> None:
    verifier = Quality(kind="quality", examples_file="e.jsonl")
    with pytest.raises(RecipeError, match=told):
        verifier.prepare({"e.jsonl": text})


def test_quality_file_that_is_not_there_and_strange_parameters_are_refused() -> None:
    verifier = Quality(kind="quality", examples_file="e.jsonl")
    with pytest.raises(RecipeError, match=r"there is no file e\.jsonl\. Files here: a\.txt"):
        verifier.prepare({"a.txt": ""})
    for wrong in ({"examples_file": "e.txt"}, {"precision": 1}, {"fields": ["prompt"]}):
        with pytest.raises(ValidationError):
            Quality.model_validate({"kind": "quality", "examples_file": "e.jsonl", **wrong})


def test_quality_preparing_imports_nothing_heavy_and_learns_nothing() -> None:
    program = (
        "import sys; from synth_assets.core.verify.quality import Quality;"
        "Quality(kind='quality', examples_file='e').prepare if 0 else None;"
        "v = Quality(kind='quality', examples_file='e.jsonl');"
        "v.prepare({'e.jsonl': sys.stdin.read()});"
        "print({'sklearn', 'scipy', 'numpy'} & set(sys.modules))"
    )
    text = lines(made(400))
    done = subprocess.run(
        [sys.executable, "-c", program], input=text, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.strip()
    assert "sklearn" not in loaded
    assert "scipy" not in loaded


def test_quality_order_and_copies_of_the_examples_do_not_matter() -> None:
    examples = made(300, noise=0.02)
    other = [*examples[::-1], *examples[:50]]
    assert verdict(GOOD, examples) == verdict(GOOD, other)


def test_quality_prompt_counts_only_where_it_is_asked_for() -> None:
    examples = made(300)
    check = prepared(examples, fields=["response"])
    one, two = (check(synthetic_row("s", prompt, GOOD)) for prompt in ("", "letter " * 50))
    assert one == two
    check = prepared(examples)
    one, two = (check(synthetic_row("s", prompt, GOOD)) for prompt in ("", "letter " * 50))
    assert one.evidence != two.evidence


@pytest.mark.slow
def test_quality_same_margins_on_a_processor_without_its_newest_instructions() -> None:
    program = (
        "from tests.unit.test_verify_quality import made;"
        "from synth_assets.core.quality.classifier import learnt;"
        "print(learnt(made(200, 0.1)).margins)"
    )
    old = {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**os.environ, **old},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(learnt(made(200, 0.1)).margins)


def test_classifier_answers_to_one_prompt_never_judge_each_other() -> None:
    """Each prompt is asked twice, with one label: learnt by heart, it would tell the second."""
    dice = random.Random(1)
    examples: list[Example] = []
    for number in range(150):
        label = dice.random() < 0.5
        for _ in range(2):
            word = f"word{number}"
            examples.append(Example(f"prompt {word}", f"{word} {dice.random()}", label))
    found = learnt(examples)
    right = sum((m > 0) == a for m, a in zip(found.margins, found.accepted, strict=True))
    assert right / len(examples) < 0.65


def test_classifier_one_prompt_for_all_examples_is_learnt_from_too() -> None:
    examples = [Example("one", each.response, each.accepted) for each in made(200)]
    rejected = [Example("two", f"{BAD} {at}", accepted=False) for at in range(30)]
    unlike = [each for each in examples if each.accepted] + rejected
    for each in (examples, unlike):
        found = learnt(list(dict.fromkeys(each)))
        assert len(set(found.margins)) > FOLDS


@pytest.mark.parametrize(
    "text",
    ["", " ", "\ud800", "a", "a" * 100_000, "a " * 50_000, "\n" * 100_000, "漢" * 100_000,
     "!?" * 50_000, "\u0301" * 1_000, "```" * 9_000, "1. " * 30_000],
)  # fmt: skip
def test_features_of_hostile_texts_are_finite_and_take_no_time(text: str) -> None:
    started = process_time()
    found = features_of(text, text)
    assert process_time() - started < 20
    assert len(found.measures) == len(MEASURES)
    assert all(abs(each) < 50 for each in found.measures)
    assert all(0 <= at < BUCKETS for at in found.buckets)
    assert all(0 <= each <= 1 for each in found.weights)


@given(st.text(max_size=60), st.text(max_size=60))
def test_features_are_the_same_whenever_they_are_asked_for(prompt: str, response: str) -> None:
    one, two = features_of(prompt, response), features_of(prompt, response)
    assert one.buckets.tolist() == two.buckets.tolist()
    assert one.measures.tolist() == two.measures.tolist()


def test_curve_bound_is_that_of_clopper_and_pearson() -> None:
    curve = Curve.of([3, 2, 1, 0], [True, True, False, True], 0.95)
    assert [cut.accepted for cut in curve.cuts] == [1, 2, 3, 4]
    assert [cut.precision for cut in curve.cuts] == [1, 1, 2 / 3, 3 / 4]
    # A third of 0.05 is allowed, and of 2 right in 2 the bound is its square root.
    assert [round(cut.lower, 4) for cut in curve.cuts[:2]] == [0.0167, 0.1291]
    chance = sum(
        math.comb(4, k) * low**k * (1 - low) ** (4 - k)
        for k in (3, 4)
        for low in [curve.cuts[3].lower]
    )
    assert chance == pytest.approx(0.05 / 3)
    assert [round(cut.recall, 4) for cut in curve.cuts] == [0.3333, 0.6667, 0.6667, 1]


def test_curve_rows_of_one_score_stand_or_fall_together() -> None:
    curve = Curve.of([1, 1, 1, 0], [True, False, True, True], 0.95)
    assert [cut.accepted for cut in curve.cuts] == [3, 4]


def test_curve_safe_cut_ends_where_the_bound_first_fails() -> None:
    good = [True] * 300 + [False] * 300 + [True] * 200
    cut = Curve.of(range(len(good), 0, -1), good, 0.95).safe(0.95)
    assert cut is not None
    assert (cut.accepted, cut.score) == (300, 500.5)
    dip = [True] * 100 + [False] * 5 + [True] * 4_000
    late = Curve.of(range(len(dip), 0, -1), dip, 0.95).safe(0.95)
    assert late is not None
    assert late.accepted == len(dip)
    assert Curve.of([1, 2], [True, True], 0.95).safe(0.95) is None


def test_fewest_accepted_is_what_a_bound_needs_without_an_error() -> None:
    assert fewest_accepted(0.95, 0.95) == 80
    for count, safe in ((79, False), (80, True)):
        curve = Curve.of(range(count), [True] * count, 0.95)
        assert (curve.safe(0.95) is not None) == safe


def test_curve_bound_misses_the_target_seldom_and_the_observed_cut_often() -> None:
    """Scores that are the log odds of being good; 500 labels choose, the truth is known."""
    dice = random.Random(20261121)
    missed = {"observed": 0, "bound": 0}
    trials = 200
    for _ in range(trials):
        scores = [dice.gauss(0, 1) for _ in range(500)]
        chances = [1 / (1 + 2.718281828 ** -(1 + 2 * score)) for score in scores]
        curve = Curve.of(scores, [dice.random() < chance for chance in chances], 0.95)
        for name, cut in (("observed", curve.observed(0.95)), ("bound", curve.safe(0.95))):
            if cut is not None:
                passed = [c for s, c in zip(scores, chances, strict=True) if s >= cut.score]
                missed[name] += sum(passed) / len(passed) < 0.95
    assert missed["observed"] / trials > 0.3
    assert missed["bound"] / trials <= 0.02


def test_quality_in_the_stage_errs_on_all_where_it_has_no_threshold() -> None:
    verifier = Quality(kind="quality", examples_file="e.jsonl")
    rows = frame_of(*(synthetic_row(f"s{at}", "p", f"{GOOD} {at}") for at in range(3)))
    result = verify_samples(rows, "p", [verifier], {"e.jsonl": lines(made(400, noise=0.4))})
    assert result.stage.counts["errored"] == 3


@pytest.fixture(scope="module")
def refusals(shared_data: Path) -> list[Example]:
    """Completions that people labelled: whether they comply or refuse."""
    import csv

    found: dict[tuple[str, str], bool] = {}
    for model in ("gpt4", "llama2orig"):
        path = shared_data / "xstest" / f"xstest_v2_completions_{model}_streval.csv"
        with path.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                found[row["prompt"], row["completion"]] = row["final_label"].startswith("1")
    return [Example(*texts, accepted) for texts, accepted in found.items() if texts[1].strip()]


def test_quality_on_labels_of_people_holds_its_precision_on_other_prompts(
    refusals: list[Example],
) -> None:
    prompts = sorted({each.prompt for each in refusals})
    random.Random(3).shuffle(prompts)
    here = set(prompts[: len(prompts) // 2])
    check = prepared([each for each in refusals if each.prompt in here], precision=0.9)
    rest = [each for each in refusals if each.prompt not in here]
    found = [check(synthetic_row("s", each.prompt, each.response)) for each in rest]
    passed = [e.accepted for e, v in zip(rest, found, strict=True) if v.reason is None]
    assert len(passed) > 0.5 * sum(each.accepted for each in rest)
    assert sum(passed) / len(passed) >= 0.9
