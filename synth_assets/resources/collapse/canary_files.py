"""A canary of files: what is real in a set, and what is set apart to measure by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from synth_assets.core.collapse.advice import SyntheticRow
from synth_assets.core.collapse.canary import CanaryReport, CanarySize, run_canary
from synth_assets.core.collapse.restoring import Restored, real_rows_needed
from synth_assets.core.collapse.risk_index import Light, risk_of
from synth_assets.core.collapse.yard import Yard
from synth_assets.core.fingerprint import normalised, short_id
from synth_assets.errors import ConfigurationError
from synth_assets.resources.collapse.texts import texts_of_files

_HELD_OUT_SHARE = 10
_MOST_HELD_OUT = 2_000
_LEAST_HELD_OUT = 20


@dataclass(frozen=True)
class CanaryFiles:
    """What a canary is given.

    Attributes:
        files: of the training set.
        real: real rows to train on beside it.
        held_out: real rows to measure by; with none, some of `real` are set apart.
        out_of_domain: real rows of another kind.
        columns: whose text is read; by default the usual ones.
        seed: of every draw.
        restore: find out how many real rows leave no sign red, where one is.
    """

    files: Sequence[str]
    real: Sequence[str]
    held_out: Sequence[str] = ()
    out_of_domain: Sequence[str] = ()
    columns: Sequence[str] = ()
    seed: int = 0
    restore: bool = False

    def run(self, on_progress: Callable[[str], None] = lambda _: None) -> "FileFindings":
        """Read the files and run the canary.

        Raises:
            SourceError: if a file cannot be read.
            ConfigurationError: if there are too few real rows, or nothing is left of the set once
                held-out rows are taken from it.
        """
        rows = self._rows()
        texts, pool, yard = rows.texts, rows.pool, self._yard(rows.held_out)
        known = {normalised(text) for text in pool}
        is_real = [normalised(text) in known for text in texts]
        size = CanarySize(seed=self.seed)
        report = run_canary(texts, is_real, pool, yard, size=size, on_progress=on_progress)
        restored = None
        if self.restore and risk_of(report).light is Light.RED:
            restored = real_rows_needed(texts, is_real, pool, yard, size, on_progress)
        # Files do not say who wrote their rows.
        marked = zip(texts, is_real, strict=True)
        synthetic = tuple(SyntheticRow("", "", text) for text, real in marked if not real)
        return FileFindings(report, synthetic, tuple(pool), restored)

    def _rows(self) -> "_Rows":
        texts, pool = self._read(self.files), self._read(self.real)
        held_out = self._read(self.held_out) if self.held_out else _set_apart(pool, self.seed)
        apart = {normalised(text) for text in held_out}
        if self.held_out and (leaked := sum(normalised(text) in apart for text in texts)):
            raise ConfigurationError(
                f"{leaked:,} of {len(texts):,} rows of the set are held-out rows: it would be "
                "measured by what it was trained on. Take them out of one of the two."
            )
        # Rows of the set that are set apart to measure by are taken from it.
        texts = [text for text in texts if normalised(text) not in apart]
        pool = [text for text in pool if normalised(text) not in apart]
        if len(held_out) < _LEAST_HELD_OUT or not texts or not pool:
            raise ConfigurationError(
                f"{len(held_out):,} held-out, {len(pool):,} other real rows and {len(texts):,} "
                f"rows of the set: a canary needs at least {_LEAST_HELD_OUT} of the first and some "
                "of the others. Give more real rows."
            )
        return _Rows(texts, pool, held_out)

    def _yard(self, held_out: Sequence[str]) -> Yard:
        try:
            return Yard.of(held_out, self._read(self.out_of_domain), self.seed)
        except ValueError as exc:
            raise ConfigurationError(f"{exc}.") from exc

    def _read(self, files: Sequence[str]) -> list[str]:
        return texts_of_files(files, self.columns) if files else []


@dataclass(frozen=True)
class _Rows:
    """Texts of the set, real ones to train on beside it, and real ones to measure by."""

    texts: list[str]
    pool: list[str]
    held_out: list[str]


@dataclass(frozen=True)
class FileFindings:
    """What a canary of files found, and what of them advice is made of.

    Attributes:
        report: what was measured.
        synthetic: rows of the set that are none of the real ones.
        real: texts beside.
        restored: how many real rows leave no sign red; none if none was, or nobody asked.
    """

    report: CanaryReport
    synthetic: tuple[SyntheticRow, ...]
    real: tuple[str, ...]
    restored: Restored | None


def _set_apart(pool: Sequence[str], seed: int) -> list[str]:
    """A tenth of the different rows, by a hash of what they say: adding rows moves none."""
    different = list(dict.fromkeys(map(normalised, pool)))
    by_draw = sorted(different, key=lambda text: short_id([seed, "held out", text]))
    chosen = set(by_draw[: min(len(different) // _HELD_OUT_SHARE, _MOST_HELD_OUT)])
    found: dict[str, str] = {}
    for text in pool:
        if (key := normalised(text)) in chosen:
            found.setdefault(key, text)
    return list(found.values())
