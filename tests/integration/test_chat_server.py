"""The test server itself: what it sends, refuses, spoils and bills, over real HTTP."""

import json
import time
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp
import pytest

from tests.integration import chat_rules
from tests.integration.chat_client import Body, Got, ask, chat_body
from tests.integration.chat_server import (
    ChatServer,
    Fault,
    FaultKind,
    FaultMix,
    Price,
    PriceList,
    RateLimit,
    Reply,
    Rules,
    Said,
    Trickle,
    body_key,
    chat_server,
    echo_answer,
    embedded_answer,
    embedded_choices,
    json_answer,
    tokens_of,
)

# --- completions --------------------------------------------------------------------------------


def test_completion_of_an_embedded_answer_tells_text_and_usage():
    body = chat_body("<problem>\nA box holds 3 nuts. How many do 4 boxes hold?\n</problem>", seed=7)
    body["model"] = "solver"
    with chat_server(embedded_answer) as server:
        [got] = ask(server.base_url, [body])

    assert got.texts == [embedded_answer(body)]
    told = len(embedded_answer(body).split())
    assert got.told["usage"] == {
        "prompt_tokens": 13,
        "completion_tokens": told,
        "total_tokens": 13 + told,
    }
    assert server.tokens == tokens_of(body, Said(embedded_answer(body))) == (13, told)


@pytest.mark.parametrize(
    ("said", "n", "texts", "told"),
    [
        (Said("one two"), 1, ["one two"], 2),
        (Said("one two"), 3, ["one two"] * 3, 6),
        (Said("a", choices=("a", "b c", None)), 3, ["a", "b c", None], 3),
        (Said(""), 1, [""], 0),
        (Said(None), 1, [None], 0),
        (Said("", "length", completion_tokens=64), 1, [""], 64),
    ],
    ids=["one", "repeated", "several", "empty", "none", "all thought"],
)
def test_completion_with_choices_is_told_and_billed_in_all(
    said: Said, n: int, texts: list[str | None], told: int
):
    with chat_server(lambda _: said) as server:
        [got] = ask(server.base_url, [chat_body(n=n)])

    assert got.texts == texts
    assert [choice["index"] for choice in got.told["choices"]] == list(range(n))
    assert {choice["finish_reason"] for choice in got.told["choices"]} == {said.finish_reason}
    assert got.told["usage"]["completion_tokens"] == told
    assert server.tokens == (2, told)
    assert server.paid == {body_key(chat_body(n=n)): 1}


def test_embedded_choices_of_three_differ_and_follow_the_seeds():
    body = chat_body(
        "<example_problem>\nTom has 2 pens and buys 3.\n</example_problem>", n=3, seed=5
    )
    body["model"] = "scholar"
    with chat_server(embedded_choices) as server:
        [got] = ask(server.base_url, [body])

    assert got.texts == [embedded_answer({**body, "seed": seed}) for seed in (5, 6, 7)]
    assert len(set(got.texts)) == 3


def test_json_answer_fits_the_schema_that_was_asked_for():
    schema = {
        "type": "object",
        "required": ["name", "count", "kind", "parts", "done"],
        "properties": {
            "name": {"type": "string"},
            "count": {"type": "integer", "minimum": 2},
            "kind": {"enum": ["x", "y"]},
            "parts": {"type": "array", "items": {"type": "number"}, "minItems": 2},
            "done": {"type": "boolean"},
        },
    }
    asked = {"type": "json_schema", "json_schema": {"name": "thing", "schema": schema}}
    bodies = [
        chat_body(response_format=asked),
        chat_body(response_format={"type": "json_object"}),
        chat_body(),
    ]
    with chat_server(json_answer(echo_answer)) as server:
        by_schema, free, plain = [got.texts[0] or "" for got in ask(server.base_url, bodies)]

    name = json.loads(by_schema).pop("name")
    wanted = {"name": name, "count": 2, "kind": "x", "parts": [0, 0], "done": False}
    assert json.loads(by_schema) == wanted
    assert json.loads(free) == {"echo": name}
    assert plain == f"echo of prompt {name} with seed 0"


def test_server_whose_answer_raises_raises_it_where_the_block_ends():
    def answer(body: Body) -> Reply:
        raise LookupError("no such voice")

    def asked_of_it() -> None:
        with chat_server(answer) as server:
            [got] = ask(server.base_url, [chat_body()])
            assert got.status == 500

    with pytest.raises(RuntimeError, match="raised") as raised:
        asked_of_it()
    assert str(raised.value.__cause__) == "no such voice"


