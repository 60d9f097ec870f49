"""Texts scored by a teacher over HTTP: what is asked, paid, planned, recorded and decided."""

import asyncio
import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from synth_assets.core.completion import Completion
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.outlook import RecipePlan
from synth_assets.core.language_model.teacher_scores import scoring_request
from synth_assets.core.schema import Reason
from synth_assets.core.verify.stage import VerifyResult, verify_samples
from synth_assets.resources.ledger.store import Ledger
from synth_assets.resources.planning import planner
from synth_assets.resources.settings import read_settings
from synth_assets.resources.teachers import Teachers
from synth_assets.resources.workshop import Workshop
from tests.fakes import FakeWatch
from tests.integration.chat_scores import Manner, Scores, digits_are_odd
from tests.integration.chat_server import ChatServer, chat_server, embedded_answer
from tests.integration.own_project import (
    INPUT_USD,
    KEY,
    KEY_ENV,
    OUTPUT_USD,
    OwnProject,
    own_project,
    teacher,
)
from tests.samples import frame_of, synthetic_row

REAL = [f"{'7' * (place % 40)}{'x' * (40 - place % 40)} {place:03}" for place in range(200)]
"""Each is 44 bytes: a word with 0 to 39 digits, five texts of each kind, and three digits more."""
BOUNDS = {"low": 0.026, "high": 0.974, "real_texts": 200}
MODELS = {"writer": "hosted_vllm/scholar", "second": "openai/clerk"}
MODELS |= {"answerer": "hosted_vllm/solver", "scorer": "hosted_vllm/base"}
COST_USD = (2 * INPUT_USD + 1 * OUTPUT_USD) / 1e6
"""Of a call about one of `REAL` or `ROWS`: two words, and the one token that is written."""


def halves_are_odd(token: str) -> float:
    """One bit a byte, three more for each digit, and one more for each `h`: between two kinds."""
    return digits_are_odd(token) + token.count("h")


@contextmanager
def project(root: Path, scores: Scores | None = None) -> Iterator[tuple[OwnProject, ChatServer]]:
    """A recipe whose answers are scored; the server plays its writers and the scorer."""
    with chat_server(embedded_answer) as server, pytest.MonkeyPatch.context() as patch:
        server.scores = scores or Scores(bits=halves_are_odd)
        patch.setenv(KEY_ENV, KEY)
        made = own_project(root, server.base_url, 8)
        scored = {"kind": "perplexity", "file": "real.txt", "teacher": "scorer", **BOUNDS}
        made.write_recipe(samples=8, verifiers=[{"kind": "number"}, scored])
        made.write("sums/real.txt", "\n".join(REAL))
        entries = [teacher(name, model, server.base_url) for name, model in MODELS.items()]
        made.write("teachers.yaml", {"teachers": entries})
        yield made, server


def workshop(made: OwnProject) -> Workshop:
    return Workshop(read_settings({**made.synth.environment, "SYNTH_HOME": str(made.home)}))


def planned(made: OwnProject, most: int | None = None) -> RecipePlan:
    shop = workshop(made)
    with planner(shop, most) as planning:
        [found] = planning.plan_all([shop.catalogue.recipe("sums")]).plans
    return found


def with_digits(count: int) -> str:
    """A text of 44 bytes with so many digits and an `h`: 45 bits, and three for each digit."""
    word = "7" * min(count, 39) + "h"
    return f"{word:x<40} {'7' * max(count - 39, 0):y<3}"


SENT = ("model", "prompt", "echo", "logprobs", "max_tokens", "temperature")
COST_3_USD = pytest.approx((3 * INPUT_USD + 1 * OUTPUT_USD) / 1e6)
SHOWN = ["sample_id", "reason", "score"]
ROWS = frame_of(*(synthetic_row(str(n), f"Say {n}.", with_digits(n)) for n in (3, 4, 20, 40, 41)))
FOUND = {Reason.TOO_PREDICTABLE: 1, None: 3, Reason.TOO_SURPRISING: 1}


def verify(made: OwnProject) -> VerifyResult:
    """The verifier on rows of the test's own."""
    shop = workshop(made)
    recipe = shop.catalogue.recipe("sums")
    scored = [each for each in recipe.spec.verifiers if each.kind == "perplexity"]
    with shop.verifying(recipe, "run-1") as using:
        return verify_samples(ROWS, recipe.key, scored, recipe.files, using.tools)


