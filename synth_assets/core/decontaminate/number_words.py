"""Numbers in words, as people write them in problems; English."""

import re
from collections.abc import Mapping

ONES: Mapping[str, int] = {
    word: value
    for value, word in enumerate(
        re.findall(
            r"\w+",
            "zero one two three four five six seven eight nine ten eleven twelve thirteen "
            "fourteen fifteen sixteen seventeen eighteen nineteen",
        )
    )
}
TENS: Mapping[str, int] = {
    word: 10 * value
    for value, word in enumerate(
        re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety"), start=2
    )
}
SCALES: Mapping[str, int] = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "dozen": 12,
    "dozens": 12,
}
_PARTS = re.findall(r"\w+", "third fourth fifth sixth seventh eighth ninth tenth")
PARTS: Mapping[str, int] = {
    **{word: value for value, word in enumerate(_PARTS, start=3)},
    **{f"{word}s": value for value, word in enumerate(_PARTS, start=3)},
    "halves": 2,
    "quarter": 4,
    "quarters": 4,
}
"""What the number before is divided by: two thirds."""
MULTIPLES: Mapping[str, float] = {
    "half": 0.5,
    "halved": 0.5,
    "twice": 2,
    "double": 2,
    "doubled": 2,
    "doubles": 2,
    "thrice": 3,
    "triple": 3,
    "tripled": 3,
    "triples": 3,
    "quadruple": 4,
    "quadrupled": 4,
}
"""Numbers by themselves."""
