"""Ratings of a response, and comparisons of two, as the shipped judge prompts ask for them.

Rules, no taste: shown calculations are computed again, a final number is held against the
reference where there is one, and sentences that stand twice are counted.
"""

import re

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason
from synth_assets.core.verify.number import Number
from synth_assets.resources.embedded.preference import JUDGE_FLAWS, repeated
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth

_CRITERION = re.compile(r"^- ([a-z][a-z0-9_-]*): (.*)$", re.MULTILINE)
_OF_TRUTH = re.compile(r"\b(?:in)?correct|\bwrong|\bmistake|\bright\b|\btrue\b|\berror")
_BEST, _WORST = 5, 1
_ARITHMETIC = Number(kind="number", marker_required=False).prepare({})


def recognise(asked: Asked) -> Task | None:
    """`<judged_response>`: rate it by the criteria listed; `<judged_first>`, ...: compare."""
    response = asked.section("judged_response")
    first, second = asked.section("judged_first"), asked.section("judged_second")
    reference = asked.section("judged_reference")
    if first and second:
        return Task(JUDGE_FLAWS, lambda _, flaw, __: compare(first, second, flaw))
    if not response:
        return None
    _, _, behind = asked.prompt.rpartition("</judged_response>")
    criteria = dict(_CRITERION.findall(behind))
    return Task(frozenset(), lambda _, __, ___: rate(response, reference, criteria))


def rate(response: str, reference: str, criteria: dict[str, str]) -> Composition:
    """Rate by each criterion, in the sections `grounds` and `ratings`."""
    fault, twice = _fault(response, reference), repeated(response)
    lines: list[str] = []
    for name, told in criteria.items():
        if _OF_TRUTH.search(f"{name} {told}".lower()):
            rating = 2 if fault else _BEST
        else:
            rating = max(_WORST, _BEST - 2 * twice)
        lines.append(f"{name}: {rating}")
    grounds = f"{fault or 'Nothing in it is wrong'}; {twice} sentences stand twice."
    return Composition(_sections(grounds, "ratings", "\n".join(lines)), Truth(answer=fault))


def compare(first: str, second: str, flaw: Flaw | None) -> Composition:
    """Say which has fewer faults, in the sections `grounds` and `verdict`."""
    if flaw is Flaw.POSITION_BIAS:
        return Composition(_sections("The first makes its point.", "verdict", "A"), Truth(flaw))
    faults = [bool(_fault(text, "")) + repeated(text) for text in (first, second)]
    right = "tie" if faults[0] == faults[1] else "A" if faults[0] < faults[1] else "B"
    grounds = f"The first has {faults[0]} faults, the second {faults[1]}."
    return Composition(_sections(grounds, "verdict", right), Truth(answer=right))


def _fault(response: str, reference: str) -> str:
    """What is wrong with the numbers of a response; empty where nothing is, or none stand there."""
    # Without a reference the response vouches for itself, and only its working is computed again.
    sample = Sample.real("judged", 0, "", response, "")
    verdict = _ARITHMETIC(sample.revised({"reference": reference or response}))
    told = verdict.reason in (Reason.WRONG_NUMBER, Reason.WRONG_WORKING)
    return verdict.evidence if told else ""


def _sections(grounds: str, name: str, said: str) -> str:
    return f"<grounds>\n{grounds}\n</grounds>\n<{name}>\n{said}\n</{name}>"
