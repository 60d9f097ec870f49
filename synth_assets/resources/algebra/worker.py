"""What a worker of algebra answers."""

from typing import Any

from synth_assets.core.verify.tools import Proportion
from synth_assets.resources.algebra.decision import decide


def answer(question: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Compare the two formulas of a question, as `to_wire` writes them."""
    found = decide(question["left"], question["right"], Proportion(question["proportion"]))
    return [found.sameness.value, found.why]
