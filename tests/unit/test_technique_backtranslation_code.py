"""Back-translation of code: what is kept, what dropped, and why."""

import re
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.unseen import copied_run
from synth_assets.errors import RecipeError
from tests.technique_runs import Answer, TechniqueRun, assert_replays
from tests.unit.backtranslation_runs import COMMON, by_step, run, run_each, section

CODE = """def add_all(values, start=0):
    total = start
    for v in values:
        total += v
    return total"""
AGAIN = "def add_all(values, start=5):\n    return sum(values, start)"
SAID = "Write `add_all(values, start)`, which adds up values, beginning with start."
CODE_FILES = {"d.j2": "{{ code }} {{ style }}", "w.j2": "{{ description }} {{ style }}"}


def run_code(folder: Path, described: str, written: str, more: str = "", code: str = CODE):
    technique = f"""
  kind: backtranslation_code
  describe: {{template: d.j2, inputs: [code, style]}}
  write: {{template: w.j2, inputs: [description, style]}}
  {more}
"""
    seed = {"code": code, "tests": "assert add_all([1, 2]) == 3"}
    answers = {"describe": described, "write": written}
    return run(folder, technique, CODE_FILES, seed, by_step(answers))


def test_backtranslation_code_same_shape_is_kept_as_written_again_with_the_tests_of_the_seed(
    tmp_path: Path,
):
    done = run_code(tmp_path, section("description", SAID), section("code", AGAIN))

    [sample] = done.samples
    assert (sample.prompt, sample.response) == (SAID, AGAIN)
    assert sample.reference == "assert add_all([1, 2]) == 3"
    assert set(sample.drawn) == {"style", "code_likeness", "same_code"}
    assert sample.drawn["same_code"] == "no"
    assert 0 < float(sample.drawn["code_likeness"]) < 1
    assert [request.step for request in done.requests] == ["describe", "write"]


def test_backtranslation_code_writer_sees_the_description_and_nothing_of_the_seed(tmp_path: Path):
    done = run_code(tmp_path, section("description", SAID), section("code", AGAIN))
    [asked] = done.asked("write")
    style = done.samples[0].drawn["style"]
    assert [message.content for message in asked.messages] == [f"{SAID} {style}"]


def test_backtranslation_code_prompt_that_wants_the_seed_for_the_second_writer_is_refused(
    tmp_path: Path,
):
    technique = """
  kind: backtranslation_code
  describe: {template: d.j2, inputs: [code, style]}
  write: {template: peek.j2, inputs: [description, code]}
"""
    files = {**CODE_FILES, "peek.j2": "{{ description }} {{ code }}"}
    seed = {"code": CODE, "tests": "-"}
    answers = by_step({"describe": section("description", SAID)})
    with pytest.raises(RecipeError, match="needs code"):
        run(tmp_path, technique, files, seed, answers)


def test_backtranslation_code_written_again_in_a_fence_is_the_code_alone(tmp_path: Path):
    fenced = f"```python\n{AGAIN}\n```"
    done = run_code(tmp_path, section("description", SAID), section("code", fenced))
    assert done.samples[0].response == AGAIN


def test_backtranslation_code_of_the_seed_can_be_the_response(tmp_path: Path):
    done = run_code(
        tmp_path, section("description", SAID), section("code", AGAIN), "response: original"
    )
    assert done.samples[0].response == CODE


@pytest.mark.parametrize(
    ("described", "written", "reason", "told"),
    [
        (
            f"{SAID} So: total = start for v in values total += v.",
            AGAIN,
            Reason.COPIED_SOURCE,
            "repeats 11 tokens",
        ),
        ("Write `add_all` of values.", AGAIN, Reason.NOT_PRESERVED, "does not name start"),
        ("Write a sum of values from start.", AGAIN, Reason.NOT_PRESERVED, "not name add_all"),
        (SAID, "def add_all(values, start=0: pass", Reason.UNPARSABLE, "does not parse (line 1)"),
        (SAID, "def add(values, start=0): pass", Reason.NOT_PRESERVED, "no function add_all"),
        (
            SAID,
            "def add_all(start, values): pass",
            Reason.NOT_PRESERVED,
            "add_all(start, values), it was add_all(values, start=)",
        ),
        (SAID, "def add_all(values, start): pass", Reason.NOT_PRESERVED, "add_all(values, start)"),
    ],
)
def test_backtranslation_code_what_is_lost_or_copied_is_dropped(
    tmp_path: Path, described: str, written: str, reason: Reason, told: str
):
    done = run_code(tmp_path, section("description", described), section("code", written))
    [(found, detail)] = done.reasons.values()
    assert found == reason
    assert told in detail


@pytest.mark.parametrize(("text", "reason"), COMMON)
def test_backtranslation_code_unusable_answer_of_either_step_is_dropped(
    tmp_path: Path, text: str, reason: Reason
):
    assert run_code(tmp_path / "d", text, section("code", AGAIN)).why == [reason]
    assert run_code(tmp_path / "w", section("description", SAID), text).why == [reason]


def test_backtranslation_code_seed_that_is_no_function_is_told(tmp_path: Path):
    done = run_code(tmp_path, section("description", SAID), section("code", AGAIN), code="x = 1")
    assert list(done.reasons.values()) == [
        (Reason.UNPARSABLE, "of the seed, the code has no function")
    ]
    assert done.asked("write") == []


def test_backtranslation_code_number_that_is_lost_shows_in_what_is_written_again(tmp_path: Path):
    code = "def f(a):\n    return a[1:] * 40 + 0.5 + 3.5"
    said = section("description", "Write `f(a)`.")
    other = section("code", "def f(a):\n    return a[2:] * 4 + 3.5")
    done = run_code(tmp_path / "a", said, other, code=code)
    assert list(done.reasons.values()) == [(Reason.NOT_PRESERVED, "written again without 40")]
    done = run_code(tmp_path / "b", said, other, "same_numbers: false", code)
    assert len(done.samples) == 1


def test_copied_run_finds_the_longest_run_whatever_case_and_punctuation():
    run_ = copied_run("It says: THE cat, sat on a mat!", "on the mat the cat sat on the")
    assert run_ == ("the", "cat", "sat", "on")
    assert copied_run("", "a b") == ()


def _coding(request: Request) -> str:
    name = re.findall("add_[a-z]+", request.messages[-1].content)[0]
    if request.step == "describe":
        return section("description", SAID.replace("add_all", name))
    return section("code", AGAIN.replace("add_all", "sum_up" if name == "add_lost" else name))


def test_backtranslation_code_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    technique = """
  kind: backtranslation_code
  describe: {template: d.j2, inputs: [code, style]}
  write: {template: w.j2, inputs: [description, style]}
"""
    names = ("add_all", "add_lost", "add_more", "add_up")
    seeds = [{"code": CODE.replace("add_all", name), "tests": "-"} for name in names]

    def back_and_forth(folder: Path, answer: Answer) -> TechniqueRun:
        return run_each(folder, technique, CODE_FILES, seeds, answer)

    whole = assert_replays(tmp_path, back_and_forth, _coding, range(8))
    assert len(whole.samples) == 3
    assert whole.why == [Reason.NOT_PRESERVED]
