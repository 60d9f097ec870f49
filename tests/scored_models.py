"""Registered models with scores, each trained on a set of its own."""

from synth_assets.core.flywheel.history import TrainingHistory
from synth_assets.core.flywheel.records import ModelRecord, SetRecord
from synth_assets.resources.models.registry import ModelRegistry

GENERATIONS = 4
"""Of a set, a quarter of whose rows models wrote for each generation."""


def set_of(generation: int) -> SetRecord:
    """The set that models of a generation saw."""
    return SetRecord(
        key=f"mix{generation}~12345678",
        digest=f"{generation}" * 16,
        rows=800,
        synthetic_rows=800 * generation // GENERATIONS,
        depth=generation,
    )


def scored(name: str, generation: int | None, /, **scores: float) -> ModelRecord:
    """A model that saw the set of a generation; without one, no set that is known."""
    seen = () if generation is None else (set_of(generation).reference,)
    return ModelRecord(name=name, family="tiny", checkpoint=name, trained_on=seen, scores=scores)


def history_of(*models: ModelRecord) -> TrainingHistory:
    """All sets, and these models."""
    return TrainingHistory(tuple(set_of(number) for number in range(GENERATIONS)), models)


def register(registry: ModelRegistry, *models: ModelRecord) -> None:
    """The same, in a registry."""
    for record in history_of().sets:
        registry.add_set(record)
    for model in models:
        registry.add_model(model)
