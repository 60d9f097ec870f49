"""All that is kept out of training sets: what the sources hold now, and what they ever held."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from synth_assets.core.decontaminate.copies import Copies
from synth_assets.core.decontaminate.finding import FirstOf, Guard, Overlap
from synth_assets.core.decontaminate.sieve import Sieve
from synth_assets.core.fingerprint import exact_hash
from synth_assets.core.ngrams import words
from synth_assets.core.sample import Seed
from synth_assets.core.schema import Split

REGISTER_SCHEMA = pl.Schema(
    {
        "item_id": pl.String,  # the row's `sample_id`
        "source": pl.String,
        "split": pl.String,  # held_out or benchmark
        "exact": pl.String,  # hash of prompt and response as they are
        "normalised": pl.String,  # hash of their words: case, space, Unicode, punctuation folded
        "prompt": pl.String,
        "response": pl.String,
        "registered": pl.String,  # when: date and time, UTC
        "run": pl.String,  # by which run
    }
)
"""An item that was ever kept out. Its text stays, as what is near it follows from the text, by the
rule at hand; so a register outlives every change of rules."""

_ITEM = ("sample_id", "prompt", "response", "source")


@dataclass(frozen=True)
class KeptOut:
    """Rows that no training set may hold; columns `sample_id`, prompt, response and source.

    Attributes:
        held_out: rows that stand beside training rows; only copies of them are kept out.
        benchmarks: items that must not be seen in any form.
    """

    held_out: pl.DataFrame
    benchmarks: pl.DataFrame

    @classmethod
    def of(
        cls, held_out: pl.DataFrame, benchmarks: pl.DataFrame, register: pl.DataFrame
    ) -> "KeptOut":
        """Join what there is with what was registered.

        Args:
            held_out: columns of `SAMPLE_SCHEMA`.
            benchmarks: columns of `SAMPLE_SCHEMA`.
            register: columns of `REGISTER_SCHEMA`.
        """
        return cls(
            _joined(held_out, register, Split.HELD_OUT),
            _joined(benchmarks, register, Split.BENCHMARK),
        )

    @cached_property
    def by_id(self) -> Mapping[str, Overlap]:
        """Ids that an item may go by -> the item: as a row, and as the seed made of that row."""
        found: dict[str, Overlap] = {}
        for split, rows in ((Split.BENCHMARK, self.benchmarks), (Split.HELD_OUT, self.held_out)):
            for item, prompt, response, source in sorted(rows.iter_rows()):
                overlap = Overlap(split, item, f"it is the item itself, of {source}")
                seed = Seed.of(source, {"prompt": prompt, "response": response})
                found.setdefault(item, overlap)
                found.setdefault(seed.seed_id, overlap)
        return found

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """Id of an item -> its source."""
        both = pl.concat([self.held_out, self.benchmarks])
        return dict(both.select("sample_id", "source").iter_rows())

    @cached_property
    def copies(self) -> Copies:
        """Finds equal and near copies, of held-out rows and benchmark items alike."""
        return Copies.of(self.held_out, self.benchmarks)

    def firewall(self, run_words: Mapping[str, int]) -> Guard:
        """Copies, and runs of words of benchmarks: what does not err.

        Args:
            run_words: see `Firewall.build`.
        """
        return FirstOf((self.copies, Sieve.build(self.held_out, self.benchmarks, run_words)))


def register_rows(
    rows: pl.DataFrame, split: Split, known: pl.DataFrame, registered: str, run: str
) -> pl.DataFrame:
    """What of some rows is new to a register, as it is put there.

    Args:
        rows: columns of `SAMPLE_SCHEMA`.
        split: how they are kept out.
        known: columns of `REGISTER_SCHEMA`.
        registered: when that is.
        run: by which run.
    """
    there = set(known.filter(split=split.value).select("source", "exact").iter_rows())
    made: list[tuple[str, ...]] = []
    for item, prompt, response, source in rows.select(_ITEM).iter_rows():
        exact = exact_hash(prompt, response)
        if (source, exact) not in there:
            there.add((source, exact))
            folded = exact_hash(*(" ".join(words(text)) for text in (prompt, response)))
            texts = (exact, folded, prompt, response)
            made.append((item, source, split.value, *texts, registered, run))
    return pl.DataFrame(made, REGISTER_SCHEMA, orient="row")


def _joined(rows: pl.DataFrame, register: pl.DataFrame, split: Split) -> pl.DataFrame:
    before = register.filter(split=split.value).rename({"item_id": "sample_id"}).select(_ITEM)
    return pl.concat([rows.select(_ITEM), before]).unique(maintain_order=True)
