"""What drift is told in: one row a measured quantity, and one row a text that moved."""

import polars as pl

DRIFT_SCHEMA = pl.Schema(
    {
        "against": pl.String,  # `earlier`: the run accepted last; `real`: rows never trained on
        "measure": pl.String,  # see `DriftMeasure`
        "column": pl.String,  # what it was measured of: `topic`, `words`, `embedding`, ...
        "value": pl.Float64,  # effect size, what chance alone gives taken off; null: not measured
        "low": pl.Float64,  # its interval
        "high": pl.Float64,
        "chance": pl.Float64,  # what splits of unchanged rows differ by (A/A), mean
        "threshold": pl.Float64,  # of the value, from which on it is an effect worth attention
        "p": pl.Float64,  # of the value under the null of A/A splits
        "rows_old": pl.Int64,  # rows looked at
        "rows_new": pl.Int64,
        "suspect": pl.Boolean,  # beyond threshold and chance in this run
        "alarm": pl.Boolean,  # confirmed over runs, at the stated rate of false alarms
        "meaning": pl.String,
    }
)

MOVED_SCHEMA = pl.Schema(
    {
        "against": pl.String,
        "direction": pl.String,  # `new`: like nothing before; `gone`: like nothing now
        "sample_id": pl.String,
        "recipe": pl.String,
        "prompt": pl.String,
        "response": pl.String,
        "score": pl.Float64,  # the classifier's probability that it is of its own side, 0 to 1
    }
)

RUNS_SCHEMA = pl.Schema(
    {
        "run": pl.Int64,  # counted from 1
        "at": pl.Datetime("us", "UTC"),
        "content": pl.String,  # hash of the set's rows
        "reference": pl.String,  # hash of the window it was compared with
        **DRIFT_SCHEMA,
    }
)
"""What was told of each run of a mixture, oldest first."""
