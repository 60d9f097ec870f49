"""An audit of files: everything that can be known of a data set made elsewhere."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from pathlib import Path

import numpy as np

from synth_assets.core.audit.findings import Duplicates, Findings
from synth_assets.core.collapse.risk_index import RiskIndex, risk_of
from synth_assets.core.decontaminate.finders import FinderRules
from synth_assets.core.decontaminate.finding import Method as Found
from synth_assets.core.decontaminate.firewall import LONG_RUN
from synth_assets.core.decontaminate.screen import Screen, ScreenRules
from synth_assets.core.dedup.join import Method
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.core.diversity import formulas
from synth_assets.core.fingerprint import normalised
from synth_assets.core.schema import Origin
from synth_assets.errors import SourceError
from synth_assets.resources.collapse.canary_files import CanaryFiles
from synth_assets.resources.decontamination.benchmark_files import read_benchmarks
from synth_assets.resources.decontamination.files import SEPARATOR, screen_files
from synth_assets.resources.dedup.files import FileDedup
from synth_assets.resources.row_files.columns import TextColumns
from synth_assets.resources.row_files.inputs import InputFile, find_inputs
from synth_assets.resources.row_files.streams import RowStream, open_rows

_SAMPLE_WORDS = 20_000
_SEED = 0


@dataclass(frozen=True)
class Audit:
    """What is looked at.

    Attributes:
        paths: files, globs, or folders of a data set.
        columns: whose text is read; by default the usual ones.
        real: files of real rows of the same kind; may be none.
        against: files of benchmarks; may be none.
        say: told what is being done.
    """

    paths: Sequence[str]
    columns: Sequence[str] = ()
    real: Sequence[str] = ()
    against: Sequence[str] = ()
    say: Callable[[str], None] = lambda _: None

    def findings(self) -> Findings:
        """Look at everything.

        Raises:
            SourceError: if a file cannot be read, or a folder holds no rows.
            ConfigurationError: if a column is not there, or none is known to hold text.
        """
        self.say("reading")
        texts = self._texts(self.files)
        is_synthetic, origin_by = self._origins(texts)
        return Findings(
            rows=len(texts),
            synthetic=None if is_synthetic is None else sum(is_synthetic),
            origin_by=origin_by,
            teachers=self._counts("teacher"),
            depths=self._depths(),
            licences=self._counts("licence") or self._counts("license"),
            duplicates=self._duplicates(),
            contaminated=self._contaminated(),
            diversity=_diversity(texts),
            real_diversity=_diversity(self._real_texts) if self.real else {},
            collapse=self._collapse(),
        )

    @cached_property
    def files(self) -> tuple[InputFile, ...]:
        """The files that paths, globs and folders name."""
        return find_inputs([name for path in self.paths for name in _in_folder(path)])

    @cached_property
    def _real_texts(self) -> list[str]:
        return self._texts(find_inputs(self.real))

    def _texts(self, files: Sequence[InputFile]) -> list[str]:
        stream = RowStream(files, TextColumns(tuple(self.columns)))
        return [text for chunk in stream.chunks() for text in chunk.texts]

    def _origins(self, texts: Sequence[str]) -> tuple[list[bool] | None, str]:
        said = self._values("origin")
        if said is not None:
            return [value.strip() == Origin.SYNTHETIC for value in said], "column origin"
        if not self.real:
            return None, ""
        known = {normalised(text) for text in self._real_texts}
        return [normalised(text) not in known for text in texts], "rows that are not in --real"

    def _counts(self, column: str) -> Mapping[str, int] | None:
        values = self._values(column)
        return None if values is None else dict(Counter(values).most_common())

    def _depths(self) -> Mapping[int, int] | None:
        values = self._values("synthetic_depth")
        if values is None:
            return None
        numbers = (int(value) for value in values if value.isdecimal())
        return dict(sorted(Counter(numbers).items()))

    def _values(self, column: str) -> list[str] | None:
        """A column as texts; none if some file lacks it."""
        for file in self.files:
            with open_rows(file) as rows:
                if column not in (rows.names() or ()):
                    return None
        stream = RowStream(self.files, TextColumns((column,)))
        return [text for chunk in stream.chunks() for text in chunk.texts]

    def _duplicates(self) -> Duplicates:
        self.say("looking for duplicates")
        stream = RowStream(self.files, TextColumns(tuple(self.columns)))
        with FileDedup.opened(DedupRule(), stream, workers=os.cpu_count() or 1) as work:
            found = work.matches()
        dropped = found.kept >= 0
        exact = int((dropped & (found.method == Method.EXACT)).sum())
        sizes = np.unique(found.kept[dropped], return_counts=True)[1]
        largest = int(sizes.max()) + 1 if len(sizes) else 0
        return Duplicates(exact, int(dropped.sum()) - exact, largest)

    def _contaminated(self) -> Mapping[str, int] | None:
        if not self.against:
            return None
        self.say("looking for benchmark items")
        benchmarks = read_benchmarks(tuple(self.against), None)
        sources: list[str] = benchmarks["source"].unique().to_list()
        methods = (Found.NEAR, Found.PERTURBED, Found.REPHRASED)
        rules = ScreenRules(
            dict.fromkeys(sources, LONG_RUN), FinderRules(by_source=dict.fromkeys(sources, methods))
        )
        screen = Screen.build(benchmarks.clear(), benchmarks, rules)
        stream = RowStream(self.files, TextColumns(tuple(self.columns), separator=SEPARATOR))
        overlaps = screen_files(stream, screen).overlaps
        return dict(Counter(str(each.method) for each in overlaps.values()).most_common())

    def _collapse(self) -> RiskIndex | None:
        if not self.real:
            return None
        paths = [str(file.path) for file in self.files]
        return risk_of(CanaryFiles(paths, self.real, columns=self.columns).run(self.say).report)


def _in_folder(path: str) -> list[str]:
    """The rows of a folder: its Parquet files, or else its other files of rows."""
    folder = Path(path).expanduser()
    if not folder.is_dir():
        return [path]
    for endings in ((".parquet",), (".jsonl", ".jsonl.gz", ".jsonl.zst", ".csv")):
        found = sorted(
            str(each)
            for each in folder.rglob("*")
            if each.name.endswith(endings) and not each.name.startswith(".")
        )
        if found:
            return found
    raise SourceError(
        f"{folder}: no Parquet, JSONL or CSV file in it. Name the folder that holds the rows."
    )


def _diversity(texts: Sequence[str]) -> dict[str, float]:
    """Figures of so many words, of rows drawn by chance: they depend on the amount of text."""
    order: list[int] = np.random.default_rng(_SEED).permutation(len(texts)).tolist()
    some, words = list[str](), 0
    for place in order:
        if words >= _SAMPLE_WORDS:
            break
        some.append(texts[place])
        words += len(formulas.words_of(texts[place]))
    found = {
        "distinct_1": formulas.distinct_n(some, 1),
        "distinct_2": formulas.distinct_n(some, 2),
        "distinct_4": formulas.distinct_n(some, 4),
        "compression_ratio": formulas.compression_ratio(some),
        "mattr": formulas.mattr(some),
        "opening_share": formulas.repeated_opening_share(some),
        "mean_words": formulas.mean_words(some),
        "sd_words": formulas.sd_words(some),
    }
    present = [value is not None for value in found.values()]
    return {name: float(found[name] or 0.0) for name in compress(found, present)}
