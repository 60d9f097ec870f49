import re
from collections.abc import Callable
from pathlib import Path

import pytest

from synth_assets.core.completion import Request
from synth_assets.core.config.recipe import Recipe
from synth_assets.core.techniques.topic_tree import subtopics_of
from synth_assets.errors import RecipeError
from tests.technique_runs import (
    Answer,
    TechniqueRun,
    assert_replays,
    recipe_of,
    run_technique,
    seeds_of_fields,
)

FILES = {
    "expand.md.j2": "EXPAND [{{ topic }}] {{ path }}",
    "write.md.j2": "WRITE [{{ topic }}] {{ section }} {{ audience }} after: {{ earlier }}",
    "exercise.md.j2": "EXERCISE [{{ topic }}] {{ lesson_text }}",
    "solve.md.j2": "SOLVE {{ exercise }}",
}
PROMPTS = {
    "exercise": "{template: exercise.md.j2, inputs: [topic, lesson_text]}",
    "solve": "{template: solve.md.j2, inputs: [exercise], teachers: [{id: judge}]}",
}
EXPAND = "{template: expand.md.j2, inputs: [topic, path], teachers: [{id: second}]}"
TREE = (
    {"topic": "Sums", "parent": "Numbers", "prerequisites": "none"},
    {"topic": "Products", "parent": "Numbers", "prerequisites": "sums"},
    {"topic": "Areas", "parent": "Shapes", "prerequisites": "Products; Sums"},
)


def textbook(samples: int = 3, verifiers: str = "[]", **other: str) -> Recipe:
    said = PROMPTS | {"min_words": "4", "sections": "[idea, example]"} | other
    lines = "".join(f"  {name}: {value}\n" for name, value in said.items() if value)
    text = f"""
id: tiny
title: Textbook
samples: {samples}
seeds: {{file: seeds.jsonl}}
teachers: [{{id: writer}}]
variations: {{audience: [children, bakers]}}
verifiers: {verifiers}
technique:
  kind: textbook
  write: {{template: write.md.j2, inputs: [topic, section, audience, earlier]}}
{lines}"""
    return recipe_of(text, FILES)


def topic_of(request: Request) -> str:
    return re.findall(r"\[(.*?)\]", request.messages[-1].content)[0]


def answered(request: Request) -> str:
    asked = request.messages[-1].content
    match request.step:
        case "expand":
            topic = topic_of(request)
            return (
                f"<subtopics>\n- Small {topic} | Covers the small ones. |\n"
                f"2. Large {topic} | Covers the large ones. | Small {topic}\n</subtopics>"
            )
        case "write":
            return f"Here is how {topic_of(request)} go: {asked.split()[2]}."
        case "exercise":
            number = request.sample_index % 97
            told = f"Count the {topic_of(request)} again, number {number}."
            return f"<exercise>{told}</exercise><solution>#### {len(told)}</solution>"
        case _:
            return f"It is #### {len(asked.removeprefix('SOLVE '))}"


def run(
    folder: Path,
    recipe: Recipe,
    answer: Callable[[Request], str] = answered,
    tree: tuple[dict[str, str], ...] = TREE,
) -> TechniqueRun:
    return run_technique(folder, recipe, seeds_of_fields(*tree), answer)


def instead(step: str, text: str, when: str = "") -> Callable[[Request], str]:
    """The good answers, but another text for one step, where `when` stands in what is asked."""

    def answer(request: Request) -> str:
        here = request.step == step and when in request.messages[-1].content
        return text if here else answered(request)

    return answer


def test_textbook_given_tree_is_taught_in_the_order_of_its_prerequisites(tmp_path: Path):
    made = run(tmp_path, textbook(3))
    assert made.reasons == {}
    assert len(made.samples) == 9
    sections = [s for s in made.samples if s.drawn["piece"] == "section"]
    assert [(s.drawn["topic"], s.drawn["lesson"], s.difficulty) for s in sections] == [
        ("Sums", 1, 0.0),
        ("Sums", 1, 0.0),
        ("Products", 2, 1.0),
        ("Products", 2, 1.0),
        ("Areas", 3, 2.0),
        ("Areas", 3, 2.0),
    ]
    assert sections[4].drawn["path"] == "Shapes > Areas"
    assert sections[4].drawn["prerequisites"] == "Products; Sums"
    assert sections[0].prompt == "Write the idea of a lesson on Sums."
    assert sections[0].response == "Here is how Sums go: idea."
    assert sections[1].parent_ids == (sections[0].sample_id,)
    exercise = made.samples[2]
    assert exercise.prompt == "Count the Sums again, number 0."
    assert (exercise.response, exercise.reference) == ("#### 31", "It is #### 31")
    assert exercise.parent_ids == (sections[1].sample_id,)
    assert exercise.drawn["piece"] == "exercise"
    assert {s.drawn["audience"] for s in made.samples} == {"children", "bakers"}


