"""Answers that break off, go round in circles, were not filled in, or write both sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.schema import Reason
from tests.unit.failure_turns import reason_of, verdict

STORY = "The harbour was built in 1702. Boats of the fishermen lie there. A crane still stands."


@pytest.mark.parametrize(
    "text",
    [
        "Here is the program:\n\n```python\nprint(1)\n",
        "~~~\ncode",
        f"{STORY} In the summer it is full of",
        f"{STORY} In the summer it is fu",
        "It is used by fishermen, by sailors, and by tourists,",
        "It is used by the fishermen of the",
        "The boats (most of them small and built of",
        "The harbour opens at five.\nThe gate closes when the last boat is",
        "- The first is a boat.\n- The second is a crane.\n- The third is the old cus",
        "Natalia sold 48 + 24 clips in all = <<48+24=",
    ],
)
def test_truncation_an_answer_that_breaks_off_is_rejected(text: str):
    assert reason_of(text) is Reason.TRUNCATED
    assert reason_of(text, truncation=False) is not Reason.TRUNCATED


@pytest.mark.parametrize(
    "text",
    [
        "Paris",
        "No",
        STORY,
        f"{STORY} :)",
        f"{STORY}\n#### 72",
        "```python\nprint(1)\n```",
        "[0, 1) and (2, 3]",
        "- boats\n- a crane\n- an old house of the customs",
        "Roses are red\nViolets are blue\nSugar is sweet",
        f"{STORY}\n\nSincerely,\nAnna Berg",
        f"{STORY} With best wishes",
        "They asked what the boats were for;\nnobody knew (not even Anna).",
        r"So the area is $\left( \frac{1}{2} \right)$",
        "C++ is a language that compiles faster than C++",
        "last = list5[1:] + list2[:]\nprint(last)",
        "def is_cube(a):\n    return int(round(a ** (1. / 3))) ** 3 == a",
    ],
)
def test_truncation_a_whole_answer_is_accepted(text: str):
    assert reason_of(text) is None


def test_truncation_json_is_left_to_its_own_verifiers_unless_asked_for():
    assert reason_of('{"boats": [1, 2') is None
    assert reason_of('{"boats": [1, 2', truncation={"brackets": "all"}) is Reason.TRUNCATED


def test_truncation_long_line_without_a_stop_is_rejected_when_asked_for():
    line = "The boats of the town lie in the harbour and wait for summer"
    assert reason_of(line) is None
    assert reason_of(line, truncation={"long_line": 10}) is Reason.TRUNCATED
    assert reason_of(line, truncation={"long_line": 14}) is None


@pytest.mark.parametrize(
    "text",
    [
        f"{STORY} " + "It is very " * 12,
        "boat " * 30,
        "ha " * 40,
        f"{STORY} " * 4,
        "the crane of the old harbour is the crane of the old harbour is " * 5,
        "\n".join(["- a boat with a sail"] * 12 + ["- a crane"]),
        "\n".join(f"{n}. a boat with a sail" for n in range(12)),
        "a" * 40 + " boat",
        "\N{CJK UNIFIED IDEOGRAPH-8239}\N{CJK UNIFIED IDEOGRAPH-6E2F}" * 200,
        "\N{SAILBOAT}" * 400,
        "= " * 300,
    ],
)
def test_repetition_a_loop_is_rejected(text: str):
    assert reason_of(text) is Reason.REPETITION
    assert reason_of(text, repetition=False) is not Reason.REPETITION


@pytest.mark.parametrize(
    "text",
    [
        "No, no, no, no, no! Not the boats.",
        "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily.",
        "\n".join(f"4 x {n} = {4 * n}" for n in range(1, 11)),
        "| boat | crane |\n| --- | --- |\n" + "\n".join(f"| {n} | {n + 1} |" for n in range(9)),
        "<table>\n" + "<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n" * 6 + "</table>",
        "[A-Za-z0-9]+([_.-][A-Za-z0-9]+)*@[A-Za-z0-9]+([_.-][A-Za-z0-9]+)*",
        "He sold 48/2 = <<48/2=24>>24 clips. He sold 48+24 = <<48+24=72>>72 clips.\n#### 72",
    ],
)
def test_repetition_what_merely_recurs_is_accepted(text: str):
    assert reason_of(text) is None


def test_repetition_shares_are_measured_whatever_counts_as_a_loop():
    parts = [
        f"the {word} of the old harbour is small and grey" for word in ("boat", "crane", "quay")
    ]
    text = ". ".join([*parts, parts[1], parts[0], parts[2], parts[0], parts[2], parts[1]]) + "."
    assert reason_of(text, repetition={"min_loop_words": 500}) is Reason.REPETITION
    assert reason_of(text, repetition={"min_loop_words": 500, "max_share": 1}) is None


@given(
    st.lists(st.text("abcdefghij", min_size=3, max_size=8), min_size=3, max_size=40, unique=True),
    st.integers(5, 12),
    st.integers(0, 50),
)
def test_repetition_any_unit_that_comes_five_times_is_found(
    unit: list[str], times: int, before: int
):
    words = [f"word{n}" for n in range(before)] + unit * times
    assert reason_of(" ".join(words) + ".") is Reason.REPETITION


@pytest.mark.parametrize(
    "slot",
    [
        "[Your Name]", "[insert date here]", "[COMPANY NAME]", "<insert link>", "<your text here>",
        "{first_name}", "{topic}", "TODO", "TBD", "XXX-XXX-XXXX", "lorem ipsum", "<NAME>",
        "[Landlord's Name]", "[object Object]", "(insert amount here)",
    ],
)  # fmt: skip
def test_placeholders_left_open_are_rejected(slot: str):
    text = f"The harbour belongs to {slot} and to nobody else."
    assert reason_of(text) is Reason.PLACEHOLDER
    assert reason_of(text, placeholders=False) is None
    assert reason_of(text, "Write a template of a letter about a harbour.") is None
    assert reason_of(text, f"Who owns the harbour, {slot}?") is None


@pytest.mark.parametrize(
    "text",
    [
        "See [the name](https://example.com) of the boat.",
        "temp[name] += marks",
        "print(f'{name} is a boat')",
        r"The half is \frac{one}{two}.",
        "The set {boat, sail} holds it: `{name}`.",
        "The summer [time] is warm.",
        "<b>name</b> is bold.",
        "```\nHello {name}\n```",
        'document.querySelector("input[type=checkbox]")',
    ],
)
def test_placeholders_in_code_and_prose_that_only_look_so_are_accepted(text: str):
    assert reason_of(text) is None


def test_placeholders_in_prompts_are_looked_for_when_asked():
    prompt = "Summarise this text: [insert text here]"
    assert reason_of("It is about boats.", prompt) is None
    assert reason_of("It is about boats.", prompt, prompts_too=True) is Reason.PLACEHOLDER


@pytest.mark.parametrize(
    "text",
    [
        "It is a harbour.\nUser: And then?\nAssistant: Boats.",
        "Assistant: It is a harbour.",
        "It is a harbour.\n\n**Human:** Thanks",
        "It is a harbour.\n### Response: again",
        "### Instruction:\nSay more.",
        "It is a harbour.<end_of_turn>",
        "It is a harbour.</s>",
    ],
)
def test_role_markers_are_rejected(text: str):
    assert reason_of(text) is Reason.ROLE_MARKER
    assert reason_of(text, role_markers=False) is None


def test_role_markers_of_a_dialogue_that_was_asked_for_are_accepted():
    text = "User: Where is it?\nAssistant: At the sea."
    assert reason_of(text, "Write a dialogue about the harbour.") is None
    assert reason_of(text, "Continue this.\nUser: Hello\nAssistant: Hi") is None
    assert reason_of("### Response: no", "Write a dialogue.") is Reason.ROLE_MARKER
    strict = {"unless_prompt_has": []}
    assert reason_of(text, "Write a dialogue.", role_markers=strict) is Reason.ROLE_MARKER


@pytest.mark.parametrize(
    "text",
    ["The user: a person.", "Note: boats.", "## Output\n1", "Std::string", "10:30 at the harbour"],
)
def test_role_markers_other_labels_are_accepted(text: str):
    assert reason_of(text) is None


def test_evidence_quotes_what_was_found():
    assert "[Your Name]" in verdict("Dear [Your Name], welcome.").evidence
    assert "user:" in verdict("Yes.\nUser: and?").evidence
    assert "times in a row" in verdict("a boat and a sail " * 9).evidence
