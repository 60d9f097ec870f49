"""The Dagster code location."""

import dagster as dg

from synth_assets.defs.build import build_definitions


@dg.definitions
def defs() -> dg.Definitions:
    """Assets, checks, jobs and resources of this project."""
    return build_definitions()
