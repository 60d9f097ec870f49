"""A small GPT: a decoder of a few layers over byte pairs, trained in a minute on one processor.

Radford et al., 2019, «Language Models are Unsupervised Multitask Learners», in little: layers that
are normalised before, learnt positions, and one table for tokens on both ends. Needs `torch`, which
is an extra; import this module where it is used.
"""

# torch is not among what everybody gets, and its types are then unknown.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false, reportUntypedBaseClass=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportAttributeAccessIssue=false

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from synth_assets.core.language_model.byte_pairs import END, BytePairs
from synth_assets.core.language_model.ngram import Decoding

_LOG_2 = float(np.log(2.0))
_READ_AT_ONCE = 32
_WRITTEN_AT_ONCE = 250


@dataclass(frozen=True)
class GptShape:
    """How large a network is, and how long it is trained.

    Attributes:
        layers: of the network.
        width: of each layer; a multiple of `heads`.
        heads: of attention.
        context: tokens that it sees at once; no text that it writes is longer.
        tokens: that it is trained on, over and over if there are fewer; below 1.4 million it is
            hardly more than noise.
        batch: windows of `context` tokens a step.
        rate: the highest learning rate; it rises for a twentieth of the steps and falls to a tenth.
        device: as torch calls it: `cpu`, `cuda`.
    """

    layers: int = 2
    width: int = 64
    heads: int = 4
    context: int = 128
    tokens: int = 1_400_000
    batch: int = 4
    rate: float = 5e-3
    device: str = "cpu"


USUAL_SHAPE = GptShape()


