"""Regular expressions mean the same on every Python that is supported."""

import re
from pathlib import Path

import synth_assets
from synth_assets.core.verify.reading.quantities import numbers_in
from synth_assets.core.verify.reading.words import words

_POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[\d,{}]+\})\+")


def test_sources_repeat_no_group_possessively() -> None:
    # Before Python 3.11.5 `(?:ab)*+` keeps the `a` of a repetition that failed; `(?>(?:ab)*)`
    # says the same and does not.
    found = [
        f"{path.name}:{number}"
        for path in sorted(Path(synth_assets.__path__[0]).rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if _POSSESSIVE_GROUP.search(line) and not line.lstrip().startswith("#")
    ]
    assert found == []


def test_words_and_numbers_leave_a_full_stop_behind_a_number() -> None:
    assert [word.text for word in words("3rd and 9. Then 4:51, 1.5.")] == [
        *("3rd", "and", "9", "Then", "4:51", "1.5")
    ]
    assert numbers_in("She has 9. He has 3.5, or 4,") == {9, 3.5, 4}
