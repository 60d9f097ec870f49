"""A recursion: students that are trained, in part, on what the last one wrote."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from synth_assets.core.collapse.arms import Arm, Level, Rule
from synth_assets.core.collapse.drawing import drawn
from synth_assets.core.collapse.students import Student, Students
from synth_assets.core.collapse.yard import Reading, Texture, Yard


@dataclass(frozen=True)
class State:
    """What a recursion needs to go on.

    Attributes:
        generation: the last one that was trained; 0 saw real rows alone.
        share: of written rows that the next one is trained on, where its arm has one.
        training: what that generation was trained on.
        written: all that generations wrote, the last one's at the end; of arms that do not keep
            it, the last one's alone.
        first: what the first generation's loss and the diversity of what it wrote were.
    """

    generation: int
    share: float
    training: tuple[str, ...]
    written: tuple[tuple[str, ...], ...]
    first: Level | None = None


@dataclass(frozen=True)
class Generation:
    """One generation, measured.

    Attributes:
        number: 0 for the student that saw real rows alone.
        share: of written rows in what it was trained on, 0..1.
        rows: that it was trained on.
        reading: what it makes of real text.
        texture: of what it writes.
        state: to go on from.
    """

    number: int
    share: float
    rows: int
    reading: Reading
    texture: Texture
    state: State


def generations(
    arm: Arm,
    real: Sequence[str],
    students: Students,
    yard: Yard,
    last: int,
    *,
    seed: int,
    most_tokens: int | None = None,
    after: State | None = None,
) -> Iterator[Generation]:
    """Train generation after generation, each measured as it is done.

    Args:
        arm: how they go on.
        real: the rows of the first one.
        students: what is trained.
        yard: what they are measured by.
        last: number of the last generation.
        seed: of all draws; equal seeds draw the same real rows in every arm.
        most_tokens: where students stop writing a text.
        after: go on from here; from the start by default. What comes is as if never interrupted.
    """
    state = after
    for number in range(0 if state is None else state.generation + 1, last + 1):
        rng = np.random.default_rng([seed, number])
        if state is None:
            state = State(0, arm.share, tuple(real), ())
        else:
            state = _next(arm, real, state, rng)
        student = students.fit(state.training, seed)
        found = _measured(student, arm, state, yard, len(real), rng, most_tokens)
        state = found.state
        yield found


def _measured(
    student: Student,
    arm: Arm,
    state: State,
    yard: Yard,
    rows: int,
    rng: np.random.Generator,
    most_tokens: int | None,
) -> Generation:
    wrote = tuple(student.write(rng, rows, arm.decoding, most_tokens))
    reading, texture = yard.read(student), yard.texture(wrote)
    level = Level(reading.held_out.value, texture.vendi, texture.distinct_2)
    kept = (*state.written, wrote) if _accumulates(arm) else (wrote,)
    after = replace(
        state,
        share=_next_share(arm, state, level),
        written=kept,
        first=state.first or level,
    )
    synthetic = 0.0 if state.generation == 0 else _synthetic_share(arm, state, rows)
    return Generation(state.generation, synthetic, len(state.training), reading, texture, after)


def _next(arm: Arm, real: Sequence[str], state: State, rng: np.random.Generator) -> State:
    """What the next generation is trained on; draws of real rows come first, alike in all arms."""
    wrote = state.written[-1]
    written = round(state.share * len(real))
    some_real = drawn(real, rng, len(real) - written)
    training: list[str]
    match arm.rule:
        case Rule.REPLACE:
            training = list(wrote)
        case Rule.SHARE | Rule.ADAPTIVE:
            training = [*some_real, *wrote[:written]]
        case Rule.REAL_ONLY:
            training = some_real
        case Rule.ADDED:
            training = [*real, *wrote[:written]]
        case Rule.ACCUMULATE | Rule.SUBSAMPLE:
            training = [*real, *(text for texts in state.written for text in texts)]
            if arm.rule is Rule.SUBSAMPLE:
                training = [
                    training[place] for place in rng.permutation(len(training))[: len(real)]
                ]
    return replace(state, generation=state.generation + 1, training=tuple(training))


def _synthetic_share(arm: Arm, state: State, rows: int) -> float:
    """Of what this generation was trained on, from what its arm says."""
    match arm.rule:
        case Rule.REPLACE:
            return 1.0
        case Rule.REAL_ONLY:
            return 0.0
        case Rule.SHARE | Rule.ADAPTIVE:
            return round(state.share * rows) / rows
        case Rule.ADDED:
            return round(state.share * rows) / len(state.training)
        case Rule.ACCUMULATE | Rule.SUBSAMPLE:
            return state.generation / (state.generation + 1)


def _next_share(arm: Arm, state: State, level: Level) -> float:
    """Lower where an adaptive arm's last generation was worse than it may be, on either axis."""
    if arm.rule is not Rule.ADAPTIVE or state.first is None or state.generation == 0:
        return state.share
    severity = arm.tolerance.severity(level, state.first)
    return (
        max(state.share - arm.tolerance.step * min(severity, 2.0), 0.0)
        if severity > 1
        else (state.share)
    )


def _accumulates(arm: Arm) -> bool:
    return arm.rule in (Rule.ACCUMULATE, Rule.SUBSAMPLE)
