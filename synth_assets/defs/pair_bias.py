"""What the Dagster UI shows of the leanings of judges."""

import dagster as dg

from synth_assets.core.judging.lean import Lean
from synth_assets.defs.display import table
from synth_assets.resources.frames import FrameParts
from synth_assets.resources.pair_leanings import leanings_of


def bias_metadata(samples: FrameParts, decisions: FrameParts) -> dict[str, dg.MetadataValue]:
    """Leanings of the judges of generated pairs; nothing where there are none."""
    found = leanings_of(samples.lazy(), decisions.lazy())
    if found is None:
        return {}
    rows = [_record(name, lean) for name, lean in found.leans.items()]
    shown = {"judge_leanings": table(rows)}
    correlation = found.length_correlation
    return (
        shown
        if correlation is None
        else {**shown, "length_correlation": dg.MetadataValue.float(correlation)}
    )


def _record(name: str, lean: Lean) -> dg.TableRecord:
    said: dict[str, str | int | float | bool] = {
        "what": name,
        "count": lean.count,
        "of": lean.of,
        "share": round(lean.share, 3),
        "95 % interval": f"{lean.interval.low:.3f} to {lean.high:.3f}",
    }
    return dg.TableRecord(said)
