"""Embedders and the search for rows of like meaning: how fast, how much is found, what is joined.

`python -m benchmarks.semantic` prints the section; `--large` adds 500,000 rows, `--exact` all
pairs of them too. The texts are read from the folder that `SYNTH_TEST_DATA` names.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from benchmarks.real_rows import DATA
from benchmarks.timing import table
from synth_assets.core.dedup.same_numbers import number_sets
from synth_assets.core.dedup.semantic import SemanticMatches, semantic_duplicates
from synth_assets.core.embedding.protocol import Embedder, Vectors
from synth_assets.core.embedding.tfidf import Tfidf
from synth_assets.resources.embedding.minilm import MiniLM, carried_model

_THRESHOLDS = (0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
_DIMENSIONS = 384
_SMALL, _LARGE = 50_000, 500_000
_BLOCK = 2_000

_Value = TypeVar("_Value", np.float32, np.int64)


@dataclass(frozen=True)
class _Texts:
    """GSM8K and what others made of it.

    Attributes:
        train: human questions.
        test: other human questions.
        rephrased: the first 660 of `test` in other words.
        renumbered: questions of `test` with other numbers, in another order.
    """

    train: list[str]
    test: list[str]
    rephrased: list[str]
    renumbered: list[str]

    @property
    def all(self) -> list[str]:
        return [*self.train, *self.test, *self.rephrased, *self.renumbered]

    def cut(self, rows: npt.NDArray[_Value]) -> list[npt.NDArray[_Value]]:
        """Rows of all as rows of each."""
        sizes = [len(self.train), len(self.test), len(self.rephrased)]
        return np.split(rows, np.cumsum(sizes))


def measure(*, large: bool = False, exact: bool = False) -> str:
    """Measure and return a section of Markdown."""
    title = "## Duplicates in other words"
    try:
        texts = _texts()
    except FileNotFoundError as exc:
        missed = Path(exc.filename).name
        return f"{title}\n\nNot measured: no {missed}; set SYNTH_TEST_DATA."
    minilm = MiniLM(carried_model(), threads=1)
    minilm.embed(["the first text compiles the kernels"])
    rows: dict[str, Vectors] = {}
    speeds: list[list[str]] = []
    for name, embedder in (("minilm", minilm), ("tfidf", Tfidf())):
        rows[name], cpu_s = _timed(embedder, texts.all)
        words = sum(len(text.split()) for text in texts.all) / len(texts.all)
        speed = f"{len(texts.all) / cpu_s:,.0f}"
        speeds.append([f"`{name}`", f"{len(texts.all):,}", f"{words:.0f}", speed])
    parts = [
        title,
        f"`python -m benchmarks.semantic{' --large' * large}{' --exact' * exact}`.",
        table(["embedder", "texts", "words a text", "texts a CPU second"], speeds),
        *(_joined(name, texts, vectors) for name, vectors in rows.items()),
        *_searches(rows["minilm"], large=large, exact=exact),
    ]
    return "\n\n".join(parts)


def _timed(embedder: Embedder, texts: Sequence[str]) -> tuple[Vectors, float]:
    started = time.process_time()
    rows = embedder.embed(texts)
    return rows, time.process_time() - started


# --- what is found, and what is joined ------------------------------------------------------------


def _texts() -> _Texts:
    rephrased = [
        row["text"].split("\nAnswer:")[0].removeprefix("Question: ")
        for row in _lines("decontaminator/rephrase_gsm8k.A.jsonl")
    ]
    return _Texts(
        train=[row["question"] for row in _lines("gsm8k/train.jsonl")],
        test=[row["question"] for row in _lines("gsm8k/test.jsonl")],
        rephrased=rephrased,
        renumbered=[row["input"] for row in _lines("math/gsm_hard_test.jsonl")],
    )


def _lines(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _joined(name: str, texts: _Texts, rows: Vectors) -> str:
    """What of the alike is found, and what of the unlike joined, by threshold."""
    train, test, rephrased, renumbered = texts.cut(rows)
    own = np.einsum("ij,ij->i", rephrased, test[: len(rephrased)])
    other = rephrased @ test.T
    np.fill_diagonal(other, -1.0)
    figures = {
        "rephrased, found": own,
        "rephrased, joined with another question": other.max(axis=1),
        "other numbers, joined with the original": _best(renumbered, test),
        "human test question, joined with a human training question": _best(test, train),
        **_with_the_same_numbers(texts, rows),
    }
    lines = [
        [f"{threshold:g}", *(f"{np.mean(found >= threshold):.1%}" for found in figures.values())]
        for threshold in _THRESHOLDS
    ]
    nearest = np.mean(own > other.max(axis=1))
    return (
        f"`{name}`, GSM8K: {len(rephrased)} rephrased questions, {len(renumbered):,} with other "
        f"numbers (GSM-Hard), {len(test):,} of the test and {len(train):,} of the training set. "
        f"The original is the nearest of all for {nearest:.1%} of the rephrased.\n\n"
        + table(["threshold", *figures], lines)
    )


def _with_the_same_numbers(texts: _Texts, rows: Vectors) -> dict[str, Vectors]:
    """Figures of the rule that both must tell of the same numbers."""
    _, test, rephrased, renumbered = texts.cut(rows)
    _, test_told, rephrased_told, renumbered_told = texts.cut(number_sets(texts.all))
    own = np.einsum("ij,ij->i", rephrased, test[: len(rephrased)])
    joined = renumbered @ test.T
    joined[renumbered_told[:, None] != test_told] = -1.0
    return {
        "rephrased, found, same numbers": np.where(
            rephrased_told == test_told[: len(rephrased)], own, -1.0
        ),
        "other numbers, joined, same numbers": joined.max(axis=1),
    }


def _best(rows: Vectors, others: Vectors) -> Vectors:
    return np.concatenate(
        [(rows[at : at + _BLOCK] @ others.T).max(axis=1) for at in range(0, len(rows), _BLOCK)]
    )


# --- the search -----------------------------------------------------------------------------------


def _searches(real: Vectors, *, large: bool, exact: bool) -> Iterator[str]:
    yield (
        "The search, vectors given, one thread, cosine 0.9. *Like texts*: the vectors above with "
        "noise along their own covariance. *Random*: from all directions alike, which no text's "
        "vectors are; 30 % are near another. Recall is of the rows that all pairs would drop."
    )
    semantic_duplicates(real[:300], 0.9)
    semantic_duplicates(real[:300], 0.9, exact=False)
    makers: dict[str, Callable[[int], Vectors]] = {
        "like texts": lambda count: _like(real, count),
        "random": _random,
    }
    lines: list[list[str]] = []
    for count in (_SMALL, *([_LARGE] if large else [])):
        for kind, make in makers.items():
            lines += _search(kind, make(count), with_exact=count == _SMALL or exact)
    head = ["vectors", "rows", "way", "clusters", "CPU s", "rows a CPU second", "dropped", "recall"]
    yield table(head, lines)


def _search(kind: str, rows: Vectors, *, with_exact: bool) -> Iterator[list[str]]:
    whole: SemanticMatches | None = None
    for way in ("all pairs", "clusters") if with_exact else ("clusters",):
        started = time.process_time()
        found = semantic_duplicates(rows, 0.9, exact=way == "all pairs")
        cpu_s = time.process_time() - started
        whole = found if way == "all pairs" else whole
        recall = "-"
        if whole is not None:
            recall = f"{np.mean(found.kept_row[whole.dropped] >= 0):.4f}"
        yield [
            kind,
            f"{len(rows):,}",
            way,
            f"{found.clusters:,}",
            f"{cpu_s:.1f}",
            f"{len(rows) / cpu_s:,.0f}",
            f"{len(found.dropped):,}",
            recall,
        ]


def _like(real: Vectors, count: int) -> Vectors:
    draw = np.random.default_rng(0)
    spread = np.cov(real.T) + 1e-6 * np.eye(real.shape[1])
    root = np.linalg.cholesky(spread).astype(np.float32)
    rows = real[draw.integers(0, len(real), count)]
    for at in range(0, count, _SMALL):
        part = rows[at : at + _SMALL]
        noise = draw.normal(size=part.shape).astype(np.float32) @ root
        size = draw.uniform(0.1, 1.5, (len(part), 1)).astype(np.float32)
        rows[at : at + _SMALL] = _unit(part + size * noise)
    return rows


def _random(count: int) -> Vectors:
    draw = np.random.default_rng(0)
    alone = round(0.7 * count)
    rows = np.empty((count, _DIMENSIONS), np.float32)
    rows[:alone] = _unit(draw.normal(size=(alone, _DIMENSIONS)))
    copies = count - alone
    noise = _unit(draw.normal(size=(copies, _DIMENSIONS)))
    size = draw.uniform(0.2, 0.7, (copies, 1))
    rows[alone:] = _unit(rows[draw.integers(0, alone, copies)] + size * noise)
    return rows[draw.permutation(count)]


def _unit(rows: npt.NDArray[np.floating]) -> Vectors:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def main() -> None:
    """Print the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="500,000 rows too")
    parser.add_argument("--exact", action="store_true", help="all pairs of these too (minutes)")
    told = parser.parse_args()
    print(measure(large=told.large, exact=told.exact))


if __name__ == "__main__":
    main()
