"""Bespoke Curator: one `LLM` over a list of prompts, through its OpenAI backend."""

# Lives in an environment of its own.
# pyright: reportMissingImports=false

from bespokelabs import curator

from benchmarks.peers.job import API_KEY, MAX_TOKENS, MODEL, TEMPERATURE, Job, run_client

_NO_LIMIT = 1_000_000_000


def complete(job: Job) -> list[str]:
    """Ask every prompt once."""
    llm = curator.LLM(
        model_name=MODEL,
        backend="openai",
        backend_params={
            "base_url": job.base_url,
            "api_key": API_KEY,
            "max_concurrent_requests": job.concurrency,
            "max_requests_per_minute": _NO_LIMIT,
            "max_tokens_per_minute": _NO_LIMIT * 1000,
        },
        generation_params={"temperature": TEMPERATURE, "max_tokens": MAX_TOKENS},
    )
    answered = llm(list(job.prompts), working_dir=str(job.folder / "curator"))
    return list(answered.dataset["response"])


if __name__ == "__main__":
    run_client(complete)
