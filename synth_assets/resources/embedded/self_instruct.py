"""New tasks from demonstrations: proposing them, telling classification tasks, and instances.

A task is put together of three sentences: what is given, what to do with it, and how to answer.
The teacher reads its own sentences back, so every output is worked out, not remembered.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from synth_assets.core.config.names import Written
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.stories import words
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

PROPOSE_FLAWS = frozenset({Flaw.REPETITION, Flaw.IGNORED_REQUEST})
CLASSIFY_FLAWS = frozenset({Flaw.IGNORED_REQUEST})
SOLVE_FLAWS = frozenset({Flaw.REPETITION, Flaw.LOST_MEANING, Flaw.PROMPT_LEAK})

_EXAMPLE = re.compile(r"<instruction>(.*?)</instruction>", re.DOTALL)
_KINDS = {"list": "words", "number": "numbers", "sentence": "sentence"}
_WEEKEND = ("Saturday", "Sunday")


class Operation(Written):
    """Something to do with an input.

    Attributes:
        name: of the rule that does it.
        gives: the kind of its result: `list`, `number`, `text` or `label`.
        say: wordings.
        labels: what a label may be.
    """

    name: str
    gives: str
    say: tuple[str, ...]
    labels: tuple[str, ...] = ()


class Grammar(Written):
    """What tasks are put together of; see self_instruct.yaml."""

    subjects: dict[str, dict[str, str]]
    openings: dict[str, tuple[str, ...]]
    operations: dict[str, tuple[Operation, ...]]
    answers: dict[str, dict[str, tuple[str, ...]]]
    sentences: tuple[str, ...]
    blocked: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """A task that was read back.

    Attributes:
        given: `words`, `numbers` or `sentence`.
        pool: the word list it speaks of.
        operation: what to do.
        manner: how to answer.
    """

    given: str
    pool: str
    operation: Operation
    manner: str


@dataclass(frozen=True)
class Given:
    """An input: as text, and what is in it."""

    text: str
    items: tuple[str, ...]
    named: Mapping[str, str]


def recognise(asked: Asked) -> Task | None:
    """`<example_tasks>`: new ones; `<task_to_classify>`; `<task_to_solve>`: instances of it."""
    if asked.section("example_tasks"):
        return Task(PROPOSE_FLAWS, lambda _, flaw, dice: _propose(asked, flaw, dice))
    if task := asked.section("task_to_classify"):
        return Task(CLASSIFY_FLAWS, lambda _, flaw, dice: _classify(task, flaw))
    if task := asked.section("task_to_solve"):
        return Task(SOLVE_FLAWS, lambda _, flaw, dice: _solve(task, asked, flaw, dice))
    return None


def _propose(asked: Asked, flaw: Flaw | None, dice: Dice) -> Composition:
    count = int(asked.section("number_of_tasks") or 5)
    subject, kind = asked.section("subject"), asked.section("kind_of_task")
    tasks = [_new_task(subject, kind, dice) for _ in range(count)]
    examples = _EXAMPLE.findall(asked.section("example_tasks"))
    if flaw is Flaw.REPETITION and examples:
        tasks[::2] = [f"Please do this: {dice.choice(examples)}" for _ in tasks[::2]]
    if flaw is Flaw.IGNORED_REQUEST:
        things = dice.choice([*_things(subject).values()])
        drawn = dice.shuffled(grammar().blocked)
        tasks[: len(drawn)] = [line.format(things=things) for line in drawn[: len(tasks)]]
    said = "\n".join(f"<instruction>{task}</instruction>" for task in tasks)
    return Composition(f"<instructions>\n{said}\n</instructions>", Truth(flaw))


def _new_task(subject: str, kind: str, dice: Dice) -> str:
    known = grammar()
    wanted = next((given for word, given in _KINDS.items() if word in kind), "")
    given = wanted or dice.choice([*_KINDS.values()])
    of_kind = [o for o in known.operations[given] if ("class" in kind) == (o.gives == "label")]
    operation = dice.choice(of_kind if kind else known.operations[given])
    things = dice.choice([*_things(subject).values()])
    opening = dice.choice(known.openings[given]).format(things=things)
    manner = dice.choice([*known.answers[operation.gives]])
    said = dice.choice(known.answers[operation.gives][manner])
    return f"{opening} {dice.choice(operation.say)} {said}"


def _things(subject: str) -> Mapping[str, str]:
    """Word list -> its name, of the subject that is asked for, or of all."""
    known = grammar().subjects
    found = next((known[name] for name in known if name in subject), None)
    return found or {pool: name for things in known.values() for pool, name in things.items()}


def _classify(task: str, flaw: Flaw | None) -> Composition:
    if flaw is Flaw.IGNORED_REQUEST:
        said = "it depends on how one looks at it"
    else:
        reading = read_task(task)
        said = "yes" if reading is not None and reading.operation.gives == "label" else "no"
    return Composition(f"<classification>{said}</classification>", Truth(flaw, answer=said))


def _solve(task: str, asked: Asked, flaw: Flaw | None, dice: Dice) -> Composition:
    reading = read_task(task)
    if reading is None:
        return Composition("<none/>", Truth(flaw))
    count = int(asked.section("number_of_instances") or 1)
    if flaw is Flaw.LOST_MEANING:
        count = max(count, 2)
    pairs: list[tuple[str, str]] = []
    for _ in range(count):
        given = _given(reading, dice)
        pairs.append((given.text, told(reading, given)))
    match flaw:
        case Flaw.REPETITION:
            pairs = [(text, text) for text, _ in pairs]
        case Flaw.LOST_MEANING:
            pairs[1] = (pairs[0][0], f"not {pairs[0][1]}")
        case Flaw.PROMPT_LEAK:
            pairs = [(text, f"{asked.leak}\n{output}") for text, output in pairs]
        case _:
            pass
    said = "\n".join(_instance(text, output) for text, output in pairs)
    return Composition(f"<instances>\n{said}\n</instances>", Truth(flaw))


def _instance(text: str, output: str) -> str:
    return f"<instance>\n<input>{text}</input>\n<output>{output}</output>\n</instance>"


def read_task(task: str) -> Reading | None:
    """Read a task of the grammar back; none where it is no such task."""
    for opening, given, pool in _openings():
        if not task.startswith(f"{opening} "):
            continue
        rest = task.removeprefix(f"{opening} ")
        for operation in grammar().operations[given]:
            for say in operation.say:
                if manner := _manner(operation.gives, rest.removeprefix(f"{say} ")):
                    return Reading(given, pool, operation, manner)
    return None


def _manner(gives: str, said: str) -> str | None:
    answers = grammar().answers[gives]
    return next((manner for manner, wordings in answers.items() if said in wordings), None)


@cache
def _openings() -> tuple[tuple[str, str, str], ...]:
    """Every opening, what it gives, and the word list it speaks of."""
    known = grammar()
    return tuple(
        (opening.format(things=things), given, pool)
        for given, openings in known.openings.items()
        for opening in openings
        for pools in known.subjects.values()
        for pool, things in pools.items()
    )


def _given(reading: Reading, dice: Dice) -> Given:
    pool = words()[reading.pool]
    match reading.given:
        case "words":
            items = dice.shuffled(pool)[: 4 + dice.below(4)]
            if reading.operation.name == "is_sorted" and dice.unit() < 0.5:
                items.sort()
            return Given(", ".join(items), tuple(items), {})
        case "numbers":
            items = [str(2 + dice.below(98)) for _ in range(5 + 2 * dice.below(2))]
            return Given(", ".join(items), tuple(items), {})
        case _:
            named = {slot: dice.choice(words()[slot]) for slot in ("who", "place", "weekday")}
            named |= {"count": str(2 + dice.below(40)), "item": dice.choice(pool)}
            text = dice.choice(grammar().sentences).format_map(named)
            return Given(text, tuple(text.rstrip(".").replace(",", "").split()), named)


def told(reading: Reading, given: Given) -> str:
    """The output of a task for an input, in the manner that is asked for."""
    results = _RULES[reading.operation.name](given)
    if reading.operation.gives == "list":
        return _as_list(results or ["none"], reading.manner)
    [result] = results
    match reading.manner:
        case "sentence":
            return f"The result is {result}."
        case "brackets":
            return f"[{result}]"
        case "equals":
            return f"= {result}"
        case "quoted":
            return f'"{result}"'
        case "capitals":
            return result.upper()
        case "stop":
            return f"{result}!"
        case "labelled":
            return f"Label: {result}"
        case _:
            return result


def _as_list(results: Sequence[str], manner: str) -> str:
    match manner:
        case "lines":
            return "\n".join(results)
        case "numbered":
            return "\n".join(f"{at}. {result}" for at, result in enumerate(results, start=1))
        case "semicolons":
            return "; ".join(results)
        case _:
            return ", ".join(results)


def _numbers(given: Given) -> list[int]:
    return [int(item) for item in given.items]


def _one(value: object) -> list[str]:
    return [str(value)]


def _all(values: Sequence[int]) -> list[str]:
    return [str(value) for value in values]


def _trend(numbers: Sequence[int]) -> str:
    if numbers[-1] == numbers[0]:
        return "level"
    return "up" if numbers[-1] > numbers[0] else "down"


def _yes(holds: bool) -> list[str]:
    return ["yes" if holds else "no"]


_RULES: Mapping[str, Callable[[Given], list[str]]] = {
    "sorted": lambda g: sorted(g.items),
    "backwards": lambda g: [*reversed(g.items)],
    "by_length": lambda g: sorted(g.items, key=len),
    "every_second": lambda g: [*g.items[::2]],
    "with_vowel_e": lambda g: [item for item in g.items if "e" in item],
    "count": lambda g: _one(len(g.items)),
    "letters": lambda g: _one(sum(letter.isalpha() for letter in g.items[0])),
    "longest": lambda g: _one(max(g.items, key=len)),
    "first_sorted": lambda g: _one(min(g.items)),
    "last": lambda g: _one(g.items[-1]),
    "initials": lambda g: _one("".join(item[0] for item in g.items)),
    "is_sorted": lambda g: _yes([*g.items] == sorted(g.items)),
    "is_long": lambda g: _one("long" if len(g.items) > 5 else "short"),
    "total": lambda g: _one(sum(_numbers(g))),
    "largest": lambda g: _one(max(_numbers(g))),
    "smallest": lambda g: _one(min(_numbers(g))),
    "spread": lambda g: _one(max(_numbers(g)) - min(_numbers(g))),
    "above_fifty": lambda g: _one(sum(number > 50 for number in _numbers(g))),
    "middle": lambda g: _one(sorted(_numbers(g))[len(g.items) // 2]),
    "ascending": lambda g: _all(sorted(_numbers(g))),
    "descending": lambda g: _all(sorted(_numbers(g), reverse=True)),
    "doubled": lambda g: _all([2 * number for number in _numbers(g)]),
    "running": lambda g: _all([*accumulate(_numbers(g))]),
    "parity": lambda g: _one("odd" if sum(_numbers(g)) % 2 else "even"),
    "trend": lambda g: _one(_trend(_numbers(g))),
    "word_count": lambda g: _one(len(g.items)),
    "quantity": lambda g: _one(g.named["count"]),
    "person": lambda g: _one(g.named["who"]),
    "town": lambda g: _one(g.named["place"]),
    "day": lambda g: _one(g.named["weekday"]),
    "anonymous": lambda g: _one(g.text.replace(g.named["who"], "Somebody")),
    "mirrored": lambda g: _one(" ".join(reversed(g.text.rstrip(".").split()))),
    "words_sorted": lambda g: sorted(g.items, key=str.casefold),
    "long_words": lambda g: [word for word in g.items if len(word) > 5],
    "weekend": lambda g: _one("weekend" if g.named["weekday"] in _WEEKEND else "weekday"),
    "direction": lambda g: _one("sold" if " sold " in g.text else "bought"),
    "dozen": lambda g: _yes(int(g.named["count"]) > 12),
}


@cache
def grammar() -> Grammar:
    """The whole grammar."""
    return Grammar.model_validate(read_packaged("self_instruct.yaml"))
