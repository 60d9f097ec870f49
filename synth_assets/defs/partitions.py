"""Partitions: versions of recipes, and versions of mixtures."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from filelock import FileLock

from synth_assets.resources.catalogue import Catalogue

# Dagster calls checks of single partitions a preview; the lock file pins what was tried.
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

recipe_versions = dg.DynamicPartitionsDefinition(name="recipe_versions")
mixture_versions = dg.DynamicPartitionsDefinition(name="mixture_versions")


@dataclass(frozen=True)
class Sync:
    """What bringing the partitions in line with the catalogue changed, by key."""

    added: tuple[str, ...]
    retired: tuple[str, ...]


def sync_partitions(instance: dg.DagsterInstance, catalogue: Catalogue) -> Sync:
    """Add the live versions of recipes and mixtures, and retire the superseded ones.

    Retired partitions keep their events and files; going back to an old version finds them.
    """
    wanted = {
        recipe_versions: {recipe.key for recipe in catalogue.recipes},
        mixture_versions: {mixture.key for mixture in catalogue.mixtures.values()},
    }
    added: list[str] = []
    retired: list[str] = []
    # Dagster fails where another process, as the sensor's, adds a key between look and write.
    with FileLock(Path(instance.root_directory) / "partitions.lock"):
        for definition, live in wanted.items():
            name = str(definition.name)
            known = set(instance.get_dynamic_partitions(name))
            if new := sorted(live - known):
                instance.add_dynamic_partitions(name, new)
            for key in sorted(known - live):
                instance.delete_dynamic_partition(name, key)
                retired.append(key)
            added.extend(new)
    return Sync(tuple(added), tuple(retired))
