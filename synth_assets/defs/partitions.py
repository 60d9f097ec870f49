"""Partitions: versions of recipes, and versions of mixtures."""

import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from filelock import FileLock

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.versions.changes import VersionChange
from synth_assets.defs.changes import tell_changes
from synth_assets.defs.run_storage import remove_partitions
from synth_assets.resources.history import History
from synth_assets.resources.workshop import Workshop

# Dagster calls checks of single partitions a preview, and says so of what its own sensors pass to
# each other; the lock file pins what was tried.
for _category in (dg.PreviewWarning, dg.BetaWarning):
    warnings.filterwarnings("ignore", category=_category)

recipe_versions = dg.DynamicPartitionsDefinition(name="recipe_versions")
mixture_versions = dg.DynamicPartitionsDefinition(name="mixture_versions")

RECIPE_TAG, VERSION_TAG = "synth/recipe", "synth/version"


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


def sync_partitions(
    instance: dg.DagsterInstance, workshop: Workshop, asked: Collection[str] = ()
) -> Sync:
    """Write down what changed, add the live versions and retire the superseded ones.

    What is made on request is a partition from when it was first asked for: the UI would show it as
    missing for ever, and its preset Missing would buy it.

    Everything that notices edits comes here: the sensor, `synth sync`, `synth watch`, runs and the
    start of the UI. Retired partitions keep their events and files; going back to an old version
    finds them. A recipe whose folder does not load keeps its last version until it does.

    Args:
        instance: that has the partitions.
        workshop: whose catalogue is looked at.
        asked: recipes and mixtures that somebody asked for by name.

    Raises:
        StorageError: if the history cannot be read or written.
        LedgerError: if what an edit costs is to be told, and the ledger is damaged.
    """
    noted = History(workshop.home).note(workshop.catalogue)
    catalogue = workshop.catalogue
    usual = {each.id for each in (*catalogue.usual_recipes, *catalogue.usual_mixtures)} | {*asked}
    live = {
        str(recipe_versions.name): catalogue.recipes,
        str(mixture_versions.name): tuple(catalogue.mixtures.values()),
    }
    added: list[str] = []
    retired: list[str] = []
    # Dagster fails where another process, as the sensor's, adds a key between look and write.
    with FileLock(Path(instance.root_directory) / "partitions.lock"):
        for name, versions in live.items():
            known = set(instance.get_dynamic_partitions(name))
            wanted = _keys(versions, usual | _names(known, noted.changes))
            if versions is catalogue.recipes:
                wanted |= noted.held
            if new := sorted(wanted - known):
                instance.add_dynamic_partitions(name, new)
                added.extend(new)
            if old := sorted(known - wanted):
                remove_partitions(instance, name, old)
                retired.extend(old)
    tell_changes(instance, workshop, noted.changes)
    return Sync(tuple(added), tuple(retired), noted.changes)


def tag_run(context: dg.AssetExecutionContext) -> None:
    """Have the list of runs find a run by its recipe, and by the version of it."""
    name, _, version = context.partition_key.partition("~")
    tags = {RECIPE_TAG: name, VERSION_TAG: version}
    context.instance.add_run_tags(context.run.run_id, tags)


def _keys(versions: Iterable[Recipe | Mixture], names: Collection[str]) -> set[str]:
    return {each.key for each in versions if each.id in names}


def _names(known: Iterable[str], changes: Iterable[VersionChange]) -> set[str]:
    """What has partitions already, under the names that it goes by now."""
    names = {key.partition("~")[0] for key in known}
    return names | {each.name for each in changes if each.before.partition("~")[0] in names}
