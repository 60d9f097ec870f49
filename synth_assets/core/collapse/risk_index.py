"""The risk of collapse, composed of measured quantities only, each with its thresholds and source.

One number to look at in the morning, and beside it what it is made of: the worst component counts
more than the mean, as a mean would let two opposite ways of collapsing cancel each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from synth_assets.core.collapse.canary import CanaryReport, Trained
from synth_assets.core.collapse.yard import Texture

_OF_WORST, _OF_MEAN = 0.6, 0.4
# Chosen on GSM8K and Alpaca; .2 does about as well, and GPTeacher is what it was not chosen on.
_OF_FOREIGN = 0.3
# Of 22 sets of human rows alone, those that showed amber at the usual thresholds had 160 and 266.
_STEADY_ROWS = 400


class Light(StrEnum):
    """How a component stands to its thresholds."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Sign(StrEnum):
    """What was measured."""

    LOSS = "loss"
    BY_FREQUENCY = "by_frequency"
    BEYOND_DISPLACED = "beyond_displaced"
    OUT_OF_DOMAIN = "out_of_domain"
    RARE = "rare"
    TAIL = "tail"
    VENDI = "vendi"
    PHRASES = "phrases"
    TOLD_APART = "told_apart"
    GROWTH = "growth"
    SHARPENED = "sharpened"


@dataclass(frozen=True)
class Threshold:
    """From when on a value is worth attention, and from when on it is bad.

    Attributes:
        amber: from here on half of the component's weight.
        red: from here on all of it.
        meaning: what is measured, for people; the value's unit with it.
        rationale: why there, and from where.
    """

    amber: float
    red: float
    meaning: str
    rationale: str

    def scaled(self, value: float) -> float:
        """0 at nothing, .5 at amber, 1 from red on; linear between."""
        if value <= 0:
            return 0.0
        if value <= self.amber:
            return 0.5 * value / self.amber
        return min(0.5 + 0.5 * (value - self.amber) / (self.red - self.amber), 1.0)

    def light(self, value: float) -> Light:
        """How a value stands to the thresholds."""
        if value >= self.red:
            return Light.RED
        return Light.AMBER if value >= self.amber else Light.GREEN


_SHUMAILOV = "Shumailov et al., 2024: with 10 % real rows kept the loss grew by a few percent"
THRESHOLDS = {
    Sign.LOSS: Threshold(
        0.02,
        0.05,
        "held-out loss above that of as many real rows, relative",
        f"{_SHUMAILOV}; 10 % synthetic costs an n-gram student 1.4 %, 30 % costs 3.5",
    ),
    Sign.BY_FREQUENCY: Threshold(
        0.02,
        0.05,
        "held-out loss of students of plain frequencies above that of as many real rows, relative",
        "as for the loss; of all signs it ranks sets most like a small GPT does: it sees rows that "
        "repeat and rows of another kind, which Kneser and Ney's counts pass over",
    ),
    Sign.BEYOND_DISPLACED: Threshold(
        0.001,
        0.01,
        "held-out loss above that of the set's own real rows, relative; only where its interval "
        "is clear of 0",
        "synthetic rows that make it worse than leaving them out do harm of their own",
    ),
    Sign.OUT_OF_DOMAIN: Threshold(
        0.02,
        0.05,
        "loss on other real text above that of as many real rows, relative",
        "it rises while the loss in the domain holds, when a model narrows",
    ),
    Sign.RARE: Threshold(
        0.05,
        0.15,
        "bits of rare words above those of as many real rows, relative",
        "rare words go first: by 85 % in perplexity in one generation without real rows",
    ),
    Sign.TAIL: Threshold(
        0.15,
        0.30,
        "share of the rare words of as many real rows that the set lacks",
        "tail coverage fell by 35 % in one generation without real rows",
    ),
    Sign.VENDI: Threshold(
        0.15,
        0.30,
        "effective number of texts, distance from that of as many real rows, relative, either side",
        "Friedman and Dieng, 2023; sharpened writing lowers it by 29 % in one generation",
    ),
    Sign.PHRASES: Threshold(
        0.15,
        0.30,
        "different word pairs, distance from real rows, relative, either side",
        "they rise under plain sampling and fall under sharpened: two-sided",
    ),
    Sign.TOLD_APART: Threshold(
        0.10,
        0.25,
        "classifier between set and held-out text: area under its curve above that of real rows",
        "Lopez-Paz and Oquab, 2017; .5 of real against real",
    ),
    Sign.GROWTH: Threshold(
        0.005,
        0.02,
        "growth of the loss in the last generation on, beyond that of real rows, relative",
        "what settles is bearable, what keeps growing is collapse: Gerstgrasser et al., 2024",
    ),
    Sign.SHARPENED: Threshold(
        0.15,
        0.30,
        "effective number of texts that a student of a student writes with sharpened sampling, "
        "below that of real rows treated alike, relative",
        "loss alone misses it: it held at +6 % while the Vendi score fell to a tenth",
    ),
}


