"""Telephone numbers: what the numbering plans know, and what the words before call a number.

The plans are those of `phonenumbers` (Google's libphonenumber); its patterns are asked directly,
as its own matcher takes a millisecond a text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from synth_assets.core.verify.personal_data.examples import is_example_phone
from synth_assets.core.verify.personal_data.finding import Found, Kind, digits_of
from synth_assets.core.verify.personal_data.plain import Plain

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata

_SEPARATOR = r"(?:\) ?-? ?|[ .\-]\(|\(| ?[-/] ?|[ .])"
_RUN = re.compile(
    r"[0-9](?<![^\W_][0-9])(?<![0-9.][.,/:*-][0-9])(?<![$\u00a3\u20ac#^][0-9])(?<!<<[0-9])"
    rf"(?:{_SEPARATOR}?[0-9]){{6,24}}"
    r"(?!(?!x[0-9]|ext)(?:[^\W_]|%)|[.,:][0-9]| ?[=^]| ?\+ |\+|-[0-9]| \*|\*[0-9(]|\()"
)
_EXTENSION = re.compile(r" ?(?:x|ext\.? ?|extension )[0-9]{1,6}\b")
_LEAD = re.compile(r"(?:\+ ?|00)?\(?\Z|\+ ?\(?\Z")

_NORTH_AMERICAN = re.compile(
    r"(?<![0-9])(?:(?:00)?1[-. ])?(?:\([2-9][0-9]{2}\)[ -]?|[2-9][0-9]{2}(?P<mark>[-. ]))"
    r"[2-9][0-9]{2}(?(mark)(?P=mark)|[-. ])[0-9]{4}(?![0-9])"
)
_NO_PHONE = re.compile(
    r"(?:19|20)[0-9]{2} ?[-./] ?[01]?[0-9] ?[-./] ?[0-3]?[0-9](?![0-9])"
    r"|[0-3]?[0-9][-./][0-3]?[0-9][-./](?:19|20)[0-9]{2}(?![0-9])"
    r"|(?:1[0-9]{3}|20[0-9]{2})(?: ?- ?|[ /.])(?:1[0-9]{3}|20[0-9]{2})(?![0-9])"
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])"
    r"|(?:[0-9][ -]){3}"
    r"|(?![0-9]{3}\.[0-9]{4}\Z)[0-9]+\.[0-9]+\Z"
    r"|[0-9]{1,3}(?:\.[0-9]{3})+\Z"
    r"|[0-9.]*/[0-9./]*\.|[0-9]+\.[0-9]+ ?[-/] ?[0-9]+\.[0-9]+\Z"
    r"|[0-9]+\.[0-9]+/|[0-9]{2,3}(?:/[0-9]{3}){2}"
)

# What is said before a number that is called, in the languages of the regions, and how far before.
_CUE = re.compile(
    r"(?:\b(?:tele)?(?:ph|f)one?s?|\btelef\w{0,4}|\btel|\bt\u00e9l\w{0,8}|\btel\u00e9f\w{0,4}|\bmobile?s?"
    r"|\bm\u00f3vil|\bcell(?:ular\w?|phone)?|\bhandy\w{0,6}|\brufnummer|\bdurchwahl|\bgsm|\bfax|\bdesk|\bpager"
    r"|\bcall(?:s|ed|ing|back)?|\brings?|\bdial(?:s|ed|l?ing)?|\btext(?:s|ed|ing)?|\bsms"
    r"|\bwhats ?app|\bsignal|\bvoice ?mail|\bmessages?|\banswering|\breach(?:ed|able)?"
    r"|\bhot ?line|\bcontact(?:s|ed|ing)?|\bph|\bmob|\bappel\w{0,4}|\banruf\w{0,3}|\bllam\w{0,5}"
    r"|\bchiam\w{0,4}|\bbel(?:len|t)?)\b(?P<between>[^0-9\n]{0,48}|[^0-9]{0,12})\Z"
)
_CUE_WITHIN = 64
# Digits in one piece are a count more often than a number: «calls for 9017069 cups».
_RIGHT_BEFORE = re.compile(
    r"(?:[\s:=#*_(\"'\[-]{1,4}(?:me|us|him|her|them|at|on|is|number|no\.?|nr\.?|to|under|the|my|our|your"
    r"|home|office|or)?){0,4}"
)
_COUNTED = re.compile(r" (?!or\b|and\b|if\b|to\b|for\b|when\b|at\b|now\b|please\b|between\b)[a-z]")
_CUE_BEHIND = re.compile(
    r"[ ,]{0,2}[-(\u2013]? ?(?:office|fax|mobile|mob|cell|home|work|tel|telephone|phone|desk|direct"
    r"|voice|main)\b(?! ?[0-9])"
)
_NOT_CALLED = re.compile(
    r"\b(?:isbn|issn|order|invoice|ticket|reference|ref|account|acct|model|serial|part|sku|zip|postcode"
    r"|tracking|version|build|patent|case|flight|seconds?|steps?|total|sum|price|cost|year|population"
    r"|size|value|count|bytes?|id)\b"
)

_NOTHING = r"(?!)"
_LATER_TRUNK = re.compile(r"[0-9] \(?(?=0[0-9])")
_GROUP = re.compile("[0-9]+")
_LEAST_GROUPS = 3
_MOST_DIGITS = 15
_LEAST_DIGITS = 7
_LEAST_NATIONAL = 9
_NORTH_AMERICAN_DIGITS = 10


class Phones:
    """Finds telephone numbers; made once for a set of home regions."""

    def __init__(self, regions: Sequence[str]) -> None:
        plans = [plan for region in regions if (plan := plan_of(region))]
        dialled = (
            f"{plan.trunk}(?:{plan.pattern})" if plan.trunk == "0" else plan.pattern
            for plan in plans
        )
        self._dialled = re.compile("|".join(dialled) or _NOTHING)

    def find(self, text: Plain) -> Iterator[Found]:
        """Each number, its extension included.

        Alone: with `+` and a country's code, in North American groups, or with the trunk prefix of
        a home region and as its plan has it. Behind a word such as `phone` or `call`: any 7 to 15
        digits.
        """
        at = 0
        while match := _RUN.search(text.text, at):
            found = self._in_run(text, match.start(), match.end())
            if found is None and (trunk := _LATER_TRUNK.search(text.text, *match.span())):
                found = self._in_run(text, trunk.end(), match.end())
            if found:
                yield found
            at = found.end if found else match.end()

    def _in_run(self, text: Plain, start: int, end: int) -> Found | None:
        lead = _LEAD.search(text.text, max(start - 3, 0), start)
        begin = lead.start() if lead else start
        run = text.text[start:end]
        plus = "+" in text.text[begin:start]
        if run.count("(") > run.count(")") or (plus and text.text[begin - 1 : begin].isalnum()):
            return None
        if plus and (size := _international(run)):
            return _found(text, begin, start + size)
        called = _is_called(text, begin, end)
        american = None if plus else _NORTH_AMERICAN.search(text.text, begin, end)
        if american and (american.start() == begin or not called):
            return _found(text, *american.span())
        if run.startswith("00") and (size := _international(run[2:])):
            return _found(text, begin, start + 2 + size)
        if size := self._national(run):
            return _found(text, begin, start + size)
        return _found(text, begin, end) if called else None

    def _national(self, run: str) -> int:
        """How much of a run is a number of a home region, trunk prefix and all; 0 for none."""
        if not run.startswith("0") or run.isdigit() or _NO_PHONE.match(run):
            return 0
        for end, digits in _ends(run):
            if len(digits) >= _LEAST_NATIONAL and self._dialled.fullmatch(digits):
                return end
        return 0


@dataclass(frozen=True)
class Plan:
    """Numbers of one country or territory.

    Attributes:
        trunk: what is dialled before a national number at home.
        pattern: of a national number of any type.
    """

    trunk: str
    pattern: str


def plan_of(region: str) -> Plan | None:
    """The numbering plan of an ISO 3166 region such as `GB`; none for an unknown one."""
    from phonenumbers import PhoneMetadata

    return _plan(PhoneMetadata.metadata_for_region(region, None))


@cache
def _abroad(code: int) -> "re.Pattern[str]":
    """National numbers behind a country's calling code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    regions = COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    if "001" in regions:
        plans = [_plan(PhoneMetadata.metadata_for_nongeo_region(code, None))]
    else:
        plans = [plan_of(region) for region in regions]
    return re.compile("|".join(plan.pattern for plan in plans if plan) or _NOTHING)


