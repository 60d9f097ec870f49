"""What a worker with reasoning-gym answers; imported in worker processes only."""

import importlib
from importlib.metadata import version
from typing import Any

from synth_assets.core.verify.procedural import ENOUGH

_INSTALLED = version("reasoning-gym")
reasoning_gym: Any = importlib.import_module("reasoning_gym")


def answer(question: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Make the item of a question again, and score the answer to it.

    The gate ran with each family's own parameters; so with any, the item's own answer must pass
    here too, and the same answer taken back must not.
    """
    if question["version"] != _INSTALLED:
        return {"why": f"gated at {question['version']}, and {_INSTALLED} is installed"}
    try:
        dataset = reasoning_gym.create_dataset(
            question["family"],
            seed=question["seed"],
            size=question["index"] + 1,
            **question["config"],
        )
        entry = dataset[question["index"]]
        gold = str(entry["answer"]).strip()
        if not float(dataset.score_answer(gold, entry)) >= ENOUGH:
            return {"why": "the task's own answer does not pass"}
        if float(dataset.score_answer(f"not {gold}", entry)) >= ENOUGH:
            return {"why": "the task's answer passes when it is denied"}
        score = float(dataset.score_answer(question["answer"], entry))
    except MemoryError:
        raise
    except Exception as fault:  # noqa: BLE001 - generators and scorers raise anything
        return {"why": f"{type(fault).__name__}: {str(fault)[:120]}"}
    return {"question": str(entry["question"]), "score": min(max(score, 0.0), 1.0)}
