"""Run every benchmark and write `docs/benchmarks.md`: `make bench`, or `python -m benchmarks`."""

import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks import (
    cluster_dedup,
    collapse,
    daily_loop,
    decontamination,
    dedup,
    diversity,
    diversity_controls,
    drift,
    export,
    firewall,
    generation,
    incremental_signatures,
    lineage_ingest,
    long_plan,
    mixtures,
    rouge_l,
    semantic,
    standing,
    start_and_run,
)

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def main() -> None:
    """Measure, and write the page."""
    packages = ("dagster", "duckdb", "polars", "litellm", "datasketch", "evidently", "rapidfuzz")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    parts = [
        "# Benchmarks",
        "Written by `make bench`. Wall and CPU seconds are whole processes, medians of the runs "
        "named; ratios are of the same run, and travel better between machines than seconds. Peaks "
        "below the benchmark's own (about 68 MiB) do not show.",
        f"Python {platform.python_version()}, {platform.machine()}, {versions}.",
    ]
    for benchmark in (
        start_and_run,
        generation,
        long_plan,
        lineage_ingest,
        rouge_l,
        diversity_controls,
        diversity,
        dedup,
        incremental_signatures,
        cluster_dedup,
        semantic,
        decontamination,
        firewall,
        standing,
        mixtures,
        export,
        collapse,
        drift,
        daily_loop,
    ):
        parts.append(benchmark.measure())
        print(parts[-1], flush=True)
    PAGE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
