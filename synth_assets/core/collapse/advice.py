"""What to do about signs of collapse: where a set narrows, who writes it, which real rows help."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

import numpy as np

from synth_assets.core.collapse.canary import CanaryReport, Trained
from synth_assets.core.collapse.dose_curve import DoseCurve
from synth_assets.core.collapse.drawing import drawn
from synth_assets.core.collapse.risk_index import THRESHOLDS, Light, RiskIndex, Sign
from synth_assets.core.collapse.yard import TEXTS_COMPARED
from synth_assets.core.diversity.formulas import distinct_n
from synth_assets.core.diversity.vendi import vendi_score
from synth_assets.core.diversity.wording import word_similarities

OF_DIVERSITY = (Sign.VENDI, Sign.PHRASES, Sign.SHARPENED, Sign.TOLD_APART)
"""Signs that decoding and filters mend."""
OF_LOSS = (
    Sign.LOSS,
    Sign.BY_FREQUENCY,
    Sign.BEYOND_DISPLACED,
    Sign.OUT_OF_DOMAIN,
    Sign.RARE,
    Sign.GROWTH,
    Sign.TAIL,
)
"""Signs that real rows mend."""

DOMINANT = 0.7
"""Share of the synthetic rows from which on one teacher sets the tone; the caps of the policies
that come along."""

_LEAST_TEXTS = 20
_NAMED = 3


class Remedy(StrEnum):
    """What there is to be done."""

    RECIPE = "widen_recipe"
    TEACHER = "add_teachers"
    DECODING = "mend_decoding"
    REAL_ROWS = "add_real_rows"


@dataclass(frozen=True)
class Advice:
    """One thing to do.

    Attributes:
        remedy: of which kind.
        about: the recipe or teacher; else empty.
        told: in a sentence, with the figures behind it.
    """

    remedy: Remedy
    about: str
    told: str


@dataclass(frozen=True)
class SyntheticRow:
    """Who made a synthetic row, and what it says."""

    recipe: str
    teacher: str
    text: str


@dataclass(frozen=True)
class Width:
    """How many different texts a group has in effect, beside as many real ones.

    Attributes:
        name: of the group.
        rows: that were looked at, of either.
        vendi: of the group.
        real_vendi: of the real rows.
        phrases: different word pairs of the group, 0..1.
        real_phrases: of the real rows.
    """

    name: str
    rows: int
    vendi: float
    real_vendi: float
    phrases: float
    real_phrases: float

    @property
    def ratio(self) -> float:
        """Of the Vendi scores; below 1 the group is narrower than real text."""
        return self.vendi / self.real_vendi


def widths(groups: Mapping[str, Sequence[str]], real: Sequence[str], seed: int = 0) -> list[Width]:
    """Hold groups of texts beside as many real ones, the narrowest first.

    Groups with fewer than 20 texts say nothing, and are left out.
    """
    found: list[Width] = []
    for name, texts in groups.items():
        count = min(len(texts), len(real), TEXTS_COMPARED)
        if count < _LEAST_TEXTS:
            continue
        rng = np.random.default_rng(seed)
        own, beside = drawn(texts, rng, count), drawn(real, rng, count)
        found.append(
            Width(
                name,
                count,
                vendi_score(word_similarities(own)),
                vendi_score(word_similarities(beside)),
                distinct_n(own, 2) or 0.0,
                distinct_n(beside, 2) or 0.0,
            )
        )
    return sorted(found, key=lambda each: (each.ratio, each.name))


def advice_on(
    report: CanaryReport,
    index: RiskIndex,
    synthetic: Sequence[SyntheticRow],
    real: Sequence[str],
    curve: DoseCurve | None = None,
) -> tuple[Advice, ...]:
    """Say what to do about what a canary found; nothing where no sign fires.

    Args:
        report: what it found.
        index: of the same.
        synthetic: rows of the set that models wrote.
        real: texts to hold them beside.
        curve: what a lab measured of rows like these.
    """
    fires = {each.sign for each in index.components if each.light is not Light.GREEN}
    return tuple(_advised(fires, report, synthetic, real, curve)) if synthetic else ()


def _advised(
    fires: set[Sign],
    report: CanaryReport,
    synthetic: Sequence[SyntheticRow],
    real: Sequence[str],
    curve: DoseCurve | None,
) -> Iterator[Advice]:
    if fires & {*OF_DIVERSITY, Sign.TAIL}:
        yield from _narrow(synthetic, real)
        yield from _dominant(synthetic)
    if fires and not fires & set(OF_LOSS):
        told = (
            "Only diversity fires: mend decoding (temperature, top-p) and filters that keep the "
            "likely, not the share of synthetic rows."
        )
        yield Advice(Remedy.DECODING, "", told)
    if fires & set(OF_LOSS):
        yield _real_rows(report, curve)


def _narrow(synthetic: Sequence[SyntheticRow], real: Sequence[str]) -> Iterator[Advice]:
    by_recipe: dict[str, list[str]] = {}
    for row in synthetic:
        by_recipe.setdefault(row.recipe, []).append(row.text)
    allowed = 1.0 - THRESHOLDS[Sign.VENDI].amber
    narrow = [each for each in widths(by_recipe, real) if each.ratio < allowed]
    for each in narrow[:_NAMED]:
        named = f"Recipe {each.name} narrows" if each.name else "The synthetic rows narrow"
        told = (
            f"{named}: {each.rows} rows are {each.vendi:.0f} different texts in effect where as "
            f"many real rows are {each.real_vendi:.0f}; {each.phrases:.0%} of the word pairs are "
            f"different, of real rows {each.real_phrases:.0%}. Give it more seeds, attributes or "
            "a warmer temperature."
        )
        yield Advice(Remedy.RECIPE, each.name, told)


def _dominant(synthetic: Sequence[SyntheticRow]) -> Iterator[Advice]:
    counts: dict[str, int] = {}
    for row in synthetic:
        if row.teacher:
            counts[row.teacher] = counts.get(row.teacher, 0) + 1
    if not counts:
        return
    teacher = min(counts, key=lambda name: (-counts[name], name))
    share = counts[teacher] / len(synthetic)
    if share >= DOMINANT:
        told = (
            f"Teacher {teacher} wrote {share:.0%} of the synthetic rows: its habits are the set's. "
            "Have others write, or set teacher_cap."
        )
        yield Advice(Remedy.TEACHER, teacher, told)


def _real_rows(report: CanaryReport, curve: DoseCurve | None) -> Advice:
    rows = report.rows[Trained.SET]
    real = report.rows[Trained.REAL_PART]
    if curve is None:
        told = (
            "How many real rows would restore the level is not measured: give the mixture "
            "gates: {raise_real_share: true}, or run synth collapse-lab on your real rows."
        )
        return Advice(Remedy.REAL_ROWS, "", told)
    bearable, share = curve.bearable, report.synthetic_share
    if share <= bearable:
        told = (
            f"The lab's rows bear {bearable:.0%} written ones and this set has {share:.0%}: what "
            "these synthetic rows are like does harm, and more real rows do not mend that."
        )
        return Advice(Remedy.REAL_ROWS, "", told)
    if bearable <= 0:
        told = f"The lab's rows bear no written ones: take out all {rows - real:,}."
        return Advice(Remedy.REAL_ROWS, "", told)
    added = ceil((rows - real) / bearable) - rows
    instead = ceil((1 - bearable) * rows) - real
    told = (
        f"{added:,} more real rows, or {instead:,} in place of synthetic ones, bring {share:.0%} "
        f"synthetic rows of {rows:,} down to the {bearable:.0%} that keep the loss within "
        f"{THRESHOLDS[Sign.LOSS].amber:.0%} after {curve.generations} generations, as the lab "
        "measured on your real rows."
    )
    return Advice(Remedy.REAL_ROWS, "", told)
