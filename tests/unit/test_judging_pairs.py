"""What judges lean to: stored verdicts of real ones, and judges whose lean is known."""

import random
from math import exp
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.judging.agreement import cohens_kappa
from synth_assets.core.judging.lean import Lean
from synth_assets.core.judging.pairs import (
    BothOrders,
    Choice,
    JudgedPair,
    OwnKin,
    gold_agreement,
    kin_in_pairs,
    length_bias,
    position_bias,
    self_preference,
)
from tests.unit.judged_data import LLMBAR_JUDGES, llmbar_judge, qlora_verdicts

SAID = st.sampled_from(["A", "B", "tie", None])
CHOICES = st.sampled_from(["one", "other", "tie"])


def stored_code(choice: Choice | None) -> int:
    """As the stored kappas count: only «1» is read as it is, all else is 0."""
    return 1 if choice == "one" else 0


@pytest.mark.parametrize("name", LLMBAR_JUDGES)
def test_stored_statistics_of_a_real_judge_are_reproduced(shared_data: Path, name: str):
    judge = llmbar_judge(shared_data, name)
    found, place = gold_agreement(judge.pairs), position_bias(pair.said for pair in judge.pairs)

    def told(lean: Lean) -> str:
        return f"{lean.count} / {lean.of} = {lean.share * 100}%"

    # Two answers that cannot be read count as equal in the stored figures.
    equal = Lean(place.inconsistent.of - place.inconsistent.count + place.unread, 100)
    assert {
        "correct_False": told(found.first),
        "correct_True": told(found.second),
        "correct_average": f"{found.average * 100}%",
        "correct_both": told(found.both),
        "equal": told(equal),
    } == {name: said for name, said in judge.statistics.items() if not name.startswith("kappa")}


@pytest.mark.parametrize("name", LLMBAR_JUDGES)
def test_stored_kappas_of_a_real_judge_are_reproduced(shared_data: Path, name: str):
    judge = llmbar_judge(shared_data, name)
    plain, swapped = ([stored_code(p.picks[order]) for p in judge.pairs] for order in (0, 1))
    # Labels stand as 1 and 2 beside verdicts coded 1 and 0, so these are no agreement with gold.
    gold = [1 if pair.gold == "one" else 2 for pair in judge.pairs]
    kappas = [cohens_kappa(said, gold).value or 0.0 for said in (plain, swapped)]
    found = {
        "kappa_False": kappas[0],
        "kappa_True": kappas[1],
        "kappa_average": sum(kappas) / 2,
        "kappa_agreement": cohens_kappa(plain, swapped).value,
    }
    stored = {name: said for name, said in judge.statistics.items() if name.startswith("kappa")}
    assert found == pytest.approx(stored, abs=1e-15)


def test_position_bias_of_real_judges_orders_them_as_known(shared_data: Path):
    found = {
        name: position_bias(pair.said for pair in llmbar_judge(shared_data, name).pairs)
        for name in LLMBAR_JUDGES
    }
    assert {name: (p.to_first, p.to_second, p.unread) for name, p in found.items()} == {
        "ChatGPT": (25, 4, 0),
        "Falcon": (48, 0, 0),
        "GPT-4": (3, 2, 0),
        "LLaMA2": (12, 9, 0),
        "PaLM2": (15, 5, 2),
    }
    assert found["Falcon"].direction == 0.48
    assert found["PaLM2"].inconsistent == Lean(20, 98)
    surely = {name for name, place in found.items() if place.first.interval.low > 0.5}
    assert surely == {"ChatGPT", "Falcon"}
    assert found["GPT-4"].kappa.value == pytest.approx(0.8977, abs=5e-5)


def test_length_bias_of_real_judges_is_sure_of_one_alone(shared_data: Path):
    odds = {name: length_bias(llmbar_judge(shared_data, name).pairs).odds for name in LLMBAR_JUDGES}
    told = {name: round(each.value, 2) for name, each in odds.items() if each is not None}
    expected = {"ChatGPT": 3.94, "Falcon": 1.4, "GPT-4": 1.16, "LLaMA2": 3.72, "PaLM2": 1.88}
    assert told == expected
    sure = {name for name, each in odds.items() if each is not None and each.low > 1}
    assert sure == {"LLaMA2"}


