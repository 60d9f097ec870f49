"""Grounded questions: one, many and over several passages; what is dropped, and why."""

from collections import Counter
from pathlib import Path

import pytest

from synth_assets.core.completion import Completion, Request
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, VerdictOutcome
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.protocol import Unusable
from synth_assets.core.techniques.repeated import read_blocks
from synth_assets.core.verify.quote import Quote
from synth_assets.errors import RecipeError
from tests.technique_runs import (
    Answer,
    TechniqueRun,
    assert_replays,
    recipe_of,
    run_technique,
    seeds_of_fields,
)

PHRASE = "The text does not say."
RECIPE = """
id: tiny
title: Tiny questions
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
variations: {{kind: [{kinds}]}}
technique:
  kind: grounded_qa
  ask: {{template: ask.md.j2, inputs: [{inputs}]}}
  {more}
verifiers: [{{kind: quote, no_answer: "{phrase}"{verify}}}]
"""
NAMES = ("question", "answer", "quote")


def block(question: str, answer: str, quote: str, kind: str = "") -> str:
    told = f"<kind>{kind}</kind>" if kind else ""
    return (
        f"<qa>{told}<question>{question}</question><answer>{answer}</answer>"
        f"<quote>{quote}</quote></qa>"
    )


def rained(place: str, kind: str = "") -> str:
    return block(f"Where does it rain on {place}?", place, f"It rains on {place}.", kind)


def run_one(folder: Path, answer: str, kind: str = "fact", more: str = "") -> TechniqueRun:
    """One question about one passage."""
    text = RECIPE.format(
        samples=1, kinds=kind, inputs="passage, kind", phrase=PHRASE, verify="", more=more
    )
    recipe = recipe_of(text, {"ask.md.j2": "{{ kind }}: {{ passage }}"})
    seeds = seeds_of_fields({"passage": "It rains on Skye."})
    return run_technique(folder, recipe, seeds, lambda _: answer)


def run_many(folder: Path, answers: list[str], questions: int, a_request: int) -> TechniqueRun:
    """Several questions about one passage, `a_request` of them at a time."""
    more = f"questions: {questions}\n  questions_a_request: {a_request}\n  no_answer: {PHRASE}"
    text = RECIPE.format(
        samples=1, kinds="x", inputs="passage, count, earlier", phrase=PHRASE, verify="", more=more
    ).replace("variations: {kind: [x]}\n", "")
    recipe = recipe_of(text, {"ask.md.j2": "{{ count }}|{{ earlier }}|{{ passage }}"})
    passage = " ".join(f"It rains on {p}." for p in ("Skye", "Mull", "Iona", "Jura", "Bute"))
    asked: list[str] = []

    def answer(request: Request) -> str:
        asked.append(request.step)
        return answers[len(asked) - 1]

    return run_technique(folder, recipe, seeds_of_fields({"passage": passage}), answer)


def told(run: TechniqueRun) -> list[tuple[str, str]]:
    return [(sample.prompt, sample.response) for sample in run.samples]


def test_grounded_qa_one_question_becomes_a_sample_with_its_passage_and_quote(tmp_path: Path):
    run = run_one(tmp_path, rained("Skye"))

    [sample] = run.samples
    assert (sample.prompt, sample.response) == ("Where does it rain on Skye?", "Skye")
    assert (sample.context, sample.reference) == ("It rains on Skye.", "It rains on Skye.")
    assert sample.drawn == {"kind": "fact"}
    assert len(run.asked("ask")) == 1


