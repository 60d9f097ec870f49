"""Who asks, in the instructions that the embedded teacher writes for texts, and in its ratings."""

import re

import pytest

from synth_assets.core.completion import Message
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.instructions import instruct, rate
from synth_assets.resources.settings import SHIPPED_RECIPES

TEXT = "To clean a cast-iron pan, scrub it with coarse salt while it is still warm."
ASKERS = [
    line
    for line in (SHIPPED_RECIPES / "howto_instructions" / "askers.txt")
    .read_text(encoding="utf-8")
    .splitlines()
    if not line.startswith("#")
]


def instructed(form: str, asker: str, key: str) -> str:
    made = instruct(TEXT, form, None, "", Dice(key), asker).text
    return made.removeprefix("<instruction>\n").removesuffix("\n</instruction>")


def rating_of(instruction: str) -> int:
    made = rate(instruction, TEXT, None, Dice("fifth")).text
    return int(re.findall(r"<rating>\n(\d)", made)[0])


@pytest.mark.parametrize("asker", ASKERS)
def test_instruct_begins_as_the_asker_does_and_keeps_its_form(asker: str):
    said = {
        form: {instructed(form, asker, str(key)) for key in range(30)}
        for form in ("question", "request", "situation")
    }
    leads = {each.partition(", ")[0] for form in said.values() for each in form}
    plain = {instructed("question", "nobody", str(key)).partition(", ")[0] for key in range(30)}
    assert len(leads - plain) >= 5
    assert all(each.endswith("?") and each.count("?") == 1 for each in said["question"])
    assert not any("?" in each for each in said["request"])


@pytest.mark.parametrize("asker", ASKERS)
def test_rate_does_not_hold_against_an_instruction_what_askers_say_of_themselves(asker: str):
    for form in ("question", "request", "situation"):
        for key in range(10):
            assert rating_of(instructed(form, asker, str(key))) >= 4
    assert rating_of("How can I teach a parrot to talk?") == 1


@pytest.mark.parametrize("asker", ASKERS)
def test_asker_is_read_from_the_prompt(asker: str):
    prompt = (
        f"<answer_text>\n{TEXT}\n</answer_text>\nWrite what it answers, as {asker} would put it."
        "\n<form>\nquestion\n</form>"
    )
    texts = {compose("scholar", [Message("user", prompt)], {}, seed).text for seed in range(20)}
    known = {instruct(TEXT, "question", None, "", Dice(str(n)), asker).text for n in range(400)}
    assert texts <= known
