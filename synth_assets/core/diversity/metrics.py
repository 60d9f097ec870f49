"""The metrics of diversity, in the order in which people are shown them."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from math import inf

from synth_assets.core.diversity import bias, likeness, repetition, style, topics
from synth_assets.core.diversity.corpus import Corpus, Floats
from synth_assets.core.diversity.formulas import MATTR_WINDOW
from synth_assets.core.diversity.metric_spec import (
    Basis,
    Family,
    Formula,
    Good,
    MetricSpec,
    RealFormula,
    Scope,
)
from synth_assets.core.diversity.resampling import Resampling
from synth_assets.core.diversity.topics import Real


class DiversityMetric(StrEnum):
    """What is measured of a slice."""

    DISTINCT_1 = "distinct_1"
    DISTINCT_2 = "distinct_2"
    DISTINCT_3 = "distinct_3"
    DISTINCT_4 = "distinct_4"
    NGRAM_DIVERSITY = "ngram_diversity"
    MATTR = "mattr"
    MTLD = "mtld"
    COMPRESSION_RATIO = "compression_ratio"
    TOP_PHRASES_SHARE = "top_phrases_share"
    SELF_BLEU = "self_bleu"
    SELF_ROUGE_L = "self_rouge_l"
    PROMPT_OPENING_SHARE = "prompt_opening_share"
    RESPONSE_OPENING_SHARE = "response_opening_share"
    VENDI = "vendi"
    NEAREST_DISTANCE = "nearest_distance"
    REAL_COVERAGE = "real_coverage"
    TOPIC_ENTROPY = "topic_entropy"
    LARGEST_TOPIC_SHARE = "largest_topic_share"
    MISSING_TOPICS = "missing_topics"
    MEAN_WORDS = "mean_words"
    SD_WORDS = "sd_words"
    SENTENCE_SPREAD = "sentence_spread"
    FUNCTION_WORD_DISTANCE = "function_word_distance"
    SLOP_RATE = "slop_rate"
    LIST_SHARE = "list_share"
    HEADING_SHARE = "heading_share"
    BOLD_SHARE = "bold_share"
    EFFECTIVE_TEACHERS = "effective_teachers"
    LARGEST_TEACHER_SHARE = "largest_teacher_share"
    NAME_RATE = "name_rate"
    TOP_NAMES_SHARE = "top_names_share"
    NAME_DISTANCE = "name_distance"
    FEMALE_SHARE = "female_share"
    GROUP_DISTANCE = "group_distance"


def spec_of(metric: DiversityMetric) -> MetricSpec:
    """All there is to know of a metric."""
    return _SPECS[metric]


def evaluate(
    metric: DiversityMetric, corpus: Corpus, weights: Floats, real: Real | None = None
) -> Floats | None:
    """Compute a metric.

    Args:
        metric: which.
        corpus: texts of its scope, within the bound of its basis.
        weights: how often each text counts in each draw: shape (draws, texts).
        real: texts of the same scope to compare to.

    Returns:
        A value for each draw, nan where it does not exist; None where real texts are needed and
        not given.
    """
    spec = spec_of(metric)
    if spec.formula is not None:
        return spec.formula(corpus, weights)
    if spec.real_formula is None or real is None:
        return None
    return spec.real_formula(corpus, weights, real)


def _lexical(
    formula: Formula,
    title: str,
    unit: str,
    meaning: str,
    basis: Basis = Basis.WORDS,
    most: float = 1.0,
) -> MetricSpec:
    return MetricSpec(
        *(Family.LEXICAL, formula, None, Scope.ROW, basis, Resampling.HALVES),
        *(title, unit, Good.LIKE_REAL, meaning, most),
    )


def _distinct(n: int, name: str, meaning: str) -> MetricSpec:
    title, unit = f"Different {name} (distinct-{n})", f"share of all {name}, 0 to 1"
    return _lexical(partial(repetition.distinct, n=n), title, unit, meaning)


def _opening(scope: Scope, title: str, meaning: str) -> MetricSpec:
    return MetricSpec(
        *(Family.LEXICAL, repetition.openings, None, scope, Basis.ROWS, Resampling.HALVES),
        *(title, "share with the commonest first three words, 0 to 1", Good.LOWER, meaning),
    )


def _style(
    formula: Formula, title: str, unit: str, meaning: str, good: Good = Good.LIKE_REAL
) -> MetricSpec:
    return MetricSpec(
        *(Family.STYLE, formula, None, Scope.ROW, Basis.ROWS, Resampling.BOOTSTRAP),
        *(title, unit, good, meaning, inf),
    )


def _layout(formula: Formula, title: str, meaning: str) -> MetricSpec:
    return MetricSpec(
        *(Family.STYLE, formula, None, Scope.RESPONSE, Basis.ROWS, Resampling.BOOTSTRAP),
        *(title, "share of the responses, 0 to 1", Good.LIKE_REAL, meaning),
    )


def _likeness(
    formula: Formula, title: str, unit: str, meaning: str, most: float = 1.0
) -> MetricSpec:
    return MetricSpec(
        *(Family.SEMANTIC, formula, None, Scope.ROW, Basis.ROWS, Resampling.HALVES),
        *(title, unit, Good.LIKE_REAL, meaning, most),
    )


def _writers(
    formula: Formula,
    resampling: Resampling,
    title: str,
    unit: str,
    good: Good,
    meaning: str,
    most: float = 1.0,
) -> MetricSpec:
    return MetricSpec(
        *(Family.BIAS, formula, None, Scope.ROW, Basis.ROWS, resampling),
        *(title, unit, good, meaning, most),
    )


def _beside_real(
    family: Family, formula: RealFormula, title: str, unit: str, good: Good, meaning: str
) -> MetricSpec:
    return MetricSpec(
        *(family, None, formula, Scope.ROW, Basis.ROWS, Resampling.HALVES),
        *(title, unit, good, meaning),
    )


def _of_corpora(formula: Callable[[Corpus, Floats, Corpus], Floats]) -> RealFormula:
    return lambda corpus, weights, real: formula(corpus, weights, real.corpus)


_SHARE = "share, 0 to 1"
_BITS = "Jensen-Shannon divergence in bits, 0 to 1"

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
    DiversityMetric.NGRAM_DIVERSITY: _lexical(
        repetition.ngram_diversity,
        "Different runs of one to four words (n-gram diversity)",
        "sum of four shares, 0 to 4",
        "Falling: words and phrases come back. Far above real: noise.",
        most=4.0,
    ),
    DiversityMetric.MATTR: MetricSpec(
        *(Family.LEXICAL, repetition.mattr, None, Scope.ROW, Basis.WORDS, Resampling.BOOTSTRAP),
        f"Different words within any {MATTR_WINDOW} (MATTR)",
        _SHARE,
        Good.LIKE_REAL,
        "Falling: the text repeats itself over short stretches.",
    ),
    DiversityMetric.MTLD: MetricSpec(
        *(Family.LEXICAL, repetition.mtld, None, Scope.ROW, Basis.WORDS, Resampling.BOOTSTRAP),
        "Words until the vocabulary tires (MTLD)",
        "words",
        Good.LIKE_REAL,
        "Falling: fewer words in, the same ones come back.",
        inf,
    ),
    DiversityMetric.COMPRESSION_RATIO: _lexical(
        repetition.compression,
        "Compressibility (zlib)",
        "bytes raw per byte compressed",
        "Rising: more is repeated, wording and layout alike.",
        most=inf,
    ),
    DiversityMetric.TOP_PHRASES_SHARE: _lexical(
        repetition.top_phrases,
        "The ten commonest phrases of three words",
        "share of all runs of three words, 0 to 1",
        "Rising: a few turns of phrase carry the text.",
    ),
    DiversityMetric.SELF_BLEU: _lexical(
        likeness.self_bleu,
        "Rows like all others by runs of words (self-BLEU)",
        "mean BLEU-4 with all other rows as references, 0 to 1",
        "Rising: what a row says, others said in the same words.",
        Basis.ROWS,
    ),
    DiversityMetric.SELF_ROUGE_L: _lexical(
        likeness.self_rouge_l,
        "Rows like each other in sequence (self-ROUGE-L)",
        "mean ROUGE-L of two rows, 0 to 1",
        "Rising: rows follow one course.",
        Basis.ROWS,
    ),
    DiversityMetric.PROMPT_OPENING_SHARE: _opening(
        Scope.PROMPT, "Prompts that open alike", "Rising: the questions are cut to one pattern."
    ),
    DiversityMetric.RESPONSE_OPENING_SHARE: _opening(
        Scope.RESPONSE,
        "Responses that open alike",
        "Rising: the teacher falls into a stock phrase.",
    ),
    DiversityMetric.VENDI: _likeness(
        likeness.vendi,
        "Different rows in effect (Vendi score)",
        "rows",
        "Falling: rows become variants of fewer ones. Far above real: noise.",
        inf,
    ),
    DiversityMetric.NEAREST_DISTANCE: _likeness(
        likeness.nearest_distance,
        "Distance of a row to the one most like it",
        "1 - cosine of words and word pairs, 0 to 1",
        "Falling: rows have twins.",
    ),
    DiversityMetric.REAL_COVERAGE: _beside_real(
        Family.SEMANTIC,
        _of_corpora(likeness.coverage),
        "Real rows that have a row of the set near them (coverage)",
        "share, 0 to 1; two samples of one kind have .97",
        Good.HIGHER,
        "Falling: kinds of real text are not written any more.",
    ),
    DiversityMetric.TOPIC_ENTROPY: _beside_real(
        Family.TOPICS,
        topics.topic_entropy,
        "Evenness over the topics of real rows",
        "entropy of topics, 1 if all are equally frequent",
        Good.LIKE_REAL,
        "Falling: a few topics take over.",
    ),
    DiversityMetric.LARGEST_TOPIC_SHARE: _beside_real(
        Family.TOPICS,
        topics.largest_topic,
        "Rows on the commonest topic",
        _SHARE,
        Good.LIKE_REAL,
        "Rising: one topic takes over.",
    ),
    DiversityMetric.MISSING_TOPICS: _beside_real(
        Family.TOPICS,
        topics.missing_topics,
        "Topics of real rows that are missing",
        "share of real text, 0 to 1",
        Good.LOWER,
        "Rising: less is written on what real rows are on.",
    ),
    DiversityMetric.MEAN_WORDS: _style(
        repetition.mean_length, "Length of a row, mean", "words", "Prompt and response together."
    ),
    DiversityMetric.SD_WORDS: _style(
        repetition.sd_length,
        "Length of a row, standard deviation",
        "words",
        "Falling: all rows become equally long.",
    ),
    DiversityMetric.SENTENCE_SPREAD: _style(
        style.sentence_spread,
        "Length of a sentence, standard deviation",
        "words",
        "Falling: one rhythm for all sentences.",
    ),
    DiversityMetric.FUNCTION_WORD_DISTANCE: _beside_real(
        Family.STYLE,
        _of_corpora(style.function_word_distance),
        "Distance to real rows in words of grammar",
        _BITS,
        Good.LOWER,
        "Rising: sentences are built otherwise than people build them.",
    ),
    DiversityMetric.SLOP_RATE: _style(
        style.slop_rate,
        "Phrases that models overuse, over people's rate",
        "times what people write",
        "Rising: the set sounds like a model.",
        Good.LOWER,
    ),
    DiversityMetric.LIST_SHARE: _layout(
        style.lists, "Responses with a list", "Rising: every answer becomes a list."
    ),
    DiversityMetric.HEADING_SHARE: _layout(
        style.headings, "Responses with headings", "Rising: answers are laid out as documents."
    ),
    DiversityMetric.BOLD_SHARE: _layout(
        style.bold, "Responses with bold print", "Rising: a habit of chat models spreads."
    ),
    DiversityMetric.EFFECTIVE_TEACHERS: _writers(
        bias.effective_teachers,
        Resampling.HALVES,
        "Teachers in effect",
        "equally busy teachers",
        Good.HIGHER,
        "Falling: one teacher takes over. None where nobody knows who wrote.",
        inf,
    ),
    DiversityMetric.LARGEST_TEACHER_SHARE: _writers(
        bias.largest_teacher,
        Resampling.BOOTSTRAP,
        "Rows of the busiest teacher",
        "share of the rows that a teacher wrote, 0 to 1",
        Good.LOWER,
        "Rising: its habits become the student's.",
    ),
    DiversityMetric.NAME_RATE: _writers(
        bias.name_rate,
        Resampling.BOOTSTRAP,
        "Names of persons, places and things",
        "in a thousand words",
        Good.LIKE_REAL,
        "Falling: the set speaks of nobody and nothing in particular.",
        inf,
    ),
    DiversityMetric.TOP_NAMES_SHARE: _writers(
        bias.top_names,
        Resampling.HALVES,
        "The ten commonest names",
        "share of all names, 0 to 1",
        Good.LIKE_REAL,
        "Rising: the same few people in the same few places.",
    ),
    DiversityMetric.NAME_DISTANCE: _beside_real(
        Family.BIAS,
        _of_corpora(bias.name_distance),
        "Distance to real rows in names",
        _BITS,
        Good.LOWER,
        "Rising: other names than real rows have. High by chance, as most names are rare.",
    ),
    DiversityMetric.FEMALE_SHARE: _writers(
        bias.female_share,
        Resampling.BOOTSTRAP,
        "Words for women and girls",
        "share of words for either sex, 0 to 1",
        Good.LIKE_REAL,
        "Far from real: one sex is written out.",
    ),
    DiversityMetric.GROUP_DISTANCE: _beside_real(
        Family.BIAS,
        _of_corpora(bias.group_distance),
        "Distance to real rows in words for groups of people",
        _BITS,
        Good.LOWER,
        "Rising: other groups are written of than in real rows.",
    ),
}