def test_position_bias_of_gpt_4_on_close_pairs_is_to_the_first(shared_data: Path):
    guanaco = "{}-guanaco-vicuna-generations-topp0.9-temp0.7"
    big, small, vicuna = guanaco.format("13b"), guanaco.format("7b"), "answer-vicuna-13b"
    found = {
        pair: position_bias(qlora_verdicts(shared_data, *pair))
        for pair in ((big, small), (big, vicuna), (small, vicuna))
    }
    told = [(p.to_first, p.to_second, p.inconsistent, p.unread) for p in found.values()]
    assert told == [
        (24, 1, Lean(39, 79), 1),
        (27, 1, Lean(44, 80), 0),
        (16, 2, Lean(34, 79), 1),
    ]
    assert all(place.first.interval.low > 0.55 for place in found.values())


@pytest.mark.parametrize(
    ("said", "picks", "choice"),
    [
        (("A", "B"), ("one", "one"), "one"),
        (("B", "A"), ("other", "other"), "other"),
        (("tie", "tie"), ("tie", "tie"), "tie"),
        (("A", "A"), ("one", "other"), None),
        (("A", "tie"), ("one", "tie"), None),
        ((None, "B"), (None, "one"), None),
        ((None, None), (None, None), None),
    ],
)
def test_pair_chooses_what_both_orders_name(
    said: BothOrders, picks: tuple[Choice | None, Choice | None], choice: Choice | None
):
    pair = JudgedPair(said)
    assert (pair.picks, pair.choice) == (picks, choice)


def test_pairs_without_a_label_or_a_verdict_count_as_they_should():
    pairs = [
        JudgedPair(("A", "B"), "one"),
        JudgedPair(("A", None), "one"),
        JudgedPair((None, None), "other"),
        JudgedPair(("A", "B"), None),
        JudgedPair(("tie", "tie"), "tie"),
    ]
    found = gold_agreement(pairs)
    assert (found.first, found.second, found.both) == (Lean(3, 4), Lean(2, 4), Lean(2, 4))
    assert found.kappa.items == 2
    place = position_bias(pair.said for pair in pairs)
    assert (place.unread, place.tied, place.inconsistent) == (2, Lean(1, 3), Lean(0, 3))


def test_bias_of_no_pairs_is_none_at_all():
    assert position_bias([]).direction == 0.0
    assert position_bias([]).kappa.value is None
    assert length_bias([]).odds is None
    assert self_preference([]).difference is None
    assert gold_agreement([]).average == 0.0


@given(st.lists(st.tuples(SAID, SAID), max_size=40))
def test_position_bias_of_responses_named_the_other_way_round_is_the_same(
    verdicts: list[BothOrders],
):
    """Which response is called `one` is chance; the two orders then change places."""
    found = position_bias(verdicts)
    renamed = position_bias((second, first) for first, second in verdicts)
    assert (renamed.first, renamed.inconsistent) == (found.first, found.inconsistent)
    assert (renamed.direction, renamed.tied) == (found.direction, found.tied)
    assert found.inconsistent.of + found.unread == len(verdicts)


@given(st.lists(st.tuples(CHOICES, st.tuples(st.integers(0, 9), st.integers(0, 9)), CHOICES)))
def test_length_bias_counts_every_choice_once(
    rows: list[tuple[Choice, tuple[int, int], Choice]],
):
    said: dict[Choice, BothOrders] = {"one": ("A", "B"), "other": ("B", "A"), "tie": ("tie", "tie")}
    pairs = [JudgedPair(said[choice], gold, words) for choice, words, gold in rows]
    found = length_bias(pairs)
    parts = found.when_longer_is_better, found.when_shorter_is_better
    assert found.gold_longer == Lean(parts[0].of, parts[0].of + parts[1].of)
    assert found.longer.of >= found.gold_longer.of
    assert (found.odds is None) == (not parts[0].of or not parts[1].of)


