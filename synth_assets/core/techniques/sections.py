"""Answers in named sections: `<problem>...</problem>`.

Tags survive what breaks JSON in long free text: quotes, newlines, code, LaTeX.
"""

import re
from functools import cache

from synth_assets.core.completion import Completion
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.protocol import Unusable
from synth_assets.core.verify.failure_modes import refusal_in

NOTHING = "<none/>"
"""What a prompt may tell a teacher to answer where a seed gives no sample."""

_THOUGHTS = re.compile(r"\s*<think>.*?</think>", re.DOTALL | re.IGNORECASE)
_MARKDOWN = "*_` \t\r\n"


def spoken(text: str) -> str:
    """An answer without the closed block `<think>...</think>` that it begins with, if it does."""
    return _THOUGHTS.sub("", text, count=1) if _THOUGHTS.match(text) else text


def read_sections(
    completion: Completion, names: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, str] | Unusable:
    """Read each named section of a completion, stripped.

    Each section must stand exactly once, closed, and non-empty; an `optional` one that is not there
    or empty is the empty text. Case, white space inside tags and bold or code marks around both
    tags do not matter; thoughts before the answer are no part of it (`spoken`). What is not so is
    classified: cut off by the token limit, filtered by the provider, declined with `<none/>`, a
    refusal, or plainly unparsable.
    """
    said = completion.text if "think" in names else spoken(completion.text)
    found: dict[str, str] = {}
    for name in (*names, *optional):
        bodies = section_bodies(said, name)
        if name in optional and not any(bodies):
            bodies = [""]
        elif len(bodies) != 1 or not bodies[0]:
            problem = f"section <{name}> stands {len(bodies)} times, or is empty"
            return classified(completion, Reason.UNPARSABLE, problem)
        found[name] = bodies[0]
    return found


def section_bodies(text: str, name: str) -> list[str]:
    """What stands in each section of a name, stripped; see `read_sections`."""
    begins, ends = _tags(name)
    found: list[str] = []
    opened = begins.search(text)
    while opened and (closed := ends.search(text, opened.end())):
        body = text[opened.end() : closed.start()]
        mark = opened["mark"]
        # Only marks on both sides of a tag are none of the text, which may be bold itself.
        if mark and text.startswith(mark, closed.end()):
            body = body.removesuffix(mark)
        found.append(body.strip())
        opened = begins.search(text, closed.end())
    return found


def fault_of(completion: Completion) -> Unusable | None:
    """Why an answer cannot be used whatever was asked; none where it can."""
    found = classified(completion, Reason.UNPARSABLE, "")
    return None if found.reason is Reason.UNPARSABLE else found


def classified(completion: Completion, otherwise: Reason, problem: str) -> Unusable:
    """Why an answer is not what was asked for: a reason of its own, or `otherwise`."""
    said = spoken(completion.text).strip()
    if completion.finish_reason == "length":
        told = ("cut off by the token limit", problem)
        return Unusable(Reason.TRUNCATED, "; ".join(filter(None, told)))
    if completion.finish_reason == "content_filter":
        return Unusable(Reason.CONTENT_FILTERED, "withheld by the provider's content filter")
    if not said:
        return Unusable(Reason.EMPTY_COMPLETION, "the completion is empty")
    if said.strip(_MARKDOWN).lower() == NOTHING:
        return Unusable(Reason.DECLINED, "the teacher says that the seed gives no sample")
    if phrase := refusal_in(said):
        return Unusable(Reason.REFUSAL, f"refused: {phrase!r}")
    return Unusable(otherwise, problem)


@cache
def _tags(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    tag = rf"\s*{re.escape(name)}\s*>"
    begins = rf"(?P<mark>\*\*|__|`)?<{tag}(?(mark)(?P=mark))"
    return re.compile(begins, re.IGNORECASE), re.compile(rf"<\s*/{tag}", re.IGNORECASE)
