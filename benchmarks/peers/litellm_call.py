"""What one `litellm.acompletion` costs, with one thing changed, and where its CPU goes."""

import argparse
import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import litellm

from benchmarks.peers.job import API_KEY, MAX_TOKENS, MODEL, TEMPERATURE, prompt
from benchmarks.peers.litellm_changes import CHANGES, NotApplicableError

_WARM_UP = 200
_CONCURRENCY = 64
_BATCHES = 3
_SAMPLE_EVERY_S = 0.001
_NO_PART = "event loop and this script"

_PARTS = {
    "price lookup and cost": (
        "litellm/cost_calculator",
        "litellm_core_utils/llm_cost_calc",
        "litellm_core_utils/fallback_generalizations",
        "response_cost_calculator",
        "_record_zero_cost_diagnostic",
        "get_model_info",
        "get_potential_model_names",
    ),
    "HTTP: httpx or OpenAI's client, aiohttp beneath": (
        "/httpx/",
        "/httpcore/",
        "/aiohttp/",
        "/openai/",
        "litellm/llms/custom_httpx/",
    ),
    "logging object, handlers, response metadata": (
        "litellm_core_utils/litellm_logging",
        "litellm_core_utils/logging",
        "litellm/integrations/",
        "llm_response_utils/response_metadata",
        "function_setup",
        "_client_async_logging_helper",
    ),
    "parameters, request, response objects": (
        "litellm/llms/",
        "litellm/types/",
        "litellm/litellm_core_utils/",
        "get_optional_params",
        "validate_",
    ),
    "the rest of LiteLLM": ("/litellm/",),
}
"""Part -> words of a frame's file and function. A sample is of the innermost frame that has one."""


class _Sampler:
    """Counts, a thousand times a CPU second, which part the main thread is in."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __enter__(self) -> None:
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, _SAMPLE_EVERY_S, _SAMPLE_EVERY_S)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _look(self, _: int, frame: FrameType | None) -> None:
        parts = (part for inner in _outwards(frame) if (part := _part_of(inner)))
        self.seen[next(parts, _NO_PART)] += 1


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _part_of(frame: FrameType) -> str | None:
    where = f"{frame.f_code.co_filename}:{frame.f_code.co_name}"
    for part, words in _PARTS.items():
        if any(word in where for word in words):
            return part
    return None


async def _calls(base_url: str, provider: str, change: str, calls: int) -> dict[str, Any]:
    model = f"{provider}/{MODEL}"
    try:
        more = CHANGES[change](model, base_url)
    except NotApplicableError:
        return {"ms_a_call": None, "samples": {}, "changes": list(CHANGES)}
    places = asyncio.Semaphore(_CONCURRENCY)

    async def ask(number: int) -> str:
        async with places:
            response = await litellm.acompletion(
                model=model,
                api_base=base_url,
                api_key=API_KEY,
                messages=[{"role": "user", "content": prompt(number)}],
                temperature=TEMPERATURE,
                max_tokens=MAX_TOKENS,
                **more(),
            )
            return str(response["choices"][0]["message"]["content"])  # pyright: ignore[reportIndexIssue]  no stream

    async def batch(size: int) -> float:
        before = time.process_time()
        texts = await asyncio.gather(*(ask(number) for number in range(size)))
        assert len(set(texts)) == size
        return (time.process_time() - before) / size * 1000

    await batch(_WARM_UP)
    best = min([await batch(calls) for _ in range(_BATCHES)])
    sampler = _Sampler()
    with sampler:
        await batch(calls)
    return {"ms_a_call": best, "samples": dict(sampler.seen), "changes": list(CHANGES)}


def main() -> None:
    """Measure what the command line names; write `report.json` into its folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--provider", required=True)
    parser.add_argument("--change", choices=sorted(CHANGES), required=True)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    told = parser.parse_args()
    report = asyncio.run(_calls(told.base_url, told.provider, told.change, told.calls))
    (told.folder / "report.json").write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main()
