import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.embedding.tfidf import Tfidf
from synth_assets.errors import ConfigurationError, UnknownNameError
from synth_assets.resources.embedding.minilm import MiniLM
from synth_assets.resources.embedding.opening import open_embedder


class _Encoder:
    """What sentence-transformers' class does here: letters counted."""

    def __init__(self, model: str, *, local_files_only: bool) -> None:
        assert local_files_only
        if not Path(model).is_dir():
            raise OSError(f"Path {model} not found")

    def encode(self, texts: list[str], **told: Any) -> Any:
        assert told == {"convert_to_numpy": True, "show_progress_bar": False}
        return np.array([[3.0 * text.count(letter) for letter in "abc"] for text in texts])


@pytest.fixture
def with_sentence_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("sentence_transformers")
    module.__spec__ = ModuleSpec("sentence_transformers", None)
    module.SentenceTransformer = _Encoder  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)


def test_open_embedder_gives_what_the_name_says():
    assert isinstance(open_embedder("minilm"), MiniLM)
    assert isinstance(open_embedder("tfidf"), Tfidf)


def test_open_embedder_unknown_name_is_told_with_what_there_is():
    teachers = {"vectors": Teacher(id="vectors", model="openai/small")}
    with pytest.raises(UnknownNameError, match=r"'minlm'.* Did you mean minilm\?.*vectors"):
        open_embedder("minlm", teachers)


def test_sentence_transformers_not_installed_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(
        "synth_assets.resources.embedding.sentence_transformers.find_spec", lambda _: None
    )
    with pytest.raises(ConfigurationError, match="pip install sentence-transformers"):
        open_embedder("sentence-transformers:some/model")


@pytest.mark.usefixtures("with_sentence_transformers")
def test_sentence_transformers_folder_embeds_rows_of_length_one(tmp_path: Path):
    (tmp_path / "weights").write_bytes(b"1")
    embedder = open_embedder(f"sentence-transformers:{tmp_path}")
    rows = embedder.embed(["ab", "", "c", "ab"])
    half = 0.5**0.5
    np.testing.assert_allclose(rows, [[half, half, 0], [0, 0, 0], [0, 0, 1], [half, half, 0]])
    assert rows.dtype == np.float32
    assert embedder.dimensions == 3


@pytest.mark.usefixtures("with_sentence_transformers")
def test_sentence_transformers_name_changes_with_the_weights_alone(tmp_path: Path):
    folders = [tmp_path / "one" / "mine", tmp_path / "two" / "mine"]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"1")
    names = [open_embedder(f"sentence-transformers:{folder}").name for folder in folders]
    assert names[0] == names[1]
    (folders[1] / "weights").write_bytes(b"2")
    assert open_embedder(f"sentence-transformers:{folders[1]}").name != names[0]


@pytest.mark.usefixtures("with_sentence_transformers")
def test_sentence_transformers_missing_model_is_told_and_not_downloaded(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="Nothing is downloaded"):
        open_embedder(f"sentence-transformers:{tmp_path / 'none'}")
