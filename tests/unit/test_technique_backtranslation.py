"""Back-translation of code, of answers and of languages: what is kept, what dropped, and why."""

from collections.abc import Callable
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.function_shape import FunctionShape, function_of, unfenced
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.backtranslation_instruction import rating_in
from synth_assets.core.techniques.backtranslation_language import chrf
from synth_assets.core.techniques.number_readings import Unshared, unshared_numbers
from synth_assets.core.techniques.unseen import copied_run
from synth_assets.errors import RecipeError
from tests.technique_runs import TechniqueRun, recipe_of, run_technique, seeds_of_fields

HEAD = """
id: tiny
title: Tiny
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
variations: {{style: [plain, brief]}}
technique:
"""
REFUSAL = "I'm sorry, but I can't help with that request."
COMMON = [
    ("", Reason.EMPTY_COMPLETION),
    (REFUSAL, Reason.REFUSAL),
    ("<none/>", Reason.DECLINED),
    ("Here you are.", Reason.UNPARSABLE),
]

Answers = dict[str, str]


def section(name: str, text: str) -> str:
    return f"<{name}>\n{text}\n</{name}>"


def by_step(answers: Answers) -> Callable[[Request], str]:
    """Answers by step; one that is a list of texts by the copy asked for."""
    return lambda request: answers[request.step]


def run(
    folder: Path,
    technique: str,
    files: dict[str, str],
    seed: dict[str, str],
    answer: Callable[[Request], str],
    samples: int = 1,
) -> TechniqueRun:
    recipe = recipe_of(HEAD.format(samples=samples) + technique, files)
    return run_technique(folder, recipe, seeds_of_fields(seed), answer)


# --- code ---------------------------------------------------------------------------------------

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


def test_backtranslation_code_same_shape_is_kept_with_the_original_and_its_tests(tmp_path: Path):
    done = run_code(tmp_path, section("description", SAID), section("code", AGAIN))

    [sample] = done.samples
    assert (sample.prompt, sample.response) == (SAID, CODE)
    assert sample.reference == "assert add_all([1, 2]) == 3"
    assert sample.drawn["same_code"] == "no"
    assert sample.drawn["tests_run"] == "no"
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


def test_backtranslation_code_regenerated_code_can_be_the_response(tmp_path: Path):
    fenced = f"```python\n{AGAIN}\n```"
    done = run_code(
        tmp_path, section("description", SAID), section("code", fenced), "response: regenerated"
    )
    assert done.samples[0].response == AGAIN


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


def shape(code: str) -> FunctionShape:
    found = function_of(code)
    assert isinstance(found, FunctionShape)
    return found


def test_backtranslation_code_number_that_is_lost_shows_in_what_is_written_again(tmp_path: Path):
    code = "def f(a):\n    return a[1:] * 40 + 0.5 + 3.5"
    said = section("description", "Write `f(a)`.")
    other = section("code", "def f(a):\n    return a[2:] * 4 + 3.5")
    done = run_code(tmp_path / "a", said, other, code=code)
    assert list(done.reasons.values()) == [(Reason.NOT_PRESERVED, "written again without 40")]
    done = run_code(tmp_path / "b", said, other, "same_numbers: false", code)
    assert len(done.samples) == 1


def test_function_of_numbers_are_those_of_the_body_that_no_loop_needs():
    found = shape("def f(a=7):\n    '30'\n    return a[-1] * 2 + 3.5 - 40 + True + len('50')")
    assert found.numbers == {3.5, 40}


def test_function_of_tells_parameters_of_every_sort():
    found = shape("def f(a, /, b=1, *rest, c, d=2, **more):\n    'doc'\n    return a  # a\n")
    assert found.signature == "f(a, b=, *rest, c, d=, **more)"
    assert found.words == ("f", "a", "b", "rest", "c", "d", "more")
    assert found.body == "    return a  # a"
    assert shape("def f(a, *, c): pass").parameters == ("a", "*", "c")