def test_textbook_sections_go_on_from_each_other_and_exercises_from_all(tmp_path: Path):
    made = run(tmp_path, textbook(1))
    second = made.asked("write")[1].messages[-1].content
    assert second.endswith("after: Here is how Sums go: idea.")
    [asked] = made.asked("exercise")
    assert asked.messages[-1].content == (
        "EXERCISE [Sums] Here is how Sums go: idea.\n\nHere is how Sums go: example."
    )


def test_textbook_more_lessons_than_topics_go_round_with_other_readers(tmp_path: Path):
    made = run(tmp_path, textbook(6, exercise="", solve="", sections="[idea]"))
    told = [(s.drawn["topic"], s.drawn["audience"]) for s in made.samples]
    assert len(told) == len(set(told)) == 6
    assert [topic for topic, _ in told] == ["Sums", "Products", "Areas"] * 2


def test_textbook_requests_are_drawn_and_filled_in(tmp_path: Path):
    requests = '["On {topic}, for {audience}: {section}?", "{section} of {topic} ({path})!"]'
    made = run(tmp_path, textbook(6, exercise="", solve="", requests=requests))
    forms = {re.sub(r"[A-Z]\w+( > \w+)?|children|bakers", "X", s.prompt) for s in made.samples}
    assert {"X, for X: idea?".replace("X,", "X X,"), "example of X (X)!"} <= forms


def test_textbook_grown_tree_teaches_what_was_added(tmp_path: Path):
    recipe = textbook(6, expand=EXPAND, exercise="", solve="", sections="[idea]")
    made = run(tmp_path, recipe)
    assert [s.drawn["topic"] for s in made.samples] == [
        "Small Sums",
        "Large Sums",
        "Small Products",
        "Large Products",
        "Small Areas",
        "Large Areas",
    ]
    assert [s.difficulty for s in made.samples] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert made.samples[1].drawn["path"] == "Numbers > Sums > Large Sums"
    needs = str(made.samples[2].drawn["prerequisites"]).split("; ")
    assert sorted(needs) == ["Large Sums", "Small Sums"]
    assert {s.synthetic_depth for s in made.samples} == {2}
    assert made.why == ["scaffold"] * 6
    assert [r.planned for r in made.rounds] == [3, 9]
    assert len(made.asked("expand")) == 3


def test_textbook_topic_rows_are_kept_where_asked(tmp_path: Path):
    recipe = textbook(3, expand=EXPAND, exercise="", solve="", sections="[idea]", topic_rows="true")
    made = run(tmp_path, recipe)
    assert made.reasons == {}
    topics = [s for s in made.samples if s.drawn["piece"] == "topic"]
    assert len(topics) == 6
    large = next(s for s in topics if s.drawn["topic"] == "Large Sums")
    assert large.prompt == "In a course on Sums, what does the lesson «Large Sums» cover?"
    assert large.response == "Covers the large ones."
    assert large.drawn["prerequisites"] == "Small Sums"


def test_textbook_two_levels_expand_what_was_added(tmp_path: Path):
    recipe = textbook(12, expand=EXPAND, levels="2", exercise="", solve="", sections="[idea]")
    made = run(tmp_path, recipe)
    names = {s.drawn["topic"] for s in made.samples}
    assert len(names) == 12
    assert "Small Large Areas" in names
    assert [r.planned for r in made.rounds] == [3, 9, 21]


@pytest.mark.parametrize(
    ("text", "whys", "taught"),
    [
        (
            "<subtopics>SUMS | All of it. |\nHalves | Covers halves. |</subtopics>",
            ["not_novel"] * 5 + ["scaffold"],
            {"Halves", "Products", "Sums"},  # `Areas` was asked first
        ),
        (
            "<subtopics>Just some words\nHalves | |</subtopics>",
            ["unparsable"] * 6,
            {"Sums", "Products", "Areas"},
        ),
        ("<none/>", ["declined"] * 3, {"Sums", "Products", "Areas"}),
        ("I can't help with that.", ["refusal"] * 3, {"Sums", "Products", "Areas"}),
        ("<subtopics></subtopics>", ["unparsable"] * 3, {"Sums", "Products", "Areas"}),
    ],
)
def test_textbook_bad_expansion_is_told_and_the_given_topics_are_taught(
    tmp_path: Path, text: str, whys: list[str], taught: set[str]
):
    recipe = textbook(3, expand=EXPAND, exercise="", solve="", sections="[idea]")
    made = run(tmp_path, recipe, instead("expand", text))
    assert made.why == whys
    assert {s.drawn["topic"] for s in made.samples} == taught


