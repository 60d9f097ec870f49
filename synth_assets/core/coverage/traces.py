"""What planned samples and rows are of: what was drawn, and the teachers they are traced to."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from synth_assets.core.coverage.recipe_targets import teacher_of
from synth_assets.core.fingerprint import Json
from synth_assets.core.generation.replay import AGAIN


@dataclass(frozen=True)
class Traces:
    """The calls of a recipe version.

    Attributes:
        calls: `fingerprint`, `teacher` and `step`, each fingerprint once.
    """

    calls: pl.DataFrame

    @classmethod
    def of(cls, calls: pl.DataFrame) -> "Traces":
        """Of columns of `CALL_SCHEMA`; what was asked again for its JSON is of the same step."""
        step = pl.col("step").str.strip_suffix(AGAIN)
        return cls(calls.select("fingerprint", "teacher", step).unique("fingerprint", keep="any"))

    def planned(self, plan: pl.DataFrame) -> pl.DataFrame:
        """Planned samples, with the teacher of what was asked first among their attributes.

        Args:
            plan: columns of `PLAN_SCHEMA`.

        Returns:
            `sample_id`, `position`, and `attributes`, a JSON object.
        """
        steps = dict(self.calls.select("fingerprint", "step").iter_rows())
        columns = ("sample_id", "position", "attributes", "teacher", "fingerprint")
        rows = [
            (name, position, _with_teacher(attributes, steps.get(asked), teacher))
            for name, position, attributes, teacher, asked in plan.select(columns).iter_rows()
        ]
        schema = {"sample_id": pl.String, "position": pl.Int64, "attributes": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def rows(self, rows: pl.DataFrame) -> Iterator[Mapping[str, Json]]:
        """Attributes of each row, with the first teacher of each step that it was made in.

        Args:
            rows: columns of `SAMPLE_SCHEMA`.
        """
        calls = {name: (teacher_of(step), who) for name, who, step in self.calls.iter_rows()}
        for attributes, asked in rows.select("attributes", "request_fingerprints").iter_rows():
            found: dict[str, Json] = json.loads(attributes)
            for step, teacher in (calls[each] for each in asked if each in calls):
                found.setdefault(step, teacher)
            yield found


def _with_teacher(attributes: str, step: str | None, teacher: str) -> str:
    if step is None:
        return attributes
    return json.dumps({**json.loads(attributes), teacher_of(step): teacher}, sort_keys=True)
