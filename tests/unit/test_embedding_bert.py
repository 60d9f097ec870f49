"""The encoder against the formulas of the paper, written out for one text at a time in doubles."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from synth_assets.core.embedding.bert import Bert, BertShape

WIDTH, INNER, WORDS, PLACES = 12, 20, 30, 16
SHAPE = BertShape(layers=2, heads=3, epsilon=1e-6)


def _tensors(seed: int) -> dict[str, NDArray[np.float32]]:
    draw = np.random.default_rng(seed)

    def dense(name: str, out: int, into: int) -> dict[str, NDArray[np.float64]]:
        return {
            f"{name}.weight": draw.normal(size=(out, into)),
            f"{name}.bias": draw.normal(size=out),
        }

    def norm(name: str) -> dict[str, NDArray[np.float64]]:
        return {f"{name}.weight": draw.normal(size=WIDTH), f"{name}.bias": draw.normal(size=WIDTH)}

    tensors = {
        "embeddings.word_embeddings.weight": draw.normal(size=(WORDS, WIDTH)),
        "embeddings.position_embeddings.weight": draw.normal(size=(PLACES, WIDTH)),
        "embeddings.token_type_embeddings.weight": draw.normal(size=(2, WIDTH)),
        **norm("embeddings.LayerNorm"),
    }
    for number in range(SHAPE.layers):
        name = f"encoder.layer.{number}"
        for part in ("query", "key", "value"):
            tensors |= dense(f"{name}.attention.self.{part}", WIDTH, WIDTH)
        tensors |= dense(f"{name}.attention.output.dense", WIDTH, WIDTH)
        tensors |= norm(f"{name}.attention.output.LayerNorm")
        tensors |= dense(f"{name}.intermediate.dense", INNER, WIDTH)
        tensors |= dense(f"{name}.output.dense", WIDTH, INNER)
        tensors |= norm(f"{name}.output.LayerNorm")
    return {name: value.astype(np.float32) for name, value in tensors.items()}


def _by_the_book(tensors: dict[str, NDArray[np.float32]], tokens: list[int]) -> list[float]:
    wide = {name: value.astype(np.float64) for name, value in tensors.items()}

    def norm(rows: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        mean, spread = rows.mean(1, keepdims=True), rows.var(1, keepdims=True)
        scaled = (rows - mean) / np.sqrt(spread + SHAPE.epsilon)
        return scaled * wide[f"{name}.weight"] + wide[f"{name}.bias"]

    def dense(rows: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        return rows @ wide[f"{name}.weight"].T + wide[f"{name}.bias"]

    gelu = np.vectorize(lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))))
    rows = wide["embeddings.word_embeddings.weight"][tokens]
    rows = rows + wide["embeddings.position_embeddings.weight"][: len(tokens)]
    rows = norm(rows + wide["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    size = WIDTH // SHAPE.heads
    for number in range(SHAPE.layers):
        name = f"encoder.layer.{number}"
        query, key, value = (
            dense(rows, f"{name}.attention.self.{part}") for part in ("query", "key", "value")
        )
        seen = np.empty_like(rows)
        for head in range(SHAPE.heads):
            at = slice(head * size, (head + 1) * size)
            weights = np.exp(query[:, at] @ key[:, at].T / math.sqrt(size))
            seen[:, at] = weights / weights.sum(1, keepdims=True) @ value[:, at]
        seen = dense(seen, f"{name}.attention.output.dense")
        rows = norm(rows + seen, f"{name}.attention.output.LayerNorm")
        inner = gelu(dense(rows, f"{name}.intermediate.dense"))
        rows = norm(rows + dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    return rows.mean(0).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_bert_mean_vectors_are_those_of_the_formulas(seed: int):
    tensors = _tensors(seed)
    draw = np.random.default_rng(100 + seed)
    # Of one length side by side, and of others between.
    texts = [draw.integers(0, WORDS, size).tolist() for size in (1, 4, 4, 4, 9, 2, 2, 16)]
    found = Bert(tensors, SHAPE).mean_vectors([np.array(text, np.int32) for text in texts])
    wanted = [_by_the_book(tensors, text) for text in texts]
    np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_bert_knows_its_size_and_longest_text():
    network = Bert(_tensors(0), SHAPE)
    assert (network.dimensions, network.longest) == (WIDTH, PLACES)
