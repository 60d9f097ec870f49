"""Lists in answers: instructions, and instances of a task with input and output."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from synth_assets.core.fingerprint import normalised
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.protocol import Unusable


@dataclass(frozen=True)
class Instance:
    """One case of a task; the input may be empty."""

    input: str
    output: str


def listed(text: str, tag: str) -> list[str]:
    """The items of a list, stripped: `<tag>` sections, or the texts of a JSON list."""
    found = _json_list(text)
    if found is None:
        return [body.strip() for body in re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)]
    return [item.strip() for item in found if isinstance(item, str)]


def instances_in(text: str) -> list[Instance]:
    """The instances of an answer: `<instance>` sections with `<input>` and `<output>`, or JSON.

    What is missing is empty.
    """
    found = _json_list(text)
    if found is not None:
        return [_of_object(cast("Mapping[str, object]", o)) for o in found if isinstance(o, dict)]
    bodies = re.findall(r"<instance>(.*?)</instance>", text, re.DOTALL)
    return [Instance(_section(body, "input"), _section(body, "output")) for body in bodies]


def usable(instances: Sequence[Instance]) -> list[Instance | Unusable]:
    """Each instance, or why it is dropped; the rules of Self-Instruct.

    Dropped are instances without an output, whose output repeats the input, or that were there
    before. Where one input has two outputs, nobody knows which is right, and all of the task go.
    """
    outputs = {(normalised(each.input), normalised(each.output)) for each in instances}
    answers = Counter(asked for asked, _ in outputs if asked)
    contradictory = [asked for asked, count in answers.items() if count > 1]
    if contradictory:
        told = f"the input {contradictory[0][:60]!r} has different outputs"
        return [Unusable(Reason.NO_AGREEMENT, told) for _ in instances]
    seen: set[str] = set()
    found: list[Instance | Unusable] = []
    for each in instances:
        why = _fault(each, seen)
        found.append(each if why is None else why)
        if why is None:
            seen.add(normalised(each.input))
    return found


def _fault(instance: Instance, seen: set[str]) -> Unusable | None:
    if not instance.output:
        return Unusable(Reason.UNPARSABLE, "the instance has no <output>")
    if normalised(instance.input) == normalised(instance.output):
        return Unusable(Reason.NOT_SOLVED, "the output repeats the input")
    if normalised(instance.input) in seen:
        return Unusable(Reason.NOT_NOVEL, "another instance of the task has this input")
    return None


def _json_list(text: str) -> list[object] | None:
    if not text.startswith("["):
        return None
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return None
    return cast("list[object]", found) if isinstance(found, list) else None


def _of_object(said: Mapping[str, object]) -> Instance:
    asked, answer = (str(said.get(name) or "").strip() for name in ("input", "output"))
    return Instance(asked, answer)


def _section(body: str, name: str) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", body, re.DOTALL)
    return found[1].strip() if found else ""
