"""Samples held against the constraints that they come with."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from synth_assets.core.config.verifier_reading import parse_verifier
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.constraints.catalogue import constraint_of, read_constraints
from synth_assets.core.verify.constraints.conflicts import conflicts_among
from synth_assets.core.verify.instructions import Instructions, findings
from synth_assets.errors import ConfigurationError
from tests.samples import synthetic_row

NO_COMMA = {"id": "punctuation:no_comma"}
QUOTED = {"id": "startend:quotation"}
ENGLISH = {"id": "change_case:english_lowercase"}
BULLETS = {"id": "detectable_format:number_bullet_lists", "num_bullets": "{bullets}"}


def verdict(response: str, reference: str = "", drawn: object = None, **said: object) -> Verdict:
    check = Instructions.model_validate({"kind": "instructions", **said}).prepare({})
    attributes = json.dumps(drawn or {})
    row = synthetic_row("s", "Do it", response, reference=reference, attributes=attributes)
    return check(row)


def test_instructions_all_followed_are_accepted() -> None:
    found = verdict('"one two"', constraints=[NO_COMMA, QUOTED])
    assert (found.outcome, found.score) == (VerdictOutcome.ACCEPTED, 1.0)
    assert found.evidence == "2 of 2 followed"


def test_instructions_not_followed_name_the_first_and_what_was_seen() -> None:
    words = {"id": "length_constraints:number_words", "relation": "at least", "num_words": 5}
    found = verdict("one, two", constraints=[ENGLISH, words, NO_COMMA])
    assert found.reason == Reason.INSTRUCTION_NOT_FOLLOWED
    assert found.evidence == (
        "length_constraints:number_words (relation at least, num_words 5): 2 words; 0 of 3 followed"
    )
    assert found.score == 0.0


def test_instructions_followed_in_part_score_their_share() -> None:
    found = verdict("one two", constraints=[NO_COMMA, QUOTED])
    assert (found.reason, found.score) == (Reason.INSTRUCTION_NOT_FOLLOWED, 0.5)
    filtered = verdict("one two", constraints=[NO_COMMA, QUOTED], min_share=0.5)
    assert (filtered.outcome, filtered.score) == (VerdictOutcome.ACCEPTED, 0.5)
    assert "not startend:quotation" in filtered.evidence


def test_instructions_of_an_unknown_language_are_errored() -> None:
    found = verdict("etchings", constraints=[NO_COMMA, ENGLISH])
    assert (found.outcome, found.reason) == (VerdictOutcome.ERRORED, Reason.VERIFIER_ERROR)
    assert "english_lowercase: its language is not known" in found.evidence


def test_instructions_with_an_unknown_and_a_broken_one_are_rejected() -> None:
    found = verdict("etchings", constraints=[ENGLISH, QUOTED])
    assert found.reason == Reason.INSTRUCTION_NOT_FOLLOWED
    assert found.evidence.startswith("startend:quotation")


def test_instructions_enough_of_which_are_followed_need_not_know_the_rest() -> None:
    found = verdict("etchings", constraints=[ENGLISH, NO_COMMA], min_share=0.5)
    assert (found.outcome, found.score) == (VerdictOutcome.ACCEPTED, 0.5)


@pytest.mark.parametrize("response", ["", " \n"])
def test_instructions_for_an_empty_response_are_not_followed(response: str) -> None:
    assert verdict(response, constraints=[NO_COMMA]).reason == Reason.INSTRUCTION_NOT_FOLLOWED


def test_instructions_stand_in_the_reference_unless_said_otherwise() -> None:
    listed = json.dumps([NO_COMMA])
    assert verdict("one two", listed).outcome == VerdictOutcome.ACCEPTED
    assert verdict("one, two", listed).reason == Reason.INSTRUCTION_NOT_FOLLOWED
    fixed = verdict("one, two", listed, constraints=[{"id": "detectable_format:title"}])
    assert fixed.evidence.endswith("0 of 1 followed")
    both = verdict("one, two", listed, constraints=[QUOTED], listed_in="reference")
    assert both.evidence.endswith("0 of 2 followed")


@pytest.mark.parametrize("reference", ["", "[]"])
def test_instructions_without_a_constraint_are_vouched_for_by_nothing(reference: str) -> None:
    assert verdict("one two", reference).reason == Reason.NO_REFERENCE


@pytest.mark.parametrize("reference", ["no commas", '[{"id": "no:such"}]', '[{"id": 3}]', "[1"])
def test_instructions_that_cannot_be_read_are_errored(reference: str) -> None:
    assert verdict("one two", reference).outcome == VerdictOutcome.ERRORED


def test_instructions_stand_in_an_attribute() -> None:
    drawn = {"rules": json.dumps([QUOTED])}
    assert verdict('"one"', drawn=drawn, listed_in="rules").outcome == VerdictOutcome.ACCEPTED
    told = verdict("one", drawn={}, listed_in="rules")
    assert (told.reason, told.evidence) == (
        Reason.NO_REFERENCE,
        "no constraints in rules, so nothing was asked",
    )


@pytest.mark.parametrize(
    ("drawn", "reason"),
    [
        ({"shape": "list", "bullets": "2"}, None),
        ({"shape": "list", "bullets": 2}, None),
        ({"shape": "list", "bullets": "3"}, Reason.INSTRUCTION_NOT_FOLLOWED),
        ({"shape": "prose", "bullets": "3"}, None),
        ({"bullets": "3"}, None),
        ({"shape": "list"}, Reason.VERIFIER_ERROR),
        ({"shape": "list", "bullets": "many"}, Reason.VERIFIER_ERROR),
        ({"shape": "list", "bullets": "-1"}, Reason.VERIFIER_ERROR),
    ],
)
def test_instructions_are_drawn_with_the_sample(
    drawn: dict[str, object], reason: Reason | None
) -> None:
    said = {**BULLETS, "when": {"shape": ["list", "table"]}}
    found = Instructions.model_validate({"kind": "instructions", "drawn": [said]}).prepare({})(
        synthetic_row("s", "Do", "* a\n* b", attributes=json.dumps(drawn))
    )
    assert found.reason == reason


def test_instructions_drawn_fill_texts_and_lists() -> None:
    keywords = {"id": "keywords:existence", "keywords": ["{topic}", "a {topic} b"]}
    check = Instructions.model_validate({"kind": "instructions", "drawn": [keywords]}).prepare({})
    row = synthetic_row("s", "Do", "A cat b", attributes='{"topic": "cat"}')
    assert check(row).outcome == VerdictOutcome.ACCEPTED


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"id": "no:such"}, "no family is called 'no:such'"),
        ({"id": "startend:quotation", "mark": "x"}, "has no argument mark"),
        ({"id": "detectable_format:number_bullet_lists"}, "needs the argument num_bullets"),
        (
            {
                "id": "length_constraints:number_words",
                "relation": "over",
                "num_words": "{words}",
            },
            "relation: Input should be 'less than' or 'at least'",
        ),
        ({"id": "detectable_format:number_bullet_lists", "num_bullets": "two"}, "valid integer"),
        ({**BULLETS, "when": {"shape": []}}, "at least 1 item"),
    ],
)
def test_instructions_drawn_wrongly_are_refused_at_load(said: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Instructions.model_validate({"kind": "instructions", "drawn": [said]})


def test_instructions_that_conflict_are_refused_at_load() -> None:
    said = "{kind: instructions, constraints: [{id: startend:quotation}, %s]%s}"
    title = "{id: detectable_format:title}"
    with pytest.raises(ConfigurationError, match="do not go together"):
        parse_verifier(said % (title, ""))
    assert parse_verifier(said % (title, ", may_conflict: true")).kind == "instructions"


def test_instructions_that_contradict_are_refused_whatever_is_said() -> None:
    comma = {"id": "keywords:existence", "keywords": ["one, two"]}
    with pytest.raises(ValidationError, match="the first needs 'one, two'"):
        Instructions.model_validate(
            {"kind": "instructions", "constraints": [comma, NO_COMMA], "may_conflict": True}
        )


@pytest.mark.parametrize(
    ("constraint", "response"),
    [
        (QUOTED, 'Sure, here it is:\n"one two"'),
        (QUOTED, '"one two"\nHope this helps!'),
        (QUOTED, 'Sure:\n"one two"\nHope this helps!'),
        (QUOTED, '*"one two"*'),
        (QUOTED, 'Sure:\n*"one two"*\nHope this helps!'),
    ],
)
def test_instructions_are_loose_about_first_and_last_line_and_asterisks(
    constraint: dict[str, object], response: str
) -> None:
    assert verdict(response, constraints=[constraint]).reason == Reason.INSTRUCTION_NOT_FOLLOWED
    loose = verdict(response, constraints=[constraint], scoring="loose")
    assert loose.outcome == VerdictOutcome.ACCEPTED


def test_instructions_loosely_broken_are_not_excused_by_an_unknown_rest() -> None:
    german = {"id": "language:response_language", "language": "de"}
    response = "This is an English sentence about nothing in particular.\n42"
    found = verdict(response, constraints=[german], scoring="loose")
    assert found.reason == Reason.INSTRUCTION_NOT_FOLLOWED


PLAIN = [
    constraint_of(NO_COMMA),
    constraint_of(QUOTED),
    constraint_of({"id": "detectable_format:title"}),
    constraint_of({"id": "detectable_format:number_bullet_lists", "num_bullets": 1}),
    constraint_of({"id": "combination:two_responses"}),
]


@given(st.text('ab,"*<>- \n', max_size=40))
def test_instructions_followed_strictly_are_followed_loosely(text: str) -> None:
    strict, loose = findings(PLAIN, text), findings(PLAIN, text, loose=True)
    assert all(wide.followed for tight, wide in zip(strict, loose, strict=True) if tight.followed)


def ifeval(folder: Path, scoring: str) -> list[tuple[dict[str, object], dict[str, object]]]:
    """Rows of IFEval with what its own checker said of GPT-4's responses."""
    paths = (
        folder / "ifeval" / "input_data.A.jsonl",
        folder / "ifeval" / f"eval_results_{scoring}.A.jsonl",
    )
    if not all(path.exists() for path in paths):
        pytest.skip(f"no {paths[0].parent}")
    asked, said = ([json.loads(line) for line in path.open("rb")] for path in paths)
    assert [each["prompt"] for each in asked] == [each["prompt"] for each in said]
    return list(zip(asked, said, strict=True))


