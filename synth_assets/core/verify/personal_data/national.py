"""Numbers that states give to people, with their check digits where they have some.

Numbers whose shape and check would fit one number in ten by chance need a word for them before.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from synth_assets.core.verify.personal_data import national_checks as checks
from synth_assets.core.verify.personal_data.checksums import luhn, verhoeff
from synth_assets.core.verify.personal_data.examples import is_example_national
from synth_assets.core.verify.personal_data.finding import Found, Kind
from synth_assets.core.verify.personal_data.plain import Plain

_CUE_WITHIN = 48


@dataclass(frozen=True)
class Scheme:
    """A kind of national number.

    Attributes:
        written: how it is written, in lower case; begins with a digit, or a letter of few.
        holds: whether a number without separators, in capitals, has right check digits.
        called: the words for it, one of which must stand before; none where shape and check are
            proof enough.
    """

    written: "re.Pattern[str]"
    holds: Callable[[str], bool]
    called: "re.Pattern[str] | None" = None


def _scheme(written: str, holds: Callable[[str], bool], called: str = "") -> Scheme:
    words = re.compile(rf"\b(?:{called})\b") if called else None
    return Scheme(re.compile(rf"{written}(?![a-z0-9]|[-.,/][0-9])"), holds, words)


_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_MONTH = r"(?:0[1-9]|1[0-2])"

# Shape and check are proof enough. The National Insurance number starts two letters earlier.
_PLAIN = (
    _scheme(r"[0-9]{3}-[0-9]{2}-[0-9]{4}", checks.social_security),
    _scheme(
        r"[1278] ?[0-9]{2} ?(?:0[1-9]|1[0-2]|[2-9][0-9]) ?(?:[0-9]{2}|2[ab]) ?[0-9]{3} ?[0-9]{3}"
        r" ?[0-9]{2}",
        checks.insee,
    ),
    _scheme(r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", checks.ahv),
    _scheme(r"[0-9]{2}(?:[0-9]{6}|\.[0-9]{3}\.[0-9]{3})-?[a-hj-np-tv-z]", checks.dni),
    _scheme(r"[xyz]-?[0-9]{7}-?[a-hj-np-tv-z]", checks.dni),
    _scheme(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", checks.belgian),
    _scheme(rf"{_DAY}{_MONTH}[0-9]{{2}}[-+a-fu-y][0-9]{{3}}[0-9a-fhj-npr-y]", checks.hetu),
    _scheme(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", checks.cpf),
    _scheme(rf"[1-9][0-9]{{5}}(?:19|20)[0-9]{{2}}{_MONTH}{_DAY}[0-9]{{3}}[0-9x]", checks.chinese),
)
_CALLED = (
    _scheme(
        r"[0-9]{3} ?[0-9]{2} ?[0-9]{4}",
        checks.social_security,
        "ssn|itin|social security|soc(?:ial)? sec",
    ),
    _scheme(r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}", luhn, "sin|social insurance"),
    _scheme(r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", checks.nhs, "nhs"),
    _scheme(
        r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
        checks.german_tax_id,
        r"steuer\w*|idnr|identifikationsnummer|tax|tin",
    ),
    _scheme(r"756[. ]?[0-9]{4}[. ]?[0-9]{4}[. ]?[0-9]{2}", checks.ahv, r"ahv\w*|avs|sozialvers\w*"),
    _scheme(r"[0-9]{3} ?[0-9]{3} ?[0-9]{3}", checks.portuguese, "nif|contribuinte"),
    _scheme(r"[0-9]{4}[. ]?[0-9]{2}[. ]?[0-9]{3}", checks.bsn, r"bsn|burgerservice\w*|sofi\w*"),
    _scheme(
        r"[0-9]{2}\.?[0-9]{2}\.?[0-9]{2}[- ]?[0-9]{3}[. ]?[0-9]{2}",
        checks.belgian,
        r"rijksregister\w*|registre national|national register|niss|insz",
    ),
    _scheme(r"[0-9]{11}", checks.pesel, r"pesel\w*"),
    _scheme(
        rf"(?:19|20)?[0-9]{{2}}{_MONTH}{_DAY}[-+]?[0-9]{{4}}",
        checks.swedish,
        "personnummer|personnr|personal (?:identity|number)",
    ),
    _scheme(r"[0-7][0-9]{5} ?[0-9]{5}", checks.norwegian, r"f\u00f8dsels\w*|fnr"),
    _scheme(rf"{_DAY}{_MONTH}[0-9]{{2}}-?[0-9]{{4}}", lambda _: True, r"cpr\w*"),
    _scheme(r"[0-9]{11}", checks.cpf, "cpf"),
    _scheme(
        r"[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}",
        verhoeff,
        r"aadha?ar\w*|uid(?:ai)?|\u0906\u0927\u093e\u0930",
    ),
)
# Sixteen and more characters in one piece.
_LONG = (
    _scheme(
        r"[a-z]{6}[0-9lmnp-v]{2}[abcdehlmprst][0-9lmnp-v]{2}[a-z][0-9lmnp-v]{3}[a-z]",
        checks.codice_fiscale,
    ),
    _scheme(
        rf"[a-z][aeioux][a-z]{{2}}[0-9]{{2}}{_MONTH}{_DAY}[hmx][a-z]{{5}}[0-9a-z][0-9]",
        checks.curp,
    ),
)
_CALLED_NAMES = (
    "ssn", "itin", "social", "soc sec", "sin", "nhs", "steuer", "idnr", "identifik", "tax", "tin",
    "ahv", "avs", "sozial", "nif", "contrib", "bsn", "burger", "sofi", "rijksreg", "registre",
    "national reg", "niss", "insz", "pesel", "person", "f\u00f8dsel", "fnr", "cpr", "cpf", "aadha",
    "uid", "\u0906\u0927",
)  # fmt: skip
_INSURANCE = re.compile(r"[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[a-d](?![a-z0-9])")
_PREFIX = re.compile(r"(?<![a-z0-9])[a-ceghj-pr-tw-z][a-ceghj-npr-tw-z] ?\Z")
_SEPARATORS = re.compile("[ .+-]")


def national_numbers_in(text: Plain) -> Iterator[Found]:
    """Each national number of digits; those of weak shape only behind a word for them."""
    for scheme in _PLAIN:
        yield from _of_scheme(scheme, text)
    if any(name in text.lower for name in _CALLED_NAMES):
        for scheme in _CALLED:
            yield from _of_scheme(scheme, text)


def insurance_numbers_in(text: Plain) -> Iterator[Found]:
    """National Insurance numbers: two letters, six digits, a letter."""
    for match in _INSURANCE.finditer(text.lower):
        prefix = _PREFIX.search(text.lower, max(match.start() - 4, 0), match.start())
        if prefix:
            number = (prefix.group() + match.group()).replace(" ", "").upper()
            if checks.nino(number):
                yield _found(prefix.start(), match.end(), number)


def long_numbers_in(text: Plain) -> Iterator[Found]:
    """National numbers that begin with a name's letters."""
    for scheme in _LONG:
        yield from _of_scheme(scheme, text)


def _of_scheme(scheme: Scheme, text: Plain) -> Iterator[Found]:
    match = scheme.written.search(text.lower)
    while match:
        start, end = match.span()
        number = _SEPARATORS.sub("", match.group()).upper()
        if _is_free(scheme, text, start) and scheme.holds(number):
            yield _found(start, end, number)
            start = end - 1
        match = scheme.written.search(text.lower, start + 1)


def _found(start: int, end: int, number: str) -> Found:
    return Found(Kind.NATIONAL_NUMBER, start, end, number, is_example_national(number))


def _is_free(scheme: Scheme, text: Plain, start: int) -> bool:
    """Whether it is no part of a longer word or number, and called what it is if need be."""
    before = text.lower[max(start - 2, 0) : start]
    if before[-1:].isalnum() or (before.endswith("_") and before[:-1].isalnum()):
        return False
    if before and before[-1] in "-.,/+" and before[:-1].isdigit():
        return False
    if scheme.called is None:
        return True
    return bool(scheme.called.search(text.lower, max(start - _CUE_WITHIN, 0), start))
