"""What a second teacher is not to see: that it makes again what it has not seen is the check."""

from collections.abc import Mapping

from synth_assets.core.ngrams import words_and_symbols
from synth_assets.core.techniques.protocol import Slot
from synth_assets.errors import RecipeError


def attributes_of(slot: Slot) -> dict[str, str]:
    """The attributes of a planned sample, without anything of its seed."""
    fields = slot.seed.fields
    return {
        name: text
        for name, text in slot.inputs.items()
        if name not in fields and (not text or text not in fields.values())
    }


def field_of(inputs: Mapping[str, str], name: str, key: str) -> str:
    """An input that the technique itself reads; `key` is the line of the recipe that names it.

    Raises:
        RecipeError: if the seed has no such field.
    """
    if name not in inputs:
        raise RecipeError(
            f"technique: {key}: seeds have no field {name}, only {', '.join(sorted(inputs))}. "
            "Mend the name."
        )
    return inputs[name]


def copied_run(text: str, original: str) -> tuple[str, ...]:
    """The longest run of words and symbols that a text has from another."""
    said, source = words_and_symbols(text), words_and_symbols(original)
    places: dict[str, list[int]] = {}
    for at, token in enumerate(source):
        places.setdefault(token, []).append(at)
    lengths: dict[int, int] = {}
    longest, end = 0, 0
    for at, token in enumerate(said):
        lengths = {place: lengths.get(place - 1, 0) + 1 for place in places.get(token, ())}
        here = max(lengths.values(), default=0)
        if here > longest:
            longest, end = here, at + 1
    return tuple(said[end - longest : end])
