"""The canary: what a student would lose by being trained on a set, found out on a small one first.

Students are trained on the set as it is, on its real rows alone, and on real rows of equal number.
Most of what a set loses against the last is real data that its synthetic rows displaced; what it
has above the second is what the synthetic rows are worth. Real rows are drawn twice: what the two
draws differ by is chance. A set may look healthy and still poison the next generation; so students
also write, and students are trained on that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from synth_assets.core.collapse.drawing import drawn
from synth_assets.core.collapse.intervals import Interval
from synth_assets.core.collapse.students import BY_FREQUENCY, NgramStudents, Student, Students
from synth_assets.core.collapse.yard import Loss, Reading, Texture, Yard
from synth_assets.core.language_model.ngram import PLAIN, Decoding

SHARPENED = Decoding(best_of=2)
"""As low temperature, top-p and quality filters do: what is likely is written more often."""


class Trained(StrEnum):
    """What a student was trained on."""

    SET = "set"
    """The training set."""
    REAL_PART = "real_part"
    """Its real rows alone."""
    REAL_EQUAL = "real_equal"
    """Real rows, as many as the set has, or as many as there are."""
    REAL_AGAIN = "real_again"
    """Other real rows, as many: what they differ by is chance."""


_WHOLE = (Trained.SET, Trained.REAL_EQUAL, Trained.REAL_AGAIN)
"""Of these there are as many rows, so that they can be looked at side by side."""


@dataclass(frozen=True)
class CanarySize:
    """How much is looked at; figures of other sizes do not compare.

    Attributes:
        rows: of the set, at most; the rest is left out by draw.
        rows_on: that the generations after it are trained on and write.
        generations: after the first one; at least 1.
        seed: of every draw.
    """

    rows: int = 20_000
    rows_on: int = 1_000
    generations: int = 2
    seed: int = 0


USUAL_SIZE = CanarySize()


@dataclass(frozen=True)
class Comparison:
    """How much more one student needs than another, in bits a byte or a rare token.

    Attributes:
        held_out: of real text like that it should have learnt.
        out_of_domain: of other real text, if there is some.
        rare: of rare tokens, if the students know tokens.
        relative: the first, over what the other student needs.
    """

    held_out: Interval
    out_of_domain: Interval | None
    rare: Interval | None
    relative: Interval


@dataclass(frozen=True)
class Onward:
    """What comes of students that are trained on what students wrote.

    Attributes:
        losses: on held-out text, of the first student and of each after it; plain writing.
        sharpened_vendi: effective number of texts that a student of a student writes, sharpened.
    """

    losses: tuple[Loss, ...]
    sharpened_vendi: float

    @property
    def growth(self) -> float:
        """How much the last generation adds to the loss, relative."""
        before, last = self.losses[-2:]
        return last.value / before.value - 1.0


@dataclass(frozen=True)
class CanaryReport:
    """What the canary found.

    Attributes:
        student: kind of the students.
        size: how much was looked at.
        rows: what students were trained on -> rows.
        readings: what students make of real text.
        textures: what the rows themselves are like; not of the real part.
        onward: what comes of training on what students write; not of the real part.
        by_frequency: what students of plain frequencies need for held-out text; not of the real
            part.
        foreign: by how much the set's synthetic rows surprise a student of real rows more than
            held-out text does, relative, times their share; 0 where they do not.
    """

    student: str
    size: CanarySize
    rows: dict[Trained, int]
    readings: dict[Trained, Reading]
    textures: dict[Trained, Texture]
    onward: dict[Trained, Onward]
    by_frequency: dict[Trained, Loss]
    foreign: float

    @property
    def synthetic_share(self) -> float:
        """Of the rows looked at."""
        return 1.0 - self.rows[Trained.REAL_PART] / self.rows[Trained.SET]

    def compared(self, ours: Trained, theirs: Trained) -> Comparison | None:
        """How much more one student needs than another; none if there is no such student."""
        if ours not in self.readings or theirs not in self.readings:
            return None
        us, them = self.readings[ours], self.readings[theirs]
        held_out, base = us.held_out.above(them.held_out), them.held_out.value
        return Comparison(
            held_out,
            _above(us.out_of_domain, them.out_of_domain),
            _above(us.rare, them.rare),
            Interval(held_out.value / base, held_out.low / base, held_out.high / base),
        )


def run_canary(
    texts: Sequence[str],
    is_real: Sequence[bool],
    real: Sequence[str],
    yard: Yard,
    *,
    students: Students | None = None,
    size: CanarySize = USUAL_SIZE,
    on_progress: Callable[[str], None] = lambda _: None,
) -> CanaryReport:
    """Train students on a training set and beside it.

    Args:
        texts: of the set, one a row.
        is_real: of the same rows.
        real: real texts like the set's, to draw as many from as the set has; its own may be there.
        yard: real text that none of these holds.
        students: what is trained; three-grams by default.
        size: how much is looked at.
        on_progress: told what is being done.

    Raises:
        ValueError: if the set or the real texts are empty.
    """
    if not texts or not real:
        raise ValueError("a canary needs a training set and real texts to hold beside it")
    students = NgramStudents() if students is None else students
    rng = np.random.default_rng(size.seed)
    chosen: list[int] = rng.permutation(len(texts))[: size.rows].tolist()
    rows = [texts[place] for place in chosen]
    own = [texts[place] for place in chosen if is_real[place]]
    written = [texts[place] for place in chosen if texts[place] and not is_real[place]]
    beside = [drawn(real, rng, len(rows)) for _ in range(2)]
    trained = {
        Trained.SET: rows,
        Trained.REAL_PART: own,
        Trained.REAL_EQUAL: beside[0],
        Trained.REAL_AGAIN: beside[1],
    }
    readings: dict[Trained, Reading] = {}
    firsts: dict[Trained, Student] = {}
    foreign = 0.0
    for name, training in trained.items():
        if training:
            on_progress(f"a student of {len(training):,} rows ({name}) reads")
            student = students.fit(training, size.seed)
            readings[name] = yard.read(student)
            if name is Trained.REAL_EQUAL and written:
                surprise = _surprise(student, written, readings[name])
                foreign = max(surprise, 0.0) * len(written) / len(rows)
            if len(training) <= size.rows_on:
                firsts[name] = student
    return CanaryReport(
        students.kind,
        size,
        {name: len(training) for name, training in trained.items()},
        readings,
        {name: yard.texture(trained[name], tell_apart=True) for name in _WHOLE},
        {
            name: _onward(trained[name], firsts.get(name), students, yard, size, on_progress)
            for name in _WHOLE
        },
        {name: yard.loss(BY_FREQUENCY.fit(trained[name], size.seed)) for name in _WHOLE},
        foreign,
    )


def _surprise(student: Student, texts: Sequence[str], reading: Reading) -> float:
    """By how much texts surprise a student more than held-out text does, relative."""
    found = student.surprise(texts)
    return float(found.bits.sum() / found.bytes.sum()) / reading.held_out.value - 1.0


def _onward(
    rows: Sequence[str],
    first: Student | None,
    students: Students,
    yard: Yard,
    size: CanarySize,
    on_progress: Callable[[str], None],
) -> Onward:
    """Students of students: each trained on what the one before it wrote.

    The first one is trained here unless it is given, as a student of all these rows.
    """
    on_progress(f"{size.generations} generations on")
    rng = np.random.default_rng(size.seed)
    count = min(len(rows), size.rows_on)
    first = students.fit(rows[:count], size.seed) if first is None else first
    losses, student = [yard.loss(first)], first
    for _ in range(size.generations):
        student = students.fit(student.write(rng, count, PLAIN, None), size.seed)
        losses.append(yard.loss(student))
    second = students.fit(first.write(rng, count, SHARPENED, None), size.seed)
    return Onward(tuple(losses), yard.vendi(second.write(rng, count, SHARPENED, None)))


def _above(ours: Loss | None, theirs: Loss | None) -> Interval | None:
    return None if ours is None or theirs is None else ours.above(theirs)
