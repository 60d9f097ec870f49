"""Days and months as people write them, English and German.

Read are `11 September 2001`, `September 11th, 2001`, `Sept. 2001`, `11. September`, `2001-09-11`,
`11.9.2001`, and `9/11/2001` as both days it may be; two days of a month (`5-7 May 1990`) are two
dates. A year alone is a number. Not read are weekdays, holidays, and what is said from today on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from synth_assets.core.verify.reading.folding import plain_typography

_NAMES = (
    "january jan januar j\u00e4nner|february feb februar|march mar m\u00e4rz maerz|april apr|"
    "may mai|june jun juni|july jul juli|august aug|september sept sep|october oct oktober okt|"
    "november nov|december dec dezember dez"
)
MONTHS = {
    name: number for number, names in enumerate(_NAMES.split("|"), 1) for name in names.split()
}
"""Names and short names of months in lower case -> number."""

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?!\d)"
_YEAR = r"[12]\d{3}(?!\d)"
_DATE = re.compile(
    rf"""(?<![\w.,/-])(?:
        (?P<year>{_YEAR})-(?P<month>0\d|1[0-2])-(?P<day>{_DAY})(?![\w-])
      | (?P<dotted>{_DAY})\.\ ?(?P<dotted_month>0?[1-9]|1[0-2])\.\ ?(?P<dotted_year>{_YEAR})
      | (?P<slash>{_DAY})/(?P<slash_month>{_DAY})/(?P<slash_year>{_YEAR})
      | (?:(?P<from_day>{_DAY})(?:st|nd|rd|th|\.)?\ ?(?:-|to|and|bis|und)\ ?)?
        (?P<on_day>{_DAY})(?:st|nd|rd|th|\.)?(?:\ of)?[ ](?P<of_month>{_MONTH})\b\.?
        (?:,?[ ](?P<of_year>{_YEAR}))?
      | (?P<in_month>{_MONTH})\b\.?[ ]
        (?:(?:the[ ])?(?P<in_day>{_DAY})(?:st|nd|rd|th)?(?![.,]?\d|[ ]?%)
           (?:\ ?(?:-|to|and)\ ?(?P<to_day>{_DAY})(?:st|nd|rd|th)?)?
           (?:,?[ ](?P<in_year>{_YEAR}))?
         | ,?\ ?(?:of[ ])?(?P<only_year>{_YEAR}))
    )""",
    re.VERBOSE | re.IGNORECASE,
)
# A screen: every date has a digit beside a sign, or a name of a month beside white space.
_CLUE = re.compile(
    rf"\d[-./]\d|\d\.\ \d|\d(?:st|nd|rd|th|\.)?(?:\ of)?\ (?:{_MONTH})\b"
    rf"|\b(?:{_MONTH})\b\.?,?\ (?:the\ |of\ )?\d",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Date:
    """A day, month or day of a month; what is not said is None.

    Attributes:
        start: offset of its first character.
        end: offset behind its last one.
    """

    year: int | None
    month: int
    day: int | None
    start: int = 0
    end: int = 0

    def is_part_of(self, other: "Date") -> bool:
        """Whether the other date says all that this one does."""
        return (
            self.month == other.month
            and self.day in (None, other.day)
            and self.year in (None, other.year)
        )


def dates(text: str) -> Iterator[Date]:
    """The dates of a text, in order; one written `9/11/2001` is two, at one place."""
    if _DIGIT.search(text) is None:
        return
    text = plain_typography(text)
    if _CLUE.search(text) is None:
        return
    for found in _DATE.finditer(text):
        yield from _read(found)


def _read(found: re.Match[str]) -> Iterator[Date]:
    start, end = found.span()
    if found["year"]:
        yield Date(int(found["year"]), int(found["month"]), int(found["day"]), start, end)
    elif found["dotted"]:
        year, month = int(found["dotted_year"]), int(found["dotted_month"])
        yield Date(year, month, int(found["dotted"]), start, end)
    elif found["slash"]:
        one, other = int(found["slash"]), int(found["slash_month"])
        for day, month in {(one, other), (other, one)}:
            if month <= 12:
                yield Date(int(found["slash_year"]), month, day, start, end)
    else:
        name = found["of_month"] or found["in_month"]
        year = found["of_year"] or found["in_year"] or found["only_year"]
        parts = [part for part in ("from_day", "on_day", "in_day", "to_day") if found[part]]
        for part in parts or ["in_month"]:
            yield Date(
                int(year) if year else None,
                MONTHS[name.lower()],
                int(found[part]) if parts else None,
                found.start(part),
                end,
            )
