"""The front matter of a dataset card: YAML as the Hugging Face Hub reads it."""

import re
from collections.abc import Iterable, Iterator

import yaml

from synth_assets.core.export.card_composition import UNKNOWN
from synth_assets.core.export.card_facts import CardFacts
from synth_assets.core.export.data_file import DataFile
from synth_assets.core.export.hub import dataset_info

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)
_HUB_LICENCES = frozenset(
    {
        "apache-2.0",
        "bsd-2-clause",
        "bsd-3-clause",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-nc-4.0",
        "cc-by-nc-sa-4.0",
        "cc-by-nd-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc0-1.0",
        "cdla-permissive-2.0",
        "gemma",
        "gpl-3.0",
        "llama2",
        "llama3",
        "llama3.1",
        "llama3.2",
        "llama3.3",
        "mit",
        "odbl",
        "odc-by",
        "pddl",
        "unlicense",
    }
)
"""The data licences that the Hub knows by name; all others are `other` there."""

_LEAST_SHARE = 0.05
"""Of the rows that were looked at, for a language to be named."""

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9.]+")


def front_matter(facts: CardFacts) -> str:
    """Write the YAML, without the lines of dashes around it."""
    tags = {"synth-assets", *filter(None, facts.rows["technique"].unique())}
    if facts.synthetic_rows:
        tags.add("synthetic")
    known: dict[str, object] = {
        "pretty_name": facts.mixture.id,
        **_licence(facts.rows["licence"].unique()),
        "language_creators": list(_creators(facts)),
        "size_categories": [_size_category(facts.rows.height)],
        "task_categories": ["text-generation"],
        "tags": sorted(tags),
        "configs": [{"config_name": "default", "data_files": data_files(facts.written.files)}],
        "dataset_info": dataset_info(facts.written.columns),
    }
    if languages := named_languages(facts):
        many = "multilingual" if len(languages) > 1 else "monolingual"
        known = {"language": list(languages), "multilinguality": [many], **known}
    return yaml.safe_dump(known, sort_keys=False, allow_unicode=True)


def named_languages(facts: CardFacts) -> tuple[str, ...]:
    """ISO 639 codes of the languages that more than a few rows are in."""
    least = _LEAST_SHARE * int(facts.languages["rows"].sum())
    found = facts.languages.iter_rows()
    return tuple(sorted(code for code, rows in found if code != UNKNOWN and rows >= least))


def data_files(files: Iterable[DataFile]) -> list[dict[str, object]]:
    """Which files `datasets` reads for each split: Parquet where there is any, else JSON Lines."""
    by_split = dict[str, list[str]]()
    for file in preferred(files):
        by_split.setdefault(file.split, []).append(file.path)
    return [
        {"split": split, "path": paths[0] if len(paths) == 1 else paths}
        for split, paths in by_split.items()
    ]


def preferred(files: Iterable[DataFile]) -> tuple[DataFile, ...]:
    """The files of one kind that hold every row once: Parquet where there is any."""
    known = tuple(files)
    parquet = tuple(file for file in known if file.kind == "parquet")
    return parquet or known


def _licence(licences: Iterable[str]) -> dict[str, str]:
    names = {name.lower() for name in licences}
    single = names.pop() if len(names) == 1 else "several"
    if single in _HUB_LICENCES:
        return {"license": single}
    return {"license": "other", "license_name": _NOT_IN_A_NAME.sub("-", single).strip("-")}


def _creators(facts: CardFacts) -> Iterator[str]:
    """Who wrote the rows, in the words of the Hub."""
    if facts.rows.height > facts.synthetic_rows:
        yield "found"
    if facts.synthetic_rows:
        yield "machine-generated"


def _size_category(rows: int) -> str:
    return next((name for bound, name in _SIZES if rows < bound), "n>1B")
