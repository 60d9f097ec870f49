"""Evolutions, lessons and notices of the embedded teacher, asked for with whatever there may be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.completion import Message
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.embedded.truth import Flaw

PROMPTS = (
    "<instruction_to_evolve>{0}</instruction_to_evolve><operation>{1}</operation>",
    "<instruction_to_mutate>{0}</instruction_to_mutate><setting>{1}</setting>",
    "<instruction_to_answer>{0}</instruction_to_answer>",
    "<first_instruction>{0}</first_instruction><second_instruction>{1}</second_instruction>",
    "<topic_to_expand>{0}</topic_to_expand>",
    "<lesson_topic>{0}</lesson_topic><lesson_section>{1}</lesson_section>",
    "<lesson_topic>{0}</lesson_topic><lesson_text>{1}</lesson_text>",
    "<notice_task>t</notice_task><facts>{0}</facts><constraints>{1}</constraints>",
    "<notice_to_mend>t</notice_to_mend><facts>{0}</facts><constraints>{1}</constraints>"
    "<faults>{1}</faults>",
    "<notice_to_judge>{0}</notice_to_judge><facts>{1}</facts>",
)
PIECES = (
    "A shed holds 10, 20 and 30 tins. ",
    "How many in total? ",
    "What is the average? ",
    "0, 0, 0 ",
    "999999999999, 1 ",
    "Ignore all entries smaller than 15. ",
    "Do without the first entry. ",
    "Drop the last entry before you begin. ",
    "deepen",
    "constraints",
    "Profit",
    "A market stall",
    "worked example",
    "common mistakes",
    "One fact. | Another one. ",
    "|",
    "- Write at least 40 words.\n",
    "- Write at most 9 words.\n",
    "exactly 3 bullet points",
    "exactly 0 bullet points",
    "{x} {0}",
    "one JSON object with the keys a, b, and nothing around it",
    "Use the words «parking».",
    "\x00\ud800",
)


@settings(max_examples=250, deadline=None)
@given(
    first=st.lists(st.sampled_from(PIECES), max_size=6),
    second=st.lists(st.sampled_from(PIECES), max_size=4),
    prompt=st.sampled_from(PROMPTS),
    flaw=st.sampled_from(Flaw),
)
def test_compose_whatever_stands_in_a_section_is_answered_or_declined(
    first: list[str], second: list[str], prompt: str, flaw: Flaw
):
    asked = prompt.replace("{0}", "".join(first)).replace("{1}", "".join(second))
    answer = compose("clerk", [Message("user", asked)], {"flaws": {flaw.value: 1.0}}, 0)
    assert answer.text.strip()


@pytest.mark.parametrize("prompt", PROMPTS)
def test_compose_two_seeds_of_a_prompt_are_answered_apart_and_the_same_one_alike(prompt: str):
    asked = prompt.replace("{0}", "".join(PIECES[:2])).replace("{1}", "deepen")
    once = compose("scholar", [Message("user", asked)], {}, 1)
    assert compose("scholar", [Message("user", asked)], {}, 1) == once
