"""Answers in named sections: `<problem>...</problem>`.

Tags survive what breaks JSON in long free text: quotes, newlines, code, LaTeX.
"""

import re

from synth_assets.core.completion import Completion
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.protocol import Unusable
from synth_assets.core.verify.failure_modes import refusal_in

NOTHING = "<none/>"
"""What a prompt may tell a teacher to answer where a seed gives no sample."""


def read_sections(completion: Completion, names: tuple[str, ...]) -> dict[str, str] | Unusable:
    """Read each named section of a completion, stripped.

    Each section must stand exactly once, closed, and non-empty. What is not so is classified:
    cut off by the token limit, filtered by the provider, declined with `<none/>`, a refusal, or
    plainly unparsable.
    """
    found: dict[str, str] = {}
    for name in names:
        bodies = re.findall(rf"<{name}>(.*?)</{name}>", completion.text, flags=re.DOTALL)
        if len(bodies) != 1 or not bodies[0].strip():
            problem = f"section <{name}> stands {len(bodies)} times, or is empty"
            return classified(completion, Reason.UNPARSABLE, problem)
        found[name] = bodies[0].strip()
    return found


def fault_of(completion: Completion) -> Unusable | None:
    """Why an answer cannot be used whatever was asked; none where it can."""
    found = classified(completion, Reason.UNPARSABLE, "")
    return None if found.reason is Reason.UNPARSABLE else found


def classified(completion: Completion, otherwise: Reason, problem: str) -> Unusable:
    """Why an answer is not what was asked for: a reason of its own, or `otherwise`."""
    if completion.finish_reason == "length":
        return Unusable(Reason.TRUNCATED, f"cut off by the token limit; {problem}")
    if completion.finish_reason == "content_filter":
        return Unusable(Reason.CONTENT_FILTERED, "withheld by the provider's content filter")
    if not completion.text.strip():
        return Unusable(Reason.EMPTY_COMPLETION, "the completion is empty")
    if completion.text.strip() == NOTHING:
        return Unusable(Reason.DECLINED, "the teacher says that the seed gives no sample")
    if phrase := refusal_in(completion.text):
        return Unusable(Reason.REFUSAL, f"refused: {phrase!r}")
    return Unusable(otherwise, problem)
