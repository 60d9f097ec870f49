"""The firewall's rule for millions of rows: kernels say for which of them it has to be asked.

A row that overlaps shares a hash with an item: of a run of words, or of a whole text. The rows that
share one are few, and `Firewall.overlap` decides on them; so hashes decide nothing, and the
result is that of the rule.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from synth_assets.core.decontaminate.finding import Overlap
from synth_assets.core.decontaminate.firewall import (
    LONG_RUN,
    SHORT_RUN,
    Firewall,
    is_telling,
    run_length,
)
from synth_assets.core.decontaminate.hash_set import Hashes, HashSet
from synth_assets.core.dedup.code_points import CodePoints, Unit
from synth_assets.core.dedup.shingling import Shingling
from synth_assets.core.ngrams import words

_WHOLE = Shingling(Unit.PLAIN_WORDS, 1000)
"""Its first shingle stands for a text: of texts with the same words it is the same."""

_ROWS_AT_ONCE = 2_000
_CHARACTERS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Sieve:
    """Finds the rows that may overlap with an item of a firewall.

    Attributes:
        firewall: the rule.
        runs: words in a run -> hashes of the items' runs, and of items shorter than a run.
        alone: hashes of whole texts that are caught by themselves.
        paired: hashes of whole texts that are caught beside another.
    """

    firewall: Firewall
    runs: dict[int, HashSet]
    alone: HashSet
    paired: HashSet

    @classmethod
    def build(
        cls,
        held_out: pl.DataFrame,
        benchmarks: pl.DataFrame,
        run_words: Mapping[str, int] | None = None,
    ) -> "Sieve":
        """Learn the items of two frames of `SAMPLE_SCHEMA`, see `Firewall.build`."""
        firewall = Firewall.build(held_out, benchmarks, run_words)
        prompts = benchmarks["prompt"].to_list()
        answers = [*benchmarks["response"], *held_out["response"]]
        telling = [text for text in answers if is_telling(text)]
        asked = [text for text in prompts if text.strip()]
        everything = [*prompts, *held_out["prompt"], *answers]
        return cls(
            firewall,
            _runs_of(benchmarks, run_words or {}),
            HashSet.of(_first_hashes(_WHOLE.code_points([*asked, *telling]))),
            HashSet.of(_first_hashes(_WHOLE.code_points(everything))),
        )

    def look(self, rows: Sequence[Sequence[str]]) -> list[Overlap | None]:
        """What each row shares with an item, exactly as `Firewall.overlap` says.

        Args:
            rows: the texts of each row, such as prompt, response and context.
        """
        found: list[Overlap | None] = [None] * len(rows)
        for begin, end in blocks(rows):
            for row in self._suspects(rows[begin:end]):
                found[begin + row] = self.firewall.overlap(rows[begin + row])
        return found

    def _suspects(self, rows: Sequence[Sequence[str]]) -> list[int]:
        texts = [text for row in rows for text in row]
        owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        points = _WHOLE.code_points(texts)
        suspected = np.zeros(len(rows), np.bool_)
        for length, known in self.runs.items():
            cut = Shingling(Unit.PLAIN_WORDS, length).cut_points(points)
            places, _ = known.places(cut.hashes)
            suspected[owner[np.searchsorted(cut.offsets, places, "right") - 1]] = True
        whole = _first_hashes(points)
        suspected[owner[self.alone.places(whole)[0]]] = True
        pairs = np.bincount(owner[self.paired.places(whole)[0]], minlength=len(rows))
        suspected |= pairs >= 2
        return np.flatnonzero(suspected).tolist()


def _runs_of(benchmarks: pl.DataFrame, run_words: Mapping[str, int]) -> dict[int, HashSet]:
    """Length -> runs that give items away; prompts too short for runs stand among those of 8."""
    prompts: dict[int, list[str]] = {}
    for prompt, source in benchmarks.select("prompt", "source").iter_rows():
        tokens = len(words(prompt))
        length = run_length(tokens, run_words.get(source, LONG_RUN)) or SHORT_RUN
        if tokens:
            prompts.setdefault(length, []).append(prompt)
    return {
        length: HashSet.of(Shingling(Unit.PLAIN_WORDS, length).cut(texts).hashes)
        for length, texts in sorted(prompts.items())
    }


def _first_hashes(points: CodePoints) -> Hashes:
    cut = _WHOLE.cut_points(points)
    return cut.hashes[cut.offsets[:-1]]


def blocks(rows: Sequence[Sequence[str]]) -> Iterable[tuple[int, int]]:
    """Stretches of rows whose texts fit in memory as arrays."""
    begin = characters = 0
    for at, row in enumerate(rows):
        characters += sum(map(len, row))
        if characters >= _CHARACTERS_AT_ONCE or at + 1 - begin >= _ROWS_AT_ONCE:
            yield begin, at + 1
            begin, characters = at + 1, 0
    if begin < len(rows):
        yield begin, len(rows)
