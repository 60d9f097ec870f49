"""Short puzzles that rules can solve: dates, times, letters, rows of numbers, remainders."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from synth_assets.resources.embedded.dice import Dice

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 0}
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_MINUTES = {"minute": 1, "hour": 60, "day": 1440, "week": 10080}
_UNSURE = 0.45


@dataclass(frozen=True)
class Solved:
    """A puzzle worked out.

    Attributes:
        steps: sentences that lead to the answer, each in a form of its own.
        answer: what is asked.
        check: a sentence that confirms it.
        wrong: what a careless solver would say.
        goal: what is asked, in other words.
    """

    steps: tuple[str, ...]
    answer: str
    check: str
    wrong: str
    goal: str

    def spoilt(self) -> "Solved":
        """The careless solution: the last step and the check claim the wrong answer."""
        steps = (*self.steps[:-1], _claimed(self.steps[-1], self.answer, self.wrong))
        return Solved(steps, self.wrong, "", self.answer, self.goal)


@dataclass(frozen=True)
class Kind:
    """A kind of puzzle.

    Attributes:
        name: of the kind.
        pattern: finds its parts in a text.
        work: works it out.
        unsure: how often a solver falls for the careless reading.
    """

    name: str
    pattern: re.Pattern[str]
    work: Callable[[re.Match[str], Dice], Solved]
    unsure: float = 0.0


def kind_of(puzzle: str) -> tuple[Kind, re.Match[str]] | None:
    """The kind of a puzzle, with its parts; none where no rule knows it."""
    plain = " ".join(puzzle.split())
    for kind in KINDS:
        if match := kind.pattern.search(plain):
            return kind, match
    return None


def _weekday(found: re.Match[str], dice: Dice) -> Solved:
    day, count = _DAYS.index(found["day"]), int(found["count"])
    ago = found["ago"] is not None
    rest = count % 7
    answer = _DAYS[(day - rest if ago else day + rest) % 7]
    way = "back" if ago else "on"
    return Solved(
        (
            f"{count} days are {count // 7} weeks and {rest} days.",
            "Whole weeks change nothing about the day of the week.",
            f"From {_DAYS[day]} {rest} days {way} it is {answer}.",
        ),
        answer,
        f"Counting {rest} days from {answer} the other way leads to {_DAYS[day]} again.",
        dice.choice([_DAYS[(_DAYS.index(answer) + slip) % 7] for slip in (1, -1)]),
        f"the day {count} days {'before' if ago else 'after'} a {_DAYS[day]}",
    )


def _clock(found: re.Match[str], dice: Dice) -> Solved:
    hour, minute, hours, minutes = (int(found[name]) for name in ("h", "m", "hours", "minutes"))
    start, length = 60 * hour + minute, 60 * hours + minutes
    end = (start + length) % 1440
    answer, on_the_hour = _time(end), _time((start + 60 * hours) % 1440)
    return Solved(
        (
            f"{hours} hours after {_time(start)} it is {on_the_hour}.",
            f"{minutes} minutes after that it is {answer}.",
        ),
        answer,
        f"From {answer} back to {_time(start)} it is {length} minutes, as it should be.",
        _time((end + dice.choice((10, -10, 60, -60))) % 1440),
        f"what the clock shows {length} minutes later than {_time(start)}",
    )


def _letters(found: re.Match[str], dice: Dice) -> Solved:
    letter, word = found["letter"], found["word"]
    places = [place for place, each in enumerate(word, 1) if each == letter]
    answer = str(len(places))
    listed = ", ".join(map(str, places)) or "none"
    return Solved(
        (
            f"Letter by letter the word is {'-'.join(word)}.",
            f"{letter} stands at these places: {listed}.",
            f"So {letter} occurs {answer} times.",
        ),
        answer,
        f"Without {letter} the word has {len(word) - len(places)} of its {len(word)} letters left.",
        str(len(places) + dice.choice((1, 2) if len(places) < 2 else (1, -1))),
        f"how often {letter} stands in {word}",
    )


def _alphabet(found: re.Match[str], dice: Dice) -> Solved:
    words = [word.strip() for word in re.split(r",| and ", found["words"]) if word.strip()]
    ordered = sorted(words)
    place = _ORDINALS[found["place"]] - 1
    answer = ordered[place]
    return Solved(
        (
            f"In alphabetical order they are {', '.join(ordered)}.",
            f"The {found['place']} of them is {answer}.",
        ),
        answer,
        f"{sum(word < answer for word in words)} of the words come before {answer}.",
        dice.choice([word for word in words if word != answer]),
        f"which of {len(words)} words comes {found['place']} in a dictionary",
    )


def _row(found: re.Match[str], dice: Dice) -> Solved:
    row = [int(number) for number in re.findall(r"\d+", found["row"])]
    gaps = [other - one for one, other in pairwise(row)]
    if len(set(gaps)) == 1:
        following, rule = row[-1] + gaps[0], f"Each number is {gaps[0]} more than the one before."
    elif all(other * row[0] == one * row[1] for one, other in pairwise(row)):
        factor = row[1] // row[0]
        following, rule = row[-1] * factor, f"Each number is {factor} times the one before."
    else:
        rise = gaps[1] - gaps[0]
        following = row[-1] + gaps[-1] + rise
        rule = f"The gaps are {', '.join(map(str, gaps))}: each is {rise} more than the one before."
    return Solved(
        (rule, f"After {row[-1]} comes {following}."),
        str(following),
        f"The step from {row[-1]} to {following} is {following - row[-1]}, which fits the rule.",
        str(following + dice.choice((1, -1, 2, 10))),
        f"the rule of a row of {len(row)}, and with it the next number",
    )


def _remainder(found: re.Match[str], dice: Dice) -> Solved:
    whole, part = int(found["whole"].replace(",", "")), int(found["part"])
    times, rest = divmod(whole, part)
    return Solved(
        (
            f"{part} goes into {whole} {times} times.",
            f"{times} times {part} is {times * part}.",
            f"What remains of {whole} is {rest}.",
        ),
        str(rest),
        f"{times * part} and {rest} make {whole}, and {rest} is less than {part}.",
        str(abs(rest + dice.choice((1, -1, 2, 3)))),
        f"the rest of {whole} over {part}",
    )


def _minutes(found: re.Match[str], dice: Dice) -> Solved:
    parts = re.findall(r"(\d+) (minute|hour|day|week)s?", found["span"])
    values = [int(count) * _MINUTES[unit] for count, unit in parts]
    steps = [
        f"{count} {unit}{'' if count == '1' else 's'}: {count} times {_MINUTES[unit]} minutes is "
        f"{value} minutes."
        for (count, unit), value in zip(parts, values, strict=True)
    ]
    answer = str(sum(values))
    return Solved(
        (*steps, f"Together that is {answer} minutes."),
        answer,
        f"{answer} minutes are {sum(values) / 60:g} hours, which is about right.",
        str(sum(values) + dice.choice((60, -60, 40, -20))),
        "one span of time, in minutes alone",
    )


def _roman(found: re.Match[str], dice: Dice) -> Solved:
    left, signs, steps = int(found["number"]), "", list[str]()
    for value, sign in _ROMAN:
        count = left // value
        if count:
            steps.append(f"{value * count} is {sign * count}.")
        left, signs = left - value * count, signs + sign * count
    cut = dice.below(len(signs))
    return Solved(
        (*steps, f"Put together: {signs}."),
        signs,
        f"Read back, {signs} is {found['number']}.",
        signs[:cut] + signs[cut + 1 :] or f"{signs}I",
        f"{found['number']} as the Romans carved it",
    )


def _backwards(found: re.Match[str], dice: Dice) -> Solved:
    word = found["word"]
    answer = word[::-1]
    cut = next(at for at in range(len(word) - 1) if answer[at] != answer[at + 1])
    wrong = answer[:cut] + answer[cut + 1] + answer[cut] + answer[cut + 2 :]
    return Solved(
        (f"The letters in order are {', '.join(word)}.", f"From the last to the first: {answer}."),
        answer,
        f"{answer} read backwards is {word}.",
        wrong,
        f"the {len(word)} letters of {word}, turned round",
    )


def _posts(found: re.Match[str], dice: Dice) -> Solved:
    length, gap = int(found["length"]), int(found["gap"])
    gaps = length // gap
    return Solved(
        (
            f"{length} metres make {gaps} gaps of {gap} metres.",
            f"Counting both ends, there is one more than there are gaps: {gaps + 1}.",
        ),
        str(gaps + 1),
        f"With {gaps + 1} there are {gaps} gaps between them, and {gaps} times {gap} is {length}.",
        str(gaps),
        f"how many it takes for {length} metres, one every {gap}",
    )


def _included(found: re.Match[str], dice: Dice) -> Solved:
    first, last = int(found["first"]), int(found["last"])
    answer = str(last - first + 1)
    return Solved(
        (
            f"From {first} to {last} it is {last - first} steps.",
            f"As the first counts too, that makes {answer}.",
        ),
        answer,
        f"{first} and the {last - first} after it are {answer}.",
        str(last - first),
        f"how many there are from {first} up to and with {last}",
    )


def _claimed(step: str, answer: str, wrong: str) -> str:
    """The step with the last mention of the answer changed."""
    before, found, after = step.rpartition(answer)
    return f"{before}{wrong}{after}" if found else step


def _time(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _kind(
    name: str, pattern: str, work: Callable[[re.Match[str], Dice], Solved], unsure: float = 0.0
) -> Kind:
    return Kind(name, re.compile(pattern), work, unsure)


_A_DAY = "|".join(_DAYS)
_A_PLACE = "|".join(_ORDINALS)

KINDS = (
    _kind(
        "weekday",
        rf"(?P<day>{_A_DAY}).*?(?:day of the week|weekday).*?(?P<count>\d+) days(?P<ago> ago)?",
        _weekday,
    ),
    _kind(
        "clock",
        r"(?P<h>\d{1,2}):(?P<m>\d\d)\b.*?(?P<hours>\d+) hours? and (?P<minutes>\d+) minutes",
        _clock,
    ),
    _kind("letters", r"letter (?P<letter>[a-z])\b.*? word (?P<word>[a-z]+)", _letters),
    _kind("alphabet", rf"(?P<place>{_A_PLACE}) .*?alphabet\w*.*?: (?P<words>[a-z, ]+)", _alphabet),
    _kind("row", r"(?P<row>\d+(?:, \d+){3,})", _row),
    _kind(
        "remainder",
        r"(?:remain|left over|spare).*?(?P<whole>\d[\d,]*\d) .*?(?:by|groups of) (?P<part>\d+)",
        _remainder,
    ),
    _kind("minutes", r"How many minutes .*?(?P<span>\d+ \w+(?:(?:,| and) \d+ \w+)*)", _minutes),
    _kind("roman", r"(?P<number>\d+)\b.*? Roman numerals", _roman),
    _kind("backwards", r"word (?P<word>[a-z]+) .*?backwards", _backwards),
    _kind(
        "posts",
        r"(?P<length>\d+) metres.*? every (?P<gap>\d+) metres.*? both ends",
        _posts,
        _UNSURE,
    ),
    _kind(
        "included",
        r"from (?:\w+ )?(?P<first>\d+)(?:th|rd|nd|st)? to (?:\w+ )?(?P<last>\d+).*?includ",
        _included,
        _UNSURE,
    ),
)
"""The first whose pattern fits a puzzle works it out."""

KIND_NAMES: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