def test_textbook_grown_circle_is_cut_and_told(tmp_path: Path):
    circle = (
        "<subtopics>Odd Sums | Covers odd ones. | Even Sums; Algebra\n"
        "Even Sums | Covers even ones. | Odd Sums</subtopics>"
    )
    recipe = textbook(2, expand=EXPAND, exercise="", solve="", sections="[idea]")
    made = run(tmp_path, recipe, instead("expand", circle), TREE[:1])
    assert [s.drawn["topic"] for s in made.samples] == ["Even Sums", "Odd Sums"]
    assert [s.difficulty for s in made.samples] == [0.0, 1.0]
    cut = [s.drawn["prerequisites_cut"] for s in made.samples]
    assert cut == ["Odd Sums", "Algebra"]
    details = sorted(detail for _, detail in made.reasons.values())
    assert details == [
        "told of the topic 'Even Sums'; the prerequisite 'Odd Sums' of 'Even Sums' would close a "
        "cycle: Even Sums -> Odd Sums -> Even Sums",
        "told of the topic 'Odd Sums'; the prerequisite 'Algebra' of 'Odd Sums' is no topic of "
        "the tree",
    ]


def test_textbook_topics_beyond_the_limit_are_told(tmp_path: Path):
    recipe = textbook(5, expand=EXPAND, topics="5", exercise="", solve="", sections="[idea]")
    made = run(tmp_path, recipe)
    assert made.why == ["beyond_limit"] * 2 + ["scaffold"] * 2
    assert len({s.drawn["topic"] for s in made.samples}) == 4
    assert len(made.asked("expand")) == 2


def test_textbook_tree_that_is_full_is_not_expanded(tmp_path: Path):
    recipe = textbook(9, expand=EXPAND, topics="3", levels="3", exercise="", solve="")
    made = run(tmp_path, recipe)
    assert made.asked("expand") == []
    assert made.reasons == {}


def test_textbook_no_more_topics_are_expanded_than_lessons_can_use(tmp_path: Path):
    recipe = textbook(1, expand=EXPAND, levels="6", exercise="", solve="", sections="[idea]")
    made = run(tmp_path, recipe)
    assert [topic_of(request) for request in made.asked("expand")][:2] == ["Sums", "Small Sums"]
    assert len(made.asked("expand")) == 6
    [lesson] = made.samples
    assert str(lesson.drawn["path"]).startswith("Numbers > Sums > Small Sums > Small Small Sums")


def test_textbook_too_few_rows_are_followed_by_further_lessons(tmp_path: Path):
    def answer(request: Request) -> str:
        return "Short." if "[Sums]" in request.messages[-1].content else answered(request)

    made = run(tmp_path, textbook(4, exercise="", solve="", sections="[idea]"), answer)
    assert [s.drawn["topic"] for s in made.samples] == ["Products", "Areas"] * 2 + ["Products"]
    assert [r.planned for r in made.rounds] == [4, 8], "half of them came in"
    assert made.why == ["too_short"] * 3


@pytest.mark.parametrize(
    ("step", "text", "reason", "told", "left"),
    [
        ("write", "Short it is.", "too_short", "idea: 3 words, at least 4 are asked", 2),
        ("write", "", "empty_completion", "idea: the completion is empty", 2),
        ("write", "I'm sorry, but I cannot help with that.", "refusal", "idea: refused", 2),
        ("exercise", "<exercise>Count.</exercise>", "unparsable", "<solution> stands 0 times", 2),
        ("exercise", "<none/>", "declined", "no sample", 2),
        (
            "exercise",
            "<exercise>Count the Sums.</exercise><solution>five</solution>",
            "no_final_number",
            "the solution has no single final answer",
            2,
        ),
        ("solve", "#### 7", "no_agreement", "the solution ends in 31, a second one in 7", 2),
        ("solve", "#### 7 or\n#### 8", "no_final_number", "the second solution has no", 2),
        ("solve", "I cannot help with that.", "refusal", "the second solution: refused", 2),
    ],
)
def test_textbook_piece_that_fails_is_told_and_the_rest_of_the_lesson_stays(
    tmp_path: Path, step: str, text: str, reason: str, told: str, left: int
):
    when = "idea" if step == "write" else ""
    made = run(tmp_path, textbook(1), instead(step, text, when))
    [(found, detail)] = made.reasons.values()
    assert (found, len(made.samples)) == (reason, left)
    assert told in detail