def _plan(metadata: "PhoneMetadata | None") -> Plan | None:
    if metadata is None:
        return None
    types = (
        metadata.fixed_line,
        metadata.mobile,
        metadata.toll_free,
        metadata.premium_rate,
        metadata.shared_cost,
        metadata.personal_number,
        metadata.voip,
        metadata.uan,
    )
    patterns = dict.fromkeys(each.national_number_pattern for each in types if each)
    told = [f"(?:{pattern})" for pattern in patterns if pattern and pattern != "NA"]
    return Plan(metadata.national_prefix or "", "|".join(told) or _NOTHING)


def _international(run: str) -> int:
    """How much of what follows `+` is a number of the country it names; 0 for none."""
    for end, digits in _ends(run):
        if len(digits) < _LEAST_DIGITS:
            break
        dialled = _without_optional_zero(run[:end], digits)
        if any(_abroad(int(dialled[:size])).fullmatch(dialled, size) for size in (1, 2, 3)):
            return end
    # Plans lag behind: a number in groups behind a plus is one, if only it may be so long.
    grouped = len(_GROUP.findall(run)) >= _LEAST_GROUPS
    return len(run) if grouped and 9 <= len(digits_of(run)) <= _MOST_DIGITS + 1 else 0


def _without_optional_zero(written: str, digits: str) -> str:
    """`41 (0)96 471` is dialled without the zero in brackets."""
    if "(0)" not in written:
        return digits
    return digits_of(written.replace("(0)", "", 1))