# The checker of the time asked for a random letter in place of `#`: it called the same response
# right in its strict reading and wrong in the loose one, which is right wherever the strict one is.
RANDOM_LETTER = 1122


@pytest.mark.parametrize(
    ("scoring", "prompts", "instructions"), [("strict", 205, 339), ("loose", 214, 348)]
)
def test_instructions_of_ifeval_get_the_official_verdicts(
    shared_data: Path, scoring: str, prompts: int, instructions: int
) -> None:
    counted = Counter[str]()
    other: list[object] = []
    for asked, said in ifeval(shared_data, scoring):
        constraints = read_constraints(json.dumps(asked))
        found = findings(constraints, str(said["response"]), loose=scoring == "loose")
        followed = [each.followed is True for each in found]
        counted["prompts"] += all(followed)
        counted["instructions"] += sum(followed)
        counted["undecided"] += sum(each.followed is None for each in found)
        if followed != said["follow_instruction_list"]:
            other.append(asked["key"])
    assert counted == {"prompts": prompts, "instructions": instructions, "undecided": 3}
    assert other == ([] if scoring == "strict" else [RANDOM_LETTER])


def test_instructions_of_ifeval_as_samples_are_accepted_as_often(shared_data: Path) -> None:
    check = Instructions.model_validate({"kind": "instructions"}).prepare({})
    outcomes = Counter(
        check(
            synthetic_row("s", str(a["prompt"]), str(s["response"]), reference=json.dumps(a))
        ).outcome
        for a, s in ifeval(shared_data, "strict")
    )
    assert outcomes == {
        VerdictOutcome.ACCEPTED: 205,
        VerdictOutcome.REJECTED: 62,
        VerdictOutcome.ERRORED: 3,
    }


def test_instructions_of_ifeval_conflict_in_three_prompts(shared_data: Path) -> None:
    found = {
        asked["key"]: [each.certain for each in conflicts_among(constraints)]
        for asked, _ in ifeval(shared_data, "strict")
        if conflicts_among(constraints := read_constraints(json.dumps(asked)))
    }
    assert found == {1129: [False], 1627: [True], 1793: [False]}