def test_function_of_layout_and_docstring_make_no_other_tree():
    one = shape("def f(a):\n    return a+1\n")
    other = shape('def f(a):\n    """Doc."""\n\n    return (a + 1)  # one\n')
    assert one.tree == other.tree
    assert one.tree != shape("def f(a):\n    return a + 2\n").tree


@pytest.mark.parametrize(
    "code", ["def f(:", "\x00", "x = 1", "class A:\n    def f(self): pass", ""]
)
def test_function_of_code_without_a_function_says_what_is_wrong(code: str):
    assert isinstance(function_of(code), str)


def test_function_of_deeply_nested_code_does_not_fall_over():
    assert isinstance(function_of("(" * 5000 + ")" * 5000), str)


def test_unfenced_takes_the_fence_and_nothing_else():
    assert unfenced("```python\nx = '```'\n```") == "x = '```'"
    assert unfenced("x = 1") == "x = 1"


def test_copied_run_finds_the_longest_run_whatever_case_and_punctuation():
    run_ = copied_run("It says: THE cat, sat on a mat!", "on the mat the cat sat on the")
    assert run_ == ("the", "cat", "sat", "on")
    assert copied_run("", "a b") == ()


# --- instruction --------------------------------------------------------------------------------

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
        HEAD.format(samples=1)
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


# --- language -----------------------------------------------------------------------------------

ENGLISH = "On Monday we met Anna Berg at 14:30, and she paid 2.50 crowns in Ghent."
GERMAN = "Am Montag trafen wir Anna Berg um 14.30 Uhr, und sie zahlte in Ghent 2,50 Kronen."
LANGUAGE_FILES = {"b.j2": "{{ target }} {{ style }}", "f.j2": "{{ source }} {{ style }}"}


def run_language(folder: Path, source: str, target: str, more: str = "", text: str = ENGLISH):
    technique = f"""
  kind: backtranslation_language
  back: {{template: b.j2, inputs: [target, style]}}
  forth: {{template: f.j2, inputs: [source, style]}}
  {more}
"""
    seed = {"target": text, "request": "Into English:", "people": "Berg, Kaya"}
    answers = {"back": source, "forth": target}
    return run(folder, technique, LANGUAGE_FILES, seed, by_step(answers))


def test_backtranslation_language_faithful_round_trip_is_kept_with_the_human_text(tmp_path: Path):
    trip = ENGLISH.replace("we met", "we saw")
    done = run_language(tmp_path, section("source", GERMAN), section("target", trip))

    [sample] = done.samples
    assert sample.prompt == f"Into English:\n\n{GERMAN}"
    assert (sample.response, sample.reference) == (ENGLISH, trip)
    assert sample.drawn["chrf"] == round(chrf(trip, ENGLISH), 1)
    assert [request.step for request in done.requests] == ["back", "forth"]
    assert ENGLISH not in done.asked("forth")[0].messages[0].content


@pytest.mark.parametrize(
    ("source", "target", "more", "told", "calls"),
    [
        (
            GERMAN.replace("14.30", "15.30"),
            ENGLISH,
            "",
            "translation back, numbers lost: 14:30; numbers added: 15.30",
            1,
        ),
        (GERMAN.replace("Anna Berg", "sie"), ENGLISH, "", "names lost: Anna, Berg", 1),
        (GERMAN, ENGLISH.replace("Ghent", "Bruges"), "", "round trip, names lost: Ghent", 2),
        (GERMAN, f"{ENGLISH} 7", "", "round trip, numbers added: 7", 2),
        (GERMAN, "Anna Berg paid 2.50 in Ghent, 14:30.", "", "chrF of the round trip is", 2),
        (GERMAN, ENGLISH, "names: people", "names lost: Kaya", 1),
    ],
)
def test_backtranslation_language_what_is_not_preserved_is_named(
    tmp_path: Path, source: str, target: str, more: str, told: str, calls: int
):
    done = run_language(tmp_path, section("source", source), section("target", target), more)
    [(reason, detail)] = done.reasons.values()
    assert reason == Reason.NOT_PRESERVED
    assert told in detail
    assert len(done.requests) == calls


