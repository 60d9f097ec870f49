"""distilabel: a pipeline of two steps. A batch is asked at once, so it is as large as allowed."""

# Lives in an environment of its own.
# pyright: reportMissingImports=false

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration

from benchmarks.peers.job import API_KEY, MAX_TOKENS, MODEL, TEMPERATURE, Job, run_client


def complete(job: Job) -> list[str]:
    """Ask every prompt once."""
    with Pipeline(name="bench", cache_dir=str(job.folder / "distilabel")) as pipeline:
        load = LoadDataFromDicts(
            data=[{"instruction": prompt} for prompt in job.prompts], batch_size=job.concurrency
        )
        llm = OpenAILLM(
            model=MODEL,
            base_url=job.base_url,
            api_key=API_KEY,
            generation_kwargs={"temperature": TEMPERATURE, "max_new_tokens": MAX_TOKENS},
        )
        load.connect(TextGeneration(llm=llm, input_batch_size=job.concurrency))
    made = pipeline.run(use_cache=False)
    return list(made["default"]["train"]["generation"])


if __name__ == "__main__":
    run_client(complete)
