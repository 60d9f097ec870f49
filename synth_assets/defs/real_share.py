"""What the Dagster UI shows of raising the share of real rows until no sign of collapse is red."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import dagster as dg
import polars as pl

from synth_assets.core.collapse.raising import TRIAL_SCHEMA
from synth_assets.defs.display import small_table
from synth_assets.resources.collapse.raised import raising_record
from synth_assets.resources.home import Home


def real_share_metadata(home: Home, key: str) -> dict[str, dg.MetadataValue | str]:
    """What was tried when the set of a mixture's version was composed; nothing if it was not."""
    record = raising_record(home, key)
    if record is None:
        return {}
    return {
        "real_share": record.ending,
        "real_share_told": record.told,
        "real_share_tried": small_table(pl.DataFrame(record.trials, TRIAL_SCHEMA)),
    }
