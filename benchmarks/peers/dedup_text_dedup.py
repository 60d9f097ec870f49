"""text-dedup's command `text_dedup.minhash`, in this process, so that imports are not counted."""

from collections.abc import Iterator
from pathlib import Path

from datasets import load_from_disk
from text_dedup.minhash import main

from benchmarks.peers.dedup_job import SHINGLE, Found, Job, run_tool

_PROCESSES = 2


def find(job: Job) -> Found:
    """Words are what lies between other characters; rows of less than 5 are left out."""
    kept = job.folder / "kept"
    main(
        [
            *("--path", "json", "--data_files", str(job.file), "--split", "train"),
            *("--cache_dir", str(job.folder / "cache"), "--output", str(kept)),
            *("--column", "text", "--ngram", str(SHINGLE)),
            *("--threshold", str(job.threshold), "--num_proc", str(_PROCESSES)),
        ],
        standalone_mode=False,
    )
    return Found(kept=_Rows(kept))


class _Rows:
    """Rows of a stored data set, read when all is done."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __iter__(self) -> Iterator[int]:
        return iter(load_from_disk(str(self._folder))["row"])


if __name__ == "__main__":
    run_tool(find)