def reasons(result: VerifyResult) -> Counter[str | None]:
    return Counter(result.verdicts["reason"].to_list())


def scored(server: ChatServer) -> list[str]:
    return [body["prompt"] for body in server.served if "prompt" in body]


def test_scored_recipe_is_paid_once_planned_and_recorded(tmp_path: Path):
    with project(tmp_path) as (made, server):
        before = planned(made).by_teacher["scorer"]
        half = planned(made, most=4).by_teacher["scorer"]
        made.fill()
        key = workshop(made).catalogue.recipe("sums").key
        after = planned(made).by_teacher["scorer"]
        made.write("sums/real.txt", "\n".join(REAL[::-1]))
        edited = planned(made)
    paid = scored(server)
    calls = pl.read_parquet(made.home / "judge_calls" / f"{key}.parquet")
    verdicts = pl.read_parquet(made.home / "verdicts" / f"{key}.parquet")

    judged = verdicts.filter(pl.col("verifier") == "perplexity").height
    assert 0 < judged <= 8
    assert len(paid) == len(set(paid)) == 200 + judged
    # Before: the real texts for certain, and none or all of 8 samples. Then all is paid for.
    assert (before.to_buy.low, before.to_buy.high) == (200, 208)
    # Where half the samples are looked at, the real texts are as many as they are.
    assert half.to_buy.expected == before.to_buy.expected == 204
    assert before.usd is not None
    assert 0 < before.usd.low < calls["cost_usd"].sum() < before.usd.high
    assert (after.to_buy.high, after.in_ledger.expected) == (0, 200 + judged)
    steps = {"perplexity_real:scorer": 200, "perplexity:scorer": judged}
    assert Counter(calls["step"]) == steps
    assert set(calls["finish_reason"]) == {"scored"}
    real = calls.filter(step="perplexity_real:scorer")
    assert real["cost_usd"].to_list() == [pytest.approx(COST_USD)] * 200
    assert not set(real["sample_id"]) & set(verdicts["sample_id"])
    # The same texts in another order are another version of the recipe, and cost nothing.
    assert (edited.key == key, edited.by_teacher["scorer"].to_buy.high) == (False, 0)


def test_verdicts_are_those_that_can_be_told_by_hand(tmp_path: Path):
    with project(tmp_path) as (made, server):
        first = verify(made)
        sent = [body for body in server.served if "prompt" in body]
        again = verify(made)
    assert len(scored(server)) == len(sent) == 205
    assert {(body["echo"], body["logprobs"], body["max_tokens"]) for body in sent} == {(True, 1, 1)}
    assert set(server.keys) == {f"Bearer {KEY}"}
    # Real texts take 53, 56 ... 170 bits, five of each kind, which is 2.5 % of them; rows take 54,
    # 57, 105, 165 and 168: the first is above one kind, the last below one.
    told = {name: (why, score) for name, why, score in first.verdicts.select(SHOWN).iter_rows()}
    assert told == {
        "3": (Reason.TOO_PREDICTABLE, pytest.approx(2 * 0.025)),
        "4": (None, pytest.approx(2 * 0.05)),
        "20": (None, pytest.approx(2 * 18 / 40)),
        "40": (None, pytest.approx(2 * 0.05)),
        "41": (Reason.TOO_SURPRISING, pytest.approx(2 * 0.025)),
    }
    assert first.verdicts["evidence"][0] == (
        "as predictable: 2.5 % of the real texts; the model takes 1.23 bits a byte, usual are 2.53"
    )
    assert first.verdicts["evidence"][4] == (
        "as surprising: 2.5 % of the real texts; the model takes 3.82 bits a byte, usual are 2.53"
    )
    assert again.verdicts.equals(first.verdicts)


def test_scores_without_a_start_token_leave_the_first_token_out(tmp_path: Path):
    with project(tmp_path, Scores(start_token="")) as (made, _):
        result = verify(made)
    # Four bytes are left of each text: ` yyy` takes 4 bits, ` 777` and ` 007` 13.
    assert set(result.verdicts["reason"]) == {Reason.TOO_PREDICTABLE}
    assert result.verdicts["evidence"][2].endswith(
        "the model takes 1.00 bits a byte, usual are 3.25; without its first token, "
        "'77777777777777777...'"
    )


