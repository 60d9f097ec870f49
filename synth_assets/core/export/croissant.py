"""The description of a training set for machines: Croissant, with its responsible-AI vocabulary.

Croissant 1.1, https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html.
"""

import json
from collections.abc import Iterable, Mapping

import polars as pl

from synth_assets.core.export.card_facts import CardFacts
from synth_assets.core.export.card_limits import RISKS
from synth_assets.core.export.card_metadata import named_languages, preferred
from synth_assets.core.export.croissant_rai import responsible_ai
from synth_assets.core.export.data_file import DataFile
from synth_assets.core.export.markdown import one_line
from synth_assets.core.fingerprint import Json, fingerprint
from synth_assets.core.mixture.risk import RiskBand
from synth_assets.core.terms.licences import terms_of

_MEDIA_TYPES = {"parquet": "application/x-parquet", "jsonl": "application/jsonlines"}
_PACKINGS = {"none": [], "gzip": ["application/gzip"], "zstd": ["application/zstd"]}
_CONTEXT: dict[str, Json] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification gives; readers warn of any other."""


def croissant_json(facts: CardFacts) -> str:
    """Write the description; equal facts give equal text.

    There is one record set a split, whose records are the rows of its files. What the set cost,
    and when it was made, is left out: that differs from run to run.
    """
    mixture, files = facts.mixture, facts.written.files
    described: dict[str, Json] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.1",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "name": mixture.id,
        "description": _description(facts),
        "version": f"1.0.0+{mixture.version}.{_content_version(files)}",
        "license": [_licence(name) for name in sorted(set(facts.rows["licence"]))],
        "citeAs": _citation(facts),
        "keywords": ["synth-assets", *sorted(set(facts.rows["technique"]) - {""})],
        "inLanguage": list(named_languages(facts)),
        "distribution": [_file_object(file) for file in files] + _file_sets(files),
        "recordSet": [_record_set(split, facts) for split in _by_split(files)],
        **responsible_ai(facts),
    }
    told = json.dumps(described, ensure_ascii=False, indent=2, allow_nan=False)
    return f"{told}\n"


def _description(facts: CardFacts) -> str:
    said = one_line(facts.mixture.description)
    band = RiskBand.of(facts.synthetic_share)
    return (
        f"{said + ' ' if said else ''}{facts.rows.height:,} rows, {facts.synthetic_share:.1%} of "
        f"them synthetic; risk of collapse by that share: {band} ({RISKS[band]}). README.md says "
        "how they came about."
    )


def _content_version(files: Iterable[DataFile]) -> str:
    return fingerprint([[file.path, file.sha256] for file in files])[:8]


def _licence(name: str) -> str:
    return terms_of(name).source or one_line(name)


def _citation(facts: CardFacts) -> str:
    key = facts.mixture.key.replace("~", "_")
    return (
        f"@misc{{{key}, title={{{facts.mixture.id}}}, note={{Training set composed by Synth "
        f"Assets, version {facts.mixture.version}}}}}"
    )


def _by_split(files: Iterable[DataFile]) -> dict[str, list[DataFile]]:
    """Split -> the files of one kind that hold all its rows."""
    found = dict[str, list[DataFile]]()
    for file in preferred(files):
        found.setdefault(file.split, []).append(file)
    return found


def _file_object(file: DataFile) -> Json:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": _encoding(file),
        "sha256": file.sha256,
    }


def _encoding(file: DataFile) -> Json:
    """What a file holds, then how that is packed."""
    return [_MEDIA_TYPES[file.kind], *_PACKINGS[file.compression]]


def _file_sets(files: Iterable[DataFile]) -> list[Json]:
    """One for each split of several files; a split of one is read from that file."""
    return [
        {
            "@type": "cr:FileSet",
            "@id": f"{split}-files",
            "name": f"{split}-files",
            "encodingFormat": _encoding(some[0]),
            "includes": [file.path for file in some],
        }
        for split, some in _by_split(files).items()
        if len(some) > 1
    ]


def _record_set(split: str, facts: CardFacts) -> Json:
    files = _by_split(facts.written.files)[split]
    one = {"fileObject": {"@id": files[0].path}}
    place: dict[str, Json] = {"fileSet": {"@id": f"{split}-files"}} if len(files) > 1 else {**one}
    rows = sum(file.rows for file in files)
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "description": f"The {rows:,} rows of the split {split}, in the order of training.",
        "field": [
            _field(f"{split}/{name}", name, dtype, place)
            for name, dtype in facts.written.columns.items()
        ],
    }


def _field(name: str, column: str, dtype: pl.DataType, place: Mapping[str, Json]) -> Json:
    source: dict[str, Json] = {**place, "extract": {"column": column}}
    field: dict[str, Json] = {"@type": "cr:Field", "@id": name, "name": name}
    inner, depth = dtype, 0
    while isinstance(inner, pl.List):
        inner, depth = _inner(inner), depth + 1
    if depth:
        field |= {"isArray": True, "arrayShape": ",".join(["-1"] * depth)}
    if isinstance(inner, pl.Struct):
        parts = [
            _part(f"{name}/{part.name}", part.name, part.dtype, source) for part in inner.fields
        ]
        return {**field, "subField": parts}
    return {**field, "dataType": _data_type(inner), "source": source}


def _part(name: str, part: str, dtype: object, source: Mapping[str, Json]) -> Json:
    return {
        "@type": "cr:Field",
        "@id": name,
        "name": name,
        "dataType": _data_type(dtype),
        "source": {**source, "transform": {"jsonPath": part}},
    }


def _inner(dtype: pl.List) -> pl.DataType:
    inner = dtype.inner
    return inner if isinstance(inner, pl.DataType) else inner()


def _data_type(dtype: object) -> str:
    match dtype:
        case pl.Boolean():
            return "sc:Boolean"
        case pl.Int64() | pl.Int32() | pl.UInt32() | pl.Int8():
            return "sc:Integer"
        case pl.Float64() | pl.Float32():
            return "sc:Float"
        case _:
            return "sc:Text"
