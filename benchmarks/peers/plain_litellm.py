"""LiteLLM as its documentation shows it: `acompletion` behind a semaphore."""

import asyncio

import litellm

from benchmarks.peers.job import API_KEY, MAX_TOKENS, MODEL, TEMPERATURE, Job, run_client


def complete(job: Job) -> list[str]:
    """Ask every prompt once; `lane` is the provider's prefix."""
    return asyncio.run(_complete(job))


async def _complete(job: Job) -> list[str]:
    places = asyncio.Semaphore(job.concurrency)

    async def ask(prompt: str) -> str:
        async with places:
            response = await litellm.acompletion(
                model=f"{job.lane}/{MODEL}",
                api_base=job.base_url,
                api_key=API_KEY,
                messages=[{"role": "user", "content": prompt}],
                temperature=TEMPERATURE,
                max_tokens=MAX_TOKENS,
            )
        return str(response["choices"][0]["message"]["content"])  # pyright: ignore[reportIndexIssue]  no stream

    return await asyncio.gather(*(ask(prompt) for prompt in job.prompts))


if __name__ == "__main__":
    run_client(complete)
