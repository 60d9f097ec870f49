"""Asking for named fields: in tagged sections, or as JSON where the prompt has a schema.

Both are used with `yield from` inside a technique, so that a technique does not know which it is.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import TypeAlias

from synth_assets.core.completion import Completion, Request
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered, AnswerForm
from synth_assets.core.techniques.protocol import Prompt, Slot, Unusable
from synth_assets.core.techniques.sections import classified, read_sections
from synth_assets.core.verify.json_record import MAX_CHARACTERS

Asking: TypeAlias = Generator[Sequence[Request], Sequence[Completion], Answered | Unusable]

_ASKED_AGAIN_FOR = frozenset({Reason.MALFORMED_JSON, Reason.SCHEMA_VIOLATION})
"""Not for what a second answer would not mend: refused, cut off, empty, declined, filtered."""


def ask_fields(
    slot: Slot, prompt: Prompt, values: Mapping[str, str], step: str, names: tuple[str, ...]
) -> Asking:
    """Ask one prompt, and read the named fields of its answer; each is there and not empty.

    Without a schema the answer has them in sections (`read_sections`). With one they are
    properties of a JSON object. One that cannot be used is asked for once more, with what is
    wrong, under the step `.../again`; what comes then is final.
    """
    request = slot.ask(prompt, values, step)
    [completion] = yield [request]
    form = slot.form(prompt)
    if form is None:
        sections = read_sections(completion, names)
        return sections if isinstance(sections, Unusable) else Answered(sections)
    first = _judged(form, completion, names)
    if isinstance(first, Answered) or first.reason not in _ASKED_AGAIN_FOR:
        return first
    asked = request.answered_by(completion)
    if len(completion.text) > MAX_CHARACTERS:
        return first  # to send it back would cost more than it could bring
    [completion] = yield [form.asked_again(asked, completion.text, first.detail)]
    second = _judged(form, completion, names)
    if isinstance(second, Answered):
        return second
    return Unusable(second.reason, f"asked twice: {second.detail}")


def ask_text(slot: Slot, prompt: Prompt, values: Mapping[str, str], step: str, name: str) -> Asking:
    """Ask one prompt for one text: the whole answer, or with a schema the field `name`."""
    if slot.form(prompt) is None:
        [completion] = yield [slot.ask(prompt, values, step)]
        return Answered({name: completion.text})
    return (yield from ask_fields(slot, prompt, values, step, (name,)))


def _judged(
    form: AnswerForm, completion: Completion, names: tuple[str, ...]
) -> Answered | Unusable:
    found = form.read(completion.text, names)
    if not isinstance(found, Answered):
        return classified(completion, found.reason, found.problem)
    if found.mended and completion.finish_reason == "length":
        return Unusable(Reason.TRUNCATED, "cut off by the token limit; its JSON is not whole")
    return found
