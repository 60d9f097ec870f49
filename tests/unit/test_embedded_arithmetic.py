import re
from itertools import combinations

import pytest

from synth_assets.core.verify.reading.arithmetic import evaluate
from synth_assets.resources.embedded.arithmetic import Example, solve_problem, write_problem
from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.probe import probe_problems
from synth_assets.resources.embedded.stories import LEVELS, Story, stories
from synth_assets.resources.embedded.sums import parse_sum
from synth_assets.resources.embedded.truth import Composition, Flaw, Slip
from synth_assets.resources.embedded.working import right_working, wrong_working
from tests.unit.embedded_runs import likeness, shingles

VOICES = ("scholar", "clerk")
STORIES = [story for level in LEVELS for story in stories(level)]


def written(flaw: Flaw | None, key: str, voice: str = "scholar", level: str = "") -> Composition:
    example = Example("What is 3 times 4?", "<<3*4=12>>12\n#### 12", level)
    return write_problem(example, voice, flaw, "LEAK", Dice(key))


def sections(text: str) -> tuple[str, str]:
    match = re.fullmatch(
        r"<problem>\n(.+)\n</problem>\n<solution>\n(.+)\n</solution>", text, re.DOTALL
    )
    assert match, text
    return match[1], match[2]


def final(text: str) -> str:
    return text.rpartition("#### ")[2]


def wrong_sums(solution: str) -> int:
    shown = re.findall(r"<<(.+?)=(.+?)>>", solution)
    assert shown
    return sum(evaluate(left) != evaluate(right) for left, right in shown)


def test_stories_are_many_and_as_long_as_their_level_says():
    assert len(STORIES) >= 40
    assert len({story.name for story in STORIES}) == len(STORIES)
    steps = {level: {len(story.steps) for story in stories(level)} for level in LEVELS}
    assert steps["easy"] <= {1, 2}
    assert steps["medium"] == {3}
    assert min(steps["hard"]) >= 4


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_story_every_voice_is_solved_rightly_and_every_slip_is_wrong(story: Story, voice: str):
    slips: set[Slip | None] = set()
    for number in range(25):
        told = story.told(voice, Dice(f"{number}"))
        right = right_working(told)
        solved = solve_problem(told.text, "scholar", None, Dice(""))
        assert final(solved.text) == final(right.text(voice, told.words))
        assert right.makes_sense
        assert wrong_sums(right.text(voice, told.words)) == 0
        wrong = wrong_working(told, Dice(f"{number}"))
        slips.add(wrong.slip)
        assert wrong.final != right.final
        assert wrong.final > 0
        faults = wrong_sums(wrong.text(voice, told.words))
        assert faults == (1 if wrong.slip is Slip.CARRIED else 0)
        reported = wrong.lines[-1].result == wrong.final
        assert reported == (wrong.slip is not Slip.FINAL_NUMBER)
    assert slips == set(Slip)


def test_solve_white_space_and_text_around_a_story_do_not_matter():
    told = STORIES[0].told("scholar", Dice("a"))
    wrapped = f"Please:\n{told.text.replace(' ', chr(10))}\nThanks."
    assert final(solve_problem(wrapped, "scholar", None, Dice("")).text) == final(
        solve_problem(told.text, "scholar", None, Dice("")).text
    )


@pytest.mark.parametrize(
    "problem", ["", "What is love?", "Ann has 3 apples. How many?", "9" * 5000]
)
def test_solve_unknown_problem_gives_no_number(problem: str):
    answer = solve_problem(problem, "scholar", None, Dice(""))
    assert "####" not in answer.text
    assert answer.truth.answer == ""


def test_write_near_duplicates_of_a_family_are_alike_and_not_the_same():
    for voice in VOICES:
        for level in LEVELS:
            made = [written(Flaw.NEAR_DUPLICATE, f"{n}", voice, level) for n in range(12)]
            assert len({m.truth.family for m in made}) == 1
            problems = {sections(m.text)[0]: m.truth.answer for m in made}
            assert len(problems) > 1
            for one, other in combinations(problems, 2):
                assert likeness(one, other) >= 0.75
            for problem, answer in problems.items():
                assert final(solve_problem(problem, "scholar", None, Dice("")).text) == answer


def test_write_honest_problems_are_seldom_alike():
    texts = [
        sections(written(None, f"{n}", VOICES[n % 3 == 0], LEVELS[n % 3]).text)[0]
        for n in range(240)
    ]
    later = [
        any(likeness(text, earlier) >= 0.8 for earlier in texts[:index])
        for index, text in enumerate(texts)
    ]
    assert sum(later) / len(texts) < 0.03
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("level", LEVELS)
def test_write_level_decides_the_number_of_steps(level: str):
    wanted = {"easy": {1, 2}, "medium": {3}, "hard": {4, 5, 6}}[level]
    for number in range(30):
        _, solution = sections(written(None, f"{number}", "clerk", f"{level}\n").text)
        assert solution.count("<<") in wanted


def test_write_copied_seed_is_the_example_word_for_word():
    problem, solution = sections(written(Flaw.COPIED_SEED, "k").text)
    assert problem == "What is 3 times 4?"
    assert solution == "<<3*4=12>>12\n#### 12"


def test_write_copied_benchmark_is_an_item_that_the_solver_knows():
    items = {item.problem: item.answer for item in probe_problems()}
    seen: set[str] = set()
    for number in range(40):
        problem, solution = sections(written(Flaw.COPIED_BENCHMARK, f"{number}").text)
        seen.add(problem)
        solved = solve_problem(f" {problem}\n", "clerk", None, Dice(""))
        assert final(solution) == final(solved.text) == items[problem]
    assert len(seen) > 10


def test_probe_is_sixty_problems_right_and_unlike_anything_the_teacher_writes():
    items = probe_problems()
    assert len({item.problem for item in items}) == len(items) == 60
    assert all(wrong_sums(item.solution) == 0 for item in items)
    assert all(final(item.solution) == item.answer for item in items)
    probed = set().union(*(shingles(item.problem) for item in items))
    for story in STORIES:
        for voice in VOICES:
            assert not probed & shingles(story.told(voice, Dice("x")).text)


@pytest.mark.parametrize(
    "text", ["", "a", "a +", "a + b * c", "a ** b", "(a + b)", "a+b", "a + 1.5", "a ! b"]
)
def test_parse_sum_ambiguous_or_strange_sum_is_refused(text: str):
    if text == "a":
        assert parse_sum(text).operators == ()
        return
    with pytest.raises(ValueError, match="left to right"):
        parse_sum(text)
