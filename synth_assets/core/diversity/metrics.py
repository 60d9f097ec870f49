"""The metrics of diversity: their names, formulas, and what a newcomer must know to read them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import compress
from typing import assert_never

from synth_assets.core.diversity import formulas


class DiversityMetric(StrEnum):
    """What is measured of a slice."""

    DISTINCT_1 = "distinct_1"
    DISTINCT_2 = "distinct_2"
    DISTINCT_3 = "distinct_3"
    DISTINCT_4 = "distinct_4"
    MATTR = "mattr"
    COMPRESSION_RATIO = "compression_ratio"
    PROMPT_OPENING_SHARE = "prompt_opening_share"
    RESPONSE_OPENING_SHARE = "response_opening_share"
    MEAN_WORDS = "mean_words"
    SD_WORDS = "sd_words"


class Good(StrEnum):
    """Where a metric's good lies.

    `LIKE_REAL`: too far from real text on either side is bad. Distinct-n, compression and lengths
    change their sign between two ways of collapse: models that sample freely drift into noise,
    sharpened ones (low temperature, top-p, filters) into repetition.
    """

    LOWER = "lower is better"
    LIKE_REAL = "near the real rows is better"


class Scope(StrEnum):
    """The text of a row that a metric looks at."""

    ROW = "prompt and response"
    PROMPT = "prompt"
    RESPONSE = "response"


class Basis(StrEnum):
    """What must be equal for two values to compare: the words or the rows they are taken from."""

    WORDS = "equal words"
    ROWS = "equal rows"


@dataclass(frozen=True)
class MetricSpec:
    """One metric.

    Attributes:
        formula: texts -> value, None where it does not exist.
        scope: which text of a row it is given.
        basis: what must be equal for its values to compare.
        title: a newcomer's name for it.
        unit: of the value.
        good: where its good lies.
        meaning: what a move of it tells, in a sentence.
    """

    formula: Callable[[Sequence[str]], float | None]
    scope: Scope
    basis: Basis
    title: str
    unit: str
    good: Good
    meaning: str

    @property
    def caption(self) -> str:
        """Unit, direction of good, and meaning, to stand under a plot."""
        return f"{self.unit}; {self.good}. {self.meaning}"


def spec_of(metric: DiversityMetric) -> MetricSpec:
    """All there is to know of a metric."""
    return _SPECS[metric]


def evaluate(
    metric: DiversityMetric,
    prompts: Sequence[str],
    responses: Sequence[str],
    within_words: Sequence[bool],
) -> float | None:
    """Compute a metric over the rows drawn from a slice.

    Args:
        metric: which.
        prompts: of the drawn rows.
        responses: of the same rows.
        within_words: whether a row lies within the bound of words; metrics that compare at equal
            words look at no others.

    Returns:
        None where the metric does not exist, as with too few words.
    """
    spec = spec_of(metric)
    if spec.basis is Basis.WORDS:
        prompts, responses = (
            tuple(compress(texts, within_words)) for texts in (prompts, responses)
        )
    match spec.scope:
        case Scope.ROW:
            return spec.formula(["\n".join(row) for row in zip(prompts, responses, strict=True)])
        case Scope.PROMPT:
            return spec.formula(prompts)
        case Scope.RESPONSE:
            return spec.formula(responses)
        case _:
            assert_never(spec.scope)


def _distinct(n: int, name: str, meaning: str) -> MetricSpec:
    return MetricSpec(
        partial(formulas.distinct_n, n=n),
        Scope.ROW,
        Basis.WORDS,
        f"Different {name} (distinct-{n})",
        f"share of all {name}, 0 to 1",
        Good.LIKE_REAL,
        meaning,
    )


def _opening(scope: Scope, title: str, meaning: str) -> MetricSpec:
    return MetricSpec(
        formulas.repeated_opening_share,
        scope,
        Basis.ROWS,
        title,
        "share with the commonest first three words, 0 to 1",
        Good.LOWER,
        meaning,
    )


_SPECS = {
    DiversityMetric.DISTINCT_1: _distinct(1, "words", "Falling: the vocabulary shrinks."),
    DiversityMetric.DISTINCT_2: _distinct(
        2, "word pairs", "Falling: the same phrases come back. Far above real: noise."
    ),
    DiversityMetric.DISTINCT_3: _distinct(
        3, "word triples", "Falling: whole turns of phrase come back."
    ),
    DiversityMetric.DISTINCT_4: _distinct(
        4, "runs of four words", "Falling: sentences are copied or filled into a mould."
    ),
    DiversityMetric.MATTR: MetricSpec(
        formulas.mattr,
        Scope.ROW,
        Basis.WORDS,
        f"Different words within any {formulas.MATTR_WINDOW} (MATTR)",
        "share, 0 to 1",
        Good.LIKE_REAL,
        "Falling: the text repeats itself over short stretches.",
    ),
    DiversityMetric.COMPRESSION_RATIO: MetricSpec(
        formulas.compression_ratio,
        Scope.ROW,
        Basis.WORDS,
        "Compressibility (zlib)",
        "bytes raw per byte compressed",
        Good.LIKE_REAL,
        "Rising: more is repeated, wording and layout alike.",
    ),
    DiversityMetric.PROMPT_OPENING_SHARE: _opening(
        Scope.PROMPT, "Prompts that open alike", "Rising: the questions are cut to one pattern."
    ),
    DiversityMetric.RESPONSE_OPENING_SHARE: _opening(
        Scope.RESPONSE,
        "Responses that open alike",
        "Rising: the teacher falls into a stock phrase.",
    ),
    DiversityMetric.MEAN_WORDS: MetricSpec(
        formulas.mean_words,
        Scope.ROW,
        Basis.ROWS,
        "Length of a row, mean",
        "words",
        Good.LIKE_REAL,
        "Prompt and response together.",
    ),
    DiversityMetric.SD_WORDS: MetricSpec(
        formulas.sd_words,
        Scope.ROW,
        Basis.ROWS,
        "Length of a row, standard deviation",
        "words",
        Good.LIKE_REAL,
        "Falling: all rows become equally long.",
    ),
}
