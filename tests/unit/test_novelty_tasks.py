"""New tasks: what they must differ from, which are refused, which are shown beside them."""

import random
from fractions import Fraction
from time import process_time

import pytest

from synth_assets.core.novelty.deck import Deck
from synth_assets.core.novelty.instruction_rules import InstructionRules
from synth_assets.core.novelty.task_pool import TaskPool
from synth_assets.core.schema import Reason


def test_task_pool_of_four_times_the_size_costs_at_most_about_four_times_a_round():
    dice = random.Random(7)
    vocabulary = [f"w{n}" for n in range(3000)]
    texts = {str(n): " ".join(dice.choices(vocabulary, k=14)) for n in range(52_000)}
    batch = {f"n{n}": " ".join(dice.choices(vocabulary, k=14)) for n in range(8)}
    spent: list[float] = []
    for size in (13_000, 52_000):
        pool = TaskPool(dict([*texts.items()][:size]), Fraction(7, 10), "reference")
        pool.screened(batch)
        rounds: list[float] = []
        for _ in range(3):
            started = process_time()
            assert len(pool.screened(batch).novel) == 8
            rounds.append(process_time() - started)
        spent.append(min(rounds))
    assert spent[1] / spent[0] < 8


def test_deck_deals_every_card_before_any_twice_and_never_two_alike_in_one_hand():
    deck = Deck(str, range(10))
    hands = [deck.deal(3) for _ in range(40)]
    assert all(len(set(hand)) == 3 for hand in hands)
    counts = [sum(n in hand for hand in hands) for n in range(10)]
    assert set(counts) == {12}
    assert [Deck(str, range(10)).deal(4)] * 2 == [Deck(str, range(10)).deal(4) for _ in range(2)]
    assert sorted(Deck(str, range(2)).deal(5)) == [0, 1]
    assert Deck[int](str).deal(3) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Name three rivers", None),
        ("Name rivers", Reason.TOO_SHORT),
        ("word " * 150, None),
        ("word " * 151, Reason.TOO_LONG),
        ("Explain how to go to sleep", Reason.BLOCKED_KIND),
        ("Explain mapping to children", None),
        ("Describe profiles of two pilots", None),
        ("Compare audio, then text", Reason.BLOCKED_KIND),
        ("Écris trois mots courts", Reason.BLOCKED_KIND),
        ("...and then what happened", Reason.BLOCKED_KIND),
    ],
)
def test_instruction_rules_refuse_what_the_paper_refuses(text: str, reason: Reason | None):
    refused = InstructionRules().refused(text.strip())
    assert (refused.reason if refused else None) == reason


def test_instruction_rules_for_other_scripts_count_and_begin_otherwise():
    rules = InstructionRules(plain_beginning=False, unspaced=True, blocked_words=("画像",))
    assert rules.refused("三つの川を書いて") is None
    assert rules.refused("はい") is not None
