"""Our metrics as Evidently's own, so that its dashboards and reports show them like any other.

Importing this module imports Evidently, which takes 8 to 17 CPU seconds: import it inside the
function that uses it, after `switch_off_telemetry`. Of these names Evidently stores the class
name and the fields; together they are a metric's identity, and renaming one breaks its line.
"""

# Neither library ships types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import polars as pl
from evidently import DataDefinition, Dataset, Report
from evidently.core.metric_types import SingleValue, SingleValueCalculation, SingleValueMetric
from evidently.core.report import Context, Snapshot

from synth_assets.core.diversity.metrics import DiversityMetric, evaluate, spec_of
from synth_assets.core.diversity.slices import SampleSize


class SliceDiversity(SingleValueMetric):
    """A metric of diversity of one slice, measured on a sample of a given size.

    The dataset must have the columns of `SLICED_SCHEMA`.
    """

    measure: str
    slice: str
    sample_rows: int
    sample_words: int


class SliceDiversityCalculation(SingleValueCalculation[SliceDiversity]):
    """Computes `SliceDiversity` by the core's formulas."""

    def display_name(self) -> str:
        """Title in Evidently's reports."""
        spec = spec_of(DiversityMetric(self.metric.measure))
        return f"{spec.title}, {self.metric.slice} ({spec.unit})"

    def calculate(
        self, context: Context, current_data: Dataset, reference_data: Dataset | None
    ) -> SingleValue:
        """Compute the value of the slice in `current_data`.

        Raises:
            ValueError: if the slice has too little text for the metric.
        """
        value = evaluate(
            DiversityMetric(self.metric.measure),
            _column(current_data, self.metric.slice, "prompt"),
            _column(current_data, self.metric.slice, "response"),
            _column(current_data, self.metric.slice, "within_words"),
        )
        if value is None:
            raise ValueError(f"{self.metric.slice} has too little text for {self.metric.measure}")
        return self.result(value)


class SliceRows(SingleValueMetric):
    """How many rows a slice has in all; the dataset has the columns of `SLICED_SCHEMA`."""

    slice: str


class SliceRowsCalculation(SingleValueCalculation[SliceRows]):
    """Computes `SliceRows`."""

    def display_name(self) -> str:
        """Title in Evidently's reports."""
        return f"Rows, {self.metric.slice}"

    def calculate(
        self, context: Context, current_data: Dataset, reference_data: Dataset | None
    ) -> SingleValue:
        """Read the row count that stands beside each drawn row."""
        return self.result(_column(current_data, self.metric.slice, "slice_rows")[0])


def run_report(
    sliced: pl.DataFrame,
    size: SampleSize,
    timestamp: datetime,
    metadata: Mapping[str, str],
) -> Snapshot:
    """Measure a frame of `SLICED_SCHEMA` as an Evidently report.

    Metrics that a slice has too little text for are left out: Evidently has no empty value.
    """
    frame = pd.DataFrame(sliced.to_dict(as_series=False))
    definition = DataDefinition(
        id_column="sample_id",
        text_columns=["prompt", "response"],
        categorical_columns=["slice", "within_words"],
        numerical_columns=["slice_rows", "words"],
    )
    metrics: list[SingleValueMetric] = []
    for part in sliced.partition_by("slice", maintain_order=True):
        name = str(part["slice"][0])
        texts = part.select("prompt", "response", "within_words").to_dict(as_series=False)
        metrics.append(SliceRows(slice=name))
        metrics.extend(
            SliceDiversity(
                measure=metric.value, slice=name, sample_rows=size.rows, sample_words=size.words
            )
            for metric in DiversityMetric
            if evaluate(metric, texts["prompt"], texts["response"], texts["within_words"])
            is not None
        )
    return Report(list(metrics)).run(
        Dataset.from_pandas(frame, data_definition=definition),
        None,
        timestamp=timestamp,
        metadata=dict(metadata),
        tags=[f"{key} {value}" for key, value in metadata.items()],
    )


def _column(data: Dataset, name: str, column: str) -> list[Any]:
    frame = data.as_dataframe()
    return frame.loc[frame["slice"] == name, column].tolist()