def _ends(run: str) -> Iterator[tuple[int, str]]:
    """Where a number may end, the whole run first, and the digits up to there."""
    ends = [match.end() for match in _GROUP.finditer(run)]
    for end in reversed(ends):
        digits = digits_of(run[:end])
        if len(digits) <= _MOST_DIGITS + 1:
            yield end, digits


def _is_called(text: Plain, begin: int, end: int) -> bool:
    run = text.text[begin:end].lstrip("+( ")
    digits = digits_of(run)
    if not _LEAST_DIGITS <= len(digits) <= _MOST_DIGITS or _NO_PHONE.match(run):
        return False
    if _CUE_BEHIND.match(text.lower, end):
        return True
    cue = _CUE.search(text.lower, max(begin - _CUE_WITHIN, 0), begin)
    if cue is None or _NOT_CALLED.search(cue["between"]):
        return False
    if not run.isdigit() or text.text[begin] == "+":
        return True
    counted = len(digits) < _LEAST_NATIONAL and _COUNTED.match(text.lower, end)
    return bool(_RIGHT_BEFORE.fullmatch(cue["between"])) and not counted


def _found(text: Plain, start: int, end: int) -> Found:
    digits = digits_of(text.text[start:end])
    if len(digits) == _NORTH_AMERICAN_DIGITS + 1 and digits.startswith("1"):
        digits = digits[1:]
    if extension := _EXTENSION.match(text.lower, end):
        end = extension.end()
    return Found(Kind.PHONE, start, end, digits, is_example_phone(digits))