@pytest.mark.parametrize(
    ("kind", "answer", "reason"),
    [
        ("fact", "<none/>", Reason.DECLINED),
        ("fact", "", Reason.EMPTY_COMPLETION),
        ("fact", "I'm sorry, but I can't help with that request.", Reason.REFUSAL),
        ("fact", "<question>Where?</question>", Reason.UNPARSABLE),
        ("fact", rained("Skye") + rained("Skye"), Reason.UNPARSABLE),
        ("fact", block("Where?", PHRASE, "none"), Reason.WRONG_KIND),
        ("unanswerable", rained("Skye"), Reason.WRONG_KIND),
        ("unanswerable", block("Why?", "Nobody knows.", "none"), Reason.WRONG_KIND),
        ("unanswerable", block("Why?", PHRASE, "It rains on Skye."), Reason.ANSWER_NOT_IN_QUOTE),
    ],
)
def test_grounded_qa_answer_that_is_not_as_asked_is_dropped_with_its_reason(
    tmp_path: Path, kind: str, answer: str, reason: Reason
):
    run = run_one(tmp_path, answer, kind, f"no_answer: {PHRASE}")

    assert run.samples == ()
    assert run.why == [reason]


def test_grounded_qa_unanswerable_question_is_kept_with_the_phrase_and_without_a_quote(
    tmp_path: Path,
):
    answer = block("Why does it rain?", "the text does not say", "None.")
    run = run_one(tmp_path, answer, "unanswerable", f"no_answer: {PHRASE}")

    [sample] = run.samples
    assert sample.reference == ""
    assert sample.drawn == {"answerable": "no", "kind": "unanswerable"}


def test_grounded_qa_many_questions_come_in_several_requests_that_know_the_earlier(tmp_path: Path):
    answers = [rained("Skye", "place") + rained("Mull"), rained("Iona") + rained("Jura"), "<none/>"]
    run = run_many(tmp_path, answers, questions=5, a_request=2)

    assert [response for _, response in told(run)] == ["Skye", "Mull", "Iona", "Jura"]
    assert run.why == [Reason.DECLINED]
    counts = [request.messages[-1].content.split("|")[0] for request in run.requests]
    assert counts == ["2", "2", "1"]
    earlier = run.requests[1].messages[-1].content.split("|")[1]
    assert earlier == "- Where does it rain on Skye?\n- Where does it rain on Mull?"
    assert run.samples[0].drawn == {"answerable": "yes", "kind": "place"}
    made_of = [sample.request_fingerprints for sample in run.samples]
    first, second = (request.fingerprint for request in run.requests[:2])
    assert [each[0] for each in made_of] == [first, first, second, second]


def test_grounded_qa_rows_of_later_requests_tell_what_these_were_asked_with(tmp_path: Path):
    more = f"questions: 3\n  questions_a_request: 1\n  no_answer: {PHRASE}"
    text = RECIPE.format(
        samples=1, kinds="x", inputs="passage, count", phrase=PHRASE, verify="", more=more
    )
    text = text.replace("ask.md.j2,", "[a.md.j2, b.md.j2],").replace(
        "[passage, count]", "[passage, count], sampling: {temperature: [0.1, 0.5, 0.9]}"
    )
    names = ("a", "b")
    recipe = recipe_of(
        text, {f"{n}.md.j2": f"{n} {{{{ count }}}} {{{{ passage }}}}" for n in names}
    )
    isles_ = iter(("Skye", "Mull", "Iona"))
    seeds = seeds_of_fields({"passage": "It rains on Skye. It rains on Mull. It rains on Iona."})
    run = run_technique(tmp_path, recipe, seeds, lambda _: rained(next(isles_)))
    by_name = {request.fingerprint: request for request in run.requests}
    assert len(run.samples) == 3
    for sample in run.samples:
        request = by_name[sample.request_fingerprints[0]]
        said = request.messages[-1].content[0]
        assert sample.drawn["ask_template"] == f"{said}.md.j2"
        assert f'"temperature":{sample.drawn["ask_temperature"]}' in request.parameters
    assert len({sample.drawn["ask_temperature"] for sample in run.samples}) > 1


def test_grounded_qa_passage_that_is_no_field_is_refused_before_anything_is_asked(tmp_path: Path):
    text = RECIPE.format(
        samples=1, kinds="x", inputs="text", phrase=PHRASE, verify="", more="questions: 2"
    )
    recipe = recipe_of(text, {"ask.md.j2": "{{ text }}"})
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return rained("Skye")

    with pytest.raises(RecipeError, match=r"passage: seeds have no field passage, only .*text"):
        run_technique(tmp_path, recipe, seeds_of_fields({"text": "a"}), answer)
    assert asked == []


