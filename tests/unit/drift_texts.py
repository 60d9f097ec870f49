"""Rows and vectors to measure drift with, cheaply."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from synth_assets.core.drift.window import WINDOW_SCHEMA
from synth_assets.core.embedding.protocol import Progress, Vectors, unit_rows
from synth_assets.core.ngrams import words


class WordBuckets:
    """An embedder that counts words in 48 buckets: nothing is learnt, so it costs nothing."""

    name, dimensions, looks_at_others = "word buckets", 48, False

    def embed(self, texts: Sequence[str], on_progress: Progress | None = None) -> Vectors:
        """One row a text."""
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in words(text):
                row[sum(word.encode()) % self.dimensions] += 1
        return unit_rows(rows)


def gsm8k_window(shared_data: Path, first: int, count: int) -> pl.DataFrame:
    """Rows of GSM8K, with teachers and recipes that take turns."""
    lines = (shared_data / "gsm8k" / "train.jsonl").read_text("utf-8").splitlines()
    some = [json.loads(line) for line in lines[first : first + count]]
    numbers = range(first, first + len(some))
    rows = pl.DataFrame(
        {
            "sample_id": [f"row {number}" for number in numbers],
            "prompt": [row["question"] for row in some],
            "response": [row["answer"] for row in some],
            "origin": "synthetic",
            "recipe": [f"recipe {number % 2}" for number in numbers],
            "teacher": [f"teacher {number % 3}" for number in numbers],
            "difficulty": [float(number % 5) for number in numbers],
        }
    )
    missing = [pl.lit(None).alias(name) for name in WINDOW_SCHEMA if name not in rows.columns]
    return rows.with_columns(missing).select(WINDOW_SCHEMA.names()).cast(WINDOW_SCHEMA)


def templated(window: pl.DataFrame, every: int = 2) -> pl.DataFrame:
    """The same rows, each so-manieth with a stock opening."""
    stock = pl.lit("Sure, I would be happy to help! ") + pl.col("response")
    of = pl.int_range(pl.len()) % every == 0
    return window.with_columns(pl.when(of).then(stock).otherwise("response").alias("response"))
