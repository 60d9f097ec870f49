"""aiohttp and nothing else: workers that share an iterator. The limit of what Python does here."""

import asyncio
import json
from collections.abc import Iterator

import aiohttp

from benchmarks.peers.job import API_KEY, MAX_TOKENS, MODEL, TEMPERATURE, Job, run_client


def complete(job: Job) -> list[str]:
    """Ask every prompt once."""
    return asyncio.run(_complete(job))


async def _complete(job: Job) -> list[str]:
    texts: list[str] = []
    waiting = iter(job.prompts)
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Authorization": f"Bearer {API_KEY}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        url = f"{job.base_url}/chat/completions"
        await asyncio.gather(*(_work(session, url, waiting, texts) for _ in range(job.concurrency)))
    return texts


async def _work(
    session: aiohttp.ClientSession, url: str, waiting: Iterator[str], texts: list[str]
) -> None:
    for prompt in waiting:
        body = {
            "model": MODEL,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": TEMPERATURE,
            "max_tokens": MAX_TOKENS,
        }
        async with session.post(url, json=body) as response:
            answer = json.loads(await response.read())
        texts.append(answer["choices"][0]["message"]["content"])


if __name__ == "__main__":
    run_client(complete)
