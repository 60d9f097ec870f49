"""A model of the user's own, through sentence-transformers if that is installed."""

# It is no dependency of this project, so that pyright knows nothing of it.
# pyright: reportMissingImports=false, reportAttributeAccessIssue=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from synth_assets.core.embedding.protocol import Distinct, Progress, Vectors, unit_rows
from synth_assets.errors import ConfigurationError

SENTENCE_TRANSFORMERS = "sentence-transformers"
"""What users call it, followed by `:` and a folder or the name of a model in the local cache."""

_STRETCH = 1_024
_READ_BYTES = 1 << 20


class SentenceTransformersEmbedder:
    """An `Embedder`. It sees of a text what the model does, and downloads nothing.

    Args:
        model: a folder, or the name of a model that stands in Hugging Face's local cache.

    Raises:
        ConfigurationError: if sentence-transformers is not installed, or the model cannot be read.
    """

    def __init__(self, model: str) -> None:
        if find_spec("sentence_transformers") is None:
            raise ConfigurationError(
                f"The embedder {SENTENCE_TRANSFORMERS}:{model} needs the package "
                f"sentence-transformers. Install it (`pip install {SENTENCE_TRANSFORMERS}`), or "
                "name another embedder, such as minilm."
            )
        from sentence_transformers import SentenceTransformer

        try:
            self._model = SentenceTransformer(model, local_files_only=True)
        # What is missing, of another form, or not to be had offline has a class of its own in each
        # of the libraries beneath.
        except Exception as exc:
            raise ConfigurationError(
                f"{model}: sentence-transformers cannot load it from this machine: {exc}. Nothing "
                "is downloaded: give a folder with the model, or put it into the cache first."
            ) from exc
        self._dimensions = len(self._encoded(["a"])[0])
        self._name = f"{SENTENCE_TRANSFORMERS}:{Path(model).name}@{_digest(model, self._model)}"

    @property
    def name(self) -> str:
        """The model by a digest of its files, or of its weights where it came by name."""
        return self._name

    @property
    def dimensions(self) -> int:
        """What the model makes."""
        return self._dimensions

    @property
    def looks_at_others(self) -> bool:
        """No, but for the last digits, which depend on how texts come together in batches."""
        return False

    def embed(self, texts: Sequence[str], on_progress: Progress | None = None) -> Vectors:
        """See `Embedder`; blank texts have a row of zeros. Progress is of texts that differ."""
        distinct = Distinct.of(texts)
        rows = np.zeros((len(distinct.texts), self._dimensions), np.float32)
        for start in range(0, len(rows), _STRETCH):
            rows[start : start + _STRETCH] = self._encoded(distinct.texts[start : start + _STRETCH])
            if on_progress:
                on_progress(min(start + _STRETCH, len(rows)), len(rows))
        return distinct.spread(unit_rows(rows))

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        told = self._model.encode(list(texts), convert_to_numpy=True, show_progress_bar=False)
        return np.asarray(told, np.float32)


def _digest(model: str, loaded: object) -> str:
    """12 hexadecimal digits that tell one model from another."""
    seen = hashlib.sha256()
    folder = Path(model)
    if folder.is_dir():
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            seen.update(str(path.relative_to(folder)).encode("utf-8", "surrogateescape"))
            with path.open("rb") as file:
                while piece := file.read(_READ_BYTES):
                    seen.update(piece)
    else:
        seen.update(model.encode())
        for name, tensor in sorted(loaded.state_dict().items()):
            seen.update(name.encode())
            seen.update(tensor.detach().cpu().float().numpy().tobytes())
    return seen.hexdigest()[:12]
