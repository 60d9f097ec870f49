"""Whether a student of a mixture can be measured on real rows that it never saw."""

import pytest

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.evaluability import EvaluabilityState, evaluability
from synth_assets.core.schema import SAMPLE_SCHEMA
from tests.samples import frame_of, real_row

HELD_OUT = frame_of(
    real_row("a", "1?", "1", "docs"),
    real_row("b", "2?", "2", "docs"),
    real_row("c", "3?", "", "log"),
)


@pytest.mark.parametrize(
    ("sources", "state", "told"),
    [
        (None, EvaluabilityState.EVALUABLE, "3 held-out real rows of docs, log."),
        (("docs", "else"), EvaluabilityState.EVALUABLE, "2 held-out real rows of docs."),
        (("else",), EvaluabilityState.OTHER_SOURCES, "but none of else, which the mixture trains"),
        ((), EvaluabilityState.OTHER_SOURCES, "docs, log; the mixture trains on no real rows."),
    ],
)
def test_evaluability_depends_on_the_sources_of_held_out_rows(sources, state, told):
    found = evaluability(Mixture(id="some", sources=sources), HELD_OUT)
    assert found.state is state
    assert told in found.reason


@pytest.mark.parametrize("sources", [None, ("docs",)])
def test_evaluability_without_held_out_rows_says_what_to_do(sources):
    found = evaluability(Mixture(id="some", sources=sources), SAMPLE_SCHEMA.to_frame())
    assert found.state is EvaluabilityState.UNEVALUABLE
    assert "held_out_share of a pool in sources.yaml above 0" in found.reason
