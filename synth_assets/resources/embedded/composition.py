"""The embedded teacher: rules, no model. It needs no key and no network, and says what it is.

`compose` answers a chat as a teacher of the catalogue would. It recognises a task by the sections
of the last user message:

- `<example_problem>`, with `<example_solution>` and `<level>` where given: a new problem;
- `<problem>`: its solution;
- `<passage>`, with `<focus>` where given: a question about it;
- `<document_kind>`, with `<organisation>` where given: a document and its record.

The parameter `flaws` maps flaw names to rates; an answer has at most one flaw. Which one, and all
else, follows from a hash of model, messages, parameters and seed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from synth_assets.core.completion import Message
from synth_assets.core.fingerprint import Json, fingerprint
from synth_assets.errors import TeacherError
from synth_assets.resources.embedded.arithmetic import (
    SOLVE_FLAWS,
    WRITE_FLAWS,
    Example,
    solve_problem,
    write_problem,
)
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.records import RECORD_FLAWS, write_document
from synth_assets.resources.embedded.reference_qa import QA_FLAWS, ask_about
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

PROVIDER = "embedded"
_VOICES = {"scholar": "scholar", "clerk": "clerk", "solver": "scholar"}
_EVERYWHERE = frozenset({Flaw.REFUSAL, Flaw.TRUNCATION})

_REFUSALS = (
    "I'm sorry, but I can't help with that request.",
    "I cannot assist with this task.",
    "I'm sorry, I can't write that.",
)
_NO_TASK = (
    "The embedded teacher is a set of rules, not a language model. It writes arithmetic problems, "
    "solves the kinds it writes, asks about passages and writes business documents with records; "
    "this prompt holds no section that asks for one of these."
)
_SAMPLING = ("flaws", "max_tokens", "temperature", "top_p")
_TOKEN = re.compile(r"\w+|[^\w\s]")


def compose(
    model: str, messages: Sequence[Message], parameters: Mapping[str, Json], seed: int
) -> Composition:
    """Answer a chat.

    Args:
        model: `scholar`, `clerk` or `solver`, with or without the provider's prefix.
        messages: the chat.
        parameters: sampling parameters; `flaws` and `max_tokens` are heeded, the others, such as
            `temperature`, only choose another answer.
        seed: chooses among answers.

    Raises:
        TeacherError: for an unknown model or flaw, or rates that are none.
    """
    name = model.removeprefix(f"{PROVIDER}/")
    if name not in _VOICES:
        raise TeacherError(
            f"The embedded teacher has no model {name!r}. There are: {', '.join(_VOICES)}."
        )
    chat = [[message.role, message.content] for message in messages]
    sampling = {key: parameters[key] for key in _SAMPLING if key in parameters}
    dice = Dice(fingerprint([name, chat, sampling, seed]))
    task = _task(messages)
    flaw = _drawn_flaw(_rates(parameters.get("flaws", {})), task.flaws, dice.fork("flaw").unit())
    if flaw is Flaw.REFUSAL:
        return Composition(dice.choice(_REFUSALS), Truth(flaw))
    answer = task.answer(_VOICES[name], flaw, dice.fork("answer"))
    if flaw is Flaw.TRUNCATION:
        answer = answer.cut(int(len(answer.text) * (0.2 + 0.6 * dice.unit())))
    return _within_limit(answer, parameters.get("max_tokens"))


def count_tokens(text: str) -> int:
    """Words and marks, which is what the embedded teacher calls tokens."""
    return len(_TOKEN.findall(text))


@dataclass(frozen=True)
class _Task:
    """What a prompt asks for: the flaws that concern it, and the way to answer it."""

    flaws: frozenset[Flaw]
    answer: Callable[[str, Flaw | None, Dice], Composition]


def _task(messages: Sequence[Message]) -> _Task:
    prompt = next((m.content for m in reversed(messages) if m.role == "user"), "")
    instructions = messages[0].content if messages else ""
    leak = re.split(r"(?<=\.)\s|\n", instructions.strip())[0]

    def write(voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
        example = Example(
            _section(prompt, "example_problem"),
            _section(prompt, "example_solution"),
            _section(prompt, "level"),
        )
        return write_problem(example, voice, flaw, leak, dice)

    def solve(voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
        return solve_problem(_section(prompt, "problem"), voice, flaw, dice)

    def ask(voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
        passage, focus = _section(prompt, "passage"), _section(prompt, "focus")
        return ask_about(passage, focus, voice, flaw, leak, dice)

    def record(voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
        kind, organisation = _section(prompt, "document_kind"), _section(prompt, "organisation")
        return write_document(kind, organisation, voice, flaw, leak, dice)

    def decline(voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
        return Composition(_NO_TASK, Truth(flaw))

    tasks = {
        "example_problem": _Task(WRITE_FLAWS | _EVERYWHERE, write),
        "passage": _Task(QA_FLAWS | _EVERYWHERE, ask),
        "document_kind": _Task(RECORD_FLAWS | _EVERYWHERE, record),
        "problem": _Task(SOLVE_FLAWS | _EVERYWHERE, solve),
    }
    asked = (task for name, task in tasks.items() if _section(prompt, name))
    return next(asked, _Task(_EVERYWHERE, decline))


def _section(prompt: str, name: str) -> str:
    """The longest section of that name, stripped; empty if there is none."""
    bodies = re.findall(rf"<{name}>((?:(?!<{name}>).)*?)</{name}>", prompt, re.DOTALL)
    return max((body.strip() for body in bodies), key=len, default="")


def _rates(written: Json) -> dict[Flaw, float]:
    """Check the parameter `flaws`."""
    if not isinstance(written, Mapping):
        raise TeacherError(f"flaws is {written!r}; give a mapping of flaw names to rates.")
    rates: dict[Flaw, float] = {}
    for name, rate in written.items():
        if name not in set(Flaw):
            raise TeacherError(f"flaws names {name!r}. Known flaws: {', '.join(Flaw)}.")
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise TeacherError(f"flaws: {name} is {rate!r}; give a rate from 0 to 1.")
        rates[Flaw(name)] = float(rate)
    return rates


def _drawn_flaw(
    rates: Mapping[Flaw, float], concerning: frozenset[Flaw], point: float
) -> Flaw | None:
    """The flaw whose stretch of [0, 1) holds the point; rates beyond 1 in all are cut off."""
    for flaw in Flaw:
        if flaw in concerning:
            point -= rates.get(flaw, 0.0)
            if point < 0:
                return flaw
    return None


def _within_limit(answer: Composition, limit: Json) -> Composition:
    if not isinstance(limit, int) or isinstance(limit, bool):
        return answer
    ends = [token.end() for token in _TOKEN.finditer(answer.text)]
    return answer if len(ends) <= limit else answer.cut(ends[limit - 1] if limit > 0 else 0)
