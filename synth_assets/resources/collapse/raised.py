"""Training sets composed within their gates, and what was tried for it, as a file for readers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from synth_assets.core.collapse.canary import USUAL_SIZE, CanarySize
from synth_assets.core.collapse.of_sets import canary_of_set
from synth_assets.core.collapse.raising import Raised, raise_real_share
from synth_assets.core.collapse.risk_index import RiskIndex, risk_of
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.stage import StageResult
from synth_assets.errors import StorageError
from synth_assets.resources.frames import read_frame, write_bytes
from synth_assets.resources.home import Home


@dataclass(frozen=True)
class RaisingRecord:
    """What was done about the share of real rows when a set was last composed.

    Attributes:
        ending: `held`, `raised`, `refused` or `not_measured`.
        told: what was done, or why nothing could be.
        trials: what was tried, columns of `TRIAL_SCHEMA`.
    """

    ending: str
    told: str
    trials: tuple[dict[str, object], ...]


def composed_within_gates(
    home: Home,
    mixture: Mixture,
    compose: Callable[[Mixture], StageResult],
    on_progress: Callable[[str], None],
    size: CanarySize = USUAL_SIZE,
) -> StageResult:
    """Compose a set; where its gates ask for it, with the least share of real rows that passes.

    The canary that judges reads the real and the held-out rows that lie in the home. What was
    tried is written down beside, see `raising_record`.

    Args:
        home: of the project.
        mixture: to compose.
        compose: makes the set of a mixture.
        on_progress: told what is being tried.
        size: how much the canary looks at.

    Raises:
        MixtureInfeasibleError: if the mixture cannot be composed as it is.
        StorageError: if real rows cannot be read, or the record cannot be written.
    """
    path = _path(home, mixture.key)
    if not mixture.gates.raise_real_share:
        path.unlink(missing_ok=True)
        return compose(mixture)
    real, held_out = (read_frame(home.asset(name)) for name in ("real_data", "held_out_real"))

    def judge(rows: pl.DataFrame) -> RiskIndex | None:
        report = canary_of_set(rows, real, held_out, size)
        return None if report is None else risk_of(report)

    raised = raise_real_share(mixture, compose, judge, on_progress)
    write_bytes(path, _written(raised))
    on_progress(raised.told)
    # Trials are mixtures of their own; the decisions on rows are this one's.
    decisions = raised.result.decisions.with_columns(partition=pl.lit(mixture.key))
    return StageResult(raised.result.kept, decisions)


def raising_record(home: Home, key: str) -> RaisingRecord | None:
    """What was done when the set of a mixture's version was last composed; none if nothing was.

    Raises:
        StorageError: if the record cannot be read.
    """
    path = _path(home, key)
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text("utf-8"))
        return RaisingRecord(found["ending"], found["told"], tuple(found["tried"]))
    except (OSError, ValueError, KeyError) as exc:
        raise StorageError(
            f"{path}: cannot be read: {exc}. Delete it, and materialize training_sets again."
        ) from exc


def _written(raised: Raised) -> bytes:
    told = {"ending": raised.ending, "told": raised.told, "tried": raised.frame.to_dicts()}
    return json.dumps(told, indent=2, ensure_ascii=False).encode("utf-8")


def _path(home: Home, key: str) -> Path:
    return home.root / "evidence" / "real_share" / f"{key}.json"
