"""What is recorded of a training set when it is exported."""

import hashlib

import polars as pl

from synth_assets.core.flywheel.history import TrainingHistory, Writer
from synth_assets.core.flywheel.records import SetRecord, Voice
from synth_assets.core.schema import Origin
from synth_assets.core.terms.declared import Declared, who_wrote

_IDENTITY = ("sample_id", "content_hash")


def set_record(
    key: str, rows: pl.DataFrame, declared: Declared, answers: pl.DataFrame | None = None
) -> SetRecord:
    """Describe an exported set.

    Args:
        key: partition key of its mixture.
        rows: columns of `SAMPLE_SCHEMA` or `TRAINING_SCHEMA`, in the order of the set.
        declared: who wrote.
        answers: columns of `ANSWERS_SCHEMA`; see `who_wrote`.

    Raises:
        RegistryError: if what a teacher was trained on names nothing.
    """
    synthetic = rows.filter(pl.col("origin") == Origin.SYNTHETIC.value)
    counts = who_wrote(synthetic, answers).group_by("teacher").len().sort("teacher")
    return SetRecord(
        key=key,
        digest=set_digest(rows),
        rows=rows.height,
        synthetic_rows=synthetic.height,
        depth=rows["synthetic_depth"].max() or 0,  # pyright: ignore[reportArgumentType]
        voices=tuple(
            _voice(declared.writer(name), count, declared.history)
            for name, count in counts.iter_rows()
        ),
    )


def set_digest(rows: pl.DataFrame) -> str:
    """Sixteen digits of a hash of the rows in their order, with split and copy where they are."""
    columns = [name for name in (*_IDENTITY, "split", "copy") if name in rows.columns]
    lines = rows.select(
        pl.concat_str([pl.col(name).cast(pl.String) for name in columns], separator="\x1f")
    )
    text = "\n".join([" ".join(columns), *lines.to_series()])
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _voice(writer: Writer, rows: int, history: TrainingHistory) -> Voice:
    # Pinned, so that what a name comes to mean later does not change what was.
    pinned = [history.pinned(reference) for reference in writer.trained_on]
    return Voice(
        teacher=writer.name,
        family=writer.family,
        checkpoint=writer.checkpoint,
        rows=rows,
        trained_on=tuple(dict.fromkeys(pinned)),
    )
