"""What may be a name. Names become file names, partition keys and SQL parameters."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

NAME_PATTERN = r"^[a-z][a-z0-9_-]{0,62}$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""Lower case letters, digits, `_` and `-`; starts with a letter; at most 63 characters."""

_PARTITION = re.compile(r"^[a-z][a-z0-9_-]{0,62}~[0-9a-f]{8}$")


class Written(BaseModel):
    """Base of everything users write: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def partition_key(name: str, version: str) -> str:
    """Join a name and the eight digits of its version: `math_word_problems~1f2e3d4c`."""
    return f"{name}~{version}"


def is_partition_key(text: str) -> bool:
    """Whether `text` is a key that `partition_key` makes."""
    return bool(_PARTITION.fullmatch(text))


def partition_name(key: str) -> str:
    """The name part of a partition key."""
    return key.partition("~")[0]


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """What to say of a name that nobody declared."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    return f"no {kind} is called {name!r}.{guess} There are: {', '.join(names) or 'none'}."
