"""Lessons in arithmetic: what belongs to a topic, sections on it, and exercises of its kind."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from synth_assets.resources.embedded.dice import Dice
from synth_assets.resources.embedded.packaged import read_packaged
from synth_assets.resources.embedded.stories import LEVELS, Story, Told, stories
from synth_assets.resources.embedded.sums import shown
from synth_assets.resources.embedded.task import Asked, Task
from synth_assets.resources.embedded.truth import Composition, Flaw, Truth
from synth_assets.resources.embedded.working import right_working, wrong_working

EXPAND_FLAWS = frozenset({Flaw.REPETITION, Flaw.COPIED_PARENT, Flaw.LOST_MEANING})
WRITE_FLAWS = frozenset({Flaw.IGNORED_REQUEST, Flaw.PROMPT_LEAK})
EXERCISE_FLAWS = frozenset({Flaw.WRONG_NUMBER})


@dataclass(frozen=True)
class Lesson:
    """What a prompt says of a lesson; all but the topic may be empty."""

    topic: str
    path: str
    audience: str
    level: str
    manner: str
    needs: str

    @classmethod
    def of(cls, asked: Asked, topic: str) -> "Lesson":
        """Read the sections of a prompt."""
        names = ("path", "audience", "level", "manner", "prerequisites")
        return cls(topic, *(asked.section(name) for name in names))


@dataclass(frozen=True)
class _Part:
    """Something that is taught: its story, what it covers, and what its topic says."""

    name: str
    covers: str
    story: Story
    idea: tuple[str, ...]
    care: tuple[str, ...]


def recognise(asked: Asked) -> Task | None:
    """`<topic_to_expand>`; `<lesson_topic>` with `<lesson_section>`, or with `<lesson_text>`."""
    if topic := asked.section("topic_to_expand"):
        return Task(EXPAND_FLAWS, lambda _, flaw, dice: expanded(topic, flaw, dice))
    lesson = Lesson.of(asked, asked.section("lesson_topic"))
    if not lesson.topic:
        return None
    if section := asked.section("lesson_section"):
        earlier = asked.section("earlier_sections")
        return Task(
            WRITE_FLAWS,
            lambda voice, flaw, dice: _with_leak(
                written(lesson, section, earlier, voice, flaw, dice), flaw, asked.leak
            ),
        )
    return Task(EXERCISE_FLAWS, lambda voice, flaw, dice: exercise(lesson, voice, flaw, dice))


def expanded(topic: str, flaw: Flaw | None, dice: Dice) -> Composition:
    """Name the parts of a topic, one a line, each needing the one before."""
    parts = [part for part, above in _parts().values() if above == topic.casefold()]
    if not parts:
        return Composition("<none/>", Truth(flaw))
    parts = dice.shuffled(parts)
    needs = ["", *(part.name for part in parts)]
    if flaw is Flaw.LOST_MEANING:  # the prerequisites turn in a circle
        needs[0] = parts[-1].name
    lines = [
        f"{part.name} | {part.covers} | {need}" for part, need in zip(parts, needs, strict=False)
    ]
    if flaw is Flaw.REPETITION:
        lines.append(f"{parts[0].name.upper()} | {parts[0].covers} |")
    if flaw is Flaw.COPIED_PARENT:
        lines.append(f"{topic} | All that belongs to it. |")
    text = "\n".join(lines)
    return Composition(f"<subtopics>\n{text}\n</subtopics>", Truth(flaw))


def written(
    lesson: Lesson, section: str, earlier: str, voice: str, flaw: Flaw | None, dice: Dice
) -> Composition:
    """Write a section: an explanation, a worked example, or the common mistakes."""
    part = _part(lesson.topic)
    if part is None:
        return Composition("<none/>", Truth(flaw))
    if flaw is Flaw.IGNORED_REQUEST:
        return Composition(f"See the chapter on {lesson.topic}.", Truth(flaw))
    told = part.story.told(voice, dice)
    if "example" in section:
        text = _example(told, voice, dice)
    elif "mistake" in section:
        text = _mistakes(part, told, dice)
    else:
        text = _explanation(lesson, part, dice)
    return Composition(text, Truth())


def exercise(lesson: Lesson, voice: str, flaw: Flaw | None, dice: Dice) -> Composition:
    """Write an exercise of the lesson's kind, and its solution."""
    part = _part(lesson.topic)
    if part is None:
        return Composition("<none/>", Truth(flaw))
    told = part.story.told(voice, dice)
    right = right_working(told)
    working = wrong_working(told, dice) if flaw is Flaw.WRONG_NUMBER else right
    solution = working.text(voice, told.words)
    text = f"<exercise>\n{told.text}\n</exercise>\n<solution>\n{solution}\n</solution>"
    return Composition(text, Truth(flaw, working.slip, shown(right.final)))


def _explanation(lesson: Lesson, part: _Part, dice: Dice) -> str:
    known = _language()
    openers = known["openers"].get(lesson.manner) or known["openers"]["plain"]
    sentences = [
        dice.choice(openers).format(audience=lesson.audience or "readers"),
        part.covers,
        dice.choice(part.idea),
        dice.choice(known["bridges"]).format(path=lesson.path or lesson.topic),
        dice.choice(known["levels"].get(lesson.level) or known["levels"]["first steps"]),
    ]
    if lesson.needs:
        sentences.append(dice.choice(known["needed"]).format(needs=lesson.needs.replace(";", ",")))
    return " ".join([*sentences[:2], *dice.shuffled(sentences[2:])])


def _example(told: Told, voice: str, dice: Dice) -> str:
    known = _language()
    lines = right_working(told).text(voice, told.words).splitlines()[:-1]
    plain = [_without_marks(line) for line in lines]
    final = shown(right_working(told).final)
    opener, check = dice.choice(known["examples"]), dice.choice(known["checks"])
    return "\n".join([f"{opener} {told.text}", *plain, f"So the answer is {final}. {check}"])


def _mistakes(part: _Part, told: Told, dice: Dice) -> str:
    known = _language()
    right = right_working(told)
    lines = right.lines
    early = shown(lines[0].result) if len(lines) > 1 else shown(next(iter(told.numbers.values())))
    slip = dice.choice(known["slips"]).format(early=early, final=shown(right.final))
    warned = [dice.choice(known["warnings"]), *dice.shuffled(part.care)]
    return " ".join([*warned, f"{told.text} {slip}"])


def _without_marks(line: str) -> str:
    """A line of working as a book prints it, without annotations."""
    before, _, rest = line.partition("<<")
    return before + rest.partition(">>")[2] if rest else line


def _with_leak(answer: Composition, flaw: Flaw | None, leak: str) -> Composition:
    if flaw is not Flaw.PROMPT_LEAK:
        return answer
    return Composition(f"{leak}\n{answer.text}", Truth(flaw))


def _part(name: str) -> _Part | None:
    """The part of that name; for a whole topic, its first part."""
    parts = _parts()
    if name.casefold() in parts:
        return parts[name.casefold()][0]
    return next((part for part, above in parts.values() if above == name.casefold()), None)


@cache
def _parts() -> dict[str, tuple[_Part, str]]:
    """Name of a part, folded -> the part, and its topic, folded."""
    told = {story.name: story for level in LEVELS for story in stories(level)}
    return {
        name.casefold(): (
            _Part(
                name,
                said["covers"],
                told[said["story"]],
                tuple(about["idea"]),
                tuple(about["care"]),
            ),
            topic.casefold(),
        )
        for topic, about in _language()["topics"].items()
        for name, said in about["parts"].items()
    }


@cache
def _language() -> dict[str, Any]:
    return read_packaged("textbook.yaml")
