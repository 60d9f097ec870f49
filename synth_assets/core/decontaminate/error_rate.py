"""How often decontamination errs, measured in each run on rows that it knows the truth of.

Contaminated rows are made from the benchmark's own items, and looked at in a shadow copy that goes
nowhere else; clean rows are human ones, and items of the benchmark that a second screen, which does
not know them, looks at.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import NormalDist

import polars as pl

from synth_assets.core.coverage.intervals import wilson
from synth_assets.core.decontaminate.finding import EXACT, Method, Overlap
from synth_assets.core.decontaminate.injections import (
    Injected,
    Kind,
    Translate,
    injections,
    translations,
)
from synth_assets.core.decontaminate.screen import Screen
from synth_assets.core.fingerprint import content_hash, exact_hash

_Z_95 = NormalDist().inv_cdf(0.975)

ANY = "any"
"""All methods together."""

CLEAN_ROWS = "clean rows"
HELD_BACK = "held-back items"

ERROR_RATE_SCHEMA = pl.Schema(
    {
        "rows": pl.String,  # what was done to items, or which clean rows
        "contaminated": pl.Boolean,  # whether flagged is right
        "method": pl.String,  # by itself; `any`: all together
        "looked_at": pl.Int64,
        "flagged": pl.Int64,
        "right_item": pl.Int64,  # of contaminated rows: flagged for the item they come from
        "share": pl.Float64,  # flagged of looked at: recall, or false positives
        "low": pl.Float64,  # Wilson interval of the share, 95 %
        "high": pl.Float64,
    }
)


@dataclass(frozen=True)
class Shadow:
    """How much is looked at.

    Attributes:
        items: most items that contaminated rows are made from, and most held back.
        translated: most items that are translated, where something can; each is a call.
        clean_rows: most human rows.
        seed: of all choices.
    """

    items: int = 200
    translated: int = 50
    clean_rows: int = 1_000
    seed: int = 0


@dataclass(frozen=True)
class ErrorRate:
    """What a measurement found.

    Attributes:
        table: columns of `ERROR_RATE_SCHEMA`.
        missed: some contaminated rows that no method saw.
        wrong: some clean rows that were flagged, and for what.
        untranslated: items that were to be translated, and of which there is no translation.
    """

    table: pl.DataFrame
    missed: tuple[Injected, ...]
    wrong: tuple[tuple[str, Overlap], ...]
    untranslated: int = 0

    def recall(self, kind: Kind) -> float | None:
        """Share of contaminated rows of a kind that any method flags; none without such rows."""
        return self._share(kind.value)

    def false_positives(self, rows: str = CLEAN_ROWS) -> float | None:
        """Share of clean rows that any method flags; none without such rows."""
        return self._share(rows)

    def _share(self, rows: str) -> float | None:
        found = self.table.filter(rows=rows, method=ANY)["share"]
        return float(found[0]) if found.len() else None


_SHOWN = 20
_SHOWN_OF_A_KIND = 5


def measure_error_rate(
    screen: Screen,
    benchmarks: pl.DataFrame,
    clean: Sequence[str],
    without: Callable[[pl.DataFrame], Screen],
    shadow: Shadow | None = None,
    recorded: Sequence[tuple[str, str]] = (),
    translate: Translate | None = None,
) -> ErrorRate:
    """Measure how much a screen finds of what it should, and flags of what it should not.

    No judge is asked: what is measured is finders at their thresholds. Equal inputs give equal
    figures.

    Args:
        screen: that knows the benchmarks.
        benchmarks: columns of `SAMPLE_SCHEMA`.
        clean: texts of human rows that are no test items. One that shares a whole text or a run
            with an item is contaminated for certain, and is left out.
        without: builds a screen, with the same rules, that knows some rows of `benchmarks`.
        shadow: how much is looked at.
        recorded: item id and a rephrasing of it by somebody else.
        translate: into another language, where something can.
    """
    shadow = shadow or Shadow()
    known = set(screen.finders.item_ids)
    items = {
        item: prompt
        for item, prompt in _drawn(benchmarks, shadow.items, shadow.seed)
        if item in known
    }
    texts = sorted(dict.fromkeys(clean), key=lambda text: exact_hash(str(shadow.seed), text))
    texts = texts[: shadow.clean_rows]
    recorded = [each for each in recorded if each[0] in known]
    made = injections(items, texts, shadow.seed, recorded)
    untranslated = 0
    if translate is not None:
        some = dict(islice(items.items(), shadow.translated))
        translated = translations(some, translate)
        made, untranslated = [*made, *translated], len(some) - len(translated)
    seen = screen.seen([[each.text] for each in made])
    rows = list(_recalls(made, seen))
    missed = [each for each, methods in zip(made, seen, strict=True) if not methods]
    wrong: list[tuple[str, Overlap]] = []
    rows += _false_positives(CLEAN_ROWS, texts, screen, wrong)
    held_back = _held_back(benchmarks, items)
    if held_back.height and held_back.height < benchmarks.height:
        other = without(benchmarks.join(held_back, on="sample_id", how="anti"))
        rows += _false_positives(HELD_BACK, held_back["prompt"].to_list(), other, wrong)
    return ErrorRate(
        pl.DataFrame(rows, schema=ERROR_RATE_SCHEMA, orient="row"),
        _some_of_each(missed),
        tuple(wrong[:_SHOWN]),
        untranslated,
    )


_Row = tuple[str, bool, str, int, int, int | None, float, float, float]


def _some_of_each(missed: Sequence[Injected]) -> tuple[Injected, ...]:
    by_kind = {kind: [each for each in missed if each.kind is kind] for kind in Kind}
    return tuple(each for some in by_kind.values() for each in some[:_SHOWN_OF_A_KIND])


def _recalls(made: Sequence[Injected], seen: Sequence[Mapping[Method, Overlap]]) -> list[_Row]:
    rows: list[_Row] = []
    for kind in Kind:
        those = [
            (each.item_id, methods)
            for each, methods in zip(made, seen, strict=True)
            if each.kind is kind
        ]
        if not those:
            continue
        for method in (*Method, None):
            found = [
                (item, [methods[method]] if method in methods else [])
                if method
                else (item, list(methods.values()))
                for item, methods in those
            ]
            flagged = sum(bool(overlaps) for _, overlaps in found)
            right = sum(any(o.item_id == item for o in overlaps) for item, overlaps in found)
            rows.append(_row(kind.value, True, method, len(those), flagged, right))
    return rows


def _false_positives(
    name: str, texts: Sequence[str], screen: Screen, wrong: list[tuple[str, Overlap]]
) -> list[_Row]:
    seen = [
        (text, methods)
        for text, methods in zip(texts, screen.seen([[text] for text in texts]), strict=True)
        if not any(method in methods for method in EXACT)
    ]
    if not seen:
        return []
    wrong += [(text, overlap) for text, methods in seen for overlap in methods.values()]
    counts = {method: sum(method in methods for _, methods in seen) for method in Method}
    rows = [_row(name, False, method, len(seen), count) for method, count in counts.items()]
    return [*rows, _row(name, False, None, len(seen), sum(bool(methods) for _, methods in seen))]


def _row(
    name: str,
    contaminated: bool,
    method: Method | None,
    looked_at: int,
    flagged: int,
    right: int | None = None,
) -> _Row:
    interval = wilson(flagged, looked_at, _Z_95)
    high = 1.0 if interval.high is None else interval.high
    told = method.value if method else ANY
    share = flagged / looked_at
    return name, contaminated, told, looked_at, flagged, right, share, interval.low, high


def _drawn(benchmarks: pl.DataFrame, most: int, seed: int) -> list[tuple[str, str]]:
    """Some items, by a hash of their ids, so that their order plays no part."""
    rows = benchmarks.select("sample_id", "prompt").unique("sample_id").iter_rows()
    drawn = sorted(rows, key=lambda row: exact_hash(str(seed), row[0]))
    return [row for row in drawn if row[1].strip()][:most]


def _held_back(benchmarks: pl.DataFrame, items: Mapping[str, str]) -> pl.DataFrame:
    """Half of the benchmark at most, with all rows that say the same as one of it."""
    some = list(items)[: benchmarks.height // 2]
    texts = {content_hash(items[item]) for item in some}
    same = [content_hash(prompt) in texts for prompt in benchmarks["prompt"]]
    return benchmarks.filter(pl.Series(same, dtype=pl.Boolean))
