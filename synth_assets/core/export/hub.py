"""What the Hugging Face libraries read of a folder before they read its rows."""

from collections.abc import Iterable

import polars as pl

_NAMES: dict[object, str] = {
    pl.String: "string",
    pl.Int64: "int64",
    pl.Float64: "float64",
    pl.Boolean: "bool",
}


def dataset_info(columns: pl.Schema) -> dict[str, object]:
    """The entry `dataset_info` of a card's front matter: the types of the columns.

    Without it, readers of JSON Lines guess types from the first rows, and fail at the first file
    with a number, or an entry of a list, where those had none.
    """
    return {"features": _features(columns.items())}


def _features(columns: Iterable[tuple[str, object]]) -> list[dict[str, object]]:
    return [{"name": name, **_feature(dtype)} for name, dtype in columns]


def _feature(dtype: object) -> dict[str, object]:
    match dtype:
        case pl.List(inner=pl.Struct(fields=fields)):
            return {"list": _features((field.name, field.dtype) for field in fields)}
        case pl.List(inner=pl.List() as inner):
            return {"list": _feature(inner)}
        case pl.List(inner=inner):
            return {"list": _NAMES[inner]}
        case _:
            return {"dtype": _NAMES[dtype]}
