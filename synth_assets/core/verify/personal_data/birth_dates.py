"""Dates of birth, where words say that they are."""

import re
from collections.abc import Iterator

from synth_assets.core.verify.personal_data.finding import Found, Kind
from synth_assets.core.verify.personal_data.plain import Plain

_SCREENS = (
    "birth", "born", "dob", "d.o.b", "bday", "geb", "naiss", "naci", "nasc", "nat",
    "n\u00e9", "urodz",
)  # fmt: skip
_WORDS = (
    r"date of birth|birth ?dates?|birth ?days?|bday|born|dob|d\.o\.b|geburtsdatum|geboren|geb"
    r"|date de naissance|n\u00e9e?|fecha de nacimiento|naci\u00f3|data di nascita|nat[oa]"
    r"|data de nascimento|data urodzenia|geboortedatum"
)
_BETWEEN = (
    r"[\"'`*]{0,3}(?: ?\([^()\d]{0,12}\))?"
    r"(?: ?(?:is|was|are|:|=|-|on|am|le|el|il|em|op|the|in)){0,4}[ \n\"'`*:(]{1,4}"
)
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|m\u00e4r|mai|okt|dez|f\u00e9v|avr|jui"
    r"|ao\u00fb|d\u00e9c|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|out)[^\W\d_]{0,9}\.?"
)
_YEAR = "(?:1[89]|20)[0-9]{2}"
_BIRTH_DATE = re.compile(
    rf"\b(?:{_WORDS})\b\.?{_BETWEEN}(?P<date>"
    rf"[0-3]?[0-9] ?[./-] ?[0-3]?[0-9] ?[./-] ?(?:{_YEAR}|[0-9]{{2}})(?![0-9])"
    rf"|{_YEAR} ?[./-] ?[01]?[0-9] ?[./-] ?[0-3]?[0-9](?![0-9])"
    rf"|[0-3]?[0-9](?:st|nd|rd|th|er|\.|\u00ba)? (?:of |de )?{_MONTH},? (?:de )?{_YEAR}(?![0-9])"
    rf"|{_MONTH} [0-3]?[0-9](?:st|nd|rd|th)?,? {_YEAR}(?![0-9]))"
)


def birth_dates_in(text: Plain) -> Iterator[Found]:
    """Days of birth with their year, behind `born`, `DOB` or the like in seven languages."""
    if not any(screen in text.lower for screen in _SCREENS):
        return
    for match in _BIRTH_DATE.finditer(text.lower):
        start, end = match.span("date")
        yield Found(Kind.BIRTH_DATE, start, end, match["date"])
