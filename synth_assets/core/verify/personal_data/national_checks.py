"""Check digits of national numbers; each takes one without separators, letters in capitals."""

from collections import Counter

from synth_assets.core.verify.personal_data.checksums import luhn, mod_11_10, weighted

_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU_MARKS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_FISCAL_ODD = (
    1,
    0,
    5,
    7,
    9,
    13,
    15,
    17,
    19,
    21,
    2,
    4,
    18,
    20,
    11,
    3,
    6,
    8,
    12,
    14,
    16,
    10,
    22,
    25,
    24,
    23,
)


def social_security(number: str) -> bool:
    """United States: a Social Security number, or the one of a taxpayer without."""
    return ssn(number) or itin(number)


def nhs(number: str) -> bool:
    """United Kingdom, health: weighted, the remainder of eleven."""
    return weighted(number, range(10, 0, -1)) % 11 == 0


def portuguese(number: str) -> bool:
    """Portugal: the complement of eleven."""
    return weighted(number[:8], range(9, 1, -1)) * 10 % 11 % 10 == int(number[8])


def ssn(number: str) -> bool:
    """United States: area, group and serial that can be issued; there is no check digit."""
    return (
        number[:3] not in ("000", "666")
        and number[0] != "9"
        and (number[3:5] != "00" and number[5:] != "0000")
    )


def itin(number: str) -> bool:
    """United States, taxpayers without a Social Security number."""
    group = int(number[3:5])
    return number[0] == "9" and (50 <= group <= 65 or (70 <= group <= 99 and group not in (89, 93)))


def nino(number: str) -> bool:
    """United Kingdom: prefixes that are issued; there is no check digit."""
    return number[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def insee(number: str) -> bool:
    """France: the key of the remainder of 97; Corsica has letters."""
    digits = number.replace("2A", "19").replace("2B", "18")
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def dni(number: str) -> bool:
    """Spain: the letter of the remainder of 23, of citizens and foreigners."""
    digits = number[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI_LETTERS[int(digits) % 23] == number[-1]


def codice_fiscale(number: str) -> bool:
    """Italy: the letter of the last place."""
    total = 0
    for place, character in enumerate(number[:15]):
        value = int(character) if character.isdigit() else ord(character) - ord("A")
        total += value if place % 2 else _FISCAL_ODD[value]
    return chr(total % 26 + ord("A")) == number[15]


def bsn(number: str) -> bool:
    """The Netherlands: the test of eleven."""
    return weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def pesel(number: str) -> bool:
    """Poland: a date, and the check digit."""
    month, day = int(number[2:4]) % 20, int(number[4:6])
    check = weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10
    return 1 <= month <= 12 and 1 <= day <= 31 and check == 0


def cpf(number: str) -> bool:
    """Brazil: two check digits."""
    first = weighted(number[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(number[:10], range(11, 1, -1)) * 10 % 11 % 10
    return number[9:] == f"{first}{second}" and len(set(number)) > 1


def german_tax_id(number: str) -> bool:
    """Germany: one digit of the first ten occurs twice or thrice; ISO 7064."""
    repeated = [count for count in Counter(number[:10]).values() if count > 1]
    return repeated in ([2], [3]) and mod_11_10(number)


def belgian(number: str) -> bool:
    """Belgium: the complement of 97, of those born before and since 2000."""
    start, check = int(number[:9]), int(number[9:])
    return check in (97 - start % 97, 97 - (2_000_000_000 + start) % 97)


def norwegian(number: str) -> bool:
    """Norway: a day, and two check digits."""
    first = weighted(number, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11
    second = weighted(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11
    return first == second == 0 and 1 <= int(number[:2]) % 40 <= 31


def ahv(number: str) -> bool:
    """Switzerland: the check digit of EAN-13."""
    return weighted(number, (1, 3) * 6 + (1,)) % 10 == 0


def hetu(number: str) -> bool:
    """Finland: the mark of the remainder of 31; the century's sign is a letter, or left out."""
    digits = number[:6] + number[-4:-1]
    return _HETU_MARKS[int(digits) % 31] == number[-1]


def chinese(number: str) -> bool:
    """China: ISO 7064 MOD 11-2."""
    total = weighted(number[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
    return "10X98765432"[total % 11] == number[17]


def curp(number: str) -> bool:
    """Mexico: the check digit."""
    letters = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
    total = sum(letters.index(each) * (18 - place) for place, each in enumerate(number[:17]))
    return str(-total % 10) == number[17]


def swedish(number: str) -> bool:
    """Sweden: Luhn over the last ten digits."""
    return luhn(number[-10:])
