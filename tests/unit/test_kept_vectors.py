from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from synth_assets.core.embedding.protocol import Progress, Vectors
from synth_assets.resources.frames import read_frame
from synth_assets.resources.kept_vectors import VECTOR_SCHEMA, embed_kept


@dataclass
class Counting:
    """An embedder that says which texts it was asked for; a text's vector is of its length."""

    name: str = "counting"
    dimensions: int = 3
    looks_at_others: bool = False
    asked: list[str] = field(default_factory=list)

    def embed(self, texts: Sequence[str], on_progress: Progress | None = None) -> Vectors:
        self.asked += texts
        rows = [[len(text) + n for n in range(self.dimensions)] for text in texts]
        return np.array(rows, np.float32).reshape(len(texts), self.dimensions)


def expected(texts: Sequence[str], dimensions: int = 3) -> list[list[float]]:
    return [[float(len(text) + n) for n in range(dimensions)] for text in texts]


def test_embed_kept_asks_for_new_texts_alone_and_gives_all_in_order(tmp_path: Path):
    path = tmp_path / "vectors.parquet"
    first = embed_kept(path, Counting(), ["a", "bb", "a"])
    assert (first.reused, first.made) == (0, 3)
    again = Counting()
    second = embed_kept(path, again, ["cccc", "bb", "", "a"])
    assert (again.asked, second.reused, second.made) == (["cccc", ""], 2, 2)
    assert second.vectors.tolist() == expected(["cccc", "bb", "", "a"])
    assert read_frame(path).height == 4


def test_embed_kept_with_all_there_asks_for_none_and_keeps_no_others(tmp_path: Path):
    path = tmp_path / "vectors.parquet"
    embed_kept(path, Counting(), ["a", "bb", "ccc"])
    again = Counting()
    assert embed_kept(path, again, ["ccc"]).vectors.tolist() == expected(["ccc"])
    assert again.asked == []
    assert read_frame(path).height == 1
    assert read_frame(path).schema == VECTOR_SCHEMA


def test_embed_kept_of_no_texts_is_empty(tmp_path: Path):
    path = tmp_path / "vectors.parquet"
    assert embed_kept(path, Counting(), []).vectors.shape[0] == 0
    assert embed_kept(path, Counting(), ["a"]).vectors.tolist() == expected(["a"])


def test_embed_kept_by_another_embedder_uses_none_of_the_vectors(tmp_path: Path):
    path = tmp_path / "vectors.parquet"
    embed_kept(path, Counting(), ["a"])
    other = Counting("other", 2)
    assert embed_kept(path, other, ["a"]).vectors.tolist() == expected(["a"], 2)
    assert set(read_frame(path)["embedder"]) == {"other"}


def test_embed_kept_by_one_name_with_longer_vectors_makes_all_anew(tmp_path: Path):
    path = tmp_path / "vectors.parquet"
    embed_kept(path, Counting(), ["a"])
    longer = embed_kept(path, Counting(dimensions=5), ["a", "bb"])
    assert longer.vectors.tolist() == expected(["a", "bb"], 5)
    assert (longer.reused, longer.made) == (0, 2)


def test_embed_kept_by_one_that_looks_at_others_keeps_nothing(tmp_path: Path):
    path = tmp_path / "vectors.parquet"
    made = embed_kept(path, Counting(looks_at_others=True), ["a", "bb"])
    assert made.vectors.tolist() == expected(["a", "bb"])
    assert not path.exists()


def test_embed_kept_passes_over_a_file_of_another_form(tmp_path: Path):
    path = tmp_path / "vectors.parquet"
    pl.DataFrame({"text": ["a"]}).write_parquet(path)
    assert embed_kept(path, Counting(), ["a"]).made == 1
    assert read_frame(path).schema == VECTOR_SCHEMA
