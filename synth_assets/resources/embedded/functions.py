"""Small Python functions: described, and written again from a description.

Functions and their descriptions come from `functions.yaml`. A number in the code stands in the
description, and is read back from there: a description that lost it gives another function. Now and
then the writer errs as careless programmers do, which only running the function shows.
"""

import re
from collections.abc import Mapping
from functools import cache, cached_property

from synth_assets.core.config.names import Written
from synth_assets.core.function_shape import FunctionShape, function_of
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

DESCRIBE_FLAWS = frozenset({Flaw.COPIED_SEED, Flaw.LOST_MEANING, Flaw.PROMPT_LEAK})
WRITE_FLAWS = frozenset({Flaw.IGNORED_REQUEST, Flaw.LOST_MEANING})

_UNKNOWN = (
    "This is none of the functions that the embedded teacher knows, so it writes nothing rather "
    "than a guess."
)
_NUMBER = re.compile(r"\b\d+\b")
_OPENINGS: Mapping[str, tuple[str, ...]] = {
    "scholar": (
        "Write a Python function `{call}` that {said}.",
        "Implement `{call}` in Python: it {said}.",
        "Needed is a Python function `{call}`; it {said}.",
    ),
    "clerk": (
        "Please write `{call}` in Python. It {said}.",
        "We need a function in Python, `{call}`, which {said}.",
        "Code the Python function `{call}`. What it does: it {said}.",
    ),
}
_LOST_NAME = "its arguments"


class Family(Written):
    """A function with one number that may differ.

    Attributes:
        name: of the function.
        numbers: that it may have.
        code: as seeds have it.
        other: the same, written in another way.
        wrong: functions of the same name, parameters and numbers that do something else.
        said: what it does, in several wordings.
        edge: what happens at the edges.
        tests: assertions that hold for the first two, and not for those that are wrong.
    """

    name: str
    numbers: tuple[int, ...] = ()
    code: str
    other: str
    wrong: tuple[str, ...]
    said: tuple[str, ...]
    edge: str
    tests: str

    @cached_property
    def shape(self) -> FunctionShape:
        """The function as it looks from outside."""
        found = function_of(self.code.replace("{n}", "1"))
        if isinstance(found, str):
            raise AssertionError(f"functions.yaml: {self.name}: {found}")
        return found

    def number_in(self, template: str, text: str) -> str | None:
        """The number with which a template stands in a text; empty if it has none."""
        parts = [re.escape(part) for part in " ".join(template.split()).split("{n}")]
        pattern = r"(\d+)".join(parts[:2]) + "".join(rf"\1{part}" for part in parts[2:])
        found = re.search(pattern, " ".join(text.split()))
        return None if found is None else (found[1] if len(parts) > 1 else "")


def recognise(asked: Asked) -> Task | None:
    """`<function_to_describe>`: what it does; `<function_description>`: the function."""
    code, description = asked.section("function_to_describe"), asked.section("function_description")
    if code:
        detail = asked.section("detail")
        return Task(
            DESCRIBE_FLAWS,
            lambda voice, flaw, dice: describe(code, detail, voice, flaw, asked.leak, dice),
        )
    if description:
        return Task(WRITE_FLAWS, lambda _, flaw, dice: write(description, flaw, dice))
    return None


def describe(
    code: str, detail: str, voice: str, flaw: Flaw | None, leak: str, dice: Dice
) -> Composition:
    """Say in the section `description` what a function does; with its edges, if asked for."""
    for family in families():
        number = family.number_in(family.code, code)
        if number is not None:
            break
    else:
        return Composition(_UNKNOWN, Truth())
    said = dice.choice(family.said).replace("{n}", number)
    call = f"{family.name}({', '.join(family.shape.parameters)})"
    text = dice.choice(_OPENINGS[voice]).format(call=call, said=said)
    if "edge" in detail:
        text = f"{text} {family.edge}"
    match flaw:
        case Flaw.COPIED_SEED:
            shape = function_of(code)
            text = f"{text}\n\n{shape if isinstance(shape, str) else shape.body}"
        case Flaw.LOST_MEANING:
            text = _less(text, family)
        case Flaw.PROMPT_LEAK:
            text = f"{leak}\n{text}"
        case _:
            pass
    return Composition(f"<description>\n{text}\n</description>", Truth(flaw, answer=family.name))


def write(description: str, flaw: Flaw | None, dice: Dice) -> Composition:
    """Write in the section `code` the function that a description asks for."""
    for family in families():
        found = (family.number_in(said, description) for said in family.said)
        number = next((each for each in found if each is not None), None)
        if family.name in description and number is not None:
            break
    else:
        return Composition(_UNKNOWN, Truth())
    versions = (family.other, family.other, family.code)
    code = dice.choice(family.wrong if flaw is Flaw.LOST_MEANING else versions)
    code = code.replace("{n}", number).strip()
    if flaw is Flaw.IGNORED_REQUEST:
        code = code.replace(f"def {family.name}(", f"def my_{family.name}(")
    return Composition(f"<code>\n{code}\n</code>", Truth(flaw, answer=family.name))


@cache
def families() -> tuple[Family, ...]:
    """All functions that the teacher knows."""
    return tuple(Family.model_validate(entry) for entry in read_packaged("functions.yaml"))


def _less(text: str, family: Family) -> str:
    """A description that says another number, or leaves the parameters out."""
    if family.numbers:
        return _NUMBER.sub(lambda found: str(int(found[0]) + 1), text)
    for parameter in family.shape.parameters:
        text = re.sub(rf"\b{parameter}\b", _LOST_NAME, text)
    return text
