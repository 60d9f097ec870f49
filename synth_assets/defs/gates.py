"""Gates as Dagster shows them: a check beside what was measured, and the export that refuses.

The checks do not block by Dagster's own means, which skip all that follows in the run: the
dashboards, which are to show a blocked set too; and nothing at all in a run of the export alone.
"""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

from collections.abc import Mapping

import dagster as dg
import polars as pl

from synth_assets.core.config.gates import GateAction
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.gating import (
    GateVerdict,
    canary_verdict,
    diversity_verdict,
    drift_verdict,
)
from synth_assets.resources.collapse.raised import raising_record
from synth_assets.resources.home import Home


def check_result(
    verdict: GateVerdict, metadata: Mapping[str, int | list[str]]
) -> dg.AssetCheckResult:
    """A verdict as the result of its check, which says what is beyond and what to do."""
    return dg.AssetCheckResult(
        passed=verdict.action is GateAction.OFF or not verdict.beyond,
        severity=dg.AssetCheckSeverity.ERROR
        if verdict.action is GateAction.BLOCK
        else dg.AssetCheckSeverity.WARN,
        description=verdict.told or None,
        metadata={"gate": verdict.action.value, **metadata},
    )


def verdict_on_canary(home: Home, mixture: Mixture, canary: pl.DataFrame) -> GateVerdict:
    """With what became of raising the share of real rows."""
    record = raising_record(home, mixture.key)
    return canary_verdict(mixture, canary, "" if record is None else record.told)


def verdicts_on_set(
    home: Home,
    mixture: Mixture,
    *,
    diversity: pl.DataFrame,
    drift: pl.DataFrame,
    canary: pl.DataFrame,
) -> list[GateVerdict]:
    """What each gate makes of what was measured of a set."""
    return [
        verdict_on_canary(home, mixture, canary),
        drift_verdict(mixture, drift),
        diversity_verdict(mixture, diversity),
    ]
