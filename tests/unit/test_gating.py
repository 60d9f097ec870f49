import pytest

from synth_assets.core.config.gates import GateAction
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.gating import (
    Gate,
    GateState,
    GateVerdict,
    canary_verdict,
    diversity_verdict,
    drift_verdict,
    refuse_blocked,
    told_in_a_line,
)
from synth_assets.errors import GateError
from tests.integration.gate_runs import diversity_of, drift_of, signs_of

MIXTURE = Mixture.model_validate(
    {"id": "some", "gates": {"canary": "block", "drift": "warn", "diversity": "off"}}
)


@pytest.mark.parametrize(
    ("action", "beyond", "state"),
    [
        (GateAction.BLOCK, ("Too much.",), GateState.BLOCKS),
        (GateAction.BLOCK, (), GateState.OPEN),
        (GateAction.WARN, ("Too much.",), GateState.WARNS),
        (GateAction.WARN, (), GateState.OPEN),
        (GateAction.OFF, ("Too much.",), GateState.OPEN),
    ],
)
def test_verdict_state_follows_from_action_and_what_is_beyond(
    action: GateAction, beyond: tuple[str, ...], state: GateState
):
    verdict = GateVerdict(Gate.DRIFT, action, beyond, "Mend it.")
    assert verdict.state is state
    assert verdict.told == ("Too much.\n\nMend it." if beyond else "")


def test_verdicts_name_quantity_value_threshold_and_mend():
    assert drift_verdict(MIXTURE, drift_of(alarm=True)).line == (
        "Rows differ. told_apart of embedding beside earlier rows: 0.2000 (from 0.05 on). "
        "If that is as it should be: `synth drift --accept some`."
    )
    assert canary_verdict(MIXTURE, signs_of("red"), "No bound allows it.").line == (
        "held-out loss: +0.090 (red from 0.05 on). No bound allows it."
    )
    told = diversity_verdict(MIXTURE, diversity_of(0.2)).line
    assert "0.2, real rows 0.7" in told
    assert told.endswith("or take more real rows into some.")


def test_refuse_blocked_names_only_gates_that_block():
    verdicts = [
        canary_verdict(MIXTURE, signs_of("red")),
        drift_verdict(MIXTURE, drift_of(alarm=True)),
        diversity_verdict(MIXTURE, diversity_of(0.2)),
    ]
    with pytest.raises(GateError, match=r"some~\w{8} is not exported.*gate canary: held-out") as no:
        refuse_blocked(MIXTURE, verdicts)
    assert "gate drift" not in str(no.value)
    refuse_blocked(MIXTURE, verdicts[1:])
    assert list(told_in_a_line(verdicts)) == ["gate canary", "gate drift"]
    assert told_in_a_line(verdicts)["gate drift"].startswith("warns: Rows differ.")


def test_refuse_blocked_of_many_quantities_tells_the_first_and_counts_the_others():
    many = GateVerdict(Gate.CANARY, GateAction.BLOCK, ("One.", "Two.", "Three."), "Mend it.")
    with pytest.raises(GateError, match=r"One\. 2 more are beyond\. Mend it\."):
        refuse_blocked(MIXTURE, [many])
