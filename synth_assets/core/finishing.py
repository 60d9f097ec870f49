"""From what a technique made of a planned sample to rows, each with its decision."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.fingerprint import content_hash, short_id
from synth_assets.core.planning import attributes_text, parents_depth
from synth_assets.core.sample import Sample, history_text
from synth_assets.core.schema import Decision, Origin, Outcome, Reason
from synth_assets.core.techniques.protocol import Draft, Slot, Unusable
from synth_assets.errors import TechniqueError

Answers = Sequence[tuple[Request, Completion]]
"""Requests with their completions, in the order they were asked."""

_TEXTS = ("prompt", "response", "context", "reference", "rejected", "label")
_MENDED = {"json": "mended"}
"""Stands among a row's attributes where an answer's JSON had to be mended."""


@dataclass(frozen=True)
class Piece:
    """One candidate row of a planned sample.

    Attributes:
        decision: what generation decided of it.
        sample: the row, where it is kept.
        answers: what it was made of.
    """

    decision: Decision
    sample: Sample | None
    answers: Answers


def finished(
    recipe: Recipe,
    slot: Slot,
    name: str,
    answers: Answers,
    result: Draft | Unusable | Sequence[Draft | Unusable],
) -> tuple[Piece, ...]:
    """Name and record what a technique made of a planned sample.

    A draft without a label bears the name of the planned sample, others names of their own.
    Completions that no draft claims are counted with the first piece, so that every call is told.

    Args:
        recipe: whose technique it is.
        slot: the planned sample.
        name: of the planned sample.
        answers: all of the slot.
        result: what the technique returned.

    Raises:
        TechniqueError: if it made nothing, two drafts have one label, or one names a parent or
            completion that is none of the slot's.
    """
    made = _checked(recipe, result)
    labels = [each.label for each in made]
    if not made or len(set(labels)) < len(labels):
        raise _fault(recipe, "made no sample" if not made else "gave two samples one label")
    pieces: dict[str, Piece] = {}
    for each in made:
        own = name if not each.label else short_id([name, each.label])
        pieces[each.label] = _piece(recipe, slot, own, answers, each, pieces)
    claimed = {c.fingerprint for piece in pieces.values() for _, c in piece.answers}
    rest = [(asked, came) for asked, came in answers if came.fingerprint not in claimed]
    first, *others = pieces.values()
    return (Piece(first.decision, first.sample, (*first.answers, *rest)), *others)


def _checked(recipe: Recipe, result: object) -> tuple[Draft | Unusable, ...]:
    """What a technique returned, if rows can be made of it; a user's own may return anything."""
    made = cast("Sequence[object]", result if isinstance(result, list | tuple) else (result,))
    for each in made:
        match each:
            case Unusable(reason=Reason()):
                texts: dict[str, object] = {"detail": each.detail, "label": each.label}
            case Draft():
                texts = {name: getattr(each, name) for name in _TEXTS}
                texts |= {f"turn {n}": said.content for n, said in enumerate(each.history)}
                _check_figures(recipe, each)
            case _:
                raise _fault(
                    recipe, f"returned {type(each).__name__}, where a Draft or Unusable is needed"
                )
        for name, text in texts.items():
            if not isinstance(text, str) or not _is_text(text):
                raise _fault(recipe, f"made a row whose {name} is no text: {str(text)[:60]!r}")
    return cast("tuple[Draft | Unusable, ...]", tuple(made))


def _check_figures(recipe: Recipe, draft: Draft) -> None:
    figures: dict[str, object] = {**draft.attributes, "difficulty": draft.difficulty or 0.0}
    for name, value in figures.items():
        good = isinstance(value, str | int | float) and not isinstance(value, bool)
        if not good or (isinstance(value, float) and not math.isfinite(value)):
            raise _fault(recipe, f"gave {name} the value {value!r}, which is no text or number")


def _is_text(text: str) -> bool:
    """Half of a surrogate pair cannot be written to any file."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _piece(
    recipe: Recipe,
    slot: Slot,
    name: str,
    answers: Answers,
    made: Draft | Unusable,
    before: Mapping[str, Piece],
) -> Piece:
    if isinstance(made, Unusable):
        decision = Decision(
            name, Outcome.DROPPED, made.reason, detail=made.detail, recipe=recipe.id
        )
        return Piece(decision, None, ())
    used = _used(recipe, answers, made)
    sample = finished_sample(recipe, slot, name, used, made, _parents(recipe, slot, made, before))
    return Piece(Decision(name, Outcome.KEPT, recipe=recipe.id), sample, used)


def finished_sample(
    recipe: Recipe,
    slot: Slot,
    name: str,
    answers: Answers,
    draft: Draft,
    parents: Sequence[Sample] = (),
) -> Sample:
    """Make the row of a drafted sample; the teacher of its first answer counts as its writer."""
    return Sample(
        sample_id=name,
        origin=Origin.SYNTHETIC,
        recipe=recipe.id,
        recipe_version=recipe.version,
        technique=recipe.spec.technique.kind,
        source=slot.seed.source,
        seed_id=slot.seed.seed_id,
        parent_ids=tuple(parent.sample_id for parent in parents),
        position=slot.position,
        teacher=answers[0][0].teacher,
        request_fingerprints=tuple(completion.fingerprint for _, completion in answers),
        context=draft.context,
        history=history_text(draft.history),
        prompt=draft.prompt,
        response=draft.response,
        rejected=draft.rejected,
        reference=draft.reference,
        attributes=attributes_text(_attributes(slot, draft)),
        difficulty=draft.difficulty,
        licence=recipe.spec.licence,
        synthetic_depth=1 + parents_depth(parents),
        content_hash=content_hash(
            *(message.content for message in draft.history), draft.prompt, draft.response
        ),
    )


def _attributes(slot: Slot, draft: Draft) -> dict[str, str | int | float]:
    """What was drawn and found out; what the draft takes back, by an empty text, is left out."""
    told = {**slot.drawn, **draft.attributes, **(_MENDED if draft.mended else {})}
    return {name: value for name, value in told.items() if value != "" or name not in slot.drawn}


def _used(recipe: Recipe, answers: Answers, draft: Draft) -> Answers:
    if not draft.completions:
        return answers
    by_fingerprint = {came.fingerprint: (asked, came) for asked, came in answers}
    named = [completion.fingerprint for completion in draft.completions]
    if any(fingerprint not in by_fingerprint for fingerprint in named):
        raise _fault(recipe, "named a completion that it did not ask for")
    return tuple(by_fingerprint[fingerprint] for fingerprint in dict.fromkeys(named))


def _parents(
    recipe: Recipe, slot: Slot, draft: Draft, before: Mapping[str, Piece]
) -> tuple[Sample, ...]:
    found = [before[label].sample for label in draft.parents if label in before]
    if len(found) < len(draft.parents) or None in found:
        raise _fault(recipe, "named a parent that is no earlier draft of the planned sample")
    return (*slot.parents, *(parent for parent in found if parent is not None))


def _fault(recipe: Recipe, what: str) -> TechniqueError:
    return TechniqueError(
        f"{recipe.label}: technique {recipe.spec.technique.kind} {what}. Mend its `produce`: it "
        "returns one or more drafts with different labels, or says why there is none."
    )