def test_backtranslation_language_capitals_of_nouns_need_be_no_names(tmp_path: Path):
    text = "Der Zug nach Ghent hat 5 Wagen."
    done = run_language(
        tmp_path,
        section("source", "The train to Ghent has 5 coaches."),
        section("target", text),
        "capitalised_names: false",
        text,
    )
    assert len(done.samples) == 1


@pytest.mark.parametrize(("text", "reason"), COMMON)
def test_backtranslation_language_unusable_answer_of_either_step_is_dropped(
    tmp_path: Path, text: str, reason: Reason
):
    assert run_language(tmp_path / "b", text, section("target", ENGLISH)).why == [reason]
    assert run_language(tmp_path / "f", section("source", GERMAN), text).why == [reason]


def test_backtranslation_language_seed_without_the_named_field_is_refused(tmp_path: Path):
    with pytest.raises(RecipeError, match="names: seeds have no field folk"):
        run_language(tmp_path, "", "", "names: folk")


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("2.5 tons", "2,5 Tonnen"),
        ("1,250 people in 2.50", "1.250 Leute in 2,5"),
        ("1,250.75 and 1,250,000", "1.250,75 und 1.250.000"),
        ("10,000 men", "10 000 Mann"),
        ("10,000 men", "10\u202f000 Mann"),
        ("room 12 200 guests", "Zimmer 12 200 Leute"),
        ("1'500 francs", "1.500 Franken"),
        ("at 9:05 and 14:30", "um 9.05 und 14.30 Uhr"),
        ("-5 and \u22123.5 degrees", "minus 5 und -3,5 Grad"),
        ("3-5 days, 1990\u20131995", "3 bis 5 Tage, 1990 bis 1995"),
        ("COVID-19", "COVID 19"),
        ("1.250 and 1250", "1250 und 1,25"),
        ("on 3.5.2024", "am 3.5.2024"),
        ("5, 5 and 7", "7, 5 und 5"),
    ],
)
def test_numbers_of_other_locales_are_shared(text: str, other: str):
    assert unshared_numbers(text, other) == Unshared()
    assert unshared_numbers(other, text) == Unshared()


@pytest.mark.parametrize(
    ("text", "other", "lost", "added"),
    [
        ("2.5 tons", "25 Tonnen", ("2.5",), ("25",)),
        ("12.50 euros", "1250 Euro", ("12.50",), ("1250",)),
        ("-5 degrees", "5 Grad", ("-5",), ("5",)),
        ("1.250", "1251", ("1.250",), ("1251",)),
        ("0.500", "500", ("0.500",), ("500",)),
        ("14:30", "1430", ("14:30",), ("1430",)),
        ("1.250 and 7", "1250 und 1,25", ("7",), ("1,25",)),
        ("5 and 5", "5", ("5",), ()),
        ("10 000", "10", ("000",), ()),
        ("9" * 5000, "9" * 4999, ("9" * 5000,), ("9" * 4999,)),
    ],
)
def test_numbers_of_another_value_or_sign_are_not_shared(
    text: str, other: str, lost: tuple[str, ...], added: tuple[str, ...]
):
    assert unshared_numbers(text, other) == Unshared(lost, added)


def test_chrf_equals_the_score_of_sacrebleu():
    from sacrebleu import sentence_chrf

    for one, other in ((ENGLISH, ENGLISH), (ENGLISH, GERMAN), ("a", "b")):
        assert chrf(one, other) == sentence_chrf(one, [other]).score


# --- replay -------------------------------------------------------------------------------------


def test_backtranslation_second_run_asks_nothing_and_gives_the_same(tmp_path: Path):
    first = run_code(tmp_path, section("description", SAID), section("code", AGAIN))
    second = run_code(tmp_path, "", "")
    elsewhere = run_code(tmp_path / "b", section("description", SAID), section("code", AGAIN))
    assert first.samples == second.samples == elsewhere.samples
    assert second.requests == ()