def test_grounded_qa_bounds_of_calls_and_rows_follow_the_questions():
    many = "questions: 25\n  questions_a_request: 10"
    text = RECIPE.format(samples=1, kinds="x", inputs="passage", phrase="x", verify="", more=many)
    technique = recipe_of(text, {"ask.md.j2": "{{ passage }}"}).spec.technique
    assert technique.most_calls == {"ask": 3}
    assert technique.expected(80) == 80
    several = recipe_of(passages_recipe(80), {"ask.md.j2": "{{ kind }} {{ passages }}"})
    assert several.spec.technique.expected(80) == 100


def test_grounded_qa_one_bad_block_spoils_no_other(tmp_path: Path):
    answer = "".join(
        (
            rained("Skye"),
            "<qa><question>No answer?</question></qa>",
            block("Where does it rain on Skye?", "Mull", "It rains on Mull."),
            block("Where does it rain  on Skye, then?", "Skye", "It rains on Skye."),
            block("Which isle is dry?", PHRASE, "none", "unanswerable"),
        )
    )
    run = run_many(tmp_path, [answer], questions=5, a_request=10)

    assert [response for _, response in told(run)] == ["Skye", PHRASE]
    assert run.why == [Reason.NOT_NOVEL, Reason.NOT_NOVEL, Reason.UNPARSABLE]


def test_grounded_qa_alike_questions_about_different_sentences_are_both_kept(tmp_path: Path):
    answer = rained("Skye") + rained("Mull")
    run = run_many(tmp_path, [answer], questions=2, a_request=2)
    assert len(run.samples) == 2


def test_grounded_qa_more_questions_than_asked_for_are_told_and_not_taken(tmp_path: Path):
    answer = "".join(rained(place) for place in ("Skye", "Mull", "Iona", "Jura"))
    run = run_many(tmp_path, [answer], questions=2, a_request=2)

    assert len(run.samples) == 2
    [(reason, detail)] = run.reasons.values()
    assert (reason, detail) == (Reason.UNPARSABLE, "2 questions more than the 2 asked for")


def test_grounded_qa_refused_request_loses_each_question_asked_for(tmp_path: Path):
    refusal = "I'm sorry, but I can't help with that request."
    run = run_many(tmp_path, [refusal, rained("Skye")], questions=3, a_request=2)

    assert [response for _, response in told(run)] == ["Skye"]
    assert run.why == [Reason.REFUSAL, Reason.REFUSAL]


def completion(text: str, finish_reason: str = "stop") -> Completion:
    return Completion("f", text, finish_reason, 1, 1, 0.0, 0.0)


def test_read_blocks_cut_off_answer_gives_its_whole_blocks():
    text = rained("Skye") + "<qa><question>Where does it"
    blocks = read_blocks(completion(text, "length"), "qa", NAMES, 3)

    first, second, third = blocks.read
    assert isinstance(first, Answered)
    assert first["answer"] == "Skye"
    assert isinstance(second, Unusable)
    assert isinstance(third, Unusable)
    assert (second.reason, third.reason) == (Reason.TRUNCATED, Reason.TRUNCATED)


def test_read_blocks_block_that_is_not_closed_ends_where_the_next_begins():
    text = "<qa><question>Where?</question>" + rained("Mull")
    blocks = read_blocks(completion(text), "qa", NAMES, 2)

    assert isinstance(blocks.read[0], Unusable)
    assert blocks.read[0].reason is Reason.UNPARSABLE
    assert isinstance(blocks.read[1], Answered)
    assert blocks.read[1]["answer"] == "Mull"


# --- several passages ---------------------------------------------------------------------------

TWO_QUOTES = "[1] {one}\n[2] {two}"


