"""The history of versions: what became of recipes and mixtures, when, and why.

`history/versions.sqlite` says what made each version what it is, written once;
`history/changes.jsonl` has one line for each change, in the order in which they were noticed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import msgspec
from filelock import FileLock

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.versions.changes import Event, Look, Place, VersionChange
from synth_assets.core.versions.manifest import Kind, Manifest
from synth_assets.resources.catalogue import Catalogue
from synth_assets.resources.frames import write_bytes
from synth_assets.resources.home import Home
from synth_assets.resources.manifests import opened_manifests, unreadable

_changes = msgspec.json.Decoder(VersionChange)
_MOST_SEEDS = 500
_MOST_SEED_BYTES = 512 * 1024


@dataclass(frozen=True)
class Noted:
    """What a look at the catalogue found.

    Attributes:
        changes: what became of recipes and mixtures since the look before.
        held: versions of recipes whose folder does not load now; they stay live.
    """

    changes: tuple[VersionChange, ...]
    held: frozenset[str]


@dataclass(frozen=True)
class History:
    """The history that a home keeps."""

    home: Home

    @property
    def _folder(self) -> Path:
        return self.home.root / "history"

    @property
    def _log(self) -> Path:
        return self._folder / "changes.jsonl"

    @property
    def _versions(self) -> Path:
        return self._folder / "versions.sqlite"

    def changes(self, name: str | None = None) -> tuple[VersionChange, ...]:
        """All changes in the order in which they were noticed; of one recipe or mixture alone.

        Raises:
            StorageError: if they cannot be read.
        """
        found = self._read()
        return tuple(each for each in found if name is None or each.name == name)

    def manifest(self, key: str) -> Manifest | None:
        """What made a version what it is; none where it was never noted.

        Raises:
            StorageError: if it cannot be read.
        """
        if not self._versions.exists():
            return None
        with opened_manifests(self._versions) as manifests:
            return manifests.get(key)

    def superseded(self, key: str) -> str:
        """The version that a live one came after, as noted last; empty where there was none.

        Raises:
            StorageError: if the history cannot be read.
        """
        before = [each.before for each in self.changes() if each.key == key]
        return before[-1] if before else ""

    def note(self, catalogue: Catalogue) -> Noted:
        """Write down what changed since the last look.

        A recipe whose folder does not load keeps the version that it had: half an edit is none.

        Raises:
            StorageError: if the history cannot be read or written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with (
            FileLock(self._folder / "history.lock"),
            opened_manifests(self._versions) as manifests,
        ):
            before = self._read()
            look = _Catalogued(catalogue).look(before, manifests.get)
            changes = tuple(look.changes(datetime.now(UTC).isoformat(timespec="seconds")))
            if changes:
                manifests.add(map(look.now_made, _made(changes)))
                lines = [msgspec.json.encode(change) + b"\n" for change in (*before, *changes)]
                write_bytes(self._log, b"".join(lines))
        return Noted(changes, look.held)

    def _read(self) -> tuple[VersionChange, ...]:
        try:
            return tuple(_changes.decode_lines(self._log.read_bytes()))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as exc:
            raise unreadable(self._log, exc) from exc


@dataclass(frozen=True)
class _Catalogued:
    """A catalogue as places with versions."""

    catalogue: Catalogue

    def look(
        self, before: Sequence[VersionChange], manifest: Callable[[str], Manifest | None]
    ) -> Look:
        known: dict[Place, str] = {}
        for change in before:
            if change.event is Event.REMOVED:
                known.pop((change.kind, change.name), None)
                continue
            if change.event is Event.RENAMED:
                known.pop((change.kind, change.before.partition("~")[0]), None)
            known[change.kind, change.name] = change.key
        now = {place: each.key for place, each in self._live.items()}
        broken = {each.label for each in self.catalogue.broken}
        away = (key for place, key in known.items() if place not in now) if broken else ()
        held = frozenset(
            key for key in away if (made := manifest(key)) is not None and made.label in broken
        )
        seen = frozenset(change.key for change in before)
        return Look(known, seen, now, held, manifest, self._manifest)

    @cached_property
    def _live(self) -> Mapping[Place, Recipe | Mixture]:
        recipes = {(Kind.RECIPE, recipe.id): recipe for recipe in self.catalogue.recipes}
        mixtures = {(Kind.MIXTURE, name): each for name, each in self.catalogue.mixtures.items()}
        return {**recipes, **mixtures}

    def _manifest(self, place: Place) -> Manifest:
        live = self._live[place]
        if isinstance(live, Mixture):
            return Manifest.of_mixture(live)
        return manifest_of(self.catalogue, live)


def _made(changes: Sequence[VersionChange]) -> Iterator[Place]:
    return ((each.kind, each.name) for each in changes if each.event is not Event.REMOVED)


def manifest_of(catalogue: Catalogue, recipe: Recipe) -> Manifest:
    """What makes a live version of a recipe what it is."""
    return Manifest.of_recipe(recipe, _seed_lines(catalogue.seed_files.get(recipe.id)))


def _seed_lines(path: Path | None) -> list[str]:
    """The lines of a small file of seeds, to name those that come and go; none of a large one."""
    if path is None or path.suffix != ".jsonl" or path.stat().st_size > _MOST_SEED_BYTES:
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines if len(lines) <= _MOST_SEEDS else []
