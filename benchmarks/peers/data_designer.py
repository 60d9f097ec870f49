"""NeMo Data Designer: a seed data set of prompts and one column of text."""

# Lives in an environment of its own.
# pyright: reportMissingImports=false

import data_designer.config as dd
import pandas as pd
from data_designer.interface import DataDesigner

from benchmarks.peers.job import API_KEY, MAX_TOKENS, MODEL, TEMPERATURE, Job, run_client


def complete(job: Job) -> list[str]:
    """Ask every prompt once."""
    provider = dd.ModelProvider(name="local", endpoint=job.base_url, api_key=API_KEY)
    model = dd.ModelConfig(
        alias="writer",
        model=MODEL,
        provider="local",
        skip_health_check=True,
        inference_parameters=dd.ChatCompletionInferenceParams(
            temperature=TEMPERATURE,
            max_tokens=MAX_TOKENS,
            max_parallel_requests=job.concurrency,
        ),
    )
    config = dd.DataDesignerConfigBuilder(model_configs=[model])
    seeds = pd.DataFrame({"instruction": list(job.prompts)})
    config.with_seed_dataset(dd.DataFrameSeedSource(df=seeds))
    config.add_column(
        dd.LLMTextColumnConfig(name="text", prompt="{{ instruction }}", model_alias="writer")
    )
    designer = DataDesigner(artifact_path=job.folder / "data-designer", model_providers=[provider])
    designer.set_run_config(dd.RunConfig(otel_metrics_port=None))
    made = designer.create(config, num_records=len(job.prompts), dataset_name="bench")
    return list(made.load_dataset()["text"])


if __name__ == "__main__":
    run_client(complete)