# --- connections --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "status", "broke"),
    [
        (Fault(200, b'{"id', cut=True), 200, "ClientPayloadError"),
        (Fault(200, b"", cut=True), 200, "ClientPayloadError"),
        (Said("bought", lost=True), None, "ServerDisconnectedError"),
    ],
    ids=["in the body", "before the body", "before the answer"],
)
def test_connection_cut_at_a_place_breaks_there(reply: Reply, status: int | None, broke: str):
    with chat_server(lambda _: reply) as server:
        [got] = ask(server.base_url, [chat_body()])

    assert (got.status, got.broke) == (status, broke)
    assert len(server.served) == server.paid.total() == isinstance(reply, Said)


def test_trickle_sends_a_whole_answer_slowly():
    trickle = Trickle(piece_bytes=100, pause_s=0.05)
    with chat_server(lambda _: Said("word " * 60, trickle=trickle)) as server:
        started = time.monotonic()
        [got] = ask(server.base_url, [chat_body()])
        took_s = time.monotonic() - started

    assert got.texts == ["word " * 60]
    assert took_s >= 0.05 * (len(got.raw) // 100)


def test_trickle_without_end_outlasts_the_client_and_not_the_server():
    rules = Rules(trickle=Trickle(piece_bytes=4096, pause_s=0.01, endless=True))
    with chat_server(lambda _: "hello", rules=rules) as server:
        [got] = ask(server.base_url, [chat_body()], timeout=aiohttp.ClientTimeout(total=3))
        ending = time.monotonic()

    assert (got.status, got.broke) == (200, "TimeoutError")
    assert server.paid.total() == 1
    assert time.monotonic() - ending < 15


def test_server_with_512_connections_answers_all_at_once():
    bodies = [chat_body(f"prompt {number}") for number in range(1_024)]
    with chat_server(echo_answer, delay_s=3) as server:
        gots = ask(server.base_url, bodies, at_once=512)

    texts = [got.texts[0] for got in gots]
    assert texts == [echo_answer(body) for body in bodies]
    assert server.most_at_once > 400
    assert server.paid == {body_key(body): 1 for body in bodies}


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "status", "code"),
    [
        (Rules(context_words=4), 400, "context_length_exceeded"),
        (Rules(forbidden="secret"), 400, "content_filter"),
        (Rules(models=frozenset({"other"})), 404, "model_not_found"),
        (Rules(api_key="right"), 401, "invalid_api_key"),
    ],
)
def test_request_against_a_rule_is_refused_unpaid(rules: Rules, status: int, code: str):
    with chat_server(echo_answer, rules=rules) as server:
        [got] = ask(server.base_url, [chat_body("the secret has five words")])
        assert (got.status, got.code) == (status, code)
        assert (server.asked, server.served, server.usd) == (1, [], 0)
        server.rules = Rules(context_words=5, models=frozenset({"m"}), api_key="right")
        [got] = ask(
            server.base_url,
            [chat_body("the secret has five words")],
            headers={"Authorization": "Bearer right"},
        )
        assert got.status == 200


def test_request_that_is_none_is_refused_as_bad():
    with chat_server(echo_answer) as server:
        gots = ask(server.base_url, [{"model": "m"}, {"model": "m", "messages": []}])

    assert [got.status for got in gots] == [400, 400]
    assert server.outcomes == {"bad_request": 2}


def test_rate_limit_lets_through_what_it_states_and_says_when_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
):
    clock = [0.0]
    monkeypatch.setattr(chat_rules, "time", SimpleNamespace(monotonic=lambda: clock[-1]))
    limit = RateLimit(requests_per_s=0.5, burst=5)
    bodies = [chat_body(f"prompt {number}") for number in range(20)]
    with chat_server(echo_answer, rules=Rules(limit=limit)) as server:
        gots = ask(server.base_url, bodies)
        clock.append(1.9)
        [early] = ask(server.base_url, [chat_body("early")])
        clock.append(2.0)
        [after] = ask(server.base_url, [chat_body("later")])

    assert [got.status for got in gots] == [200] * 5 + [429] * 15
    assert {got.retry_after for got in gots[5:]} == {"2"}
    assert (early.status, early.retry_after) == (429, "1")
    assert after.status == 200
    assert server.outcomes == {"completion": 6, "over_limit": 16}


def test_rate_limit_of_concurrency_refuses_those_beyond_it():
    rules = Rules(limit=RateLimit(at_once=3))
    bodies = [chat_body(f"prompt {number}") for number in range(10)]
    with chat_server(echo_answer, delay_s=2, rules=rules) as server:
        gots = ask(server.base_url, bodies, at_once=10)

    assert sorted(got.status or 0 for got in gots) == [200] * 3 + [429] * 7
    assert {got.retry_after for got in gots if got.status == 429} == {"1"}
    assert server.most_at_once == 3