def pair_of(rng: random.Random, lean: float, skill: float) -> JudgedPair:
    gold = rng.choice((1, -1))
    chosen = rng.random() < 1 / (1 + exp(-(lean + skill * gold)))
    return JudgedPair(
        ("A", "B") if chosen else ("B", "A"), "one" if gold > 0 else "other", (90, 40)
    )


@pytest.mark.parametrize("lean", [-1.0, 0.0, 0.5, 1.5])
def test_length_bias_of_a_judge_of_known_lean_is_found_within_its_bounds(lean: float):
    rng = random.Random(f"length {lean}")
    held = 0
    for _ in range(200):
        odds = length_bias([pair_of(rng, lean, 1.0) for _ in range(300)]).odds
        assert odds is not None
        held += odds.low <= exp(lean) <= odds.high
    assert held >= 180


def test_length_bias_of_a_fair_judge_among_longer_better_answers_is_none():
    """Longer answers are better here nine times in ten, and the judge is right as often."""
    pairs = [
        JudgedPair(("A", "B") if right == (gold == "one") else ("B", "A"), gold, (90, 40))
        for gold, count in (("one", 900), ("other", 100))
        for right in [True] * (count * 8 // 10) + [False] * (count * 2 // 10)
    ]
    found = length_bias(pairs)
    assert (found.longer, found.gold_longer) == (Lean(740, 1000), Lean(900, 1000))
    assert found.odds is not None
    assert found.odds.value == pytest.approx(1.0, abs=0.02)


def test_self_preference_of_a_judge_that_is_merely_mild_is_none():
    """It is for everything a quarter more often than the others are."""
    items = [
        OwnKin(is_own, favoured, by_others)
        for is_own in (True, False)
        for favoured, by_others in [(True, 1.0)] * 50 + [(True, 0.0)] * 25 + [(False, 0.0)] * 25
    ]
    found = self_preference(items)
    assert found.difference is not None
    assert (found.own, found.strange) == (Lean(75, 100), Lean(75, 100))
    assert found.difference.value == 0.0
    assert found.difference.low < 0 < found.difference.high


def test_self_preference_of_a_judge_for_its_kin_alone_is_its_excess():
    own = [OwnKin(True, True, 0.0)] * 20 + [OwnKin(True, True, 1.0)] * 50
    own += [OwnKin(True, False, 0.0)] * 30
    strange = [OwnKin(False, True, 1.0)] * 50 + [OwnKin(False, False, 0.0)] * 50
    found = self_preference([*own, *strange])
    assert found.difference is not None
    assert found.difference.value == pytest.approx(0.2)
    assert found.difference.low > 0.1
    assert (found.own_by_others, found.strange_by_others) == (0.5, 0.5)


def test_kin_in_pairs_takes_those_with_just_one_of_the_family():
    gpt, llama = "gpt", "llama"
    pairs = [
        JudgedPair(("A", "B"), "other", families=(gpt, llama)),
        JudgedPair(("A", "B"), "one", families=(llama, gpt)),
        JudgedPair(("A", "B"), "tie", families=(gpt, None)),
        JudgedPair(("A", "B"), "one", families=(gpt, gpt)),
        JudgedPair(("A", "B"), "one", families=(llama, None)),
        JudgedPair(("A", "A"), "one", families=(gpt, llama)),
        JudgedPair(("tie", "tie"), "one", families=(gpt, llama)),
        JudgedPair(("A", "B"), None, families=(gpt, llama)),
    ]
    assert kin_in_pairs("gpt", pairs) == [
        OwnKin(True, True, 0.0),
        OwnKin(True, False, 0.0),
        OwnKin(True, True, 0.5),
    ]


@pytest.mark.parametrize("excess", [0.0, 0.15, 0.3])
def test_self_preference_of_known_size_is_found_within_its_bounds(excess: float):
    rng = random.Random(f"kin {excess}")
    held = 0
    for _ in range(200):
        items: list[OwnKin] = []
        for number in range(300):
            is_own, others = number % 2 == 0, float(rng.random() < 0.5)
            favoured = rng.random() < 0.25 + 0.4 * others + (excess if is_own else 0.0)
            items.append(OwnKin(is_own, favoured, others))
        difference = self_preference(items).difference
        assert difference is not None
        held += difference.low <= excess <= difference.high
    assert held >= 182
