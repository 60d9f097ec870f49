"""How the leanings of those who judge preference pairs are told."""

from collections.abc import Iterator, Mapping

from synth_assets.cli.tables import indented
from synth_assets.core.judging.lean import Lean
from synth_assets.core.preference_bias import PreferenceBias


def leaning_lines(leanings: Mapping[str, PreferenceBias]) -> Iterator[str]:
    """For people; nothing where no recipe has pairs."""
    if not leanings:
        return
    rows = [["recipe", "what", "count", "of", "share", "95 % interval"]]
    for recipe, told in leanings.items():
        rows += [[recipe, what, *_cells(lean)] for what, lean in told.leans.items()]
        correlation = told.length_correlation
        known = "-" if correlation is None else f"{correlation:.2f}"
        rows.append([recipe, "correlation of length and verdict", "", "", known, ""])
    yield from ("", "What judges of pairs lean to:", *indented(rows))


def leaning_records(leanings: Mapping[str, PreferenceBias]) -> list[dict[str, object]]:
    """For programs: a record a recipe."""
    return [
        {
            "recipe": recipe,
            "leans": [{"what": what, **_record(lean)} for what, lean in told.leans.items()],
            "length_correlation": told.length_correlation,
        }
        for recipe, told in leanings.items()
    ]


def _cells(lean: Lean) -> list[str]:
    bounds = f"{lean.interval.low:.2f} to {lean.high:.2f}"
    return [f"{lean.count:,}", f"{lean.of:,}", f"{lean.share:.2f}", bounds]


def _record(lean: Lean) -> dict[str, object]:
    return {
        "count": lean.count,
        "of": lean.of,
        "share": lean.share,
        "low": lean.interval.low,
        "high": lean.high,
    }
