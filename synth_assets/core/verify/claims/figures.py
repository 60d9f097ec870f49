"""Numbers of running text with what they count, and whether other texts support them.

On top of `quantities`: numbers spelled out (English; German up to 20, and tens), the unit
behind a number where `units` knows it, decades, and dates.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from synth_assets.core.verify.answers.units import Unit, currency_sign, unit_of
from synth_assets.core.verify.claims.dates import Date, dates
from synth_assets.core.verify.reading.quantities import Quantity, quantities, readable

_ONES_WORDS = (
    "zero null|one eins|two zwei|three drei|four vier|five f\u00fcnf fuenf|six sechs|seven sieben|"
    "eight acht|nine neun|ten zehn|eleven elf|twelve zw\u00f6lf zwoelf|thirteen dreizehn|"
    "fourteen vierzehn|fifteen f\u00fcnfzehn|sixteen sechzehn|seventeen siebzehn|"
    "eighteen achtzehn|nineteen neunzehn"
)
_TENS_WORDS = (
    "twenty zwanzig|thirty drei\u00dfig|forty vierzig|fifty f\u00fcnfzig|sixty sechzig|"
    "seventy siebzig|eighty achtzig|ninety neunzig"
)
_ORDINAL_WORDS = (
    "first erste ersten erster|second zweite zweiten zweiter|third dritte dritten dritter|"
    "fourth vierte vierten vierter|fifth f\u00fcnfte f\u00fcnften|sixth sechste sechsten|"
    "seventh siebte siebten|eighth achte achten|ninth neunte neunten|tenth zehnte zehnten"
)


def _numbered(table: str, start: int, step: int = 1) -> dict[str, int]:
    return {
        word: start + step * at
        for at, words in enumerate(table.split("|"))
        for word in words.split()
    }


_TENS = _numbered(_TENS_WORDS, 20, 10)
_ORDINALS = _numbered(_ORDINAL_WORDS, 1)
NUMBER_WORDS = {
    **_numbered(_ONES_WORDS, 0),
    **_TENS,
    **dict.fromkeys(("dozen", "dutzend"), 12),
    **dict.fromkeys(("hundred", "hundert"), 100),
    **dict.fromkeys(("thousand", "tausend"), 1000),
    **dict.fromkeys(("million", "millionen"), 10**6),
    **dict.fromkeys(("billion", "milliarde", "milliarden"), 10**9),
}
"""Cardinal number words in lower case, magnitudes among them -> value."""

PERCENT = Unit(Fraction(1, 100), ())
_OF_DATE = Unit(Fraction(1), (("date", Fraction(1)),))
_MAGNITUDES = frozenset({100, 1000, 10**6, 10**9})
_ALL_WORDS = frozenset({*NUMBER_WORDS, *_ORDINALS})
_LETTERS = re.compile(r"[^\W\d_]+")
_NEXT_WORD = re.compile(r"(?P<link>,? and |[- ])(?P<word>[^\W\d_]+)", re.IGNORECASE)
_BEHIND = re.compile(r"[ -]?(?P<word>%|\u00b0[CF]?|[^\W\d_]{1,20}\b)(?P<next> cent\b)?")
_PERCENTS = frozenset({"%", "percent", "per", "prozent", "pct"})
# What `units` reads as units and mostly is none behind a number.
_NO_UNIT = frozenset({"a", "as", "at", "c", "d", "f", "h", "in", "k", "no", "s", "t", "rs"})
_CURRENCIES = "$\u20ac\u00a3\u00a5\u20b9"
_DIGIT = re.compile(r"\d")
# What `quantities` does not read, as it may be a version, a time or a number with points.
_CODE = re.compile(r"(?<![\w.])\d++(?>(?:[.:/]\d++){2,})(?!\w)")
_MARKERS = re.compile(r"^[ \t]*\(?\d{1,2}[.)][ \t]+", re.MULTILINE)


@dataclass(frozen=True)
class Figure:
    """A number of a text.

    Attributes:
        text: as it is written.
        value: what it says; None when it is too long to hold, or has several points.
        unit: of what, where that is known.
        is_decade: whether it is written as `1990s`.
    """

    text: str
    value: Fraction | None
    unit: Unit | None = None
    is_decade: bool = False


@dataclass(frozen=True)
class Figures:
    """What a text says in numbers.

    Attributes:
        claims: numbers that another text would have to support.
        asides: numbers that support others and claim nothing: parts of fractions, `one`, `second`.
        dates: those with a month.
        plain: the text that offsets of dates count in.
    """

    claims: tuple[Figure, ...]
    asides: tuple[Figure, ...]
    dates: tuple[Date, ...]
    plain: str


def figures(text: str) -> Figures:
    """Read numbers and dates; numbers of dates are not among the claims, nor markers of lists."""
    plain = readable(_MARKERS.sub("", text))
    claims: list[Figure] = []
    asides: list[Figure] = []
    found_dates = tuple(dates(plain))
    dated = {at for each in found_dates for at in range(each.start, each.end)}
    for each in quantities(plain) if _DIGIT.search(plain) else ():
        if each.start in dated:
            asides.append(Figure(each.text, each.value, _OF_DATE))
        else:
            claims.append(_figure(plain, each))
        asides.extend(Figure(each.text, part) for part in each.parts)
    for code in _CODE.finditer(plain):
        if code.start() not in dated:
            claims.append(Figure(code.group(), None))
    end = 0
    for word in _LETTERS.finditer(plain):
        # Most words are none; a search for all number words at once is ten times slower.
        if word.start() >= end and word[0].lower() in _ALL_WORDS:
            spelled = _spelled_at(plain, word)
            end = spelled.end
            figure = Figure(plain[word.start() : end], Fraction(spelled.value))
            if spelled.claims:
                claims.append(replace(figure, unit=_unit_behind(plain, end)))
            else:
                asides.append(figure)
    return Figures(tuple(claims), tuple(asides), found_dates, plain)


class Supply:
    """Numbers and dates that texts offer, to look those of another up."""

    def __init__(self, texts: Iterable[Figures]) -> None:
        self._units: dict[Fraction, set[Unit | None]] = {}
        self._amounts: set[tuple[Fraction, tuple[tuple[str, Fraction], ...]]] = set()
        self._unread: set[str] = set()
        self._days: set[tuple[int | None, int, int | None]] = set()
        self._yearless: set[tuple[int, int | None]] = set()
        for each in texts:
            for figure in (*each.claims, *each.asides):
                self._add(figure)
            for date in each.dates:
                self._add_date(date)

    def supports(self, figure: Figure) -> bool:
        """Whether the number stands here and counts nothing else, or the decade has a year here.

        Amounts in other units of the same kind support each other, as 5 km and 5,000 m do. A
        percentage is supported by percentages alone.
        """
        value, unit = figure.value, figure.unit
        if value is None:
            return figure.text in self._unread
        units = self._units.get(value)
        if units and any(_go_together(unit, each) for each in units):
            return True
        if unit is not None and (value * unit.factor, unit.bases) in self._amounts:
            return True
        return figure.is_decade and any(value + year in self._units for year in range(10))

    def supports_date(self, date: Date) -> bool:
        """Whether it stands here, or its day does without a year, and the year elsewhere."""
        if (date.year, date.month, date.day) in self._days:
            return True
        return (date.month, date.day) in self._yearless and date.year in self._units

    def _add(self, figure: Figure) -> None:
        if figure.value is None:
            self._unread.add(figure.text)
            return
        self._units.setdefault(figure.value, set()).add(figure.unit)
        if figure.unit is not None:
            self._amounts.add((figure.value * figure.unit.factor, figure.unit.bases))

    def _add_date(self, date: Date) -> None:
        for year in {date.year, None}:
            for day in {date.day, None}:
                self._days.add((year, date.month, day))
        if date.year is None:
            self._yearless.update({(date.month, date.day), (date.month, None)})
        else:
            self._units.setdefault(Fraction(date.year), set()).add(None)


def _go_together(claimed: Unit | None, found: Unit | None) -> bool:
    """Whether equal numbers with these units are the same amount, as far as one can tell."""
    if claimed is None or found is None:
        return claimed is not PERCENT
    return (claimed.factor, claimed.bases) == (found.factor, found.bases)


def _figure(plain: str, each: Quantity) -> Figure:
    is_decade = plain.startswith(("s", "er"), each.end) and each.value is not None
    if each.text.lstrip("-")[:1] in _CURRENCIES:
        return Figure(each.text, each.value, currency_sign(each.text.lstrip("-")[0]))
    if each.start and plain[each.start - 1] in _CURRENCIES:
        return Figure(each.text, each.value, currency_sign(plain[each.start - 1]))
    decade = is_decade and each.value is not None and each.value % 10 == 0
    return Figure(each.text, each.value, _unit_behind(plain, each.end), decade)


def _unit_behind(plain: str, end: int) -> Unit | None:
    found = _BEHIND.match(plain, end)
    if found is None:
        return None
    word = found["word"].lower()
    if word in _PERCENTS and (word != "per" or found["next"]):
        return PERCENT
    unit = None if word in _NO_UNIT else unit_of(word)
    return unit if unit is not None and unit.known else None


@dataclass
class _Spelled:
    """A number in words, word by word: `one thousand two hundred and five`.

    Attributes:
        end: offset behind the last word.
        whole: what thousands and millions came to.
        rest: what stands behind the last of them.
        least: the last of them.
        is_ordinal: it ends in a word such as `third`.
        words: how many.
    """

    end: int
    whole: int = 0
    rest: int = 0
    least: int = 10**12
    is_ordinal: bool = False
    words: int = 0

    @property
    def value(self) -> int:
        """What it says so far."""
        return self.whole + self.rest

    @property
    def claims(self) -> bool:
        """Whether another text must support it; `one`, `second` and a bare `hundred` need none."""
        if self.is_ordinal:
            return self.value > 2
        return self.value > 1 and (self.words > 1 or self.value not in _MAGNITUDES)

    def takes(self, word: str, link: str) -> bool:
        """Go on with a word behind `link`, if the number does."""
        if self.is_ordinal or (word not in NUMBER_WORDS and word not in _ORDINALS):
            return False
        said = NUMBER_WORDS.get(word, _ORDINALS.get(word, 0))
        if "and" in link and (self.rest % 100 or not self.value):
            return False
        if said in _MAGNITUDES:
            return self._multiplied(said)
        if self.words and not self._has_room(said):
            return False
        self.rest += said
        self.is_ordinal = word in _ORDINALS
        self.words += 1
        return True

    def _multiplied(self, said: int) -> bool:
        if self.words and not (0 < self.rest < said < self.least):
            return False
        if said == 100 and self.words:
            self.rest *= 100
        elif self.words:
            self.whole, self.rest, self.least = self.whole + self.rest * said, 0, said
        else:
            self.rest = said
        self.words += 1
        return True

    def _has_room(self, said: int) -> bool:
        """Whether ones may follow tens, ones or tens hundreds, and all of them thousands."""
        if not said or self.least <= said:
            return False
        if self.rest % 100:
            return said < 10 and self.rest % 10 == 0 and self.rest % 100 >= 20
        return self.rest > 0 or self.whole > 0


def _spelled_at(plain: str, first: re.Match[str]) -> _Spelled:
    """The number that begins with a number word."""
    found = _Spelled(first.end())
    found.takes(first[0].lower(), "")
    while (word := _NEXT_WORD.match(plain, found.end)) is not None:
        if not found.takes(word["word"].lower(), word["link"].lower()):
            break
        found.end = word.end()
    return found
