"""Exported training sets, put down in the registry of models."""

import polars as pl

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.flywheel.recording import set_record
from synth_assets.core.flywheel.records import SetRecord
from synth_assets.resources.models.registry import ModelRegistry
from synth_assets.resources.models.standings import answers_of, declared
from synth_assets.resources.workshop import Workshop


def record_training_set(workshop: Workshop, mixture: Mixture, rows: pl.DataFrame) -> SetRecord:
    """Record an exported set, so that models trained on it can be registered.

    The same set recorded again is recorded once.

    Args:
        workshop: for catalogue and registry.
        mixture: whose set it is.
        rows: columns of `TRAINING_SCHEMA`, in the order of the set.

    Raises:
        RegistryError: if the registry cannot be read or written, or what a teacher was trained on
            names nothing.
        StorageError: if the records of calls cannot be read.
    """
    record = set_record(mixture.key, rows, declared(workshop), answers_of(workshop, rows))
    return ModelRegistry(workshop.home.root).add_set(record)
