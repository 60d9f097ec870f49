"""Sequences of runs on real text, unchanged or changed in a way that is known."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from benchmarks.real_rows import DATA
from synth_assets.core.collapse.students import NgramStudents
from synth_assets.core.diversity.formulas import words_of
from synth_assets.core.drift.window import WINDOW_SCHEMA, texts_of
from synth_assets.core.embedding.tfidf import Tfidf, TfidfSpace
from synth_assets.core.language_model.ngram import PLAIN
from synth_assets.resources.sources.docstrings import stdlib_docstrings

CALM_RUNS = 4
"""Unchanged runs before a change, the reference among them."""

_STEP_RUNS, _RAMP_RUNS = 3, 6
STEP, RAMP = "at once", "10 points a run"

_TEMPLATE = (
    "Great question! Let's break it down step by step.\n\n",
    "\n\n**Final answer:** I hope this helps!",
)
_WRITERS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
_TAKING_OVER = "175b_verification"


@dataclass(frozen=True)
class Runs:
    """One sequence.

    Attributes:
        name: what changes, or `unchanged`.
        way: how fast.
        corpus: of what text.
        windows: the reference first.
        real: rows to stand for held-out ones.
        changed_from: place of the first changed window; none if nothing changes.
    """

    name: str
    way: str
    corpus: str
    windows: tuple[pl.DataFrame, ...]
    real: pl.DataFrame
    changed_from: int | None


@dataclass(frozen=True)
class Change:
    """A way in which sets change.

    Attributes:
        name: for people.
        corpora: of what text it is shown.
        apply: rows (more than wanted), share changed 0..1, rows wanted, draws -> rows.
    """

    name: str
    corpora: tuple[str, ...]
    apply: Callable[[pl.DataFrame, float, int, np.random.Generator], pl.DataFrame]


@cache
def corpus(name: str) -> pl.DataFrame:
    """Rows of real text with topic and rarity; recipes and teachers are made up where nobody is."""
    pairs = list(_PAIRS[name]())
    draws = np.random.default_rng(0)
    rows = pl.DataFrame(
        {
            "sample_id": [f"{name} {number}" for number in range(len(pairs))],
            "prompt": [pair[0] for pair in pairs],
            "response": [pair[1] for pair in pairs],
            "teacher": [pair[2] or f"teacher {draws.integers(3)}" for pair in pairs],
            "recipe": [f"recipe {number}" for number in draws.integers(2, size=len(pairs))],
        }
    )
    return rows.with_columns(_topics(rows), _rarity(rows))


@cache
def space(name: str) -> TfidfSpace:
    """Vectors learnt once of all of a corpus."""
    return Tfidf().learnt_from(texts_of(corpus(name)))


def unchanged(name: str, rows: int, seed: int) -> Runs:
    """Windows of one corpus that share no row, as many as there are."""
    order = np.random.default_rng(seed).permutation(corpus(name).height)
    windows = [
        _window(corpus(name)[order[at : at + rows]], n)
        for n, at in enumerate(range(0, len(order) - rows + 1, rows))
    ]
    return Runs("unchanged", "", name, tuple(windows[1:]), windows[0], None)


def changed(change: Change, name: str, way: str, rows: int, seed: int) -> Runs:
    """Unchanged runs, and then changed ones."""
    draws = np.random.default_rng(seed)
    deck = _Deck(corpus(name), draws)
    real = _window(deck.next(rows), -1)
    windows = [
        _window(change.apply(deck.next(2 * rows), 0.0, rows, draws), n) for n in range(CALM_RUNS)
    ]
    for n in range(_STEP_RUNS if way == STEP else _RAMP_RUNS):
        dose = 0.3 if way == STEP else 0.1 * (n + 1)
        windows.append(_window(change.apply(deck.next(2 * rows), dose, rows, draws), CALM_RUNS + n))
    return Runs(change.name, way, name, tuple(windows), real, CALM_RUNS)


def recursion(name: str, share: float, rows: int, seed: int) -> Runs:
    """Each run in part what a student wrote that was trained on the run before."""
    draws = np.random.default_rng(seed)
    deck = _Deck(corpus(name).select("sample_id", "prompt", "response"), draws)
    windows = [_window(deck.next(rows), n) for n in range(CALM_RUNS)]
    students, texts = NgramStudents(), deck.next(rows)["response"].to_list()
    for n in range(4):
        written = students.fit(texts, seed).write(draws, round(share * rows), PLAIN, None)
        real = deck.next(rows - len(written))
        texts = [*written, *real["response"]]
        names = [f"{n} {place}" for place in range(len(texts))]
        made = pl.DataFrame({"sample_id": names, "prompt": "", "response": texts})
        windows.append(_window(made, CALM_RUNS + n))
    said = f"{share:.0%} written by students of the run before"
    return Runs(said, "", name, tuple(windows), _window(deck.next(rows), -1), CALM_RUNS)


def _window(rows: pl.DataFrame, number: int) -> pl.DataFrame:
    missing = [pl.lit(None).alias(name) for name in WINDOW_SCHEMA if name not in rows.columns]
    named = rows.with_columns(pl.format("{} {}", pl.lit(number), "sample_id").alias("sample_id"))
    return named.with_columns(missing).select(WINDOW_SCHEMA.names()).cast(WINDOW_SCHEMA)


class _Deck:
    """Rows drawn without putting back, until all were drawn."""

    def __init__(self, rows: pl.DataFrame, draws: np.random.Generator) -> None:
        self._rows, self._draws, self._order = rows, draws, np.zeros(0, np.int64)

    def next(self, count: int) -> pl.DataFrame:
        """So many rows."""
        if not count:
            return self._rows.clear()
        while len(self._order) < count:
            self._order = np.concatenate([self._order, self._draws.permutation(self._rows.height)])
        taken, self._order = self._order[:count], self._order[count:]
        return self._rows[np.unique(taken)].sample(fraction=1, shuffle=True, seed=int(taken[0]))


def _mode_dropped(
    rows: pl.DataFrame, dose: float, count: int, draws: np.random.Generator
) -> pl.DataFrame:
    """Twice the share of the largest topic goes."""
    kept = (rows["topic"] != 0).to_numpy() | (draws.random(rows.height) >= min(2 * dose, 1.0))
    return rows.filter(kept).head(count)


def _tail_cut(
    rows: pl.DataFrame, dose: float, count: int, draws: np.random.Generator
) -> pl.DataFrame:
    """The share of rows whose words are rarest goes."""
    kept = rows["rarity"].rank("ordinal") <= (1.0 - min(dose, 0.5)) * rows.height
    return rows.filter(kept).head(count)


def _templated(
    rows: pl.DataFrame, dose: float, count: int, draws: np.random.Generator
) -> pl.DataFrame:
    """The share of responses gets a stock opening and ending."""
    told = pl.Series(draws.random(count) < dose)
    wrapped = pl.lit(_TEMPLATE[0]) + pl.col("response") + pl.lit(_TEMPLATE[1])
    return rows.head(count).with_columns(
        pl.when(told).then(wrapped).otherwise(pl.col("response")).alias("response")
    )


def _shortened(
    rows: pl.DataFrame, dose: float, count: int, draws: np.random.Generator
) -> pl.DataFrame:
    """Every response loses that share of its words at the end."""
    short = [
        " ".join(words[: max(1, round((1 - min(dose, 0.9)) * len(words)))])
        for words in (text.split(" ") for text in rows["response"].head(count))
    ]
    return rows.head(count).with_columns(pl.Series("response", short))


def _taken_over(
    rows: pl.DataFrame, dose: float, count: int, draws: np.random.Generator
) -> pl.DataFrame:
    """One teacher writes that share, and of the rest as much as it always did."""
    one = corpus("solutions").filter(pl.col("teacher") == _TAKING_OVER)
    forced = one.sample(min(round(dose * count), one.height), seed=int(draws.integers(2**31)))
    return pl.concat([forced, rows.head(count - forced.height)])


def _unnamed(
    rows: pl.DataFrame, dose: float, count: int, draws: np.random.Generator
) -> pl.DataFrame:
    """The same, and nobody says who wrote."""
    return _taken_over(rows, dose, count, draws).with_columns(
        pl.lit(None, pl.String).alias("teacher")
    )


_BOTH = ("gsm8k", "docstrings")
CHANGES = (
    Change("mode dropping", _BOTH, _mode_dropped),
    Change("tail cutting", _BOTH, _tail_cut),
    Change("template takeover", _BOTH, _templated),
    Change("length drift", _BOTH, _shortened),
    Change("one teacher taking over", ("solutions",), _taken_over),
    Change("one teacher taking over, unnamed", ("solutions",), _unnamed),
)


def _topics(rows: pl.DataFrame) -> pl.Series:
    """Eight topics, the largest is 0."""
    from sklearn.cluster import KMeans

    vectors = Tfidf().embed(texts_of(rows))
    means = KMeans(8, n_init=2, random_state=0)  # pyright: ignore[reportArgumentType]
    found = means.fit_predict(vectors)
    by_size = np.argsort(-np.bincount(found))
    return pl.Series("topic", np.argsort(by_size)[found], dtype=pl.Int64)


def _rarity(rows: pl.DataFrame) -> pl.Series:
    """Mean surprise of a row's words, by how many rows hold them."""
    words = [
        sorted({*words_of(p), *words_of(r)}) for p, r in rows.select("prompt", "response").rows()
    ]
    holding: dict[str, int] = {}
    for some in words:
        for word in some:
            holding[word] = holding.get(word, 0) + 1
    mean = [float(np.mean([-np.log(holding[w]) for w in some])) if some else 0.0 for some in words]
    return pl.Series("rarity", mean)


