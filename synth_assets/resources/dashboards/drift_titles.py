"""How measures of drift are called, those of earlier versions of this code among them."""

from synth_assets.core.drift.measures import DriftMeasure, spec_of


def drift_title(measure: str) -> str:
    """A newcomer's name for a measure; what is measured no more has its own."""
    if measure in {known.value for known in DriftMeasure}:
        return spec_of(DriftMeasure(measure)).title
    return measure.replace("_", " ").capitalize()