# --- mixtures of faults -------------------------------------------------------------------------

_SIGNS: dict[FaultKind, Callable[[Got], bool]] = {
    FaultKind.RATE_LIMIT: lambda got: got.status == 429 and got.retry_after == "3",
    FaultKind.SERVER_ERROR: lambda got: got.status == 500,
    FaultKind.OVERLOADED: lambda got: got.status == 503,
    FaultKind.CUT_IN_BODY: lambda got: got.status == 200 and got.broke == "ClientPayloadError",
    FaultKind.CUT_BEFORE_BODY: lambda got: got.status == 200 and got.broke == "ClientPayloadError",
    FaultKind.GARBAGE: lambda got: got.raw.startswith(b"<html>"),
    FaultKind.EMPTY_BODY: lambda got: (got.status, got.raw, got.broke) == (200, b"", ""),
    FaultKind.TRUNCATED_JSON: lambda got: got.raw.startswith(b'{"id') and got.raw[-1:] != b"}",
    FaultKind.LOST: lambda got: got.broke == "ServerDisconnectedError",
}


@pytest.mark.parametrize("kind", FaultKind)
def test_mix_of_one_kind_sends_it_until_the_body_passes(kind: FaultKind):
    mix = FaultMix(1, {kind: 1.0}, in_a_row=2, retry_after_s=3)
    with chat_server(echo_answer, rules=Rules(faults=mix)) as server:
        gots = ask(server.base_url, [chat_body()] * 3)

    assert [_SIGNS[kind](got) for got in gots] == [True, True, False]
    assert gots[2].texts == [echo_answer(chat_body())]
    lost = kind is FaultKind.LOST
    assert server.paid == {body_key(chat_body()): 3 if lost else 1}
    assert server.outcomes == {kind: 2, "completion": 1}


def test_mix_at_a_share_meets_it_and_whatever_the_order_the_same_requests():
    bodies = [chat_body(f"prompt {number}") for number in range(3_000)]
    mix = FaultMix.even(29, 0.2)
    met: list[set[str]] = []
    for order, at_once in ((bodies, 1), (bodies[::-1], 32)):
        with chat_server(echo_answer, rules=Rules(faults=mix)) as server:
            gots = ask(server.base_url, order, at_once)
        met.append({body_key(b) for b, got in zip(order, gots, strict=True) if not got.whole})

    # 3,000 draws of 0.2 are 600 with a deviation of 22, and 67 of each kind with one of 8.
    assert met[0] == met[1]
    assert 510 < len(met[0]) < 690
    assert all(35 < server.outcomes[kind] < 100 for kind in FaultKind)
    assert server.paid.total() == 3_000 - len(met[0]) + server.outcomes["lost"]


def test_mix_asked_again_until_it_passes_serves_every_body():
    left = [chat_body(f"prompt {number}") for number in range(300)]
    with chat_server(echo_answer, rules=Rules(faults=FaultMix.even(3, 0.9))) as server:
        for _ in range(4):
            gots = ask(server.base_url, left, at_once=16)
            left = [b for b, got in zip(left, gots, strict=True) if not got.whole]

    assert left == []
    assert len(server.paid) == 300
    assert server.stats().paid_twice == server.outcomes["lost"] > 0


# --- bills --------------------------------------------------------------------------------------


def _told(server: ChatServer) -> tuple[int, int, int]:
    stats = server.stats()
    return stats.served, stats.distinct, stats.paid_twice


def test_bills_count_every_completion_by_body_and_price_it_by_model():
    prices = PriceList(Price(1_000_000, 0), {"dear": Price(2_000_000, 10_000_000)})
    dear = {**chat_body("three small words"), "model": "dear"}
    bodies = [
        chat_body(),
        dear,
        dict(reversed(dear.items())),
        chat_body("x", seed=1),
        chat_body("x", seed=2),
    ]
    with chat_server(lambda _: "said so", prices=prices) as server:
        server.faults += [500]
        ask(server.base_url, [chat_body(), *bodies])

    assert server.paid[body_key(dear)] == 2, "the order of fields makes no other request"
    assert _told(server) == (5, 4, 1)
    assert server.tokens == (2 + 3 + 3 + 1 + 1, 5 * 2)
    assert server.usd == pytest.approx(4 * 1 + 6 * 2 + 4 * 10)
