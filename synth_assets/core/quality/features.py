"""What a classifier of answers sees of a text: hashed words and characters, and plain measures.

Hashes are of bytes, by CRC-32 and multiplication, so that they are the same in every process.
"""

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64, int64, uint16, uint64
    from numpy.typing import NDArray

BUCKETS = 2**16
"""How many hashed features there are."""

MAX_HEAD = 6_000
MAX_TAIL = 2_000
"""Of a longer text the first and the last so many characters are read."""

MEASURES = (
    "characters",
    "words",
    "length beside the prompt's",
    "letters a word",
    "words a sentence",
    "different words",
    "compressed size",
    "repeated word triples",
    "capital letters",
    "digits",
    "punctuation",
    "white space",
    "characters beyond ASCII",
    "lines",
    "share of list lines",
    "code fences",
    "question marks",
    "exclamation marks",
    "no full stop at the end",
    "no capital at the start",
    "first person",
    "words of the prompt it takes up",
    "share of its words from the prompt",
)
"""What the measures are called, in their order."""

_WORD = re.compile(r"\w+(?:['\u2019]\w+)?|[^\w\s]")
_LIST_LINE = re.compile(r"^[^\S\n]{0,20}(?:[-*\u2022\u2013#]|\d{1,3}[.)])\s", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?\u3002](?=\s|$)")
_CLOSING = frozenset(".!?\"')]}\u201d\u3002`|:*")
_SELF = frozenset({"i", "i'm", "i'll", "i've", "my", "me", "i\u2019m"})
_TRIPLES = 400

_MIX = 0x9E3779B97F4A7C15
_SALTS = {"word": 1 << 40, "pair": 2 << 40, "asked": 3 << 40, "three": 4 << 40, "four": 5 << 40}


@dataclass(frozen=True)
class Features:
    """A prompt and its answer, as numbers.

    Attributes:
        buckets: hashed features that occur, rising.
        weights: how much of each; words, and characters, have length 1 together.
        measures: one number for each of `MEASURES`.
        words: the distinct words of the answer with their buckets, for telling what counted.
    """

    buckets: "NDArray[int64]"
    weights: "NDArray[float64]"
    measures: "NDArray[float64]"
    words: tuple[tuple[str, int], ...]


def features_of(prompt: str, response: str) -> Features:
    """See a text as numbers; the time is bounded, whatever its length."""
    import numpy as np

    asked, said = _read(prompt), _read(response)
    low = said.lower()
    words, prompt_words = _WORD.findall(low), _WORD.findall(asked.lower())
    hashes = _crc(["\x02", *words, "\x03"])
    pairs = hashes[:-1] * np.uint64(3) + hashes[1:]
    singles = _bucket(hashes[1:-1], "word")
    blocks = (
        np.concatenate((singles, _bucket(pairs, "pair"), _bucket(_crc(prompt_words), "asked"))),
        _characters(low),
    )
    counted = [_counted(block) for block in blocks]
    scaled = [(at, _unit(np.log1p(counts))) for at, counts in counted if len(at)]
    if not scaled:
        scaled = [(np.zeros(0, dtype=np.int64), np.zeros(0))]
    return Features(
        np.concatenate([at for at, _ in scaled]),
        np.concatenate([values for _, values in scaled]),
        np.array(_measures(asked, said, prompt_words, words, len(prompt), len(response))),
        tuple(dict(zip(words, singles.tolist(), strict=True)).items()),
    )


def _read(text: str) -> str:
    if len(text) <= MAX_HEAD + MAX_TAIL:
        return text
    return f"{text[:MAX_HEAD]}\n{text[-MAX_TAIL:]}"


def _crc(words: list[str]) -> "NDArray[uint64]":
    import numpy as np

    crc = zlib.crc32
    return np.array([crc(word.encode("utf-8", "surrogatepass")) for word in words], dtype=np.uint64)


def _bucket(hashes: "NDArray[uint64]", salt: str) -> "NDArray[uint16]":
    import numpy as np

    mixed = (hashes + np.uint64(_SALTS[salt])) * np.uint64(_MIX)
    return (mixed >> np.uint64(48)).astype(np.uint16)


def _characters(text: str) -> "NDArray[uint16]":
    """Runs of three and of four bytes, white space being one space."""
    import numpy as np

    plain = f" {' '.join(text.split())} ".encode("utf-8", "surrogatepass")
    each = np.frombuffer(plain, dtype=np.uint8).astype(np.uint64)
    if len(each) < 4:
        return np.zeros(0, dtype=np.uint16)
    three = (each[:-2] << np.uint64(16)) | (each[1:-1] << np.uint64(8)) | each[2:]
    four = (three[:-1] << np.uint64(8)) | each[3:]
    return np.concatenate((_bucket(three, "three"), _bucket(four, "four")))


def _counted(buckets: "NDArray[uint16]") -> "tuple[NDArray[int64], NDArray[int64]]":
    """Which buckets occur, rising, and how often."""
    import numpy as np

    if not len(buckets):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    ordered = np.sort(buckets, kind="stable")
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, len(ordered))
    starts = np.append(0, ends[:-1])
    return ordered[starts].astype(np.int64), ends - starts


def _unit(values: "NDArray[float64]") -> "NDArray[float64]":
    import numpy as np

    return values / np.sqrt((values * values).sum())


def _measures(
    asked: str, said: str, asked_words: list[str], words: list[str], asked_size: int, size: int
) -> list[float]:
    from math import log, log1p

    many = max(len(words), 1)
    read = max(len(said), 1)
    encoded = said.encode("utf-8", "surrogatepass")
    bare = said.rstrip()
    first = said.lstrip()[:1]
    known, used = set(asked_words), set(words)
    firsts = words[:_TRIPLES]
    triples = list(zip(firsts, firsts[1:], firsts[2:], strict=False))
    sentences = len(_SENTENCE_END.findall(said)) or 1
    lines = said.count("\n") + 1
    letters = sum(map(len, words))
    return [
        log1p(size),
        log1p(len(words)),
        log((size + 10) / (asked_size + 10)),
        log1p(letters / many),
        log1p(len(words) / sentences),
        len(set(firsts)) / max(len(firsts), 1) ** 0.8,
        len(zlib.compress(encoded, 1)) / (len(encoded) + 20),
        1 - len(set(triples)) / max(len(triples), 1),
        sum(map(str.isupper, said)) / read,
        sum(map(str.isdigit, said)) / read,
        sum(len(word) == 1 and not word.isalnum() for word in words) / many,
        (read - letters) / read,
        sum(byte > 127 for byte in encoded) / (len(encoded) + 1) if not said.isascii() else 0.0,
        log1p(lines),
        len(_LIST_LINE.findall(said)) / lines,
        min(said.count("```"), 4),
        min(said.count("?"), 5),
        min(said.count("!"), 5),
        float(bare[-1:] not in _CLOSING),
        float(not (first.isupper() or first.isdigit())),
        sum(map(_SELF.__contains__, firsts)) / max(len(firsts), 1),
        len(known & used) / max(len(known), 1),
        sum(map(known.__contains__, words)) / many,
    ]