def test_textbook_lesson_without_a_section_asks_for_no_exercise(tmp_path: Path):
    made = run(tmp_path, textbook(1), instead("write", "Short."))
    assert made.why == ["too_short"] * 4
    assert [r.planned for r in made.rounds] == [1, 2], "two empty rounds end it"
    assert made.asked("exercise") == []


def test_textbook_repeated_exercise_is_dropped_before_it_is_solved(tmp_path: Path):
    same = "<exercise>Count the Sums.</exercise><solution>#### 15</solution>"
    made = run(tmp_path, textbook(1, exercises="3"), instead("exercise", same))
    assert made.why == ["not_novel", "not_novel"]
    assert len(made.asked("exercise")) == 3
    assert len(made.asked("solve")) == 1
    assert [s.prompt for s in made.samples][-1] == "Count the Sums."


def test_textbook_without_a_second_solver_keeps_exercises_as_they_are(tmp_path: Path):
    made = run(tmp_path, textbook(1, solve=""))
    assert (made.samples[-1].response, made.samples[-1].reference) == ("#### 31", "")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (({"topic": "A", "prerequisites": "B"},), "'B' of 'A' is no topic of the tree"),
        (({"topic": "A", "prerequisites": "a"},), "is the topic itself, or one above it"),
        (
            ({"topic": "A", "prerequisites": "B"}, {"topic": "B", "prerequisites": "A"}),
            "would close a cycle",
        ),
        (({"topic": "A", "parent": "B"}, {"topic": "B", "parent": "A"}), "belong to each other"),
        (({"topic": "A", "parent": "A"},), "belong to each other"),
        (({"topic": "A", "parent": "x"}, {"topic": " a", "parent": "y"}), "stands twice"),
        (({"title": "A"},), "a row names no topic"),
    ],
)
def test_textbook_seeds_that_are_no_tree_are_refused_with_the_row_to_mend(
    tmp_path: Path, rows: tuple[dict[str, str], ...], told: str
):
    with pytest.raises(RecipeError, match=told):
        run(tmp_path, textbook(1), tree=rows)


def test_textbook_request_with_an_unknown_input_is_refused(tmp_path: Path):
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return answered(request)

    requests = '["On {topic}.", "Tell {reader} of {topic}."]'
    for expand in ("", EXPAND):
        with pytest.raises(RecipeError, match=r"requests: \{reader\} is no input"):
            run(tmp_path, textbook(3, requests=requests, expand=expand), answer)
    assert asked == []


def test_textbook_run_twice_and_resumed_anywhere_gives_equal_samples(tmp_path: Path):
    recipe = textbook(4, expand=EXPAND)

    def teach(folder: Path, answer: Answer) -> TechniqueRun:
        return run(folder, recipe, answer)

    assert len(assert_replays(tmp_path, teach, answered, (0, 2, 3, 7, 13)).samples) > 4


def test_textbook_bound_of_calls_counts_sections_and_exercises():
    technique = textbook(1, exercises="2").spec.technique
    assert technique.most_calls == {"write": 2, "exercise": 2, "solve": 2}


@pytest.mark.parametrize(
    ("line", "name", "needs"),
    [
        ("- 3D shapes | Solids. | 2D shapes", "3D shapes", ("2D shapes",)),
        ("12) 100 metres | A race. | none needed", "100 metres", ()),
        ("\u2022 **-1 as a number** | Below nought. | None.", "-1 as a number", ()),
        ("(a+b) squared | A formula. | No prerequisites", "(a+b) squared", ()),
        ("2. Sums | All. | N/A; None; Nothing but sums", "Sums", ("Nothing but sums",)),
        ("1.5 litres | A bottle. | -", "1.5 litres", ()),
    ],
)
def test_textbook_line_of_a_topic_loses_its_list_mark_alone(
    line: str, name: str, needs: tuple[str, ...]
):
    [found] = subtopics_of(line)
    assert not isinstance(found, str)
    assert (found.name, found.needs) == (name, needs)
