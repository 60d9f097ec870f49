"""Back-translation of answers: instructions for texts that are there, and their ratings."""

from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.backtranslation_instruction import rating_in
from tests.technique_runs import Answer, TechniqueRun, assert_replays, recipe_of
from tests.unit.backtranslation_runs import COMMON, HEAD, REFUSAL, run, run_each, section

TEXT = "Put salt on the stain, wait ten minutes, and wash the cloth at sixty degrees."
ASKED = "How do I get wine out of a tablecloth?"
INSTRUCTION_FILES = {
    "i.j2": "{{ response }} {{ style }}",
    "r.j2": "{{ instruction }} / {{ response }}",
    "w.j2": "Anew: {{ instruction }} / {{ response }}",
}


def run_instruction(folder: Path, asked: str, ratings: list[str], more: str = "", anew: str = ""):
    technique = f"""
  kind: backtranslation_instruction
  instruct: {{template: i.j2, inputs: [response, style]}}
  rate: {{template: r.j2, inputs: [instruction, response]}}
  {more}
"""
    left = list(ratings)

    def answer(request: Request) -> str:
        match request.step:
            case "instruct":
                return asked
            case "rate":
                return left.pop(0)
            case _:
                return anew

    return run(folder, technique, INSTRUCTION_FILES, {"response": TEXT}, answer)


def rating(text: str) -> str:
    return section("rating", text)


WELL_RATED = ["**5**", "5.0", "5 - perfect", "4, to the point", "Rating: **4**/5", "4.0/5.0 stars"]


@pytest.mark.parametrize(
    "said",
    [
        "0",
        "6",
        "10",
        "-5",
        "4.5",
        "4-5",
        "5/10",
        "4 of 6",
        "50%",
        "4 or five",
        "4 and a half",
        "5th",
        "4\u00bd",
        "4 \u00bd",
        "5 (was 3)",
        "4+",
        "perfect: 5",
        "",
    ],
)
def test_rating_out_of_range_or_of_two_numbers_is_none(said: str):
    assert rating_in(said) is None


def test_backtranslation_instruction_may_ask_as_many_ratings_as_it_says(tmp_path: Path):
    asked = section("instruction", ASKED)
    done = run_instruction(tmp_path, asked, [rating("5")] * 3, "ratings: 3")
    technique = recipe_of(
        HEAD
        + """
  kind: backtranslation_instruction
  instruct: {template: i.j2, inputs: [response, style]}
  rate: {template: r.j2, inputs: [instruction, response]}
  ratings: 3
""",
        INSTRUCTION_FILES,
    ).spec.technique
    assert technique.most_calls == {"rate": len(done.asked("rate"))} == {"rate": 3}


def test_backtranslation_instruction_that_is_a_refusal_is_not_even_rated(tmp_path: Path):
    done = run_instruction(tmp_path, section("instruction", REFUSAL), [])
    assert done.why == [Reason.REFUSAL]
    assert done.asked("rate") == []


@pytest.mark.parametrize(
    "said", ["4", "5", "4/5", "Rating: 4", "5 out of 5", "score = 5.", *WELL_RATED]
)
def test_backtranslation_instruction_well_rated_pair_is_kept(tmp_path: Path, said: str):
    done = run_instruction(tmp_path, section("instruction", ASKED), [rating(said)])
    [sample] = done.samples
    assert (sample.prompt, sample.response, sample.reference) == (ASKED, TEXT, "")
    assert sample.drawn["rating"] in (4, 5)
    assert [request.step for request in done.requests] == ["instruct", "rate"]


@pytest.mark.parametrize(
    ("ratings", "reason", "told"),
    [
        (["3"], Reason.LOW_RATED, "rated 3; 4 or more"),
        (["8"], Reason.UNPARSABLE, "no whole number from 1 to 5: '8'"),
        (["4.5"], Reason.UNPARSABLE, "'4.5'"),
        (["good"], Reason.UNPARSABLE, "'good'"),
        (["4 or 5"], Reason.UNPARSABLE, "'4 or 5'"),
    ],
)
def test_backtranslation_instruction_low_or_unreadable_rating_drops_the_pair(
    tmp_path: Path, ratings: list[str], reason: Reason, told: str
):
    answers = [rating(each) for each in ratings]
    done = run_instruction(tmp_path, section("instruction", ASKED), answers)
    [(found, detail)] = done.reasons.values()
    assert found == reason
    assert told in detail


