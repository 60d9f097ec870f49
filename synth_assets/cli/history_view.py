"""A history of versions, as it is told to people."""

from collections.abc import Iterator, Mapping, Sequence

from synth_assets.core.versions.changes import Event, VersionChange
from synth_assets.resources.version_figures import VersionFigures


def live_key(changes: Sequence[VersionChange]) -> str:
    """The version that is live by the last change; empty where it is gone."""
    return "" if changes[-1].event is Event.REMOVED else changes[-1].key


def history_lines(
    changes: Sequence[VersionChange], figures: Mapping[str, VersionFigures]
) -> Iterator[str]:
    """A history for people.

    Args:
        changes: of one recipe or mixture, in their order.
        figures: key -> of the version.
    """
    live = live_key(changes)
    for change in changes:
        mark = "  (live)" if change.key == live and change is changes[-1] else ""
        yield f"{change.at}  {change.event:<9}{change.key}{mark}"
        for told in [cause.told for cause in change.causes] or [change.told]:
            yield f"    {told}"
        if change.event is not Event.REMOVED and (found := figures.get(change.key)) is not None:
            yield f"    {_given(found)}"


def _given(figures: VersionFigures) -> str:
    if figures.accepted is None:
        return "not filled"
    share = f" ({figures.acceptance:.1%})" if figures.acceptance is not None else ""
    return (
        f"{figures.accepted:,} of {figures.generated:,} rows accepted{share}; {figures.calls:,} "
        f"calls, {figures.cost_usd:.6f} USD; filled {figures.filled_at}"
    )