def test_ledger_has_the_log_probability_of_each_token(tmp_path: Path):
    with project(tmp_path) as (made, _):
        verify(made)
        shop = workshop(made)
        entry = shop.catalogue.recipe("sums").teachers["scorer"]
        with shop.ledger() as ledger:
            kept = ledger.get(scoring_request(entry, with_digits(3), "any").fingerprint)
    assert kept is not None
    found = json.loads(kept.text)
    assert found["left_out"] == ""
    bits = [-each / math.log(2) for each in found["log_probabilities"]]
    assert bits == [pytest.approx(40 + 3 * 3 + 1), pytest.approx(4)]


def test_cap_leaves_samples_open_and_a_higher_one_goes_on_where_it_stopped(tmp_path: Path):
    cap = 120 * COST_USD
    with project(tmp_path) as (made, server):
        made.write("budgets.yaml", {"teachers": {"scorer": {"usd": cap}}})
        assert reasons(verify(made)) == {Reason.BUDGET_REACHED: 5}
        paid = len(scored(server))
        ledger = Ledger(made.home / "ledger.sqlite")
        spent = ledger.account("teacher:scorer").usd
        ledger.close()
        made.write("budgets.yaml", {"teachers": {"scorer": {"usd": 1_000}}})
        found = reasons(verify(made))
    assert 50 < paid < 120
    assert spent == pytest.approx(paid * COST_USD)
    assert spent <= cap
    assert found == FOUND
    assert len(scored(server)) == len(set(scored(server))) == 205


@pytest.mark.parametrize(
    ("manner", "said", "billed"),
    [
        (Manner.NO_ENDPOINT, "HTTP 404: ", 0),
        (Manner.REFUSES_ECHO, "Only no echo is supported", 0),
        (Manner.PASSES_OVER_ECHO, "it answers, but with none for the text it was given", 1),
        (Manner.NO_LOGPROBS, "it answers, but with none for the text it was given", 1),
    ],
)
def test_server_that_scores_no_texts_is_asked_once_and_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    manner: Manner,
    said: str,
    billed: int,
):
    with project(tmp_path, Scores(manner)) as (made, server):
        result = verify(made)
        told = capsys.readouterr().err
        server.scores = Scores(bits=halves_are_odd)
        mended = verify(made)
    assert reasons(result) == {Reason.PROVIDER_ERROR: 5}
    assert "teacher scorer gives no log-probabilities of a given text: " in told
    assert said in told
    assert "Its server must answer /v1/completions with echo and logprobs" in told
    assert told.count("a judge is lost") == 1
    assert len(scored(server)) == billed + 205
    assert reasons(mended) == FOUND


def test_faulty_endpoint_is_asked_again_until_it_answers(tmp_path: Path):
    with project(tmp_path) as (made, server):
        server.faults = [500, 429, 503]
        assert reasons(verify(made)) == FOUND
        assert server.asked == 208


async def both_lanes(base_url: str, text: str) -> list[Completion]:
    """What a text comes to over the lean lane, and through LiteLLM."""
    models = {"lean": "hosted_vllm/base", "other": "text-completion-openai/base"}
    entries = {
        name: Teacher.model_validate(teacher(name, model, base_url))
        for name, model in models.items()
    }
    teachers = Teachers(entries)
    try:
        asked = [scoring_request(entry, text, "any") for entry in entries.values()]
        return [await teachers.complete(request, FakeWatch()) for request in asked]
    finally:
        await teachers.close()


@pytest.mark.parametrize("start_token", ["<s>", ""])
def test_scores_through_litellm_are_those_of_the_lean_lane(
    monkeypatch: pytest.MonkeyPatch, start_token: str
):
    monkeypatch.setenv(KEY_ENV, KEY)
    with chat_server(embedded_answer) as server:
        server.scores = Scores(start_token=start_token)
        lean, other = asyncio.run(both_lanes(server.base_url, "Fünf and 55"))
    assert other.text == lean.text
    assert (other.finish_reason, other.prompt_tokens, other.cost_usd) == ("scored", 3, COST_3_USD)
    assert other.cost_usd == lean.cost_usd
    sent = [{name: body[name] for name in SENT} for body in server.served]
    assert sent[0] == sent[1]
    assert set(server.keys) == {f"Bearer {KEY}"}
