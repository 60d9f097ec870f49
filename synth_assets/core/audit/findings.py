"""What is known of a data set that was made elsewhere, and what to do about it first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from math import ceil

from synth_assets.core.collapse.risk_index import Component, Light, RiskIndex, Sign
from synth_assets.core.mixture.risk import RiskBand

_HIGH_SHARE = 0.7
_MANY_DUPLICATES = 0.01
_ONE_TEACHER = 0.7
_DEEP = 2


@dataclass(frozen=True)
class Duplicates:
    """Rows that repeat others.

    Attributes:
        exact: rows that read like a kept one.
        near: rows whose wording is like a kept one's.
        largest: rows of the largest cluster.
    """

    exact: int
    near: int
    largest: int

    @property
    def rows(self) -> int:
        """Rows that could go."""
        return self.exact + self.near


@dataclass(frozen=True)
class Findings:
    """What an audit found; what could not be known is none.

    Attributes:
        rows: of the set.
        synthetic: of these.
        origin_by: how it was told which rows are synthetic.
        teachers: teacher -> rows.
        depths: synthetic depth -> rows.
        licences: licence -> rows.
        duplicates: rows that repeat others.
        contaminated: how benchmark items were found -> rows.
        diversity: metric -> value, of a sample of the set.
        real_diversity: the same of real rows.
        collapse: what small students say of it.
    """

    rows: int
    synthetic: int | None
    origin_by: str
    teachers: Mapping[str, int] | None
    depths: Mapping[int, int] | None
    licences: Mapping[str, int] | None
    duplicates: Duplicates
    contaminated: Mapping[str, int] | None
    diversity: Mapping[str, float]
    real_diversity: Mapping[str, float]
    collapse: RiskIndex | None

    @property
    def synthetic_share(self) -> float | None:
        """Of all rows, 0..1."""
        return None if self.synthetic is None else self.synthetic / self.rows

    @property
    def band(self) -> RiskBand | None:
        """How risky that share is, as a first guess."""
        share = self.synthetic_share
        return None if share is None else RiskBand.of(share)


class Urgency(IntEnum):
    """How soon something should be done."""

    NOW = 0
    THIS_WEEK = 1
    TO_KNOW_MORE = 2


@dataclass(frozen=True)
class Advice:
    """One thing to do.

    Attributes:
        urgency: how soon.
        what: in words, with the number that it rests on.
    """

    urgency: Urgency
    what: str


def advice_on(found: Findings) -> tuple[Advice, ...]:
    """What to do, most urgent first."""
    return tuple(sorted(_advice(found), key=lambda each: each.urgency))


def _advice(found: Findings) -> Iterator[Advice]:
    yield from _on_leaks(found)
    yield from _on_duplicates(found)
    yield from _on_share(found)
    yield from _on_writers(found)
    if found.collapse is not None:
        yield from filter(None, map(_on_sign, found.collapse.components))
    else:
        yield Advice(
            Urgency.TO_KNOW_MORE,
            "Give real rows of the same kind with --real: what the set would do to a student is "
            "measured beside them.",
        )


def _on_leaks(found: Findings) -> Iterator[Advice]:
    if found.contaminated is None:
        yield Advice(
            Urgency.TO_KNOW_MORE,
            "Give the benchmarks that you will measure by with --against: rows that hold their "
            "items make every score on them worthless.",
        )
    elif count := sum(found.contaminated.values()):
        yield Advice(
            Urgency.NOW,
            f"Take {count:,} rows out that hold benchmark items: `synth decontaminate FILES "
            "--against BENCHMARKS -o clean.jsonl`.",
        )


def _on_duplicates(found: Findings) -> Iterator[Advice]:
    if found.duplicates.rows > _MANY_DUPLICATES * found.rows:
        yield Advice(
            Urgency.NOW,
            f"Take {found.duplicates.rows:,} repeated rows out "
            f"({found.duplicates.rows / found.rows:.1%}): `synth dedup FILES -o kept.jsonl "
            "--decisions why.parquet`.",
        )


def _on_share(found: Findings) -> Iterator[Advice]:
    if found.synthetic is None or found.synthetic_share is None:
        yield Advice(
            Urgency.TO_KNOW_MORE,
            "Say which rows are synthetic: a column `origin` with `real` or `synthetic`, or the "
            "real rows with --real.",
        )
        return
    if found.synthetic_share > _HIGH_SHARE:
        more = ceil(found.synthetic / _HIGH_SHARE - found.rows)
        yield Advice(
            Urgency.THIS_WEEK,
            f"Add {more:,} real rows, or leave {_fewer(found):,} synthetic ones out, to come to "
            f"{_HIGH_SHARE:.0%} synthetic: now it is {found.synthetic_share:.0%}.",
        )


def _fewer(found: Findings) -> int:
    """Synthetic rows to leave out so that the rest is at the bound."""
    synthetic = found.synthetic or 0
    real = found.rows - synthetic
    return synthetic - int(real * _HIGH_SHARE / (1 - _HIGH_SHARE))


def _on_writers(found: Findings) -> Iterator[Advice]:
    wrote = {name: rows for name, rows in (found.teachers or {}).items() if name}
    if wrote:
        first, rows = max(wrote.items(), key=lambda each: each[1])
        if rows > _ONE_TEACHER * sum(wrote.values()):
            share = rows / sum(wrote.values())
            yield Advice(
                Urgency.THIS_WEEK,
                f"Have other teachers write, too: {first} wrote {share:.0%} of the synthetic rows, "
                "and its habits become the student's. Two to four are usual.",
            )
    deep = sum(rows for depth, rows in (found.depths or {}).items() if depth >= _DEEP)
    if deep:
        yield Advice(
            Urgency.THIS_WEEK,
            f"Look at {deep:,} rows of depth {_DEEP} or more, which models wrote from what models "
            "wrote: start them from real rows instead.",
        )


_MENDS = {
    Sign.LOSS: "Replace synthetic rows by real ones",
    Sign.BY_FREQUENCY: "Replace rows that repeat others, or are of another kind, by real ones",
    Sign.BEYOND_DISPLACED: "Leave the synthetic rows out, or mend what writes them: the set's real "
    "rows alone do better",
    Sign.OUT_OF_DOMAIN: "Add real rows of other kinds: the set narrows what a student can read",
    Sign.RARE: "Start prompts from documents with rare words and names: a student unlearns them",
    Sign.TAIL: "Start prompts from documents with rare words and names: the set has few of them",
    Sign.VENDI: "Vary prompts and seeds, and remove what repeats: there are fewer different texts "
    "in it than in real rows",
    Sign.PHRASES: "Look at phrases that come back, or at noise: word pairs are far from real ones",
    Sign.TOLD_APART: "Look at what gives the rows away: a classifier tells them from real ones",
    Sign.GROWTH: "Do not train on what the next student writes: the loss keeps growing",
    Sign.SHARPENED: "Loosen sampling and filters: what students write from it narrows fast",
}


def _on_sign(measured: Component) -> Advice | None:
    if measured.light is Light.GREEN:
        return None
    urgency = Urgency.NOW if measured.light is Light.RED else Urgency.THIS_WEEK
    bounds = measured.threshold
    told = f"{measured.value:+.3f}, {measured.light} from {bounds.amber:g}/{bounds.red:g}"
    return Advice(urgency, f"{_MENDS[measured.sign]} ({bounds.meaning}: {told}).")
