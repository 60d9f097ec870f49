"""The test server in a process of its own, so that a test's interpreter is not in its way.

`python -m tests.integration.chat_process --port 0 --answer echo` prints its base URL and serves
until its standard input tells a line or ends, so that it does not outlive a test that was killed.
"""

import argparse
import asyncio
import http.client
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from tests.integration.chat_server import (
    BatchPlan,
    ChatServer,
    PriceList,
    Rules,
    Stats,
    echo_answer,
    embedded_choices,
    json_answer,
    serve,
)

_RULES, _PRICES, _PLAN = TypeAdapter(Rules), TypeAdapter(PriceList), TypeAdapter(BatchPlan)
_STATS = TypeAdapter(Stats)
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class ChatProcess:
    """A server in a process of its own.

    Attributes:
        base_url: where it listens.
        pid: its process.
    """

    base_url: str
    pid: int

    def stats(self) -> Stats:
        """What it did up to now."""
        return _STATS.validate_json(self._got("/stats"))

    def paid(self) -> Counter[str]:
        """How often each request was served with a completion, by `body_key` of its body."""
        return Counter(json.loads(self._got("/paid")))

    def _got(self, path: str) -> bytes:
        connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=60)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            assert response.status == 200, response.status
            return response.read()
        finally:
            connection.close()


@contextmanager
def chat_process(
    answer: str = "embedded",
    delay_s: float = 0.0,
    *,
    rules: Rules | None = None,
    prices: PriceList | None = None,
    batch_plan: BatchPlan | None = None,
) -> Iterator[ChatProcess]:
    """Serve on a free loopback port until the block ends.

    Args:
        answer: `embedded` or `echo`; both answer in JSON where they are asked to.
        delay_s: how long each answer takes.
        rules: what the server holds clients to.
        prices: for `stats().usd`.
        batch_plan: how batches go; without `after_s` they never end here.
    """
    told = [
        *("--answer", answer, "--delay-s", str(delay_s)),
        *("--rules", _RULES.dump_json(rules or Rules()).decode()),
        *("--prices", _PRICES.dump_json(prices or PriceList()).decode()),
        *("--batch-plan", _PLAN.dump_json(batch_plan or BatchPlan()).decode()),
    ]
    command = [sys.executable, "-m", "tests.integration.chat_process", *told]
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            base_url = process.stdout.readline().strip()
            assert base_url, "the test server did not start; see its errors above"
            yield ChatProcess(base_url, process.pid)
        finally:
            # A line, because a forked child of this process may hold the pipe open.
            with suppress(BrokenPipeError):
                process.stdin.write("end\n")
                process.stdin.flush()
            code = process.wait(timeout=30)
    assert code == 0, "the test server failed; see its errors above"


def main() -> None:
    """Serve as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--answer", choices=("embedded", "echo"), default="embedded")
    parser.add_argument("--delay-s", type=float, default=0.0)
    parser.add_argument("--rules", default="{}", help="JSON of `Rules`")
    parser.add_argument("--prices", default="{}", help="JSON of `PriceList`")
    parser.add_argument("--batch-plan", default="{}", help="JSON of `BatchPlan`")
    told = parser.parse_args()
    state = ChatServer(
        json_answer(echo_answer if told.answer == "echo" else embedded_choices),
        delay_s=told.delay_s,
        rules=_RULES.validate_json(told.rules),
        prices=_PRICES.validate_json(told.prices),
    )
    state.batches.plan = _PLAN.validate_json(told.batch_plan)
    asyncio.run(serve(state, told.port, _until_told))
    if state.broken:
        raise state.broken[0]


async def _until_told(base_url: str) -> None:
    sys.stdout.write(f"{base_url}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    main()