def test_backtranslation_instruction_rating_given_twice_is_unparsable(tmp_path: Path):
    answers = [rating("5") + rating("1")]
    done = run_instruction(tmp_path, section("instruction", ASKED), answers)
    assert done.why == [Reason.UNPARSABLE]


@pytest.mark.parametrize(
    ("ratings", "why"),
    [
        (["5", "1"], [Reason.INCONSISTENT_JUDGE]),
        (["4", "3"], [Reason.LOW_RATED]),
        (["5", "4"], []),
    ],
)
def test_backtranslation_instruction_several_ratings_must_agree_and_their_mean_suffice(
    tmp_path: Path, ratings: list[str], why: list[Reason]
):
    answers = [rating(each) for each in ratings]
    done = run_instruction(tmp_path, section("instruction", ASKED), answers, "ratings: 2")
    assert done.why == why
    assert [sample.drawn["rating"] for sample in done.samples] == ([] if why else [4.5])


def test_backtranslation_instruction_that_copies_the_text_is_not_even_rated(tmp_path: Path):
    copying = section("instruction", f"Explain: {TEXT}")
    done = run_instruction(tmp_path, copying, [])
    assert done.why == [Reason.COPIED_SOURCE]
    assert done.asked("rate") == []


def test_backtranslation_instruction_rewritten_response_keeps_the_text_as_reference(tmp_path: Path):
    done = run_instruction(
        tmp_path,
        section("instruction", ASKED),
        [rating("5")],
        "rewrite: {template: w.j2, inputs: [instruction, response]}",
        section("response", "Salt, then a hot wash."),
    )
    [sample] = done.samples
    assert (sample.response, sample.reference) == ("Salt, then a hot wash.", TEXT)
    assert done.asked("rewrite")[0].messages[0].content == f"Anew: {ASKED} / {TEXT}"


@pytest.mark.parametrize(("text", "reason"), COMMON)
def test_backtranslation_instruction_unusable_answer_of_either_step_is_dropped(
    tmp_path: Path, text: str, reason: Reason
):
    assert run_instruction(tmp_path / "i", text, []).why == [reason]
    asked = section("instruction", ASKED)
    assert run_instruction(tmp_path / "r", asked, [text]).why == [reason]


def _rating(request: Request) -> str:
    asked = request.messages[-1].content
    stain = next(stain for stain in ("wine", "ink", "oil") if stain in asked)
    match request.step:
        case "instruct":
            return section("instruction", f"How do I get {stain} out of a tablecloth?")
        case "rate":
            # Of ink the two ratings lie too far apart.
            return rating("1" if stain == "ink" and request.sample_index else "5")
        case _:
            return section("response", f"Against {stain}: salt, then a hot wash.")


def test_backtranslation_instruction_run_twice_and_resumed_anywhere_gives_equal_samples(
    tmp_path: Path,
):
    technique = """
  kind: backtranslation_instruction
  instruct: {template: i.j2, inputs: [response, style]}
  rate: {template: r.j2, inputs: [instruction, response]}
  rewrite: {template: w.j2, inputs: [instruction, response]}
  ratings: 2
"""
    seeds = [
        {"response": TEXT.replace("the stain", f"the {stain}")} for stain in ("wine", "ink", "oil")
    ]

    def back_and_forth(folder: Path, answer: Answer) -> TechniqueRun:
        return run_each(folder, technique, INSTRUCTION_FILES, seeds, answer)

    whole = assert_replays(tmp_path, back_and_forth, _rating, range(11))
    assert len(whole.samples) == 2
    assert whole.why == [Reason.INCONSISTENT_JUDGE]
