"""The shipped guideline recipes on the embedded teacher: what is kept, and what of its flaws."""

from collections import Counter
from pathlib import Path

import pytest

from synth_assets.core.completion import Message
from synth_assets.core.numbered import numbered_passages, numbered_quotes
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason
from synth_assets.resources.embedded.composition import compose
from synth_assets.resources.settings import SHIPPED_RECIPES
from tests.unit.shipped_runs import ShippedRun, run_shipped

PLANNED = {"medical_guideline_qa": 80, "legal_guideline_qa": 60, "financial_guideline_qa": 60}
A_GUIDELINE = 20
PHRASES = {
    "medical_guideline_qa": "The guideline does not say.",
    "legal_guideline_qa": "These sections do not say.",
    "financial_guideline_qa": "The policy does not say.",
}


@pytest.fixture(scope="module", params=sorted(PLANNED))
def shipped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    name: str = request.param
    return name, run_shipped(tmp_path_factory.mktemp(name), name)


def is_quoted(sample: Sample, phrase: str) -> bool:
    """Whether each quote stands in its passage, or none is needed."""
    if sample.response == phrase:
        return sample.reference == ""
    if not sample.context.startswith("[Passage 1]"):
        return " ".join(sample.reference.split()) in " ".join(sample.context.split())
    passages = numbered_passages(sample.context)
    quotes = numbered_quotes(sample.reference)
    return bool(quotes) and all(
        each.text in " ".join(passages[each.passage].split()) for each in quotes
    )


def test_guideline_recipe_keeps_nine_tenths_in_spite_of_all_flaws(
    shipped: tuple[str, ShippedRun],
):
    name, done = shipped
    assert len(done.kept) >= 0.9 * PLANNED[name]


def test_guideline_recipe_asks_twenty_questions_of_each_guideline(
    shipped: tuple[str, ShippedRun],
):
    name, done = shipped
    asked = Counter(sample.seed_id for sample in done.kept)
    assert len(done.run.requests) == PLANNED[name] // 10
    assert len(asked) == PLANNED[name] // A_GUIDELINE
    assert all(18 <= count <= A_GUIDELINE for count in asked.values())


def test_guideline_recipe_keeps_no_invented_quote_and_no_leak(shipped: tuple[str, ShippedRun]):
    name, done = shipped
    assert all(is_quoted(sample, PHRASES[name]) for sample in done.verified)
    assert not any("You write questions" in sample.prompt for sample in done.verified)


def test_guideline_recipe_asks_questions_of_several_kinds(shipped: tuple[str, ShippedRun]):
    name, done = shipped
    kinds = Counter(str(sample.drawn["kind"]) for sample in done.kept)
    assert len(kinds) >= 4
    assert kinds["unanswerable"] >= 4
    unanswered = {sample.response for sample in done.kept if sample.drawn["answerable"] == "no"}
    assert unanswered == {PHRASES[name]}


def test_guideline_recipe_without_flaws_loses_only_what_has_no_question(
    shipped: tuple[str, ShippedRun], tmp_path: Path
):
    name, _ = shipped
    done = run_shipped(tmp_path, name, flaws={})
    assert done.rejected == Counter()
    assert set(done.run.why) <= {Reason.NOT_NOVEL}
    assert len(done.kept) >= PLANNED[name] - 1


def test_guideline_questions_over_two_passages_are_all_different(tmp_path: Path):
    done = run_shipped(tmp_path, "legal_guideline_qa", flaws={})
    answered = [sample for sample in done.kept if sample.drawn["answerable"] == "yes"]
    assert {sample.drawn["quoted_passages"] for sample in answered} == {"1, 2"}
    asked = {(sample.prompt, sample.response) for sample in answered}
    assert len({response for _, response in asked}) == len(answered) == 54


@pytest.mark.parametrize(
    ("flaw", "reasons"),
    [
        ("invented_quote", {Reason.QUOTE_NOT_IN_PASSAGE, Reason.WRONG_KIND}),
        ("prompt_leak", {Reason.PROMPT_LEAK}),
        ("ignored_request", {Reason.WRONG_KIND}),
    ],
)
def test_guideline_flaw_at_every_answer_loses_one_question_of_each(
    tmp_path: Path, flaw: str, reasons: set[Reason]
):
    done = run_shipped(tmp_path, "financial_guideline_qa", flaws={flaw: 1.0})
    lost = Counter(done.run.why) + done.rejected
    assert {Reason(reason) for reason in lost} - {Reason.NOT_NOVEL} <= reasons
    spoiled = sum(count for reason, count in lost.items() if reason != Reason.NOT_NOVEL)
    assert spoiled == len(done.run.requests) == 6


def test_guideline_repeated_question_is_dropped_as_not_novel(tmp_path: Path):
    done = run_shipped(tmp_path, "medical_guideline_qa", flaws={"repetition": 1.0})
    # Once in each of the two requests of each of the four guidelines.
    assert done.run.why.count(Reason.NOT_NOVEL) >= 8
    assert len(done.kept) >= 60


def test_guideline_question_begins_as_its_reader_does():
    guideline = "A claim means the form together with all receipts."
    prompt = (
        "Write one question that an auditor might ask.\n<guideline_title>\nExpense Policy\n"
        f"</guideline_title>\n<guideline>\n{guideline}\n</guideline>\n<kind>definition</kind>"
    )
    asked = {
        compose("scholar", [Message("user", prompt)], {}, seed).text.splitlines()[1]
        for seed in range(40)
    }
    leads = {question.partition(", ")[0] for question in asked}
    assert {"Auditing by the Expense Policy", "According to the Expense Policy"} <= leads
    assert len(leads) == 6
    # A reader that only the guideline speaks of asks nothing.
    other = prompt.replace("an auditor", "anybody").replace(guideline, f"{guideline} An auditor.")
    for seed in range(40):
        text = compose("scholar", [Message("user", other)], {}, seed).text
        assert "Auditing by" not in text


@pytest.mark.parametrize("name", sorted(PLANNED))
def test_guideline_readers_of_recipe_are_known_to_the_teacher(name: str):
    lines = (SHIPPED_RECIPES / name / "readers.txt").read_text(encoding="utf-8").splitlines()
    readers = [line for line in lines if not line.startswith("#")]
    assert len(readers) == 6
    for reader in readers:
        prompt = (
            f"As {reader} would ask.\n<guideline_title>\nRules\n</guideline_title>\n"
            "<guideline>\nA claim means a form with receipts.\n</guideline>\n"
            "<kind>definition</kind>"
        )
        asked = {
            compose("scholar", [Message("user", prompt)], {}, seed).text.splitlines()[1]
            for seed in range(40)
        }
        assert len(asked) == 6


def test_guideline_of_which_nothing_can_be_asked_is_declined():
    prompt = "<guideline>\nHello there!\n</guideline>\n<kind>cause</kind>"
    made = compose("scholar", [Message("user", prompt)], {}, 0)
    assert made.text == "<none/>"