@dataclass(frozen=True)
class Component:
    """One measured quantity beside its thresholds.

    Attributes:
        sign: what was measured.
        value: of it.
        slack: how many times as wide as usual the thresholds are.
    """

    sign: Sign
    value: float
    slack: float = 1.0

    @property
    def threshold(self) -> Threshold:
        """Its thresholds, and what it means."""
        usual = THRESHOLDS[self.sign]
        return replace(usual, amber=usual.amber * self.slack, red=usual.red * self.slack)

    @property
    def scaled(self) -> float:
        """0..1."""
        return self.threshold.scaled(self.value)

    @property
    def light(self) -> Light:
        """How it stands."""
        return self.threshold.light(self.value)


@dataclass(frozen=True)
class RiskIndex:
    """What there is to worry about.

    Attributes:
        components: what was measured, worst first.
    """

    components: tuple[Component, ...]

    @property
    def value(self) -> float:
        """0 to 100: 60 parts of the worst component, 40 of their mean."""
        scaled = [each.scaled for each in self.components]
        return 100.0 * (_OF_WORST * max(scaled) + _OF_MEAN * sum(scaled) / len(scaled))

    @property
    def light(self) -> Light:
        """That of the worst component."""
        return self.components[0].light

    @property
    def narrows(self) -> bool:
        """Whether it collapses unseen: less diverse or worse elsewhere, while the loss holds."""
        lights = {each.sign: each.light for each in self.components}
        elsewhere = (Sign.OUT_OF_DOMAIN, Sign.VENDI, Sign.SHARPENED, Sign.TAIL)
        fires = any(lights.get(sign, Light.GREEN) is not Light.GREEN for sign in elsewhere)
        return fires and lights[Sign.LOSS] is Light.GREEN


def risk_of(report: CanaryReport) -> RiskIndex:
    """Compose the index of what a canary found.

    Of each quantity that is taken beside real rows, what two draws of real rows differ by is taken
    off: so much is chance. In sets of fewer than 400 rows one such pair says too little of it, and
    thresholds are wider, by the square root of 400 over the rows.
    """
    slack = max(_STEADY_ROWS / max(report.rows[Trained.SET], 1), 1.0) ** 0.5
    chance = dict(_beside_real(report, Trained.REAL_AGAIN))
    found = [
        Component(sign, max(value - abs(chance[sign]), 0.0) if value > 0 else value, slack)
        for sign, value in _beside_real(report, Trained.SET)
    ]
    own = report.compared(Trained.SET, Trained.REAL_PART)
    if own is not None:
        harm = own.relative
        found.append(
            Component(Sign.BEYOND_DISPLACED, harm.value if harm.clear_of(0.0) else 0.0, slack)
        )
    return RiskIndex(tuple(sorted(found, key=lambda each: (-each.scaled, each.sign))))


def harm_of(report: CanaryReport) -> float:
    """What to order sets by: the higher, the worse would a model become that is trained on one.

    What students of plain frequencies lose, and part of what the set's synthetic rows surprise a
    student of real rows: text may be missing, and text may be there that ought not to. It ranks
    sets more like a small GPT does than any sign alone (`benchmarks/collapse_ranking.py`).
    """
    signs = {each.sign: each.value for each in risk_of(report).components}
    return signs[Sign.BY_FREQUENCY] + _OF_FOREIGN * report.foreign


def _beside_real(report: CanaryReport, ours: Trained) -> Iterator[tuple[Sign, float]]:
    """What is worse of a student, or of the rows it saw, than of real rows of equal number."""
    beside = report.compared(ours, Trained.REAL_EQUAL)
    base = report.readings[Trained.REAL_EQUAL]
    if beside is not None:
        yield Sign.LOSS, beside.relative.value
        if beside.out_of_domain is not None and base.out_of_domain is not None:
            yield Sign.OUT_OF_DOMAIN, beside.out_of_domain.value / base.out_of_domain.value
        if beside.rare is not None and base.rare is not None:
            yield Sign.RARE, beside.rare.value / base.rare.value
    yield from _of_texture(report.textures[ours], report.textures[Trained.REAL_EQUAL])
    plain, real = report.by_frequency[ours], report.by_frequency[Trained.REAL_EQUAL]
    yield Sign.BY_FREQUENCY, plain.above(real).value / real.value
    us, them = report.onward[ours], report.onward[Trained.REAL_EQUAL]
    yield Sign.GROWTH, us.growth - them.growth
    yield Sign.SHARPENED, 1.0 - us.sharpened_vendi / them.sharpened_vendi


def _of_texture(ours: Texture, real: Texture) -> Iterator[tuple[Sign, float]]:
    yield Sign.TAIL, 1.0 - ours.tail_coverage / max(real.tail_coverage, 1e-9)
    yield Sign.VENDI, abs(ours.vendi / real.vendi - 1.0)
    yield Sign.PHRASES, abs(ours.distinct_2 / real.distinct_2 - 1.0)
    if ours.auc is not None and real.auc is not None:
        yield Sign.TOLD_APART, ours.auc - real.auc
