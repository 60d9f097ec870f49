"""datatrove's four stages, as its example runs them, on two workers of one machine."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from benchmarks.peers.dedup_job import SHINGLE, Found, Job, run_tool

_WORKERS = 2


def find(job: Job) -> Found:
    """The usual 14 buckets of 8 hashes; words as its tokenizer of English cuts them."""
    config = MinhashConfig(n_grams=SHINGLE)
    folder = job.folder
    reader = JsonlReader(str(_parts(job)), text_key="text", id_key="row")
    signatures, buckets, removed = (
        str(folder / name) for name in ("signatures", "buckets", "remove_ids")
    )
    stages = [
        (_WORKERS, [reader, MinhashDedupSignature(signatures, config)]),
        (config.num_buckets, [MinhashDedupBuckets(signatures, buckets, config=config)]),
        (1, [MinhashDedupCluster(buckets, removed, config=config)]),
        (_WORKERS, [reader, MinhashDedupFilter(removed), JsonlWriter(str(folder / "kept"))]),
    ]
    for number, (tasks, pipeline) in enumerate(stages):
        logs = str(folder / f"logs{number}")
        LocalPipelineExecutor(
            pipeline=pipeline, tasks=tasks, workers=_WORKERS, logging_dir=logs
        ).run()
    return Found(kept=_Rows(folder / "kept"))


def _parts(job: Job) -> Path:
    """The rows in as many files as there are workers; one file is read by one."""
    folder = job.folder / "rows"
    if folder.exists():
        return folder
    folder.mkdir()
    lines = job.file.read_bytes().splitlines(keepends=True)
    for part in range(_WORKERS):
        size = -(-len(lines) // _WORKERS)
        (folder / f"{part}.jsonl").write_bytes(b"".join(lines[part * size : (part + 1) * size]))
    return folder


class _Rows:
    """Rows of written files, read when all is done."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __iter__(self) -> Iterator[int]:
        for path in sorted(self._folder.glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                # Its writer leaves out what is 0.
                yield from (int(json.loads(line).get("id", 0)) for line in lines)


if __name__ == "__main__":
    run_tool(find, _parts)
