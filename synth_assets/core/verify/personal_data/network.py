"""Addresses of machines."""

import ipaddress
import re
from collections.abc import Iterator

from synth_assets.core.verify.personal_data.finding import Found, Kind
from synth_assets.core.verify.personal_data.plain import Plain

_V4 = re.compile(r"[0-9](?<![\w.][0-9])[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?!\w|\.[0-9])")
_V6 = re.compile(
    r"(?<![\w:.])(?:[0-9a-f]{1,4}:|:(?=:)){1,7}(?::?[0-9a-f]{1,4}|:)(?::[0-9a-f]{1,4}){0,6}(?![\w:])"
)
_MAC = re.compile(
    r"(?<![\w:-])(?:[0-9a-f]{2}(?P<mark>[:-]))(?:[0-9a-f]{2}(?P=mark)){4}[0-9a-f]{2}(?![\w]|[:-]\w)"
    r"|(?<![\w.])(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}(?![\w]|\.\w)"
)
_MACHINE = re.compile(
    r"(?:\b(?:ips?|ipv4|address(?:es)?|hosts?|servers?|ping|ssh|router|gateway|subnet|dns|client|peer|from|vpn"
    r"|proxy|listen(?:ing)?|connect(?:ed|ing)?)\b|://|@)[^\n]{0,24}\Z"
)
_VERSION = re.compile(
    r"(?:\b(?:versions?|ver|v|release[ds]?|build|sections?|chapter|clause|firmware|driver|upgrade[ds]?|update[ds]?)\b"
    r"|\u00a7)[^\n]{0,16}\Z"
)
_WITHIN = 40
_LARGE_PART = 100
_LEAST_HEX = 8
_PUBLIC = frozenset({"1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9"})
_NO_MACS = ("00005e0053", "ffffffffffff", "000000000000")


def ip_addresses_in(text: Plain) -> Iterator[Found]:
    """IPv4 and IPv6 addresses.

    Four numbers are an address where a word for machines stands before them, or one is 100 or
    more; behind a word for versions they are none. Addresses that are not routed are examples.
    """
    for match in _V4.finditer(text.text):
        if _is_address(text, match.start(), match.group()) and (found := _address(match)):
            yield found
    if text.text.count(":") > 1:
        for match in _V6.finditer(text.lower):
            hexadecimal = sum(character != ":" for character in match.group())
            if (hexadecimal >= _LEAST_HEX or match.group() == "::1") and (found := _address(match)):
                yield found


def mac_addresses_in(text: Plain) -> Iterator[Found]:
    """Six bytes with colons or hyphens between, or three times four digits with dots."""
    for match in _MAC.finditer(text.lower):
        value = re.sub("[:.-]", "", match.group())
        if not value.isdigit() or ":" in match.group():
            example = value.startswith(_NO_MACS)
            yield Found(Kind.MAC_ADDRESS, match.start(), match.end(), value, example)


def _is_address(text: Plain, start: int, written: str) -> bool:
    before = text.lower[max(start - _WITHIN, 0) : start]
    if _VERSION.search(before):
        return False
    return max(map(int, written.split("."))) >= _LARGE_PART or bool(_MACHINE.search(before))


def _address(match: "re.Match[str]") -> Found | None:
    try:
        address = ipaddress.ip_address(match.group())
    except ValueError:
        return None
    example = not address.is_global or str(address) in _PUBLIC
    return Found(Kind.IP_ADDRESS, match.start(), match.end(), str(address), example)
