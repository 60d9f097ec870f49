import json
from pathlib import Path

import numpy as np
import pytest

from synth_assets.core.collapse.arms import Arm, Level, Rule, Tolerance
from synth_assets.core.collapse.canary import SHARPENED, CanarySize, Trained, run_canary
from synth_assets.core.collapse.generations import Generation, generations
from synth_assets.core.collapse.lab import (
    Chain,
    Dose,
    LabPlan,
    Material,
    curves,
    dose_response,
    lab_frame,
    run_chain,
    share_for,
)
from synth_assets.core.collapse.rarity import Tail
from synth_assets.core.collapse.risk_index import Light, Sign, Threshold, harm_of, risk_of
from synth_assets.core.collapse.students import NgramStudents
from synth_assets.core.collapse.yard import Yard

_ROWS = 300
_SMALL = CanarySize(rows_on=300)


@pytest.fixture(scope="module")
def questions(shared_data: Path) -> list[str]:
    lines = (shared_data / "gsm8k" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


@pytest.fixture(scope="module")
def yard(questions: list[str]) -> Yard:
    return Yard.of(questions[-200:])


def _run(arm: Arm, questions: list[str], yard: Yard, last: int = 3) -> list[Generation]:
    return list(generations(arm, questions[:_ROWS], NgramStudents(), yard, last, seed=1))


def _losses(found: list[Generation]) -> list[float]:
    return [each.reading.held_out.value for each in found]


def test_tail_holds_the_rarest_tokens_that_come_back():
    tail = Tail.of(["a a a a a a a a b b", "c c d"], mass=0.2)
    assert tail.tokens == {" b"}


def test_tail_coverage_is_the_share_that_texts_hold():
    tail = Tail(frozenset({" rare", " odd", "Scarce", " few"}))
    assert tail.coverage(["a rare thing", "an odd rare one"]) == 0.5
    assert tail.coverage([]) == 0.0


def test_tail_marks_stand_where_the_bits_of_a_student_do(questions: list[str], yard: Yard):
    student = NgramStudents().fit(questions[:50])
    found = student.model.token_bits(yard.held_out)
    assert len(yard.tail.marks(yard.held_out)) == len(found.bits)
    whole = student.surprise(yard.held_out).bits
    assert np.add.reduceat(found.bits, found.starts) == pytest.approx(whole)


def test_generations_lose_more_the_less_real_text_they_see(questions: list[str], yard: Yard):
    ends = {
        share: _losses(_run(Arm(Rule.SHARE, share), questions, yard))[-1]
        for share in (0.1, 0.5, 0.9)
    }
    ends["replace"] = _losses(_run(Arm(Rule.REPLACE), questions, yard))[-1]
    assert ends[0.1] < ends[0.5] < ends[0.9] < ends["replace"]


def test_accumulating_loses_less_each_time(questions: list[str], yard: Yard):
    losses = _losses(_run(Arm(Rule.ACCUMULATE), questions, yard, last=4))
    steps = np.diff(losses)
    assert (steps > 0).all()
    assert steps[-1] < steps[0]


def test_sharpened_writing_narrows_where_the_loss_hardly_tells(questions: list[str], yard: Yard):
    plain = _run(Arm(Rule.ACCUMULATE), questions, yard)
    sharp = _run(Arm(Rule.ACCUMULATE, decoding=SHARPENED), questions, yard)
    assert _losses(sharp)[-1] < 1.05 * _losses(plain)[-1]
    assert sharp[-1].texture.vendi < 0.6 * sharp[0].texture.vendi
    assert plain[-1].texture.vendi > 0.9 * plain[0].texture.vendi


def test_adaptive_arm_takes_real_rows_back_until_it_holds(questions: list[str], yard: Yard):
    adaptive = _run(Arm(Rule.ADAPTIVE, 0.9), questions, yard, last=5)
    shares = [each.share for each in adaptive]
    assert shares[0] == 0.0
    assert shares[1] == pytest.approx(0.9)
    assert shares[1:] == sorted(shares[1:], reverse=True)
    ten = _losses(_run(Arm(Rule.SHARE, 0.1), questions, yard, last=5))[-1]
    assert _losses(adaptive)[-1] <= ten + 0.01


def test_tolerance_counts_diversity_on_either_side():
    first = Level(2.0, 200.0, 0.5)
    allowed = Tolerance(loss_ratio=1.03, diversity=0.15)
    assert allowed.severity(Level(2.03, 200.0, 0.5), first) == pytest.approx(0.5)
    assert allowed.severity(Level(2.0, 140.0, 0.5), first) == pytest.approx(2.0)
    assert allowed.severity(Level(2.0, 200.0, 0.65), first) == pytest.approx(2.0)


def test_real_only_control_trains_on_the_real_rows_of_its_share(questions: list[str], yard: Yard):
    control = _run(Arm(Rule.REAL_ONLY, 0.75), questions, yard, last=1)[-1]
    mixed = _run(Arm(Rule.SHARE, 0.75), questions, yard, last=1)[-1]
    assert (control.rows, control.share) == (75, 0.0)
    assert (mixed.rows, mixed.share) == (300, 0.75)
    assert set(control.state.training) < set(mixed.state.training)


def test_generations_gone_on_with_are_those_of_an_undisturbed_run(questions: list[str], yard: Yard):
    arm, real = Arm(Rule.SUBSAMPLE), questions[:100]
    whole = list(generations(arm, real, NgramStudents(), yard, 3, seed=5))
    first = list(generations(arm, real, NgramStudents(), yard, 1, seed=5))
    rest = list(generations(arm, real, NgramStudents(), yard, 3, seed=5, after=first[-1].state))
    assert [each.number for each in rest] == [2, 3]
    assert _losses([*first, *rest]) == _losses(whole)
    assert rest[-1].state == whole[-1].state


def test_lab_draws_no_row_twice_and_says_how_many_it_needs(questions: list[str]):
    plan = LabPlan(rows=300, held_out=100)
    found = Material.drawn(questions, plan, seed=3)
    assert len(set(found.real) | set(found.held_out)) == 400
    assert found == Material.drawn(questions, plan, seed=3)
    with pytest.raises(ValueError, match="2 different texts, and the lab needs 300"):
        Material.drawn(["a", "b", "a"], plan, seed=3)


def test_lab_curves_are_means_over_seeds_with_their_interval(questions: list[str]):
    arms = (Arm(Rule.SHARE, 0.5), Arm(Rule.REPLACE))
    plan = LabPlan(rows=150, held_out=150, generations=1, seeds=2, arms=arms)
    frames = [
        lab_frame(chain, list(run_chain(chain, plan, questions, [], NgramStudents())))
        for chain in plan.chains
    ]
    assert [chain.seed for chain in plan.chains] == [0, 0, 1, 1]
    found = curves(frames[0].vstack(frames[1]).vstack(frames[2]).vstack(frames[3]))
    one = found.filter(
        (found["arm"] == "share 50%")
        & (found["generation"] == 1)
        & (found["measure"] == "above_first")
    ).row(0, named=True)
    of_seeds = [frames[0]["above_first"][1], frames[2]["above_first"][1]]
    assert one["value"] == pytest.approx(np.mean(of_seeds))
    assert one["low"] < min(of_seeds) < max(of_seeds) < one["high"]
    doses = dose_response(found)
    assert [dose.share for dose in doses] == [0.5, 1.0]
    assert doses[0].loss < doses[1].loss


def test_share_for_lies_between_the_doses_around_it():
    doses = [Dose(0.2, 0.02, None, None), Dose(0.6, 0.10, None, None)]
    assert share_for(doses, 0.06) == pytest.approx(0.4)
    assert share_for(doses, 0.01) == pytest.approx(0.1)
    assert share_for(doses, 0.5) == 0.6
    assert share_for([], 0.5) is None


def test_chain_arms_have_names_of_their_own():
    names = [chain.arm.name for chain in LabPlan(seeds=1).chains]
    assert len(set(names)) == len(names)
    assert Chain(Arm(Rule.REPLACE, decoding=SHARPENED), 0).arm.name == "replace, best of 2"


# --- canary --------------------------------------------------------------------------------------


def test_canary_of_real_rows_is_green(questions: list[str], yard: Yard):
    report = run_canary(questions[:600], [True] * 600, questions[:3000], yard, size=_SMALL)
    index = risk_of(report)
    assert index.light is Light.GREEN
    assert index.value < 40
    assert report.synthetic_share == 0.0


def test_canary_of_narrow_rows_is_red_and_says_why(questions: list[str], yard: Yard):
    narrow = [text.replace(".", "!") for text in questions[:10]] * 40
    report = run_canary(
        [*questions[:400], *narrow],
        [True] * 400 + [False] * 400,
        questions[400:3000],
        yard,
        size=_SMALL,
    )
    index = risk_of(report)
    lights = {each.sign: each.light for each in index.components}
    assert index.light is Light.RED
    assert (lights[Sign.VENDI], lights[Sign.LOSS]) == (Light.RED, Light.RED)
    assert report.synthetic_share == pytest.approx(0.5)
    displaced = report.compared(Trained.REAL_PART, Trained.REAL_EQUAL)
    assert displaced is not None
    assert displaced.held_out.clear_of(0.0)


def test_canary_is_the_same_each_time(questions: list[str], yard: Yard):
    told = [
        risk_of(run_canary(questions[:200], [False] * 200, questions[200:600], yard, size=_SMALL))
        for _ in range(2)
    ]
    assert told[0] == told[1]


def test_canary_without_real_rows_in_the_set_has_nothing_to_compare_them_by(
    questions: list[str], yard: Yard
):
    report = run_canary(questions[:100], [False] * 100, questions[100:300], yard, size=_SMALL)
    assert report.compared(Trained.SET, Trained.REAL_PART) is None
    assert Sign.BEYOND_DISPLACED not in {each.sign for each in risk_of(report).components}


def test_threshold_scales_nothing_to_0_amber_to_half_and_red_to_1():
    bounds = Threshold(0.1, 0.3, "", "")
    assert [bounds.scaled(value) for value in (-1.0, 0.0, 0.05, 0.1, 0.2, 0.3, 9.0)] == (
        pytest.approx([0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0])
    )
    assert [bounds.light(value) for value in (0.09, 0.1, 0.3)] == [
        Light.GREEN,
        Light.AMBER,
        Light.RED,
    ]


def test_canary_orders_sets_by_what_is_missing_and_by_what_ought_not_to_be_there(
    questions: list[str], yard: Yard
):
    real, other, beside = questions[:400], questions[400:800], questions[800:2000]
    words = np.random.default_rng(0)
    sets = {
        "like": other,
        "copies": other[:10] * 40,
        "shuffled": [" ".join(words.permutation(text.split(" "))) for text in other],
        "of another kind": [f"{n:x}{7 * n:x} " * 20 for n in range(400)],
    }
    reports = {
        name: run_canary([*real, *texts], [True] * 400 + [False] * 400, beside, yard, size=_SMALL)
        for name, texts in sets.items()
    }
    foreign = {name: report.foreign for name, report in reports.items()}
    assert foreign["like"] < 0.02
    assert foreign["copies"] < 0.02
    assert 0.05 < foreign["shuffled"] < foreign["of another kind"]
    harm = {name: harm_of(report) for name, report in reports.items()}
    assert harm["like"] < min(harm["copies"], harm["shuffled"])
    assert max(harm["copies"], harm["shuffled"]) < harm["of another kind"]

    empty = run_canary([*real, ""], [True] * 400 + [False], beside, yard, size=_SMALL)
    assert empty.foreign == 0.0
    alone = run_canary(real, [True] * 400, beside, yard, size=_SMALL)
    assert alone.foreign == 0.0
    by_frequency = {each.sign: each.value for each in risk_of(alone).components}
    assert harm_of(alone) == by_frequency[Sign.BY_FREQUENCY]


def test_canary_by_frequency_finds_repetition_worse_than_the_same_rows_twice(
    questions: list[str], yard: Yard
):
    real, beside = questions[:400], questions[800:2000]
    sets = {"twice": real * 2, "copies": [*real, *questions[400:410] * 40]}
    found = {
        name: {
            each.sign: each.value
            for each in risk_of(
                run_canary(texts, [True] * 800, beside, yard, size=_SMALL)
            ).components
        }[Sign.BY_FREQUENCY]
        for name, texts in sets.items()
    }
    assert 0 < found["twice"] < found["copies"] / 1.3