@dataclass(frozen=True)
class GptModel:
    """A trained network with its tokens."""

    network: "Network"
    pairs: BytePairs
    shape: GptShape

    @classmethod
    def fit(
        cls, texts: Sequence[str], pairs: BytePairs, shape: GptShape, seed: int = 0
    ) -> "GptModel":
        """Train a network; on one kind of processor the same seed makes the same one.

        Args:
            texts: at least one.
            pairs: that texts are cut into.
            shape: of the network.
            seed: of its first weights, and of the windows that it sees.
        """
        encoded = pairs.encode(texts)
        stream = np.concatenate(([END], encoded.ids))
        # Of fewer tokens than one window holds, it sees them again and again.
        again = -(-(shape.context + 1) // len(stream))
        ids = torch.from_numpy(np.tile(stream, again)).to(shape.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = Network(len(pairs), shape).to(shape.device)
            _train(network, ids, shape)
        return cls(network.eval(), pairs, shape)

    def token_bits(self, ids: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Bits of each token after those before it in its text.

        Args:
            ids: of texts one after the other, each ended.
            starts: where each text begins.
        """
        windows = list(self._windows(ids, starts))
        # Windows of like length together: what is filled up costs as much as what is read.
        windows.sort(key=lambda window: window.last - window.first)
        bits = np.empty(len(ids))
        for at in range(0, len(windows), _READ_AT_ONCE):
            self._read(windows[at : at + _READ_AT_ONCE], ids, bits)
        return bits

    def write(
        self, rng: np.random.Generator, n: int, decoding: Decoding, most: int | None
    ) -> list[str]:
        """Write texts; none is longer than the context.

        Args:
            rng: the same one writes the same texts.
            n: how many.
            decoding: plain sampling, or sharpened.
            most: tokens a text.
        """
        longest = min(self.shape.context, most or self.shape.context)
        texts: list[str] = []
        for first in range(0, n, _WRITTEN_AT_ONCE):
            dice = torch.Generator(self.shape.device).manual_seed(int(rng.integers(0, 1 << 62)))
            rows = self._written(min(_WRITTEN_AT_ONCE, n - first), decoding, longest, dice)
            texts += [self.pairs.decode(row) for row in rows.tolist()]
        return texts

    def _windows(self, ids: NDArray[np.int64], starts: NDArray[np.int64]) -> "list[_Window]":
        """Of texts longer than the context, windows that overlap by half."""
        context, found = self.shape.context, list[_Window]()
        for start, end in zip(starts, np.append(starts[1:], len(ids)), strict=True):
            first = int(start)
            found.append(_Window(first, min(first + context, int(end)), first))
            while found[-1].last < end:
                read = found[-1].last
                found.append(_Window(read - context // 2, min(read + context // 2, int(end)), read))
        return found

    def _read(
        self, windows: "Sequence[_Window]", ids: NDArray[np.int64], bits: NDArray[np.float64]
    ) -> None:
        """Put bits of the tokens of windows into their places."""
        widest = max(window.last - window.first for window in windows)
        rows = np.full((len(windows), widest + 1), END)
        for row, window in zip(rows, windows, strict=True):
            # Before the first token of a text stands the end of another.
            if window.first < window.fresh:
                row[0] = ids[window.first - 1]
            row[1 : 1 + window.last - window.first] = ids[window.first : window.last]
        table = torch.from_numpy(rows).to(self.shape.device)
        with torch.no_grad():
            told = functional.cross_entropy(
                self.network(table[:, :-1]).flatten(0, 1), table[:, 1:].flatten(), reduction="none"
            )
        losses = told.view(len(windows), widest).cpu().double().numpy() / _LOG_2
        for row, window in zip(losses, windows, strict=True):
            bits[window.fresh : window.last] = row[
                window.fresh - window.first : window.last - window.first
            ]

    def _written(
        self, n: int, decoding: Decoding, most: int, dice: "torch.Generator"
    ) -> "torch.Tensor":
        tokens = torch.full((n, 1), END, device=self.shape.device)
        past: list[_Seen] = []
        rows = torch.full((n, most), END, device=self.shape.device)
        going = torch.ones(n, dtype=torch.bool, device=self.shape.device)
        with torch.no_grad():
            for place in range(most):
                scores = self.network.after(tokens, past, place)[:, -1] / decoding.temperature
                chances = scores.softmax(-1)
                drawn = torch.multinomial(
                    chances, decoding.best_of, replacement=True, generator=dice
                )
                best = chances.gather(1, drawn).argmax(1, keepdim=True)
                tokens = drawn.gather(1, best)
                tokens[~going] = END
                rows[:, place] = tokens[:, 0]
                going &= tokens[:, 0] != END
                if not going.any():
                    break
        return rows.cpu()


@dataclass(frozen=True)
class _Window:
    """Tokens that are read at once.

    Attributes:
        first: of them.
        last: behind them.
        fresh: the first one that counts; those before it were read already.
    """

    first: int
    last: int
    fresh: int


@dataclass
class _Seen:
    """Keys and values of a layer, of all tokens so far."""

    keys: "torch.Tensor"
    values: "torch.Tensor"


class _Layer(nn.Module):
    def __init__(self, shape: GptShape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asked, self.told = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, hidden: "torch.Tensor", seen: "_Seen | None") -> "tuple[torch.Tensor, _Seen]":
        rows, tokens, width = hidden.shape
        parts = self.asked(self.before(hidden)).view(rows, tokens, 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        if seen is not None:
            key, value = torch.cat((seen.keys, key), 2), torch.cat((seen.values, value), 2)
        # One token at a time sees all before it; many at a time each see those before them.
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=tokens > 1)
        hidden = hidden + self.told(mixed.transpose(1, 2).reshape(rows, tokens, width))
        hidden = hidden + self.narrow(functional.gelu(self.wide(self.between(hidden))))
        return hidden, _Seen(key, value)


class Network(nn.Module):
    """Tokens in, a score of each token that may follow out."""

    def __init__(self, tokens: int, shape: GptShape) -> None:
        super().__init__()
        self.tokens = nn.Embedding(tokens, shape.width)
        self.places = nn.Embedding(shape.context, shape.width)
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.layers))
        self.last = nn.LayerNorm(shape.width)
        for weights in (self.tokens.weight, self.places.weight):
            nn.init.normal_(weights, std=0.02)

    def forward(self, ids: "torch.Tensor") -> "torch.Tensor":
        """Scores, shape (rows, tokens, vocabulary)."""
        return self.after(ids, [], 0)

    def after(self, ids: "torch.Tensor", past: "list[_Seen]", place: int) -> "torch.Tensor":
        """Scores behind tokens that follow others.

        Args:
            ids: shape (rows, tokens).
            past: of each layer what it saw before; brought up to date.
            place: how many tokens that were.
        """
        places = torch.arange(place, place + ids.shape[1], device=ids.device)
        hidden = self.tokens(ids) + self.places(places)
        for number, layer in enumerate(self.layers):
            hidden, seen = layer(hidden, past[number] if place else None)
            if place:
                past[number] = seen
            else:
                past.append(seen)
        return functional.linear(self.last(hidden), self.tokens.weight)


def _train(network: Network, ids: "torch.Tensor", shape: GptShape) -> None:
    steps = max(shape.tokens // (shape.batch * shape.context), 1)
    rising = max(steps // 20, 1)
    optimiser = torch.optim.AdamW(network.parameters(), lr=shape.rate, betas=(0.9, 0.95))

    def rate(step: int) -> float:
        """Of the highest."""
        return min((step + 1) / rising, 0.1 + 0.45 * (1 + float(np.cos(np.pi * step / steps))))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    offsets = torch.arange(shape.context + 1, device=ids.device)
    for _ in range(steps):
        first = torch.randint(0, len(ids) - shape.context, (shape.batch, 1)).to(ids.device)
        rows = ids[first + offsets]
        loss = functional.cross_entropy(network(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
