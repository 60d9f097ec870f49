"""Our metrics as Evidently's own, so that its dashboards and reports show them like any other.

Importing this module imports Evidently, which takes 8 to 17 CPU seconds: import it inside the
function that uses it, after `switch_off_telemetry`. Of these names Evidently stores the class
name and the fields; with a table's labels they are a line's identity, and renaming one breaks it.

A metric is a table with many values and not a value: a snapshot is a tenth as large, and is read
in a fraction of the time.
"""

# Neither library ships types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportMissingTypeArgument=false
# Evidently's models fill `type` in by themselves, and its mappings are invariant.
# pyright: reportCallIssue=false, reportArgumentType=false, reportAssignmentType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import polars as pl
from evidently import DataDefinition, Dataset, Report
from evidently.core.metric_types import (
    DataframeCalculation,
    DataframeMetric,
    DataframeValue,
    Metric,
)
from evidently.core.report import Context, Snapshot
from evidently.legacy.renderers.html_widgets import table_data

from synth_assets.resources.dashboards.described import TextSamples
from synth_assets.resources.dashboards.labels import LoggedRun


class SetDiversity(DataframeMetric):
    """How varied a training set is; columns `measure`, `slice`, `value`.

    Sizes of the sample belong to its identity, as figures of other sizes do not compare.
    """

    sample_rows: int
    sample_words: int


class SetDrift(DataframeMetric):
    """How far a set is from its earlier runs, and from real rows; `against`, `measure`, `of`."""


class SetGates(DataframeMetric):
    """What the mixture's gates made of a set; columns `measure`, `of`, `value`."""


class SetCollapse(DataframeMetric):
    """What the canary found; columns `measure`, `of`, `value`."""


class GenerationFigures(DataframeMetric):
    """What generation came to; columns `measure`, `of`, `value`."""


class RecipeDiversity(DataframeMetric):
    """How varied each recipe's samples are; columns `measure`, `of`, `value`."""


@dataclass(frozen=True)
class Table:
    """A table of a report, for people.

    Attributes:
        title: over it.
        columns: over its columns.
        rows: cells as they are to be read; shown as text, whatever they hold.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def frame(self) -> pl.DataFrame:
        """As it travels with a report."""
        return pl.DataFrame(
            list(self.rows), schema=dict.fromkeys(self.columns, pl.String), orient="row"
        )


@dataclass(frozen=True)
class Part:
    """A metric with what it is to hold.

    Attributes:
        metric: one of the above.
        figures: its table, see `figures`.
        tables: what a report shows of it.
    """

    metric: DataframeMetric
    figures: pl.DataFrame
    tables: tuple[Table, ...] = ()

    @property
    def name(self) -> str:
        """Under which its table travels through a report."""
        return type(self.metric).__name__


# Evidently finds a metric's calculation by its first generic base, so these share functions and no
# base of ours.
def _name(calculation: DataframeCalculation) -> str:
    return type(calculation.metric).__name__


def _table(
    calculation: DataframeCalculation,
    context: Context,
    current_data: Dataset,
    reference_data: Dataset | None,
) -> DataframeValue:
    """The metric's table, and what is shown of it, from the data that travel with the report."""
    name = _name(calculation)
    shown = [
        table_data(
            title=key.removeprefix(f"{name}/"),
            column_names=list(frame.columns),
            data=frame.to_numpy().tolist(),
        )
        for key, data in context.additional_data.items()
        if key.startswith(f"{name}/")
        for frame in [data.as_dataframe()]
    ]
    figures = context.additional_data[name].as_dataframe()
    return DataframeValue(value=figures, display_name=name, widget=shown)


class SetDiversityCalculation(DataframeCalculation[SetDiversity]):
    """Computes `SetDiversity`."""

    display_name = _name
    calculate = _table


class SetDriftCalculation(DataframeCalculation[SetDrift]):
    """Computes `SetDrift`."""

    display_name = _name
    calculate = _table


class SetGatesCalculation(DataframeCalculation[SetGates]):
    """Computes `SetGates`."""

    display_name = _name
    calculate = _table


class SetCollapseCalculation(DataframeCalculation[SetCollapse]):
    """Computes `SetCollapse`."""

    display_name = _name
    calculate = _table


class GenerationFiguresCalculation(DataframeCalculation[GenerationFigures]):
    """Computes `GenerationFigures`."""

    display_name = _name
    calculate = _table


class RecipeDiversityCalculation(DataframeCalculation[RecipeDiversity]):
    """Computes `RecipeDiversity`."""

    display_name = _name
    calculate = _table


def run_report(
    parts: Sequence[Part], labels: LoggedRun, texts: TextSamples | None = None
) -> Snapshot:
    """Make a report of what was measured.

    Args:
        parts: with figures; others are left out.
        labels: of the run.
        texts: drawn rows, which Evidently describes and compares by its own means.
    """
    filled = [part for part in parts if part.figures.height]
    travelling = {part.name: _dataset(part.figures) for part in filled}
    for part in filled:
        shown = (table for table in part.tables if table.rows)
        travelling |= {f"{part.name}/{table.title}": _dataset(table.frame()) for table in shown}
    metrics: list[Metric] = [part.metric for part in filled]
    current = Dataset.from_pandas(pd.DataFrame({"parts": [len(filled)]}))
    reference = None
    if texts is not None:
        current, reference = texts.datasets()
        metrics += texts.metrics()
    return Report(metrics).run(
        current,
        reference,
        additional_data=travelling,
        timestamp=labels.timestamp,
        metadata=dict(labels.metadata),
        tags=list(labels.tags),
        name=labels.name,
    )


def _dataset(frame: pl.DataFrame) -> Dataset:
    return Dataset.from_pandas(
        pd.DataFrame(frame.to_dict(as_series=False)), data_definition=DataDefinition()
    )
