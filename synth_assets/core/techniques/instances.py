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
from synth_assets.core.techniques.sections import section_bodies

_NO_INPUT = re.compile(
    r"[(<\[]?(?:no ?input(?: (?:is )?(?:needed|required))?|none|n/a)[)>\]]?\.?|[-\u2013\u2014]+"
)
"""What teachers write, in small letters, where a task needs no input."""


@dataclass(frozen=True)
class Instance:
    """One case of a task; the input may be empty."""

    input: str
    output: str


def listed(text: str, tag: str) -> list[str | Unusable]:
    """The items of a list, stripped: `<tag>` sections, or those of a JSON list.

    Items of JSON are texts, or objects with a text under the name of the tag. What is neither, or
    a section that is not closed, is unusable.
    """
    found = _json_list(text)
    if found is None:
        return _blocks(text, tag)
    return [_text_of(item, tag) for item in found]


def instances_in(text: str) -> list[Instance | Unusable]:
    """The instances of an answer: `<instance>` sections with `<input>` and `<output>`, or JSON.

    What is missing is empty. A section that is not closed, or stands twice, is unusable.
    """
    found = _json_list(text)
    if found is not None:
        return [_of_object(item) for item in found]
    blocks = _blocks(text, "instance")
    return [each if isinstance(each, Unusable) else _of_block(each) for each in blocks]


def usable(instances: Sequence[Instance | Unusable]) -> list[Instance | Unusable]:
    """Each instance, or why it is dropped; the rules of Self-Instruct.

    Dropped are instances without an output, whose output repeats the input, or that were there
    before. Where one input has two outputs, nobody knows which is right, and all of the task go.
    """
    read = [each for each in instances if isinstance(each, Instance)]
    outputs = {(normalised(each.input), normalised(each.output)) for each in read}
    answers = Counter(asked for asked, _ in outputs if asked)
    contradictory = [asked for asked, count in answers.items() if count > 1]
    if contradictory:
        told = f"the input {contradictory[0][:60]!r} has different outputs"
        lost = Unusable(Reason.NO_AGREEMENT, told)
        return [lost if isinstance(each, Instance) else each for each in instances]
    seen: set[str] = set()
    found: list[Instance | Unusable] = []
    for each in instances:
        why = each if isinstance(each, Unusable) else _fault(each, seen)
        found.append(each if why is None else why)
        if why is None and isinstance(each, Instance):
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


def _blocks(text: str, tag: str) -> list[str | Unusable]:
    """The sections of a list; one that is not closed ends where the next begins."""
    found: list[str | Unusable] = []
    for rest in re.split(rf"<\s*{tag}\s*>", text, flags=re.IGNORECASE)[1:]:
        body, *after = re.split(rf"<\s*/\s*{tag}\s*>", rest, maxsplit=1, flags=re.IGNORECASE)
        found.append(body.strip() if after else _unclosed(tag))
    return found


def _unclosed(tag: str) -> Unusable:
    return Unusable(Reason.UNPARSABLE, f"a section <{tag}> is not closed")


def _json_list(text: str) -> list[object] | None:
    if not text.startswith("["):
        return None
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return None
    return cast("list[object]", found) if isinstance(found, list) else None


def _text_of(item: object, tag: str) -> str | Unusable:
    if isinstance(item, dict):
        item = cast("Mapping[str, object]", item).get(tag)
    if isinstance(item, str):
        return item.strip()
    return Unusable(Reason.UNPARSABLE, f"an item of the list is no text, and has no {tag!r}")


def _of_object(item: object) -> Instance | Unusable:
    if not isinstance(item, dict):
        return Unusable(Reason.UNPARSABLE, "an instance is no object with input and output")
    said = cast("Mapping[str, object]", item)
    asked, answer = (_shown(said.get(name)) for name in ("input", "output"))
    return Instance(_input(asked), answer)


def _shown(value: object) -> str:
    return "" if value is None else str(value).strip()


def _of_block(body: str) -> Instance | Unusable:
    asked, answer = _section(body, "input"), _section(body, "output")
    if isinstance(asked, Unusable):
        return asked
    return answer if isinstance(answer, Unusable) else Instance(_input(asked), answer)


def _section(body: str, name: str) -> str | Unusable:
    found = section_bodies(body, name)
    if len(found) > 1:
        told = f"section <{name}> stands {len(found)} times in an instance"
        return Unusable(Reason.UNPARSABLE, told)
    if not found and f"<{name}>" in body.lower():
        return _unclosed(name)
    return found[0] if found else ""


def _input(text: str) -> str:
    return "" if _NO_INPUT.fullmatch(normalised(text)) else text
