"""Partitions: versions of recipes, and versions of mixtures."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from filelock import FileLock

from synth_assets.core.versions.changes import VersionChange
from synth_assets.defs.changes import tell_changes
from synth_assets.resources.history import History
from synth_assets.resources.workshop import Workshop

# Dagster calls checks of single partitions a preview, and says so of what its own sensors pass to
# each other; the lock file pins what was tried.
for _category in (dg.PreviewWarning, dg.BetaWarning):
    warnings.filterwarnings("ignore", category=_category)

recipe_versions = dg.DynamicPartitionsDefinition(name="recipe_versions")
mixture_versions = dg.DynamicPartitionsDefinition(name="mixture_versions")


@dataclass(frozen=True)
class Sync:
    """What bringing the partitions in line with the catalogue changed.

    Attributes:
        added: keys of new partitions.
        retired: keys of partitions that were taken away.
        changes: what became of recipes and mixtures, with the causes.
    """

    added: tuple[str, ...]
    retired: tuple[str, ...]
    changes: tuple[VersionChange, ...] = ()


def sync_partitions(instance: dg.DagsterInstance, workshop: Workshop) -> Sync:
    """Write down what changed, add the live versions and retire the superseded ones.

    Everything that notices edits comes here: the sensor, `synth sync`, `synth watch`, runs and the
    start of the UI. Retired partitions keep their events and files; going back to an old version
    finds them. A recipe whose folder does not load keeps its last version until it does.

    Raises:
        StorageError: if the history cannot be read or written.
        LedgerError: if what an edit costs is to be told, and the ledger is damaged.
    """
    noted = History(workshop.home).note(workshop.catalogue)
    wanted = {
        str(recipe_versions.name): {each.key for each in workshop.catalogue.recipes} | noted.held,
        str(mixture_versions.name): {each.key for each in workshop.catalogue.mixtures.values()},
    }
    added: list[str] = []
    retired: list[str] = []
    # Dagster fails where another process, as the sensor's, adds a key between look and write.
    with FileLock(Path(instance.root_directory) / "partitions.lock"):
        for name, live in wanted.items():
            known = set(instance.get_dynamic_partitions(name))
            if new := sorted(live - known):
                instance.add_dynamic_partitions(name, new)
                added.extend(new)
            # Some ms each: a tick that ends before it is through is gone on with by the next.
            for key in sorted(known - live):
                instance.delete_dynamic_partition(name, key)
                retired.append(key)
    tell_changes(instance, workshop, noted.changes)
    return Sync(tuple(added), tuple(retired), noted.changes)
