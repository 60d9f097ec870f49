"""Lessons and exercises from a tree of topics: a synthetic textbook.

After Gunasekar et al. (2023), «Textbooks Are All You Need», arXiv:2306.11644, Li et al. (2023),
phi-1.5, arXiv:2309.05463, and Cosmopedia (Ben Allal et al., 2024), which vary topic and audience.

We differ: the tree has prerequisites, which order the lessons and are the measure of difficulty;
audience, level and style are drawn with quotas as variations of the recipe; and an exercise may be
solved a second time by somebody who sees it alone, and is dropped where the two disagree.
"""

import math
import re
from collections.abc import Generator, Mapping, Sequence
from typing import ClassVar, TypeAlias

from pydantic import Field

from synth_assets.core.completion import Completion, Request
from synth_assets.core.config.choices import TextChoice, Weighted, at
from synth_assets.core.fingerprint import short_id
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.answer_form import Answered
from synth_assets.core.techniques.copies import Copy, ask_copies, style_shares
from synth_assets.core.techniques.curriculum import Topic
from synth_assets.core.techniques.final_answer import AnswerKind, final_answer
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import (
    Draft,
    Growth,
    Production,
    Round,
    Slot,
    Technique,
    Unusable,
)
from synth_assets.core.techniques.structured import ask_fields, ask_text, text_of_each
from synth_assets.core.techniques.topic_tree import TopicTree, joined, subtopics_of
from synth_assets.core.verify.reading.folding import folded
from synth_assets.errors import RecipeError

_Pieces: TypeAlias = Generator[Sequence[Request], Sequence[Completion], list[Draft | Unusable]]
_Solving: TypeAlias = Generator[
    Sequence[Request], Sequence[Completion], list[Answered | Unusable | None]
]
_PLACE = re.compile(r"\{(\w+)\}")
_LESSON_INPUTS = ("lesson", "chain", "prerequisites_cut", "section", "earlier")
"""What the requests of lessons may name, and the requests that grow the tree do not have."""
_EMPTY_ROUNDS = 2
_LEAST_SHARE = 0.1
"""Of rows a lesson; so that a round of bad luck does not buy ten times as many lessons."""


