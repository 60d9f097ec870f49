"""Changes: what became of recipes and mixtures between two looks at their folders."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

from synth_assets.core.versions.causes import Cause, causes_between
from synth_assets.core.versions.manifest import Kind, Manifest


class Event(StrEnum):
    """What became of a recipe or mixture."""

    ADDED = "added"
    EDITED = "edited"
    RENAMED = "renamed"
    RETURNED = "returned"
    """To a version that it had before."""
    REMOVED = "removed"


@dataclass(frozen=True)
class VersionChange:
    """One change, as it is written down.

    Attributes:
        at: when it was noticed, ISO 8601, UTC.
        kind: recipe or mixture.
        name: of it.
        event: what became of it.
        key: partition key of the new version; of the last one, where it was removed.
        before: partition key of the superseded version; empty where there was none.
        causes: by what the two differ.
        like: name of the recipe or mixture that it is a copy of; empty for no copy.
    """

    at: str
    kind: Kind
    name: str
    event: Event
    key: str
    before: str = ""
    causes: tuple[Cause, ...] = field(default_factory=tuple[Cause, ...])
    like: str = ""

    @property
    def told(self) -> str:
        """The cause in words."""
        if self.event is Event.RENAMED:
            return f"rename of {self.before.partition('~')[0]}"
        if self.event is Event.REMOVED:
            return "its folder or entry is gone"
        words = "; ".join(cause.told for cause in self.causes)
        if self.event is Event.RETURNED:
            words = f"back to an earlier version{': ' if words else ''}{words}"
        if self.event is Event.ADDED:
            words = f"copy of {self.like}" if self.like else "new"
        return words


Place: TypeAlias = tuple[Kind, str]
"""What has versions: a recipe or mixture, by its name."""


@dataclass(frozen=True)
class Look:
    """What was written down, and what there is now.

    Attributes:
        known: place -> key of the version that was live at the last look.
        seen: every key that ever was live.
        now: place -> key of the version that is live now.
        held: keys of versions that stay live though their folder does not load.
        then_made: manifest of a known key; none where it was lost.
        now_made: manifest of what is live now.
    """

    known: Mapping[Place, str]
    seen: frozenset[str]
    now: Mapping[Place, str]
    held: frozenset[str]
    then_made: Callable[[str], Manifest | None]
    now_made: Callable[[Place], Manifest]

    def changes(self, at: str) -> Iterator[VersionChange]:
        """What became of each place since the last look; `at` is the time."""
        gone = {
            place: key
            for place, key in self.known.items()
            if place not in self.now and key not in self.held
        }
        new = [place for place in self.now if place not in self.known]
        renamed = self._renamed(gone, new)
        for place, key in self.now.items():
            kind, name = place
            before = self.known.get(place, "")
            if place in renamed:
                old = gone.pop(renamed[place])
                yield VersionChange(at, kind, name, Event.RENAMED, key, old)
            elif not before:
                event = Event.RETURNED if key in self.seen else Event.ADDED
                yield VersionChange(at, kind, name, event, key, like=self._copied.get(place, ""))
            elif before != key:
                event = Event.RETURNED if key in self.seen else Event.EDITED
                causes = self._causes(before, place)
                yield VersionChange(at, kind, name, event, key, before, causes)
        for (kind, name), key in gone.items():
            yield VersionChange(at, kind, name, Event.REMOVED, key, key)

    def _causes(self, before: str, place: Place) -> tuple[Cause, ...]:
        then = self.then_made(before)
        return () if then is None else causes_between(then, self.now_made(place))

    def _renamed(self, gone: Mapping[Place, str], new: Sequence[Place]) -> dict[Place, Place]:
        """New place -> the one that it had before: all but the name is the same."""
        by_content = {
            (kind, then.nameless): (kind, name)
            for (kind, name), key in gone.items()
            if (then := self.then_made(key)) is not None
        }
        found: dict[Place, Place] = {}
        for place in new if by_content else ():
            if old := by_content.pop((place[0], self.now_made(place).nameless), None):
                found[place] = old
        return found

    @cached_property
    def _copied(self) -> Mapping[Place, str]:
        """New place -> name of the known one that it is a copy of; at the first look none is."""
        new = [place for place in self.now if place not in self.known]
        kinds = {kind for kind, _ in new if self.known}
        old = {
            (place[0], self.now_made(place).nameless): place[1]
            for place in self.now
            if place in self.known and place[0] in kinds
        }
        names = {place: old.get((place[0], self.now_made(place).nameless)) for place in new if old}
        return {place: name for place, name in names.items() if name is not None}
