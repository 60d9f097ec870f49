"""Which numbers two texts of different languages do not share.

Languages write numbers otherwise: `2.5` and `2,5`, `1,250` and `1.250`, `14:30` and `14.30`. So a
written number has readings, and two are the same where they share one: `1.250` may be 1250 and
1.25, `2.5` is never 25. The sign counts. Numbers are paired off, each with one of the other text,
as many as can be (a maximum matching of a bipartite graph, by augmenting paths).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TypeAlias

_NUMBER = re.compile(
    r"(?P<minus>(?<![\w.,:)%])(?<!\d )(?:minus |[-\u2212\u2013])(?=\d))?"
    r"(?P<digits>\d+(?:[.,:]\d+)*)",
    re.IGNORECASE,
)
_CLOSE_GROUPS = re.compile(r"(?<=\d)[\u00a0\u202f\u2009'\u2019](?=\d{3}(?!\d))")
_SPACED_GROUPS = re.compile(r"(?<![\d.,:])\d{1,3}(?: \d{3})+(?!\d)")
_MOST_DIGITS = 60
"""Longer ones are compared as they are written."""
_MOST_PAIRS = 10_000
"""Of more numbers without a like, none is paired."""

_Reading: TypeAlias = Fraction | str


@dataclass(frozen=True)
class Unshared:
    """Numbers as they are written, sorted."""

    lost: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Number:
    written: str
    readings: frozenset[_Reading]


def unshared_numbers(text: str, other: str) -> Unshared:
    """The numbers that only one of two texts has, each as often as it has it too often.

    `10 000` may be one number or two: the texts share their numbers if they do in any way of it.
    """
    ways = [_compared(a, b) for a, b in product(_ways(text), _ways(other))]
    return next((way for way in ways if way == Unshared()), ways[0])


def _ways(text: str) -> Iterator[list[_Number]]:
    plain = _CLOSE_GROUPS.sub("", text)
    yield _numbers(plain)
    joined = _SPACED_GROUPS.sub(lambda found: found[0].replace(" ", ""), plain)
    if joined != plain:
        yield _numbers(joined)


def _numbers(text: str) -> list[_Number]:
    return [
        _Number(found[0], _readings(found["digits"], negative=found["minus"] is not None))
        for found in _NUMBER.finditer(text)
    ]


def _readings(digits: str, *, negative: bool) -> frozenset[_Reading]:
    if len(digits) > _MOST_DIGITS:
        return frozenset({f"-{digits}" if negative else digits})
    parts, marks = re.split(r"[.,:]", digits), re.sub(r"\d", "", digits)
    found: set[_Reading] = set(_values(parts, marks))
    if not found or marks == ":" or (marks == "." and _is_time(parts)):
        found.add(":".join(str(int(part)) for part in parts))
    if not negative:
        return frozenset(found)
    return frozenset(f"-{each}" if isinstance(each, str) else -each for each in found)


def _values(parts: Sequence[str], marks: str) -> Iterator[Fraction]:
    """What the parts may mean with the marks between them as points and groups of thousands."""
    if ":" in marks:
        return
    if len(set(marks)) <= 1 and _grouped(parts):
        yield Fraction("".join(parts))
    whole, last = parts[:-1], parts[-1]
    if len(marks) == 1 or (
        marks and marks[-1] not in marks[:-1] and len(set(marks)) == 2 and _grouped(whole)
    ):
        yield Fraction(int("".join(whole) + last), 10 ** len(last))


def _grouped(parts: Sequence[str]) -> bool:
    """Whether they are a whole number in groups of thousands; one part is, whatever it is."""
    first, rest = parts[0], parts[1:]
    if not rest:
        return True
    return len(first) <= 3 and first[0] != "0" and all(len(part) == 3 for part in rest)


def _is_time(parts: Sequence[str]) -> bool:
    hours, minutes = parts
    return len(hours) <= 2 and len(minutes) == 2 and int(hours) <= 24 and int(minutes) < 60


def _compared(some: list[_Number], others: list[_Number]) -> Unshared:
    """Pair off what is read alike, then as many of the rest as share a reading."""
    alike: dict[frozenset[_Reading], list[_Number]] = {}
    for number in others:
        alike.setdefault(number.readings, []).append(number)
    rest: list[_Number] = []
    for number in some:
        same = alike.get(number.readings)
        if same:
            same.pop()
        else:
            rest.append(number)
    right = [number for same in alike.values() for number in same]
    partner: dict[int, int] = {}
    lost = [
        number.written
        for at, number in enumerate(rest)
        if len(rest) * len(right) > _MOST_PAIRS or not _paired(at, rest, right, partner, set())
    ]
    added = [number.written for at, number in enumerate(right) if at not in partner]
    return Unshared(tuple(sorted(lost)), tuple(sorted(added)))


def _paired(
    at: int, some: list[_Number], others: list[_Number], partner: dict[int, int], seen: set[int]
) -> bool:
    """Find a partner for a number, if need be by finding others for those that are paired."""
    for place, other in enumerate(others):
        if place in seen or not some[at].readings & other.readings:
            continue
        seen.add(place)
        taken = partner.get(place)
        if taken is None or _paired(taken, some, others, partner, seen):
            partner[place] = at
            return True
    return False