def passages_recipe(samples: int, more: str = "") -> str:
    return RECIPE.format(
        samples=samples,
        kinds="a, b",
        inputs="passages, kind",
        phrase=PHRASE,
        verify=", numbered: true, answer_in_quote: words",
        more=f"passages: 2\n  passage: text\n  document: place\n  {more}",
    )


def isles(*documents: tuple[str, int]):
    rows = [
        {"place": f"{name} > {n} ({name}.pdf, page {n})", "text": f"{name} isle {n} is wet."}
        for name, count in documents
        for n in range(count)
    ]
    return seeds_of_fields(*rows)


def both(request: Request) -> str:
    """A question on both passages."""
    _, one, _, two = request.messages[-1].content.replace("\n\n", "\n").split("\n")[-4:]
    quote = TWO_QUOTES.format(one=one, two=two)
    return block(f"Are {one} and {two} wet?", f"{one} {two}", quote)


def run_passages(folder: Path, seeds, samples: int, answer=both) -> TechniqueRun:
    recipe = recipe_of(passages_recipe(samples), {"ask.md.j2": "{{ kind }}\n{{ passages }}"})
    return run_technique(folder, recipe, seeds, answer)


def test_grounded_qa_passages_of_one_document_are_paired_and_quoted_by_number(tmp_path: Path):
    run = run_passages(tmp_path, isles(("north", 3), ("south", 2), ("alone", 1)), 4)

    assert len(run.samples) == 4
    pairs = Counter(sample.drawn["passage_seeds"] for sample in run.samples)
    assert set(pairs.values()) == {1}
    for sample in run.samples:
        names = {word for word in ("north", "south", "alone") if word in sample.context}
        assert len(names) == 1
        assert "alone" not in names
        assert sample.context.startswith("[Passage 1]\n")
        assert sample.reference.startswith("[1] ")
        assert sample.drawn["quoted_passages"] == "1, 2"
        assert sample.seed_id == str(sample.drawn["passage_seeds"]).split()[0]


def test_grounded_qa_round_after_round_until_enough_are_accepted(tmp_path: Path):
    def half(request: Request) -> str:
        return both(request) if int(request.fingerprint[:2], 16) % 2 else "<none/>"

    run = run_passages(tmp_path, isles(("north", 8)), 12, half)
    assert len(run.samples) >= 12
    assert len(run.rounds) > 1
    assert run.rounds[0].planned == 12


def test_grounded_qa_two_empty_rounds_are_the_last(tmp_path: Path):
    run = run_passages(tmp_path, isles(("north", 4)), 3, lambda _: "<none/>")
    assert run.samples == ()
    assert [each.planned for each in run.rounds] == [3, 6]


def test_grounded_qa_rounds_ask_by_the_share_so_far_and_go_on_after_an_empty_one(tmp_path: Path):
    asked: list[Request] = []

    def late(request: Request) -> str:
        asked.append(request)
        return both(request) if len(asked) in (5, 9, 10) or len(asked) > 12 else "<none/>"

    run = run_passages(tmp_path, isles(("north", 12)), 4, late)
    # None of four; one of four; a share of 1/8 lets ask for 24.
    assert [each.planned for each in run.rounds] == [4, 8, 32]
    assert len(run.samples) >= 4


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        ("north isle 1 is wet.", Reason.UNPARSABLE),
        ("[1] north isle 1 is wet.\n[1] north isle 1 is wet.", Reason.WRONG_KIND),
    ],
)
def test_grounded_qa_question_that_does_not_quote_two_passages_is_dropped(
    tmp_path: Path, quote: str, reason: Reason
):
    run = run_passages(tmp_path, isles(("north", 2)), 1, lambda _: block("Wet?", "wet", quote))
    assert run.why == [reason] * 2


def test_grounded_qa_documents_of_one_passage_cannot_be_paired(tmp_path: Path):
    with pytest.raises(RecipeError, match="no document has 2 passages"):
        run_passages(tmp_path, isles(("north", 1), ("south", 1)), 2)


