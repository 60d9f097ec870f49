"""The shipped back-translation recipes on the embedded teacher: what is kept, and its flaws."""

from collections import Counter
from pathlib import Path

import pytest

from synth_assets.core.schema import Reason
from synth_assets.resources.embedded.functions import families
from synth_assets.resources.embedded.phrase_book import phrases
from synth_assets.resources.embedded.truth import Flaw
from tests.unit.shipped_runs import ShippedRun, run_shipped

PLANNED = {"function_descriptions": 90, "howto_instructions": 60, "german_to_english": 96}
LEAKS = ("You describe Python", "You write the instruction", "You translate")


@pytest.fixture(scope="module", params=sorted(PLANNED))
def shipped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    name: str = request.param
    return name, run_shipped(tmp_path_factory.mktemp(name), name)


def holds(code: str, tests: str) -> bool:
    """Whether code of this project's own passes its tests."""
    names: dict[str, object] = {}
    exec(code, names)
    try:
        exec(tests, names)
    except AssertionError:
        return False
    return True


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


def test_backtranslation_code_lost_meaning_is_caught_but_for_a_number_as_small_as_two(
    tmp_path: Path,
):
    done = run_shipped(tmp_path, "function_descriptions", flaws={"lost_meaning": 1.0})
    assert set(done.run.why) == {Reason.NOT_PRESERVED}
    unseen = {sample.response.splitlines()[1].strip() for sample in done.verified}
    assert unseen == {"hidden = len(number) - 2"}
    assert len(done.verified) == 3


def test_backtranslation_code_kept_responses_and_rewrites_pass_the_tests_of_their_seeds():
    for family in families():
        for number in family.numbers or (0,):
            tests = family.tests.replace("{n}", str(number))
            assert holds(family.code.replace("{n}", str(number)), tests), family.name
            assert holds(family.other.replace("{n}", str(number)), tests), family.name


def test_backtranslation_recipe_rated_pairs_fit(tmp_path: Path):
    done = run_shipped(tmp_path, "howto_instructions")
    unfit = [s for s in done.verified if Flaw.LOST_MEANING in done.flaws_of(s)]
    assert unfit == []
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
