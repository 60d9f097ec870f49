"""How fast a large training set becomes files for trainers, beside Polars writing the same table.

`python -m benchmarks.export` prints the section alone; `--rows 1000000` says of what size, `--runs`
how often each way is taken.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from benchmarks.real_rows import DATA, real_rows
from benchmarks.timing import Cost, median, run_process, table
from synth_assets.core.config.mixtures import ExportSpec
from synth_assets.core.schema import TRAINING_SCHEMA
from synth_assets.resources.exports import export_training_set
from synth_assets.resources.token_lengths import open_tokenizer

_ROWS = 1_000_000
_PART = 100_000
_ROWS_FILE, _LAID_FILE = "rows.parquet", "laid.parquet"
_WAYS = {
    "copy": "the JSON Lines copied, no more",
    "polars_parquet": "Polars alone, Parquet",
    "parquet": "Synth Assets, Parquet",
    "polars_jsonl": "Polars alone, JSON Lines",
    "jsonl": "Synth Assets, JSON Lines",
    "polars_both": "Polars alone, both",
    "both": "Synth Assets, both",
    "lengths": "Synth Assets, both, tokens counted",
}
_ONCE = ("lengths",)


def measure(rows: int = _ROWS, runs: int = 3) -> str:
    """Measure and return a section of Markdown."""
    if not DATA.is_dir():
        return f"## Exports\n\nNot measured: no {DATA.name}; set SYNTH_TEST_DATA."
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In processes of their own, whose memory the accounts of later ones do not begin with.
        _job("make", folder, str(rows))
        _job("lay_out", folder)
        size = (folder / _LAID_FILE).stat().st_size, (folder / "copied.jsonl").stat().st_size
        costs = {way: _cost(way, folder, 1 if way in _ONCE else runs) for way in _WAYS}
    method = (
        f"{rows:,} rows of real texts as chats with provenance: {size[0] / 1e6:,.0f} MB of Parquet "
        f"(zstd), {size[1] / 1e6:,.0f} MB of JSON Lines. Polars scans the very table that the "
        "export writes, laid out already, and sinks it; Synth Assets reads the training set, lays "
        "it out, writes shards and their SHA-256, and swaps the folder in. Whole processes, "
        f"imports among it; of {runs} runs the median, with tokens counted of one."
    )
    cells = [
        [_WAYS[way], f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}", f"{cost.peak_mib:,.0f}"]
        for way, cost in costs.items()
    ]
    ratio = costs["both"].cpu_s / costs["polars_both"].cpu_s
    told = f"Both kinds take Synth Assets {ratio:.2f} times the CPU that Polars alone takes."
    head = ["way", "wall s", "CPU s", "peak MiB"]
    return "\n\n".join(["## Exports", method, table(head, cells), told])


def _cost(way: str, folder: Path, runs: int) -> Cost:
    return median([_job(way, folder) for _ in range(runs)])


def _job(way: str, folder: Path, *more: str) -> Cost:
    return run_process(
        [sys.executable, "-m", "benchmarks.export", "--job", way, str(folder), *more], {}
    )


def _do(way: str, folder: Path, *more: str) -> None:
    laid = pl.scan_parquet(folder / _LAID_FILE)
    match way:
        case "make":
            _make(folder / _ROWS_FILE, int(more[0]))
        case "lay_out":
            _export(folder, ("parquet", "jsonl"))
            (folder / "out" / "train.parquet").rename(folder / _LAID_FILE)
            (folder / "out" / "train.jsonl").rename(folder / "copied.jsonl")
        case "copy":
            shutil.copyfile(folder / "copied.jsonl", folder / "copy.jsonl")
        case "polars_parquet":
            laid.sink_parquet(folder / "polars.parquet", compression="zstd")
        case "polars_jsonl":
            laid.sink_ndjson(folder / "polars.jsonl")
        case "polars_both":
            laid.sink_parquet(folder / "polars.parquet", compression="zstd")
            laid.sink_ndjson(folder / "polars.jsonl")
        case "both":
            _export(folder, ("parquet", "jsonl"))
        case "lengths":
            _export(folder, ("parquet", "jsonl"), counted=True)
        case _:
            _export(folder, (way,))


def _export(folder: Path, files: tuple[str, ...], *, counted: bool = False) -> None:
    spec = ExportSpec.model_validate({"files": files, "rows_per_file": 10_000_000})
    counter = open_tokenizer() if counted else None
    export_training_set(folder / "out", folder / _ROWS_FILE, spec, counter=counter)


def _make(place: Path, count: int) -> None:
    """Rows of real texts, each begun at another word, so that none is like another."""
    draw = random.Random(1)
    texts = [(row.prompt.split(" "), row.response.split(" ")) for row in real_rows()]
    parts = [
        _part(draw, texts, start, min(_PART, count - start)) for start in range(0, count, _PART)
    ]
    pl.concat(parts).write_parquet(place, compression="zstd")


def _part(
    draw: random.Random, texts: list[tuple[list[str], list[str]]], start: int, count: int
) -> pl.DataFrame:
    chosen = [draw.choice(texts) for _ in range(count)]
    number = pl.int_range(start, start + count)
    name = pl.format("{}", number.hash(1)).str.zfill(20)
    synthetic = number % 2 == 0
    said = {
        "sample_id": name,
        "origin": pl.when(synthetic).then(pl.lit("synthetic")).otherwise(pl.lit("real")),
        "recipe": pl.when(synthetic).then(pl.lit("sums")).otherwise(pl.lit("")),
        "recipe_version": pl.lit("0123abcd"),
        "technique": pl.lit("self_instruct"),
        "source": pl.lit("people"),
        "seed_id": name.str.reverse(),
        "parent_ids": pl.concat_list(name.str.reverse()),
        "position": number,
        "teacher": pl.lit("scholar"),
        "request_fingerprints": pl.concat_list(pl.concat_str(name, name, name)),
        "attributes": pl.lit("{}"),
        "licence": pl.lit("MIT"),
        "synthetic_depth": synthetic,
        "content_hash": name,
        "score": (number % 100) / 100,
        "difficulty": pl.when(number % 3 > 0).then(number % 7),
        "split": pl.lit("train"),
        "copy": 1,
    }
    frame = pl.DataFrame(
        {
            "prompt": [" ".join(_turned(draw, asked)) for asked, _ in chosen],
            "response": [" ".join(_turned(draw, answered)) for _, answered in chosen],
        }
    )
    frame = frame.with_columns(**said)
    lacking = [name for name in TRAINING_SCHEMA if name not in frame.columns]
    frame = frame.with_columns(pl.lit("").alias(name) for name in lacking)
    return frame.select(TRAINING_SCHEMA.names()).cast(dict(TRAINING_SCHEMA))


def _turned(draw: random.Random, words: list[str]) -> Iterator[str]:
    at = draw.randrange(len(words))
    yield from words[at:]
    yield from words[:at]


def main() -> None:
    """Print the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=_ROWS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--job", nargs="+", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.job:
        way, folder, *more = told.job
        _do(way, Path(folder), *more)
    else:
        print(measure(told.rows, told.runs))


if __name__ == "__main__":
    main()
