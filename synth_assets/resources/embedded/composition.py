"""The embedded teacher: rules, no model. It needs no key and no network, and says what it is.

`compose` answers a chat as a teacher of the catalogue would. It recognises a task by the sections
of the last user message; each kind of task stands in a file of its own, which says its sections.

The parameter `flaws` maps flaw names to rates; an answer has at most one flaw. Which one, and all
else, follows from a hash of model, messages, parameters and seed.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from synth_assets.core.completion import Message
from synth_assets.core.fingerprint import Json, fingerprint
from synth_assets.errors import TeacherError
from synth_assets.resources.embedded import (
    arithmetic,
    constitutional,
    conversation,
    distillation,
    edge_cases,
    evol_instruct,
    functions,
    guideline_qa,
    instructions,
    iterative_refinement,
    judging,
    phrase_book,
    preference,
    reasoning,
    records,
    reference_qa,
    self_consistency,
    self_instruct,
    self_play,
    textbook,
)
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

PROVIDER = "embedded"
_VOICES = {"scholar": "scholar", "clerk": "clerk", "solver": "scholar", "judge": "scholar"}
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
_RECOGNISERS: tuple[Callable[[Asked], Task | None], ...] = (
    # First, as what is judged may hold sections of other tasks.
    judging.recognise,
    evol_instruct.recognise,
    preference.recognise,
    edge_cases.recognise,
    self_instruct.recognise,
    self_play.recognise,
    functions.recognise,
    guideline_qa.recognise,
    instructions.recognise,
    phrase_book.recognise,
    conversation.recognise,
    textbook.recognise,
    self_consistency.recognise,
    reasoning.recognise,
    iterative_refinement.recognise,
    constitutional.recognise,
    arithmetic.recognise,
    reference_qa.recognise,
    records.recognise,
    distillation.recognise,
)
"""The first that knows a prompt answers it; each looks for sections of its own."""

_SAMPLING = ("flaws", "max_tokens", "temperature", "top_p")
_TOKEN = re.compile(r"\w+|[^\w\s]")


def compose(
    model: str, messages: Sequence[Message], parameters: Mapping[str, Json], seed: int
) -> Composition:
    """Answer a chat.

    Args:
        model: `scholar`, `clerk`, `solver` or `judge`, with or without the provider's prefix.
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
    asked = Asked.of(messages)
    found = (recognise(asked) for recognise in _RECOGNISERS)
    task = next((task for task in found if task is not None), _declined())
    rates, concerning = _rates(parameters.get("flaws", {})), task.flaws | _EVERYWHERE
    flaw = _drawn_flaw(rates, concerning, dice.fork("flaw").unit())
    if flaw is Flaw.REFUSAL:
        return Composition(dice.choice(_REFUSALS), Truth(flaw))
    answer = task.answer(_VOICES[name], flaw, dice.fork("answer"))
    if flaw is Flaw.TRUNCATION:
        answer = answer.cut(int(len(answer.text) * (0.2 + 0.6 * dice.unit())))
    return _within_limit(answer, parameters.get("max_tokens"))


def _declined() -> Task:
    return Task(frozenset(), lambda _, flaw, __: Composition(_NO_TASK, Truth(flaw)))


def count_tokens(text: str) -> int:
    """Words and marks, which is what the embedded teacher calls tokens."""
    return len(_TOKEN.findall(text))


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
