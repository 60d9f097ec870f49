"""Several answers to one prompt: what each says, who wrote it, and how it was asked for."""

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from synth_assets.core.completion import Completion, Request
from synth_assets.core.fingerprint import canonical_json
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Slot, Unusable
from synth_assets.core.techniques.structured import read_each, text_of_each
from synth_assets.errors import RecipeError


@dataclass(frozen=True)
class Copy:
    """One usable answer among several.

    Attributes:
        number: the how-many-th it is, from 0.
        texts: field -> text.
        teacher: who wrote it.
        completion: where it stands.
        style: the line of the styles file it was asked with, if any.
        chosen: attribute -> what was chosen for this answer, where the row would otherwise tell
            that of the first.
        mended: see `Answered`.
    """

    number: int
    texts: Mapping[str, str]
    teacher: str
    completion: Completion
    style: str
    chosen: Mapping[str, str]
    mended: bool

    def __getitem__(self, field: str) -> str:
        return self.texts[field]

    @property
    def told(self) -> dict[str, str]:
        """How it was asked for, as attributes."""
        return {**self.chosen, **({"style": self.style} if self.style else {})}


@dataclass(frozen=True)
class Copies:
    """What came of asking several times.

    Attributes:
        usable: in the order they were asked.
        lost: number -> why there is no answer.
    """

    usable: tuple[Copy, ...]
    lost: Mapping[int, Unusable]

    @property
    def lost_told(self) -> str:
        """How many were lost to what, in words; empty where none was."""
        reasons = [why.reason.value for why in self.lost.values()]
        counts = {reason: reasons.count(reason) for reason in sorted(set(reasons))}
        return ", ".join(f"{count} {reason}" for reason, count in counts.items())


AskingCopies: TypeAlias = Generator[Sequence[Request], Sequence[Completion], Copies]


def ask_copies(
    slot: Slot,
    prompt: Prompt,
    values: Mapping[str, str],
    step: str,
    names: tuple[str, ...],
    count: int,
    *,
    styles: str = "",
    whole: bool = False,
    instead_of: str = "",
) -> AskingCopies:
    """Ask one prompt several times, side by side.

    Args:
        slot: the planned sample.
        prompt: of the technique.
        values: variable -> text; with `styles`, `style` is added.
        step: the prompt's name.
        names: fields to read of each answer.
        count: how many answers.
        styles: a text file of the recipe with a style a line. Each answer is asked with one of
            its own, as far as they reach, from a line that the seed decides.
        whole: an answer in text is one text, `names[0]`, and has no sections.
        instead_of: the step whose recorded choices these answers replace, too.

    Raises:
        RecipeError: if the file is not there or empty, or something else is called `style`.
    """
    used = _styles(slot, styles, values, count)
    requests = [
        slot.ask(prompt, {"style": style, **values}, step, copy=copy)
        for copy, style in enumerate(used)
    ]
    if whole:
        answers = yield from text_of_each(slot, prompt, requests, names[0])
    else:
        answers = yield from read_each(slot, prompt, requests, names)
    asking = _Asking(slot, prompt, step, instead_of or step)
    usable = (
        asking.copy(number, used[number], requests[number], answer)
        for number, answer in enumerate(answers)
        if isinstance(answer, Answered)
    )
    lost = {n: answer for n, answer in enumerate(answers) if isinstance(answer, Unusable)}
    return Copies(tuple(usable), lost)


@dataclass(frozen=True)
class _Asking:
    """What the copies of one prompt have in common.

    Attributes:
        slot: the planned sample.
        prompt: of the technique.
        step: the prompt's name.
        recorded: the step whose recorded choices hold for the first copy alone.
    """

    slot: Slot
    prompt: Prompt
    step: str
    recorded: str

    def copy(self, number: int, style: str, request: Request, answer: Answered) -> Copy:
        """A usable answer, with what was chosen for it."""
        asked = asked_of(request, answer.completion)
        own = self.slot.ask.choices(self.prompt, self.step, number)
        chosen = {**_chosen(self.slot, asked, self.recorded), **own}
        texts, came, mended = answer.texts, answer.completion, answer.mended
        return Copy(number, texts, asked.teacher, came, style, chosen, mended)


def _styles(slot: Slot, styles: str, values: Mapping[str, str], count: int) -> tuple[str, ...]:
    """The style of each of some answers; empty ones where there is no file."""
    if styles and "style" in values:
        raise RecipeError(
            f"technique: styles: {styles} gives each answer a `style`, but a variation or a field "
            "of the seeds is called `style`, too. Rename that one, or leave out styles:."
        )
    lines = lines_of(slot, styles) if styles else ("",)
    first = int(slot.seed.seed_id[:8], 16) + slot.round * count
    return tuple(lines[(first + copy) % len(lines)] for copy in range(count))


def joined_inputs(slot: Slot, names: Sequence[str], where: str) -> str:
    """The named inputs of a planned sample, those that are not empty, each on lines of its own.

    Raises:
        RecipeError: if there is no such input.
    """
    if missing := [name for name in names if name not in slot.inputs]:
        raise RecipeError(
            f"technique: {where} names {missing[0]}, but the seed and the variations have only "
            f"{', '.join(sorted(slot.inputs))}. Mend the name, or map it under seeds: columns:."
        )
    return "\n\n".join(slot.inputs[name] for name in names if slot.inputs[name])


def lines_of(slot: Slot, file: str) -> tuple[str, ...]:
    """The lines of a text file of the recipe; empty ones and comments (`#`) are passed over.

    Raises:
        RecipeError: if the file is not there, or has no line.
    """
    found = _lines_in(slot.files.get(file, ""))
    if not found:
        raise RecipeError(
            f"technique: the recipe's folder has no file {file} with a line in it. Write it, a "
            "line each, or mend the name."
        )
    return found


def style_shares(files: Mapping[str, str], styles: str) -> dict[str, dict[str, float]]:
    """`own_choices` of a technique with a file of styles: answers go round its lines."""
    return {"style": dict.fromkeys(_lines_in(files.get(styles, "")), 1.0)} if styles else {}


def _lines_in(text: str) -> tuple[str, ...]:
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def asked_of(request: Request, completion: Completion) -> Request:
    """The request that was answered; JSON that was asked for again is its first teacher's."""
    for each in (request, *request.fallbacks):
        if each.fingerprint == completion.fingerprint:
            return each
    return request


def _chosen(slot: Slot, asked: Request, step: str) -> dict[str, str]:
    """Sampling parameters among the recorded choices; variations of the same name are none."""
    parameters = json.loads(asked.parameters)
    named = {name: name.removeprefix(f"{step}_") for name in slot.drawn if name not in slot.inputs}
    return {
        name: canonical_json(parameters[parameter])
        for name, parameter in named.items()
        if parameter in parameters
    }


def refuse_unused_style(styles: str, prompt: Prompt, step: str) -> None:
    """A style that the prompt never shows would be recorded of answers that know nothing of it.

    Raises:
        ValueError: if there are styles, and `style` is no input of the prompt.
    """
    if styles and "style" not in prompt.inputs:
        raise ValueError(f"styles is given, but `style` is none of the inputs of {step}")
