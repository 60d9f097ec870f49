"""Rows as Evidently itself describes and compares them, with thresholds that hold.

Importing this module imports Evidently; see `native`.
"""

# Neither library ships types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportMissingTypeArgument=false
# pyright: reportUnknownParameterType=false

from dataclasses import dataclass

import pandas as pd
import polars as pl
from evidently import DataDefinition, Dataset
from evidently.core.metric_types import Metric
from evidently.descriptors import NonLetterCharacterPercentage, SentenceCount, WordCount
from evidently.metrics import ValueDrift

LEAST_ROWS = 50
_METHOD = "wasserstein"
_THRESHOLD = 0.4
"""Of the distance over the standard deviation of the real rows.

Between two draws of 200 unchanged rows (paragraphs of Python's manual, GSM8K) it is .12 by median
and above .4 in three to ten of a thousand pairs; Evidently's usual .1 fires on six of ten.
"""


@dataclass(frozen=True)
class TextSamples:
    """Rows drawn from a set, and real rows beside them; columns `prompt`, `response`."""

    rows: pl.DataFrame
    real: pl.DataFrame

    @classmethod
    def among(cls, sliced: pl.DataFrame, ours: str, reference: str) -> "TextSamples | None":
        """Those of two slices of a frame of `SLICED_SCHEMA`; none if there are too few rows."""
        rows, real = (sliced.filter(pl.col("slice") == name) for name in (ours, reference))
        return cls(rows, real) if min(rows.height, real.height) >= LEAST_ROWS else None

    def datasets(self) -> tuple[Dataset, Dataset]:
        """Both with Evidently's descriptors of the texts."""
        return _described(self.rows), _described(self.real)

    def metrics(self) -> list[Metric]:
        """How far the rows are from the real ones, descriptor by descriptor."""
        return [
            ValueDrift(column=name, method=_METHOD, threshold=_THRESHOLD)
            for name in ("words", "sentences", "other than letters, %")
        ]


def _described(rows: pl.DataFrame) -> Dataset:
    text = pl.concat_str(["prompt", "response"], separator="\n")
    frame = pd.DataFrame({"text": rows.select(text.alias("text"))["text"].to_list()})
    return Dataset.from_pandas(
        frame,
        data_definition=DataDefinition(text_columns=["text"]),
        descriptors=[
            WordCount("text", alias="words"),
            SentenceCount("text", alias="sentences"),
            NonLetterCharacterPercentage("text", alias="other than letters, %"),
        ],
    )
