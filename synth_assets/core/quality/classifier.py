"""A classifier of answers, learnt from accepted and rejected ones: logistic regression.

Its scores of the examples are out of fold, by models that saw neither the example nor another
answer to its prompt; threshold and calibration (Platt, 1999; isotonic, Zadrozny and Elkan, 2002)
rest on these.
"""

# scikit-learn, scipy and threadpoolctl have no type stubs; what pyright infers is wrong.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from synth_assets.core.fingerprint import exact_hash, normalised
from synth_assets.core.quality.example import Example
from synth_assets.core.quality.features import BUCKETS, MEASURES, Features, features_of

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

FOLDS = 10

_STRENGTH = 1.0
_MEASURE_SCALE = 0.3
_WIDEST = 4.0
_TOLERANCE = 1e-7
_ISOTONIC_ROWS = 2_000
_DIGITS = 6
"""Beyond these, sums differ from one processor to the next."""


@dataclass(frozen=True)
class Model:
    """Weights of features, as `Features` has them.

    Attributes:
        buckets: weight of each hashed feature.
        measures: weight of each measure.
        centre: of each measure, over the examples.
        spread: of each measure; its standard deviation.
        bias: the score of a text without features.
    """

    buckets: "NDArray[float64]"
    measures: "NDArray[float64]"
    centre: "NDArray[float64]"
    spread: "NDArray[float64]"
    bias: float

    def margin(self, features: Features) -> float:
        """The log odds of being accepted, before calibration."""
        hashed = (self.buckets[features.buckets] * features.weights).sum()
        return round(float(self.bias + hashed + self.shares(features).sum()), _DIGITS)

    def shares(self, features: Features) -> "NDArray[float64]":
        """What each measure adds to the margin."""
        return self.measures * _scaled(features.measures, self.centre, self.spread)


@dataclass(frozen=True)
class Calibration:
    """From margins to the share of accepted examples, by points between which it runs straight."""

    margins: "NDArray[float64]"
    chances: "NDArray[float64]"

    def chance(self, margin: float) -> float:
        """How likely an answer with this margin was accepted, 0 to 1."""
        import numpy as np

        return float(np.interp(margin, self.margins, self.chances))


@dataclass(frozen=True)
class Classifier:
    """What was learnt.

    Attributes:
        model: of all examples.
        calibration: of its margins.
        margins: of the examples, each out of fold.
        accepted: whether each was accepted, in the same order.
    """

    model: Model
    calibration: Calibration
    margins: tuple[float, ...]
    accepted: tuple[bool, ...]


def learnt(examples: Sequence[Example], *, prompts: bool = True) -> Classifier:
    """Learn from examples of both kinds; their order does not matter.

    One thread is used and weights are rounded, for the last digits of a sum differ between runs of
    several threads, and between processors.

    Args:
        examples: each once, at least `2 * FOLDS` of either kind.
        prompts: whether prompts are looked at.
    """
    from threadpoolctl import threadpool_limits

    ordered = sorted(examples, key=lambda each: exact_hash(each.prompt, each.response))
    accepted = [each.accepted for each in ordered]
    features = [features_of(each.prompt if prompts else "", each.response) for each in ordered]
    with threadpool_limits(limits=1):
        margins = [0.0] * len(ordered)
        folds = _folds(ordered)
        for fold in range(FOLDS):
            inside = [at for at, each in enumerate(folds) if each != fold]
            model = fitted([features[at] for at in inside], [accepted[at] for at in inside])
            for at, each in enumerate(folds):
                if each == fold:
                    margins[at] = model.margin(features[at])
        calibration = _calibration(margins, accepted)
        return Classifier(fitted(features, accepted), calibration, tuple(margins), tuple(accepted))


