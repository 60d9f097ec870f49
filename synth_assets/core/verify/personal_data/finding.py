"""What can be found, where it stands, and how it is told without repeating it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Kind(StrEnum):
    """What is looked for; what overlaps is of the kind that stands first here."""

    PRIVATE_KEY = "private_key"
    PASSWORD = "password"
    TOKEN = "token"
    EMAIL = "email"
    IBAN = "iban"
    CRYPTO_ADDRESS = "crypto_address"
    CARD = "card"
    NATIONAL_NUMBER = "national_number"
    BIRTH_DATE = "birth_date"
    IP_ADDRESS = "ip_address"
    MAC_ADDRESS = "mac_address"
    PHONE = "phone"


SECRETS = frozenset({Kind.PRIVATE_KEY, Kind.PASSWORD, Kind.TOKEN})
"""What gives access; the rest tells of a person."""

RANK = {kind: place for place, kind in enumerate(Kind)}

Span: TypeAlias = tuple[int, int]
"""Where something starts and ends in a text."""

_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Found:
    """Something found in a text.

    Attributes:
        kind: what it is.
        start: of its first character.
        end: behind its last.
        value: what makes two of them one: an address in lower case, a number's digits.
        example: whether it is reserved for examples, or known to be nobody's.
    """

    kind: Kind
    start: int
    end: int
    value: str
    example: bool = False


def masked(kind: Kind, text: str) -> str:
    """The shape of what was found: no letter, no digit, and nothing at all of a secret."""
    if kind in SECRETS:
        return "***"
    shape = re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "#", text[:_SHOWN]))
    shape = re.sub(r"[^x#@.:+() -]", "_", shape)
    return shape if len(text) <= _SHOWN else f"{shape}..."


def digits_of(text: str) -> str:
    """The ASCII digits of a text alone."""
    return "".join(character for character in text if character in "0123456789")
