"""A mixture's runs as the dashboards store them, by line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from synth_assets.resources.dashboards.stored import StoredRun
from synth_assets.resources.report.charts import Line

_PREFIX = "evidently:metric_v2:"


@dataclass(frozen=True)
class History:
    """Runs, the first one first.

    Attributes:
        runs: at least one.
    """

    runs: Sequence[StoredRun]

    @property
    def moments(self) -> list[str]:
        """When each run was."""
        return [f"{run.timestamp:%Y-%m-%d %H:%M}" for run in self.runs]

    @cached_property
    def _values(self) -> list[dict[tuple[str, ...], float]]:
        return [
            {_key(point.metric, point.labels): point.value for point in run.points}
            for run in self.runs
        ]

    def line(self, name: str, metric: str, is_bound: bool = False, **labels: str) -> Line:
        """A line over the runs.

        Args:
            name: beside it.
            metric: class name of its metric.
            is_bound: see `Line`.
            labels: all of its labels but for sizes of samples.
        """
        key = _key(_PREFIX + metric, labels)
        return Line(name, [values.get(key) for values in self._values], is_bound)

    def last(self, metric: str, **labels: str) -> float | None:
        """Value of the last run."""
        return self._values[-1].get(_key(_PREFIX + metric, labels))

    def last_labels(self, metric: str) -> list[dict[str, str]]:
        """Labels of all values of a metric in the last run."""
        return [
            dict(point.labels) for point in self.runs[-1].points if point.metric == _PREFIX + metric
        ]


_NOT_LABELS = ("column", "sample_rows", "sample_words")


def _key(metric: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    return (metric, *(f"{k}={v}" for k, v in sorted(labels.items()) if k not in _NOT_LABELS))
