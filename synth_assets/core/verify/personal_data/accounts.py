"""Payment cards, bank accounts and wallets, by their checksums."""

import re
from collections.abc import Iterator, Sequence

from synth_assets.core.verify.personal_data.checksums import (
    base58check,
    bech32,
    luhn,
    mod_97,
)
from synth_assets.core.verify.personal_data.examples import (
    is_example_card,
    is_example_crypto,
    is_example_iban,
)
from synth_assets.core.verify.personal_data.finding import Found, Kind
from synth_assets.core.verify.personal_data.plain import Plain

_NUMBERS = re.compile(
    r"[0-9](?<!(?:[^\W_]|\+)[0-9])(?<![0-9][.,/][0-9])[0-9]*(?:[ -][0-9]+)*(?![^\W_])"
)
_LEAST_DIGITS, _MOST_DIGITS = 12, 19
_LEAST_GROUP, _MOST_GROUP = 3, 8
_MOST_GROUPS = 8
"""Longer rows are lists of numbers, unless a word for cards stands before."""

# Leading digits and lengths that are issued today; the others need a word for a card beside them,
# as one number in ten passes Luhn's check.
_ISSUED = re.compile(
    r"(?=[0-9]{16}\Z)(?:4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|6011|64[4-9]|65|62"
    r"|35(?:2[89]|[3-8])|220[0-4])"
    r"|(?=[0-9]{15}\Z)3[47]"
    r"|(?=[0-9]{14}\Z)(?:30[0-59]|36|38|39)"
)
_GROUP = re.compile("[0-9]+")
_CARD_WORD = re.compile(
    r"\b(?:cc|ccn|credit|debit|cards?|visa|maestro|mastercard|amex|discover|jcb|pan|carte|karte"
    r"|tarjeta|carta|kreditkarte|karta|kaart)\b"
)
_CARD_WORD_WITHIN = 50

_IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO", "16": "BE", "18": "DK FI FK FO GL NL SD", "19": "MK SI",
        "20": "AT BA EE KZ LT LU MN XK", "21": "CH CR HR LI LV",
        "22": "BG BH DE GB GE IE ME RS VA", "23": "AE GI IL IQ OM SO TL",
        "24": "AD CZ ES MD MR PK RO SA SE SK TN VG", "25": "LY PT ST",
        "26": "IS TR", "27": "BI DJ FR GR IT MC SM",
        "28": "AL AZ BY CY DO GT HU LB NI PL SV", "29": "BR EG PS QA UA", "30": "JO KW MU YE",
        "31": "MT SC", "32": "LC", "33": "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
_IBAN_HEAD = re.compile(r"[0-9](?<=[A-Za-z]{2}[0-9])(?<![^\W_][A-Za-z]{2}[0-9])[0-9]")
_IBAN_BODY = re.compile(r"(?:[ -]?[A-Za-z0-9]){11,40}")

_BASE58_WORD = re.compile(
    r"(?<![A-Za-z0-9])[123DLMTXA9t][1-9A-HJ-NP-Za-km-z]{25,34}(?![A-Za-z0-9])"
)
_BECH32_WORD = re.compile(r"(?<![A-Za-z0-9])(?:bc|tb|ltc)1[02-9ac-hj-np-z]{11,87}(?![A-Za-z0-9])")
_ETHER_WORD = re.compile(r"0x(?<![A-Za-z0-9]0x)[0-9A-Fa-f]{40}(?![A-Za-z0-9])")


def cards_in(text: Plain) -> Iterator[Found]:
    """Card numbers, in one piece or in groups: Luhn's check, an issuer, and a length of its."""
    for match in _NUMBERS.finditer(text.text):
        if match.end() - match.start() < _LEAST_DIGITS:
            continue
        groups = list(_GROUP.finditer(text.text, match.start(), match.end()))
        if len(groups) > _MOST_GROUPS and not _says_card(text, match.start()):
            continue
        free_from = 0
        for first in range(len(groups)):
            if first >= free_from and (found := _card_from(text, groups, first)):
                yield found
                free_from = first + 1
                while free_from < len(groups) and groups[free_from].start() < found.end:
                    free_from += 1


def _card_from(text: Plain, groups: "Sequence[re.Match[str]]", first: int) -> Found | None:
    """The longest card that starts with a group."""
    number, best, start = "", None, groups[first].start()
    separator = text.text[groups[first].end() : groups[first].end() + 1]
    for last in range(first, len(groups)):
        number += groups[last].group()
        if len(number) > _MOST_DIGITS:
            break
        if len(number) >= _LEAST_DIGITS and _is_card(text, number, start):
            end = groups[last].end()
            best = Found(Kind.CARD, start, end, number, is_example_card(number))
        size = groups[last].end() - groups[last].start()
        behind = text.text[groups[last].end() : groups[last].end() + 1]
        if not _LEAST_GROUP <= size <= _MOST_GROUP or behind != separator:
            break
    return best


def _is_card(text: Plain, number: str, start: int) -> bool:
    return bool(_ISSUED.match(number) or _says_card(text, start)) and luhn(number)


def _says_card(text: Plain, start: int) -> bool:
    return bool(_CARD_WORD.search(text.lower, max(start - _CARD_WORD_WITHIN, 0), start))


def ibans_in(text: Plain) -> Iterator[Found]:
    """Account numbers by ISO 13616: the country's length, and the remainder of 97."""
    for match in _IBAN_HEAD.finditer(text.text):
        start = match.start() - 2
        length = _IBAN_LENGTHS.get(text.text[start : start + 2].upper())
        body = _IBAN_BODY.match(text.text, match.end()) if length else None
        if length is None or body is None:
            continue
        written = text.text[start : body.end()]
        end = _end_of(written, length)
        if end is None or text.text[start + end : start + end + 1].isalnum():
            continue
        number = re.sub("[ -]", "", written[:end]).upper()
        if mod_97(number):
            yield Found(Kind.IBAN, start, start + end, number, is_example_iban(number))


def crypto_addresses_in(text: Plain) -> Iterator[Found]:
    """Addresses of Base58Check and Bech32, and forty hexadecimal digits behind `0x`.

    The checksum of the latter is the choice of who writes them (EIP-55), so none is asked.
    """
    for match in _BASE58_WORD.finditer(text.text):
        if base58check(match.group()):
            yield _wallet(match, match.group())
    for match in _BECH32_WORD.finditer(text.lower):
        if bech32(match.group()):
            yield _wallet(match, match.group())
    for match in _ETHER_WORD.finditer(text.text):
        yield _wallet(match, match.group().lower())


def _wallet(match: "re.Match[str]", value: str) -> Found:
    example = is_example_crypto(value)
    return Found(Kind.CRYPTO_ADDRESS, match.start(), match.end(), value, example)


def _end_of(written: str, length: int) -> int | None:
    """Behind which character so many letters and digits stand."""
    seen = 0
    for place, character in enumerate(written):
        seen += character.isalnum()
        if seen == length:
            return place + 1
    return None
