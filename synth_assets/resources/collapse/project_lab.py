"""The lab of a project's own real rows, in its home, and what it measured last."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from synth_assets.core.collapse.dose_curve import DoseCurve
from synth_assets.core.collapse.lab import CURVE_SCHEMA, LabPlan
from synth_assets.core.collapse.of_sets import training_texts
from synth_assets.errors import ConfigurationError
from synth_assets.resources.collapse.lab_runs import CURVES_FILE, Lab
from synth_assets.resources.frames import read_frame, write_frame
from synth_assets.resources.home import Home

_ORDER = 3
_LEAST_ROWS = 150
_MOST_ROWS, _MOST_HELD_OUT = 1_500, 1_000


def project_lab(
    home: Home, real: pl.DataFrame, held_out: pl.DataFrame, generations: int, seeds: int
) -> Lab:
    """A lab of the source that has the most real rows; three fifths train, a third measures.

    Args:
        home: of the project.
        real: columns of `SAMPLE_SCHEMA`.
        held_out: the same; these and the others are drawn from alike.
        generations: number of the last one.
        seeds: repetitions.

    Raises:
        ConfigurationError: if there are too few real rows.
    """
    rows = pl.concat([real, held_out])
    counts = rows.group_by("source").len().sort(["len", "source"], descending=[True, False])
    source = counts["source"][0] if counts.height else ""
    texts = tuple(dict.fromkeys(training_texts(rows.filter(source=source))))
    if len(texts) < _LEAST_ROWS:
        raise ConfigurationError(
            f"{len(texts)} different real rows of source {source or '(none)'}: a lab needs "
            f"{_LEAST_ROWS} at least. Add real rows in sources.yaml."
        )
    others = tuple(training_texts(rows.filter(pl.col("source") != source)))[:_MOST_HELD_OUT]
    plan = LabPlan(
        min(len(texts) * 3 // 5, _MOST_ROWS),
        min(len(texts) // 3, _MOST_HELD_OUT),
        generations,
        seeds,
    )
    # Rows that were added make another lab; one that was interrupted is found again.
    named = Lab(_folder(home), plan, texts, others, _ORDER)
    return Lab(_folder(home) / named.fingerprint[:8], plan, texts, others, _ORDER)


def run_project_lab(home: Home, lab: Lab, on_progress: Callable[[str], None]) -> pl.DataFrame:
    """Run what is missing of a lab, and keep its curves as the project's.

    Returns:
        Its curves, columns of `CURVE_SCHEMA`.

    Raises:
        ConfigurationError: if there are too few texts.
        StorageError: if something cannot be written.
    """
    missing, total = lab.open(), len(lab.plan.chains)
    for done, chain in enumerate(lab.run(missing), start=total - len(missing) + 1):
        on_progress(f"{done} of {total} recursions: {chain.arm.name}, seed {chain.seed}")
    lab.collect()
    found = read_frame(lab.folder / CURVES_FILE)
    write_frame(_folder(home) / CURVES_FILE, found)
    return found


def measured_curve(folder: Path) -> DoseCurve | None:
    """What a lab in a folder measured of shares of written rows; none if it has not.

    Raises:
        StorageError: if its curves cannot be read.
    """
    path = folder / CURVES_FILE
    return DoseCurve.of(read_frame(path)) if path.exists() else None


def project_curves(home: Home) -> pl.DataFrame:
    """What the project's own lab found last, columns of `CURVE_SCHEMA`; no rows if it never ran.

    Raises:
        StorageError: if it cannot be read.
    """
    path = _folder(home) / CURVES_FILE
    return read_frame(path) if path.exists() else CURVE_SCHEMA.to_frame()


def project_curve(home: Home) -> DoseCurve | None:
    """What the project's own lab measured last; none if it never ran.

    Raises:
        StorageError: if its curves cannot be read.
    """
    return measured_curve(_folder(home))


def _folder(home: Home) -> Path:
    return home.root / "collapse_lab"