class Textbook(Technique):
    """Rounds that grow the tree, then lessons until there are as many rows as are wanted.

    A seed is a topic: its fields `topic`, `parent` and `prerequisites` (names, with `;` between).
    All prompts see these, the drawn attributes, `path`, and what is said here. `expand` answers
    with `subtopics`, one a line: `name | what it covers | prerequisite; prerequisite`. `write` sees
    `section`, `summary`, `lesson`, `chain`, and `earlier`, the sections before; the whole answer,
    or its field `text`, is the section. `exercise` sees `lesson_text` and `style`, and answers
    with `exercise` and `solution`. `solve` sees `exercise`; the whole answer, or its field
    `solution`, becomes the reference.

    Attributes:
        levels: how often the leaves of the tree are expanded, each time at most as many as there
            are lessons to write and topics to find.
        topics: most topics.
        topic_rows: whether the rows that tell of new topics are kept for training.
        sections: what a lesson consists of, in order.
        min_words: of a section.
        requests: what a student is asked for a section; `{topic}` stands for an input.
        exercises: for each lesson.
        styles: a text file with a style of exercises a line; lessons go round.
        answers: what exercises end in, for `solve`.
        marker: text before the final answer, for `solve`.
    """

    name: ClassVar[str] = "textbook"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "expand": ("subtopics",),
        "write": ("text",),
        "exercise": ("exercise", "solution"),
        "solve": ("solution",),
    }

    expand: Prompt | None = None
    write: Prompt
    exercise: Prompt | None = None
    solve: Prompt | None = None
    levels: int = Field(default=1, ge=1, le=6)
    topics: int = Field(default=500, ge=1, le=100_000)
    topic_rows: bool = False
    sections: tuple[str, ...] = Field(default=("lesson",), min_length=1)
    min_words: int = Field(default=30, ge=1)
    requests: TextChoice = (Weighted(value="Write the {section} of a lesson on {topic}."),)
    exercises: int = Field(default=1, ge=1, le=20)
    styles: str = ""
    answers: AnswerKind = "number"
    marker: str = Field(default="####", min_length=1)

    @property
    def most_calls(self) -> Mapping[str, int]:
        """See the protocol."""
        asked = dict.fromkeys(("exercise", "solve"), self.exercises)
        return {"write": len(self.sections), **asked}

    def own_choices(self, files: Mapping[str, str]) -> Mapping[str, Mapping[str, float]]:
        """See the protocol."""
        return style_shares(files, self.styles)

    def gives_rows(self, drawn: Mapping[str, str]) -> bool:
        """See the protocol: what grows the tree is no lesson."""
        return self.topic_rows or "lesson" in drawn

    def grow(self, seeds: Sequence[Seed], wanted: int) -> Growth:
        """See the protocol.

        Raises:
            RecipeError: if the seeds are no tree, or their prerequisites cannot be held.
        """
        tree = TopicTree.of(seeds)
        dropped: Mapping[str, Unusable] = {}
        for _ in range(self.levels if self.expand else 0):
            most = min(wanted, self.topics - len(tree.topics))
            if most <= 0:
                break
            rows = yield Round(tree.expansions(most), dropped, self._expanded)
            tree, dropped = tree.grown(rows, self.topics, self.topic_rows)
        have = planned = empty = 0
        while have < wanted and empty < _EMPTY_ROUNDS:
            share = min(1, max(have / planned, _LEAST_SHARE)) if have else 1
            starts = tree.lessons(planned, math.ceil((wanted - have) / share))
            came: Sequence[Sample] = yield Round(starts, dropped)
            dropped = {}
            have, planned = have + len(came), planned + len(starts)
            empty = 0 if came else empty + 1
        return {}

    def expected(self, wanted: int) -> int:
        """See the protocol: lessons, and what grows the tree."""
        return wanted + (min(self.topics, wanted) // 2 if self.expand else 0)

    def produce(self, slot: Slot) -> Production:
        """One lesson; see the protocol."""
        self._check_requests({*slot.inputs, *_LESSON_INPUTS})
        made: list[Draft | Unusable] = []
        for number, section in enumerate(self.sections, start=1):
            written = [draft for draft in made if isinstance(draft, Draft)]
            label = f"section-{number}"
            earlier = "\n\n".join(draft.response for draft in written)
            values = {**slot.inputs, "section": section, "earlier": earlier}
            told = yield from ask_text(slot, self.write, values, "write", "text")
            if isinstance(told, Unusable):
                made.append(Unusable(told.reason, f"{section}: {told.detail}", label))
                continue
            text = told["text"]
            if (words := len(text.split())) < self.min_words:
                detail = f"{section}: {words} words, at least {self.min_words} are asked"
                made.append(Unusable(Reason.TOO_SHORT, detail, label))
                continue
            made.append(
                Draft(
                    prompt=self._request(slot, values),
                    response=text,
                    attributes={"piece": "section", "section": section, **_numbers(slot)},
                    difficulty=float(slot.inputs["chain"]),
                    mended=told.mended,
                    label=label,
                    parents=(written[-1].label,) if written else (),
                    completions=(told.completion,),
                )
            )
        written = [draft for draft in made if isinstance(draft, Draft)]
        if self.exercise is not None and written:
            made += yield from self._exercises(slot, self.exercise, written)
        return made

    def _exercises(self, slot: Slot, prompt: Prompt, lesson: Sequence[Draft]) -> _Pieces:
        text = "\n\n".join(draft.response for draft in lesson)
        values = {**slot.inputs, "lesson_text": text}
        names = self.fields["exercise"]
        copies = yield from ask_copies(
            slot, prompt, values, "exercise", names, self.exercises, styles=self.styles
        )
        lost = {
            number: Unusable(why.reason, why.detail, f"exercise-{number + 1}")
            for number, why in copies.lost.items()
        }
        fresh: dict[str, Copy] = {}
        for copy in copies.usable:
            if fresh.setdefault(folded(copy["exercise"]), copy) is not copy:
                detail = "the same exercise as another of its lesson"
                label = f"exercise-{copy.number + 1}"
                lost[copy.number] = Unusable(Reason.NOT_NOVEL, detail, label)
        solved = yield from self._solved(slot, list(fresh.values()))
        made: dict[int, Draft | Unusable] = {**lost}
        for copy, solution in zip(fresh.values(), solved, strict=True):
            made[copy.number] = self._exercise(slot, copy, solution, lesson[-1].label)
        return [made[number] for number in sorted(made)]

    def _solved(self, slot: Slot, copies: Sequence[Copy]) -> _Solving:
        """A second solution of each exercise, where somebody is asked for one."""
        if self.solve is None or not copies:
            return [None] * len(copies)
        requests = [
            slot.ask(self.solve, {**slot.inputs, "exercise": copy["exercise"]}, "solve")
            for copy in copies
        ]
        return list((yield from text_of_each(slot, self.solve, requests, "solution")))

    def _exercise(
        self, slot: Slot, copy: Copy, solved: Answered | Unusable | None, parent: str
    ) -> Draft | Unusable:
        label = f"exercise-{copy.number + 1}"
        if isinstance(solved, Unusable):
            return Unusable(solved.reason, f"the second solution: {solved.detail}", label)
        if solved is not None:
            first = final_answer(copy["solution"], self.answers, self.marker)
            second = final_answer(solved["solution"], self.answers, self.marker)
            if first is None or second is None:
                whose = "the solution" if first is None else "the second solution"
                detail = f"{whose} has no single final answer behind {self.marker}"
                return Unusable(Reason.NO_FINAL_NUMBER, detail, label)
            if first.key != second.key:
                detail = f"the solution ends in {first.shown}, a second one in {second.shown}"
                return Unusable(Reason.NO_AGREEMENT, detail, label)
        return Draft(
            prompt=copy["exercise"],
            response=copy["solution"],
            reference="" if solved is None else solved["solution"],
            attributes={"piece": "exercise", **copy.told, **_numbers(slot)},
            difficulty=float(slot.inputs["chain"]),
            mended=copy.mended or (solved is not None and solved.mended),
            label=label,
            parents=(parent,),
            completions=(copy.completion, *(() if solved is None else (solved.completion,))),
        )

    def _expanded(self, slot: Slot) -> Production:
        """The topics that belong to one topic, each a row."""
        assert self.expand is not None
        self._check_requests({*slot.inputs, *_LESSON_INPUTS})
        names = self.fields["expand"]
        told = yield from ask_fields(slot, self.expand, slot.inputs, "expand", names)
        if isinstance(told, Unusable):
            return told
        made: list[Draft | Unusable] = []
        seen = {folded(slot.inputs["topic"])}
        for number, found in enumerate(subtopics_of(told["subtopics"]), start=1):
            label = f"topic-{number}"
            if isinstance(found, str):
                detail = f"{found[:80]!r} is no line of a name, what it covers and prerequisites"
                made.append(Unusable(Reason.UNPARSABLE, detail, label))
            elif found.key in seen:
                made.append(Unusable(Reason.NOT_NOVEL, f"{found.name!r} stands twice", label))
            else:
                made.append(_topic_row(slot, found, label, told))
            seen |= set() if isinstance(found, str) else {found.key}
        return made

    def _request(self, slot: Slot, values: Mapping[str, str]) -> str:
        """What a student is asked for a section, in words that the seed decides."""
        point = int(short_id([slot.seed.seed_id, slot.inputs["topic"], slot.round]), 16) / 16**20
        return _PLACE.sub(lambda found: values[found[1]], at(self.requests, point))

    def _check_requests(self, known: set[str]) -> None:
        """Before anything is asked of a slot.

        Raises:
            RecipeError: if what a student is asked names an input that is not there.
        """
        named = {name for each in self.requests for name in _PLACE.findall(each.value)}
        if missing := sorted(named - known):
            raise RecipeError(
                f"technique textbook: requests: {{{missing[0]}}} is no input. There are "
                f"{', '.join(sorted(known))}. Mend the name."
            )


def _topic_row(slot: Slot, topic: Topic, label: str, told: Answered) -> Draft:
    above = slot.inputs["topic"]
    return Draft(
        prompt=f"In a course on {above}, what does the lesson «{topic.name}» cover?",
        response=topic.summary,
        attributes={
            "piece": "topic",
            "topic": topic.name,
            "parent": above,
            "prerequisites": joined(topic.needs),
        },
        mended=told.mended,
        label=label,
        completions=(told.completion,),
    )


def _numbers(slot: Slot) -> dict[str, int]:
    return {"lesson": int(slot.inputs["lesson"]), "chain": int(slot.inputs["chain"])}
