"""Identity: canonical JSON, hashes of it, and what text counts as the same text.

Two things are the same exactly when their canonical JSON is. Addresses, keys, timeouts and
concurrency never enter; a value without a canonical form is an error, never `str(obj)`.
"""

import hashlib
import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from synth_assets.errors import FingerprintError

SCHEME = 1
"""Version of the scheme; it is hashed along, so that a change of rules changes every key."""

_Texts: TypeAlias = "str | int | Sequence[_Texts]"
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def canonical_json(value: Json) -> str:
    """Render `value` as JSON with sorted keys, no white space, and no escapes beyond JSON's.

    Raises:
        FingerprintError: for NaN, infinities, non-text keys and anything JSON cannot say.
    """
    if not _is_surely_canonical(value):
        _refuse_uncanonical(value, "$")
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def fingerprint(value: Json) -> str:
    """Hash the canonical JSON of `value`, scheme included: 64 hexadecimal digits of SHA-256."""
    body = f"synth/{SCHEME}\n{canonical_json(value)}"
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def fingerprint_of_texts(value: Mapping[str, "_Texts"]) -> str:
    """As `fingerprint`, for values that are known to hold nothing but text and whole numbers."""
    body = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    body = f"synth/{SCHEME}\n{body}"
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def short_id(value: Json) -> str:
    """The first 20 digits (80 bits) of a fingerprint, for identifiers people paste."""
    return fingerprint(value)[:20]


def normalised(text: str) -> str:
    """Fold what readers do not see: NFKC, case, and runs of white space to one space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def content_hash(*texts: str) -> str:
    """Hash normalised texts: 20 hexadecimal digits; equal for texts equal to a reader."""
    joined = "\x1f".join(normalised(text) for text in texts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def exact_hash(*texts: str) -> str:
    """Hash texts as they are: 20 hexadecimal digits."""
    joined = "\x1f".join(texts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _is_surely_canonical(value: Any) -> bool:  # noqa: ANN401 - whatever it is
    """Whether it is made of usual types alone, as nearly everything is; it builds no path."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    if kind is str or kind is int or kind is bool or value is None:
        return True
    if kind is dict:
        return all(
            type(key) is str and _is_surely_canonical(item)  # pyright: ignore[reportUnknownArgumentType]
            for key, item in value.items()
        )
    if kind is list or kind is tuple:
        return all(map(_is_surely_canonical, value))
    return math.isfinite(value) if kind is float else isinstance(value, str)


def _refuse_uncanonical(value: object, where: str) -> None:
    match value:
        case None | bool() | int() | str():
            return
        case float():
            if not math.isfinite(value):
                raise FingerprintError(f"{where} is {value}, which JSON cannot say; use a number.")
        case Mapping():
            for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]
                if not isinstance(key, str):
                    raise FingerprintError(f"{where} has the key {key!r}; keys must be text.")
                _refuse_uncanonical(item, f"{where}.{key}")  # pyright: ignore[reportUnknownArgumentType]
        case list() | tuple():
            for index, item in enumerate(value):  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
                _refuse_uncanonical(item, f"{where}[{index}]")  # pyright: ignore[reportUnknownArgumentType]
        case _:
            raise FingerprintError(
                f"{where} is of type {type(value).__name__}, which has no canonical form; "
                "give text, numbers, lists or mappings."
            )
