"""What the Dagster UI shows of the leanings of judges."""

import json

import dagster as dg
import polars as pl

from synth_assets.core.judging.lean import Lean
from synth_assets.core.preference_bias import preference_bias
from synth_assets.core.schema import Decision, Outcome, Reason
from synth_assets.defs.display import table
from synth_assets.resources.frames import FrameParts

_UNDECIDED = [Reason.TIE.value, Reason.INCONSISTENT_JUDGE.value]


def bias_metadata(samples: FrameParts, decisions: FrameParts) -> dict[str, dg.MetadataValue]:
    """Leanings of the judges of generated pairs; nothing where there are none."""
    pairs = samples.lazy().filter(pl.col("rejected") != "").select("attributes").collect()
    lost = decisions.lazy().filter(pl.col("reason").is_in(_UNDECIDED)).collect()
    told = lost.select("sample_id", "reason", "detail").iter_rows()
    found = preference_bias(
        map(json.loads, pairs["attributes"]),
        [
            Decision(name, Outcome.DROPPED, Reason(reason), detail=detail)
            for name, reason, detail in told
        ],
    )
    if found is None:
        return {}
    leans = {
        "verdicts for the response shown first": found.first,
        "pairs called a tie": found.tied,
        "pairs judged differently in the two orders": found.inconsistent,
        "rows whose better response is the longer": found.longer,
    }
    shown = {"judge_leanings": table([_record(name, lean) for name, lean in leans.items()])}
    correlation = found.length_correlation
    return (
        shown
        if correlation is None
        else {**shown, "length_correlation": dg.MetadataValue.float(correlation)}
    )


def _record(name: str, lean: Lean) -> dg.TableRecord:
    bounds = lean.interval
    high = 1.0 if bounds.high is None else bounds.high
    said: dict[str, str | int | float | bool] = {
        "what": name,
        "count": lean.count,
        "of": lean.of,
        "share": round(lean.share, 3),
        "95 % interval": f"{bounds.low:.3f} to {high:.3f}",
    }
    return dg.TableRecord(said)
