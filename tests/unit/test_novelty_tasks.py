"""New tasks: what they must differ from, which are refused, which are shown beside them."""

import random
import sys
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from types import FrameType

import pytest
from rapidfuzz import process

from synth_assets.core.novelty.deck import Deck
from synth_assets.core.novelty.instruction_rules import InstructionRules
from synth_assets.core.novelty.task_pool import TaskPool
from synth_assets.core.schema import Reason


class _Work:
    """What a block does: pairs of texts that are compared, and calls that are made."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.pairs = self.calls = 0
        patch.setattr(process, "cdist", partial(self._counted, process.cdist))

    def _counted(
        self, cdist: Callable[..., object], texts: Sized, pool: Sized, **how: object
    ) -> object:
        self.pairs += len(texts) * len(pool)
        return cdist(texts, pool, **how)

    @contextmanager
    def counted(self) -> Iterator[None]:
        self.pairs = self.calls = 0
        before = sys.getprofile()
        sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _called(self, frame: FrameType, event: str, arg: object) -> None:
        self.calls += event in ("call", "c_call")


def test_task_pool_of_four_times_the_size_costs_at_most_about_four_times_a_round(
    monkeypatch: pytest.MonkeyPatch,
):
    dice = random.Random(7)
    vocabulary = [f"w{n}" for n in range(3000)]
    texts = {str(n): " ".join(dice.choices(vocabulary, k=14)) for n in range(52_000)}
    batch = {f"n{n}": " ".join(dice.choices(vocabulary, k=14)) for n in range(8)}
    work = _Work(monkeypatch)
    pairs: list[int] = []
    calls: list[int] = []
    for size in (13_000, 52_000):
        pool = TaskPool(dict([*texts.items()][:size]), Fraction(7, 10), "reference")
        pool.screened(batch)
        with work.counted():
            assert len(pool.screened(batch).novel) == 8
        # With each text of the pool, and those of the batch with each other.
        assert 8 * size <= work.pairs <= 8 * size + 8 * 8
        pairs.append(work.pairs)
        calls.append(work.calls)
    assert pairs[1] <= 4 * pairs[0]
    assert 0 < calls[1] <= 4 * calls[0]


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