def _lines(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _gsm8k() -> Iterator[tuple[str, str, str]]:
    for name in ("train", "test"):
        for row in _lines(f"gsm8k/{name}.jsonl"):
            yield row["question"], row["answer"], ""


def _docstrings() -> Iterator[tuple[str, str, str]]:
    for row in stdlib_docstrings(40, 1_500):
        yield row.prompt, row.response, ""


def _alpaca() -> Iterator[tuple[str, str, str]]:
    for row in json.loads((DATA / "alpaca" / "alpaca_5000.json").read_text("utf-8")):
        yield "\n".join(filter(None, (row["instruction"], row["input"]))), row["output"], ""


def _solutions() -> Iterator[tuple[str, str, str]]:
    import ast

    for row in _lines("gsm8k/example_model_solutions.A.jsonl"):
        yield row["question"], row["ground_truth"], "people"
        for writer in _WRITERS:
            made = row[writer]
            solution = (
                ast.literal_eval(made)["solution"] if isinstance(made, str) else made["solution"]
            )
            yield row["question"], solution, writer


def _seeds(name: str) -> Callable[[], Iterator[tuple[str, str, str]]]:
    return lambda: (("", row["text"], "") for row in _lines(f"collapsetracker/{name}.jsonl"))


_PAIRS: dict[str, Callable[[], Iterator[tuple[str, str, str]]]] = {
    "gsm8k": _gsm8k,
    "docstrings": _docstrings,
    "alpaca": _alpaca,
    "solutions": _solutions,
    "wikipedia": _seeds("wikipedia_abstracts"),
    "technical_qa": _seeds("technical_qa"),
}
_UNCHANGED_TEXT = ("gsm8k", "docstrings", "alpaca")
UNCHANGED: Sequence[tuple[str, int, int]] = (
    *((name, 100, seed) for seed in range(2) for name in _UNCHANGED_TEXT),
    *((name, rows, 0) for rows in (250, 500, 1_000) for name in _UNCHANGED_TEXT),
)
"""Corpus, rows of a window, seed."""