def test_grounded_qa_seeds_without_the_named_field_are_refused(tmp_path: Path):
    with pytest.raises(RecipeError, match="seeds have no field place, only text"):
        run_passages(tmp_path, seeds_of_fields({"text": "a"}), 2)


# --- replay -------------------------------------------------------------------------------------


def test_grounded_qa_growing_run_made_twice_and_resumed_anywhere_gives_equal_samples(
    tmp_path: Path,
):
    def half(request: Request) -> str:
        return both(request) if int(request.fingerprint[:2], 16) % 3 else "<none/>"

    def paired(folder: Path, answer: Answer) -> TechniqueRun:
        return run_passages(folder, isles(("north", 5), ("south", 4)), 12, answer)

    whole = assert_replays(tmp_path, paired, half, (0, 1, 5, 11))
    assert [each.planned for each in whole.rounds] == [12, 24]


def test_grounded_qa_second_run_asks_nothing_and_marks_the_same_share_for_experts(tmp_path: Path):
    answer = "".join(rained(place) for place in ("Skye", "Mull", "Iona", "Jura", "Bute"))
    first = run_many(tmp_path / "a", [answer], 5, 5)
    second = run_many(tmp_path / "a", [], 5, 5)
    assert second.samples == first.samples
    assert second.requests == ()


def test_grounded_qa_review_share_marks_about_that_share(tmp_path: Path):
    text = passages_recipe(200, "review_share: 0.25")
    recipe = recipe_of(text, {"ask.md.j2": "{{ kind }}\n{{ passages }}"})
    run = run_technique(tmp_path, recipe, isles(("north", 30)), both)
    marked = [sample.drawn.get("expert_review") for sample in run.samples]
    assert 30 <= marked.count("yes") <= 70
    assert set(marked) == {"yes", None}


# --- recipe and verifier ------------------------------------------------------------------------


def test_grounded_qa_several_questions_of_one_request_cannot_be_json():
    text = passages_recipe(1, "questions: 4").replace(
        "inputs: [passages, kind]", "inputs: [passages, kind], schema_file: a.json"
    )
    with pytest.raises(RecipeError, match="set questions_a_request: 1"):
        recipe_of(text, {"ask.md.j2": "{{ kind }} {{ passages }}", "a.json": "{}"})


def numbered_sample(reference: str, response: str = "wet and dry") -> Sample:
    row = Sample.real("s", 0, "Q?", response, "x")
    context = "[Passage 1]\nThe north is wet.\n\n[Passage 2]\nThe south is dry."
    return Sample(**{**row.__dict__, "context": context, "reference": reference})


@pytest.mark.parametrize(
    ("reference", "outcome"),
    [
        ("[1] The north is wet.\n[2] The south is dry.", VerdictOutcome.ACCEPTED),
        ("[2] The north is wet.\n[1] The south is dry.", VerdictOutcome.REJECTED),
        ("[1] The north is wet.\n[3] The south is dry.", VerdictOutcome.REJECTED),
        ("The north is wet. The south is dry.", VerdictOutcome.REJECTED),
        ("[1] The north is wet.", VerdictOutcome.REJECTED),
    ],
)
def test_quote_numbered_is_held_to_the_passage_it_names(reference: str, outcome: VerdictOutcome):
    check = Quote(kind="quote", numbered=True, answer_in_quote="words").prepare({})
    assert check(numbered_sample(reference)).outcome is outcome


def test_quote_no_answer_is_accepted_only_without_a_quote():
    check = Quote(kind="quote", no_answer=PHRASE).prepare({})
    assert check(numbered_sample("", PHRASE)).outcome is VerdictOutcome.ACCEPTED
    quoted = check(numbered_sample("The north is wet.", PHRASE))
    assert quoted.reason is Reason.ANSWER_NOT_IN_QUOTE
    other = check(numbered_sample("", "The passage is silent."))
    assert other.reason is Reason.QUOTE_NOT_IN_PASSAGE
