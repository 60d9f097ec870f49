import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.completion import Completion
from synth_assets.core.config.budgets import Cap
from synth_assets.core.generation.budget import PICO, Amount, Budget, Payer, paid_for
from synth_assets.resources.ledger.orders import Claim, Fail, Leased, OverBudget, Release, Settle
from synth_assets.resources.ledger.store import Ledger
from tests.unit.ledger_rows import request

CAPS = {
    "all": Cap(usd=1.0, tokens=60),
    "run:a": Cap(usd=0.6),
    "recipe:sums": Cap(tokens=40),
    "teacher:t1": Cap(usd=0.35),
}
SCOPES = (*CAPS, "run:b", "recipe:other", "teacher:t0", "teacher:t2")


@dataclass(frozen=True)
class Step:
    """One step of one of three processes; what does not apply is passed over."""

    process: int
    request: int
    payer: Payer
    cents: int
    tokens: int
    end: str
    paid: float


_PAYERS = [Payer(recipe, run) for recipe in ("sums", "other") for run in ("a", "b")]
_STEPS = st.lists(
    st.builds(
        Step,
        process=st.integers(0, 2),
        request=st.integers(0, 7),
        payer=st.sampled_from(_PAYERS),
        cents=st.integers(0, 40),
        tokens=st.integers(0, 20),
        end=st.sampled_from(["settle", "perhaps", "charged", "again", "release"]),
        paid=st.floats(0, 1),
    ),
    min_size=10,
    max_size=60,
)


class _Books:
    """What the accounts must say, kept apart from the ledger."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(SCOPES, Amount())
        self.perhaps = dict.fromkeys(SCOPES, Amount())
        self.held: dict[int, tuple[int, Claim]] = {}

    def add(self, book: dict[str, Amount], claim: Claim, more: Amount) -> None:
        for scope in claim.payer.scopes(claim.request.teacher):
            was = book[scope]
            book[scope] = Amount(was.usd_pico + more.usd_pico, was.tokens + more.tokens)

    def reserved(self, scope: str) -> Amount:
        mine = [
            claim.reserve
            for _, claim in self.held.values()
            if scope in claim.payer.scopes(claim.request.teacher)
        ]
        return Amount(sum(one.usd_pico for one in mine), sum(one.tokens for one in mine))

    def check(self, ledger: Ledger) -> None:
        for scope in SCOPES:
            account = ledger.account(scope)
            assert Amount(account.usd_pico, account.tokens) == self.spent[scope]
            assert Amount(account.perhaps_usd_pico, account.perhaps_tokens) == self.perhaps[scope]
            reserved = Amount(account.reserved_usd_pico, account.reserved_tokens)
            assert reserved == self.reserved(scope)
            cap = CAPS.get(scope, Cap(usd=1_000))
            usd = account.usd_pico + account.perhaps_usd_pico + account.reserved_usd_pico
            tokens = account.tokens + account.perhaps_tokens + account.reserved_tokens
            assert cap.usd is None or usd <= cap.usd * PICO
            assert cap.tokens is None or tokens <= cap.tokens


def _answer(step: Step, claim: Claim) -> Completion:
    """A completion that costs no more than was reserved, to a fraction of a pico-dollar."""
    usd = max(claim.reserve.usd_pico - 1, 0) / PICO * step.paid
    tokens = int(claim.reserve.tokens * step.paid)
    return Completion(claim.request.fingerprint, "text", "stop", tokens, 0, usd, 0.1)


def _end(step: Step, claim: Claim, ledger: Ledger, books: _Books) -> None:
    answer = _answer(step, claim)
    paid = paid_for(answer)
    match step.end:
        case "settle":
            ledger.carry_out([Settle(claim, answer)])
            books.add(books.spent, claim, paid)
        case "charged":
            ledger.carry_out([Fail(claim, "empty", "", charged=paid)])
            books.add(books.spent, claim, paid)
        case "perhaps":
            ledger.carry_out([Fail(claim, "timeout", "", perhaps=claim.reserve)])
            books.add(books.perhaps, claim, claim.reserve)
        case "again":
            [outcome] = ledger.carry_out(
                [Fail(claim, "timeout", "", perhaps=claim.reserve, again=True)]
            )
            books.add(books.perhaps, claim, claim.reserve)
            if outcome == Leased():
                return
            assert isinstance(outcome, OverBudget)
        case _:
            ledger.carry_out([Release(claim)])
    del books.held[step.request]


def _take(step: Step, ledger: Ledger, books: _Books) -> None:
    reserve = Amount(step.cents * PICO // 100, step.tokens)
    claim = Claim(request(step.request), step.payer, reserve)
    known = ledger.get(claim.request.fingerprint)
    [outcome] = ledger.carry_out([claim])
    match outcome:
        case Leased():
            books.held[step.request] = (step.process, claim)
        case Completion():
            assert outcome == known
        case OverBudget(scope=scope):
            cap, account = CAPS[scope], ledger.account(scope)
            usd = account.usd_pico + account.perhaps_usd_pico + account.reserved_usd_pico
            tokens = account.tokens + account.perhaps_tokens + account.reserved_tokens
            too_dear = cap.usd is not None and usd + reserve.usd_pico > cap.usd * PICO
            too_long = cap.tokens is not None and tokens + reserve.tokens > cap.tokens
            assert too_dear or too_long
        case _:
            raise AssertionError(outcome)


@settings(max_examples=40, deadline=None)
@given(steps=_STEPS)
def test_budget_in_any_order_of_claims_and_ends_among_processes_is_never_exceeded(
    steps: list[Step],
):
    books = _Books()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "ledger.sqlite"
        ledgers = [stack.enter_context(closing(Ledger(path, Budget(CAPS)))) for _ in range(3)]
        for step in steps:
            held = books.held.get(step.request)
            if held is None:
                _take(step, ledgers[step.process], books)
            else:
                _end(step, held[1], ledgers[held[0]], books)
            books.check(ledgers[0])
        for process, claim in books.held.values():
            ledgers[process].carry_out([Release(claim)])
        books.held.clear()
        books.check(ledgers[1])
        left = ledgers[2].account("all")
        assert (left.reserved_usd_pico, left.reserved_tokens) == (0, 0)


def test_budget_sums_of_many_small_prices_are_exact_to_the_pico_dollar(tmp_path: Path):
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        bought = [
            Completion(request(number).fingerprint, "", "stop", 1, 2, 1e-7 / 3, 0.1)
            for number in range(3_000)
        ]
        ledger.put([(request(number), one) for number, one in enumerate(bought)])
        # A third of a ten-millionth, rounded up: 33,334 pico-dollars each.
        assert ledger.account("all").usd_pico == 3_000 * 33_334
        assert ledger.account("all").tokens == 9_000


def test_budget_raised_lets_the_same_claim_through(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    claim = Claim(request(1), Payer("sums"), Amount(PICO // 2, 10))
    with closing(Ledger(path, Budget({"all": Cap(usd=0.4)}))) as ledger:
        [outcome] = ledger.carry_out([claim])
        assert isinstance(outcome, OverBudget)
        assert outcome.told == (
            "0.0000 USD spent and 0.0000 reserved of 0.4, the next call may take 0.500000"
        )
    with closing(Ledger(path, Budget({"all": Cap(usd=0.5)}))) as ledger:
        assert ledger.carry_out([claim]) == [Leased()]