def fitted(features: Sequence[Features], accepted: Sequence[bool]) -> Model:
    """Fit the weights of one model."""
    import numpy as np
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression

    measures = np.array([each.measures for each in features])
    centre, spread = measures.mean(axis=0).round(_DIGITS), measures.std(axis=0).round(_DIGITS)
    spread[spread < 1e-4] = 1.0
    dense = _scaled(measures, centre, spread) * _MEASURE_SCALE
    table = cast("csr_matrix", hstack([_sparse(features), csr_matrix(dense)], format="csr"))
    regression = LogisticRegression(C=_STRENGTH, solver="newton-cg", tol=_TOLERANCE, max_iter=500)
    regression.fit(table, np.asarray(accepted, dtype=bool))
    weights = np.ravel(np.asarray(regression.coef_)).round(_DIGITS)
    return Model(
        weights[:BUCKETS],
        weights[BUCKETS:] * _MEASURE_SCALE,
        centre,
        spread,
        round(float(np.ravel(np.asarray(regression.intercept_))[0]), _DIGITS),
    )


def _sparse(features: Sequence[Features]) -> "csr_matrix":
    import numpy as np
    from scipy.sparse import csr_matrix

    ends = np.cumsum([0, *(len(each.buckets) for each in features)])
    at = np.concatenate([each.buckets for each in features])
    values = np.concatenate([each.weights for each in features])
    table = csr_matrix((values, at, ends), shape=(len(features), BUCKETS))
    table.sum_duplicates()
    return table


def _scaled(
    measures: "NDArray[float64]", centre: "NDArray[float64]", spread: "NDArray[float64]"
) -> "NDArray[float64]":
    import numpy as np

    return np.clip((measures - centre) / spread, -_WIDEST, _WIDEST)


def _folds(examples: Sequence[Example]) -> list[int]:
    """A fold for each example: answers to one prompt share theirs, and both kinds are spread.

    Where too few prompts have most of the answers, each answer goes by itself.
    """
    prompts = [exact_hash(normalised(each.prompt)) for each in examples]
    folds = _spread(prompts, examples)
    for fold in range(FOLDS):
        outside = Counter(
            each.accepted for at, each in zip(folds, examples, strict=True) if at != fold
        )
        if sum(outside.values()) < len(examples) / 2 or min(outside[True], outside[False]) < FOLDS:
            return _spread([exact_hash(each.prompt, each.response) for each in examples], examples)
    return folds


def _spread(keys: Sequence[str], examples: Sequence[Example]) -> list[int]:
    """Deal groups out to the folds, the largest first, those with alike labels side by side."""
    sizes = Counter(keys)
    good = Counter(key for key, each in zip(keys, examples, strict=True) if each.accepted)
    order = sorted(sizes, key=lambda key: (-sizes[key], good[key] / sizes[key], key))
    fold_of = {key: place % FOLDS for place, key in enumerate(order)}
    return [fold_of[key] for key in keys]


def _calibration(margins: Sequence[float], accepted: Sequence[bool]) -> Calibration:
    import numpy as np
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    values, labels = np.array(margins), np.array(accepted, dtype=float)
    if len(values) >= _ISOTONIC_ROWS:
        curve = IsotonicRegression(y_min=0.001, y_max=0.999, out_of_bounds="clip")
        curve.fit(values, labels)
        return Calibration(
            np.asarray(curve.X_thresholds_), np.asarray(curve.y_thresholds_).round(_DIGITS)
        )
    line = LogisticRegression(C=100.0, tol=1e-8).fit(values[:, None], labels > 0.5)
    at = np.linspace(values.min(), values.max(), 200)
    odds = float(np.ravel(line.coef_)[0]) * at + float(np.ravel(line.intercept_)[0])
    return Calibration(at, (1 / (1 + np.exp(-odds))).round(_DIGITS))


def spoke_against(model: Model, features: Features, most: int = 3) -> list[str]:
    """The words and measures that lowered a margin most, the worst first."""
    found = [
        (float(share), name) for name, share in zip(MEASURES, model.shares(features), strict=True)
    ]
    if features.words:
        weight = dict(zip(features.buckets.tolist(), features.weights.tolist(), strict=False))
        found += [
            (float(model.buckets[at]) * weight.get(at, 0.0), f"'{word}'")
            for word, at in features.words
        ]
    return [name for share, name in sorted(found)[:most] if share < 0]
