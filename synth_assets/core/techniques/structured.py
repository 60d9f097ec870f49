"""Asking for named fields: in tagged sections, or as JSON where the prompt has a schema.

Both are used with `yield from` inside a technique, so that a technique does not know which it is.
A closed block `<think>...</think>` before an answer is no part of it, in whatever form it is read.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from synth_assets.core.completion import Completion, Message, Request
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered, AnswerForm
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Slot, Unusable
from synth_assets.core.techniques.sections import classified, fault_of, read_sections, spoken
from synth_assets.core.verify.json_record import MAX_CHARACTERS

Asking: TypeAlias = Generator[Sequence[Request], Sequence[Completion], Answered | Unusable]
AskingEach: TypeAlias = Generator[
    Sequence[Request], Sequence[Completion], tuple[Answered | Unusable, ...]
]

_ASKED_AGAIN_FOR = frozenset({Reason.MALFORMED_JSON, Reason.SCHEMA_VIOLATION})
"""Not for what a second answer would not mend: refused, cut off, empty, declined, filtered."""


def ask_fields(
    slot: Slot,
    prompt: Prompt,
    values: Mapping[str, str],
    step: str,
    names: tuple[str, ...],
    *,
    copy: int = 0,
    history: Sequence[Message] = (),
    optional: tuple[str, ...] = (),
) -> Asking:
    """Ask one prompt, and read the named fields of its answer; each is there and not empty.

    Those that are `optional` may be missing or empty, and are then the empty text. Without a
    schema the answer has them in sections (`read_sections`). With one they are properties of a
    JSON object. One that cannot be used is asked for once more, with what is wrong, under the step
    `.../again`; what comes then is final.
    """
    request = slot.ask(prompt, values, step, copy=copy, history=history)
    [answered] = yield from read_each(slot, prompt, [request], names, optional)
    return answered


def ask_text(
    slot: Slot,
    prompt: Prompt,
    values: Mapping[str, str],
    step: str,
    name: str,
    *,
    copy: int = 0,
    history: Sequence[Message] = (),
) -> Asking:
    """Ask one prompt for one text: the whole answer, or with a schema the field `name`."""
    request = slot.ask(prompt, values, step, copy=copy, history=history)
    [answered] = yield from text_of_each(slot, prompt, [request], name)
    return answered


def read_each(
    slot: Slot,
    prompt: Prompt,
    requests: Sequence[Request],
    names: tuple[str, ...],
    optional: tuple[str, ...] = (),
) -> AskingEach:
    """Ask requests of one prompt side by side, and read their answers as `ask_fields` does."""
    return (yield from answers_of(slot.form(prompt), requests, names, optional))


def answers_of(
    form: AnswerForm | None,
    requests: Sequence[Request],
    names: tuple[str, ...],
    optional: tuple[str, ...] = (),
) -> AskingEach:
    """The same, where a form is at hand and no planned sample."""
    completions = yield requests
    if form is None:
        return tuple(_in_sections(completion, names, optional) for completion in completions)
    found = [_judged(form, completion, names, optional) for completion in completions]
    faulty = {
        index: form.asked_again(requests[index].answered_by(completions[index]), text, each.detail)
        for index, each in enumerate(found)
        if isinstance(each, Unusable)
        and each.reason in _ASKED_AGAIN_FOR
        # To send it back would cost more than it could bring.
        and len(text := spoken(completions[index].text)) <= MAX_CHARACTERS
    }
    if faulty:
        again = yield list(faulty.values())
        for index, completion in zip(faulty, again, strict=True):
            second = _judged(form, completion, names, optional)
            if isinstance(second, Unusable):
                second = Unusable(second.reason, f"asked twice: {second.detail}")
            found[index] = second
    return tuple(found)


def text_of_each(slot: Slot, prompt: Prompt, requests: Sequence[Request], name: str) -> AskingEach:
    """Ask requests of one prompt side by side for one text each; see `ask_text`.

    An answer that is empty, cut off, filtered or refused is unusable.
    """
    if slot.form(prompt) is not None:
        return (yield from read_each(slot, prompt, requests, (name,)))
    completions = yield requests
    return tuple(_whole(completion, name) for completion in completions)


def _in_sections(
    completion: Completion, names: tuple[str, ...], optional: tuple[str, ...]
) -> Answered | Unusable:
    sections = read_sections(completion, names, optional)
    return sections if isinstance(sections, Unusable) else Answered(sections, completion)


def _whole(completion: Completion, name: str) -> Answered | Unusable:
    fault = fault_of(completion)
    said = spoken(completion.text).strip()
    return Answered({name: said}, completion) if fault is None else fault


def _judged(
    form: AnswerForm,
    completion: Completion,
    names: tuple[str, ...],
    optional: tuple[str, ...],
) -> Answered | Unusable:
    said = replace(completion, text=spoken(completion.text))
    found = form.read(said, (*names, *optional))
    if optional and not isinstance(found, Answered):
        without = form.read(said, names)
        if isinstance(without, Answered):
            texts = {**dict.fromkeys(optional, ""), **without.texts}
            found = Answered(texts, completion, without.mended)
    if not isinstance(found, Answered):
        return classified(completion, found.reason, found.problem)
    if found.mended and completion.finish_reason == "length":
        return Unusable(Reason.TRUNCATED, "cut off by the token limit; its JSON is not whole")
    return replace(found, completion=completion)
