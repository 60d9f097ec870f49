"""The shipped back-translation recipes on the embedded teacher: what is kept, and its flaws."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from synth_assets.core.function_shape import FunctionShape, function_of
from synth_assets.core.schema import Reason
from synth_assets.core.verify.programs import (
    CallTests,
    DoesNotRun,
    Failed,
    Passed,
    ProgramJob,
    ProgramOutcome,
)
from synth_assets.resources.embedded.functions import Family, families
from synth_assets.resources.embedded.phrase_book import phrases
from synth_assets.resources.embedded.truth import Flaw
from synth_assets.resources.sandbox.runner import Sandbox
from tests.integration.sandboxes import open_sandbox
from tests.unit.shipped_runs import ShippedRun, run_shipped

PLANNED = {"function_descriptions": 90, "howto_instructions": 60, "german_to_english": 96}
LEAKS = ("You describe Python", "You write the instruction", "You translate")


@pytest.fixture(scope="module", params=sorted(PLANNED))
def shipped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    name: str = request.param
    return name, run_shipped(tmp_path_factory.mktemp(name), name)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox() as opened:
        yield opened


def outcome_of(sandbox: Sandbox, code: str, tests: str) -> ProgramOutcome:
    return sandbox.run(ProgramJob(code, CallTests(tests)))


def shape(code: str) -> FunctionShape:
    found = function_of(code)
    assert isinstance(found, FunctionShape)
    return found


def test_backtranslation_recipe_keeps_more_than_half_in_spite_of_all_flaws(
    shipped: tuple[str, ShippedRun],
):
    name, done = shipped
    assert len(done.kept) >= 0.55 * PLANNED[name]
    assert not any(leak in sample.prompt for sample in done.verified for leak in LEAKS)


def test_backtranslation_recipe_without_flaws_loses_nothing_before_deduplication(
    shipped: tuple[str, ShippedRun], tmp_path: Path
):
    name, _ = shipped
    done = run_shipped(tmp_path, name, flaws={})
    assert len(done.verified) == PLANNED[name]


@pytest.mark.parametrize(
    ("name", "flaw", "reasons"),
    [
        ("function_descriptions", "copied_seed", {Reason.COPIED_SOURCE}),
        ("function_descriptions", "ignored_request", {Reason.NOT_PRESERVED}),
        ("function_descriptions", "prompt_leak", {Reason.PROMPT_LEAK}),
        ("howto_instructions", "lost_meaning", {Reason.LOW_RATED}),
        ("howto_instructions", "copied_seed", {Reason.COPIED_SOURCE}),
        ("howto_instructions", "ignored_request", {Reason.UNPARSABLE}),
        ("german_to_english", "lost_meaning", {Reason.NOT_PRESERVED}),
    ],
)
def test_backtranslation_flaw_at_every_answer_is_caught(
    tmp_path: Path, name: str, flaw: str, reasons: set[Reason]
):
    done = run_shipped(tmp_path, name, flaws={flaw: 1.0})
    lost = Counter(done.run.why) + done.rejected
    assert set(lost) >= reasons
    assert done.verified == ()


def test_backtranslation_code_lost_meaning_passes_the_shape_for_a_two_and_then_fails_the_tests(
    tmp_path: Path,
):
    done = run_shipped(tmp_path, "function_descriptions", flaws={"lost_meaning": 1.0})
    assert Counter(done.run.why) == {Reason.NOT_PRESERVED: 87}
    assert {sample.prompt.partition("(")[0].split("`")[-1] for sample in done.run.samples} == {
        "mask_digits"
    }
    assert done.rejected == {Reason.TESTS_FAILED: 3}


def test_backtranslation_code_tests_reject_what_was_written_wrong_and_nothing_else(tmp_path: Path):
    done = run_shipped(tmp_path, "function_descriptions")
    wrong = {s.sample_id for s in done.run.samples if Flaw.LOST_MEANING in done.flaws_of(s)}
    failed = done.rejected[Reason.TESTS_FAILED] + done.rejected[Reason.DOES_NOT_RUN]

    assert failed == len(wrong) >= 5
    assert not wrong & {sample.sample_id for sample in done.verified}
    assert set(done.rejected) <= {Reason.TESTS_FAILED, Reason.DOES_NOT_RUN, Reason.PROMPT_LEAK}


@pytest.mark.parametrize(
    ("family", "number"),
    [(family, number) for family in families() for number in family.numbers or (0,)],
    ids=lambda value: value.name if isinstance(value, Family) else str(value),
)
def test_embedded_function_passes_its_tests_unless_it_is_wrong(
    sandbox: Sandbox, family: Family, number: int
):
    tests, seed, other, *wrong = (
        text.replace("{n}", str(number))
        for text in (family.tests, family.code, family.other, *family.wrong)
    )
    assert outcome_of(sandbox, seed, tests) == outcome_of(sandbox, other, tests) == Passed()
    for code in wrong:
        assert isinstance(outcome_of(sandbox, code, tests), Failed | DoesNotRun)
        assert shape(code).signature == shape(seed).signature
        assert shape(code).numbers >= shape(seed).numbers
    assert wrong


def test_backtranslation_recipe_rated_pairs_fit(tmp_path: Path):
    done = run_shipped(tmp_path, "howto_instructions")
    unfit = [s for s in done.verified if Flaw.LOST_MEANING in done.flaws_of(s)]
    assert len(unfit) <= 1
    for sample in unfit:  # both ratings were given without looking
        ratings = [done.truths[name].flaw for name in sample.request_fingerprints[1:]]
        assert ratings == [Flaw.POSITION_BIAS] * 2
    assert {float(sample.drawn["rating"]) for sample in done.verified} <= {4.0, 4.5, 5.0}


def test_backtranslation_recipe_judge_that_always_says_five_is_found_out_by_the_other(
    tmp_path: Path,
):
    flaws = {"lost_meaning": 1.0, "position_bias": 0.5}
    done = run_shipped(tmp_path, "howto_instructions", flaws=flaws)
    why = Counter(done.run.why)
    assert why[Reason.INCONSISTENT_JUDGE] >= 3
    assert why[Reason.LOW_RATED] >= 3


def test_backtranslation_phrase_book_reads_back_what_it_writes():
    values = {"n": "12", "time": "9:05", "name": "Ida Holm", "place": "Graz"}
    for phrase in phrases():
        for templates, patterns in ((phrase.en, phrase.read_en), (phrase.de, phrase.read_de)):
            for template, pattern in zip(templates, patterns, strict=True):
                match = pattern.fullmatch(template.format_map(values))
                assert match is not None
                assert match.groupdict().items() <= values.items()
