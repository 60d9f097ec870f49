"""The test server in a process of its own: the same answers, its figures over HTTP."""

import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.integration.chat_client import ask, chat_body
from tests.integration.chat_process import chat_process
from tests.integration.chat_server import (
    FaultKind,
    FaultMix,
    Price,
    PriceList,
    Rules,
    body_key,
    echo_answer,
    embedded_answer,
)
from tests.processes import is_free


def test_process_of_its_own_keeps_rules_and_tells_its_figures():
    rules = Rules(
        faults=FaultMix(1, {FaultKind.LOST: 1.0}, in_a_row=1),
        models=frozenset({"m"}),
        context_words=50,
    )
    body = chat_body("count me", seed=4)
    with chat_process("echo", rules=rules, prices=PriceList(Price(1e6, 0))) as process:
        lost, got, unknown = ask(process.base_url, [body, body, {**chat_body(), "model": "other"}])
        stats, paid = process.stats(), process.paid()

    assert (lost.broke, unknown.status) == ("ServerDisconnectedError", 404)
    assert got.texts == [echo_answer(body)]
    assert paid == {body_key(body): 2}
    assert (stats.asked, stats.served, stats.distinct, stats.paid_twice) == (3, 2, 1, 1)
    assert stats.usd == stats.prompt_tokens == 4
    assert stats.outcomes == {"lost": 1, "completion": 1, "unknown_model": 1}


def test_process_of_its_own_with_the_embedded_teacher_says_what_it_says():
    body = {**chat_body("<problem>\nA box holds 3 nuts.\n</problem>", seed=7), "model": "solver"}
    with chat_process() as process:
        [got] = ask(process.base_url, [body])

    assert got.texts == [embedded_answer(body)]


def test_process_of_its_own_ends_with_the_one_that_started_it():
    script = (
        "import time\n"
        "from tests.integration.chat_process import chat_process\n"
        "with chat_process('echo') as process:\n"
        "    print(process.base_url, flush=True)\n"
        "    time.sleep(60)\n"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        base_url = starter.stdout.readline().strip()
        assert ask(base_url, [chat_body()])[0].status == 200
        starter.kill()

    deadline = time.monotonic() + 30
    while not is_free(urlsplit(base_url).port or 0):
        assert time.monotonic() < deadline
        time.sleep(0.05)
