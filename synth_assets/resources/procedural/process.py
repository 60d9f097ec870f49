"""Scorers of reasoning-gym, in a process of its own: they read what nobody vouches for."""

import json
from importlib.util import find_spec

from synth_assets.core.verify.procedural_families import GATED_VERSION
from synth_assets.core.verify.tools import NotScored, ProceduralItem, Scored
from synth_assets.resources.bounded.process import Bounds, Unanswered, WorkerOwner

# Its data sets of words lie in memory, and libraries for numbers ask for much address space.
_BOUNDS = Bounds(cpu_s=10.0, memory_bytes=4 * 1024**3)


class ReasoningGym(WorkerOwner):
    """Answers `ProceduralScorers`' questions; the worker starts at the first one."""

    def __init__(self, bounds: Bounds = _BOUNDS) -> None:
        super().__init__("synth_assets.resources.procedural.worker", "the scorer", bounds)

    def score(self, item: ProceduralItem, answer: str) -> Scored | NotScored:
        """See `ProceduralScorers`; a worker that ends over a question leaves it unscored."""
        if find_spec("reasoning_gym") is None:
            return NotScored(
                "reasoning-gym is not installed; pip install 'synth-assets[procedural]', or "
                "uv sync --extra procedural"
            )
        question = {
            "version": GATED_VERSION,
            "family": item.family,
            "seed": item.seed,
            "index": item.index,
            "config": dict(item.config),
            "answer": answer,
        }
        found = self._process.ask(json.dumps(question).encode())
        if isinstance(found, Unanswered):
            return NotScored(found.why)
        said = json.loads(found)
        if "why" in said:
            return NotScored(said["why"])
        return Scored(said["question"], said["score"])
