"""The arithmetic of a mixture's bounds: what is feasible, and what would mend what is not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from synth_assets.core.config.mixtures import Mixture
from synth_assets.errors import MixtureInfeasibleError


@dataclass(frozen=True)
class Target:
    """How many rows of each origin a training set takes.

    Attributes:
        synthetic: synthetic rows.
        real: real rows.
        teacher_rows: most synthetic rows of one teacher.
    """

    synthetic: int
    real: int
    teacher_rows: int

    @classmethod
    def of(cls, rows: int, share: Fraction, teacher_cap: Fraction) -> "Target":
        """Round a policy to whole rows: the share to the nearest, the cap up."""
        synthetic = floor(share * rows + Fraction(1, 2))
        return cls(synthetic, rows - synthetic, ceil(teacher_cap * synthetic))


@dataclass(frozen=True)
class Candidates:
    """What there is to choose from.

    Attributes:
        real: real rows.
        by_teacher: teacher -> synthetic rows.
    """

    real: int
    by_teacher: Mapping[str, int]

    def available(self, target: Target) -> int:
        """Synthetic rows to be had under the target's teacher cap."""
        return sum(min(rows, target.teacher_rows) for rows in self.by_teacher.values())

    def meet(self, target: Target) -> bool:
        """Whether the target can be met."""
        return self.real >= target.real and self.available(target) >= target.synthetic


def find_target(mixture: Mixture, candidates: Candidates) -> Target:
    """The rows of each origin that a mixture takes.

    Raises:
        MixtureInfeasibleError: saying what is lacking, and each single change that would do.
    """
    share, cap = _exact(mixture.synthetic_share), _exact(mixture.teacher_cap)
    _refuse_hopeless(mixture, candidates, share, cap)
    rows = mixture.rows if mixture.rows is not None else _most_rows(candidates, share, cap)
    target = Target.of(rows, share, cap)
    if candidates.meet(target):
        return target
    lacking = " and ".join(_lacking(target, candidates))
    mends = "; or ".join([lacking, *_mends(rows, candidates, share, cap)])
    raise MixtureInfeasibleError(
        f"Mixture {mixture.id} cannot have {rows} rows: it takes {target.synthetic} synthetic and "
        f"{target.real} real ones, and there are {candidates.available(target)} and "
        f"{candidates.real} to choose from. It needs {mends}."
    )


def _refuse_hopeless(
    mixture: Mixture, candidates: Candidates, share: Fraction, cap: Fraction
) -> None:
    teachers = [name for name, rows in candidates.by_teacher.items() if rows]
    label = f"Mixture {mixture.id} (synthetic_share {mixture.synthetic_share:g})"
    if share > 0 and not teachers:
        raise MixtureInfeasibleError(
            f"{label} has no synthetic rows to choose from. Generate some, name other recipes, or "
            "set synthetic_share: 0."
        )
    if share < 1 and not candidates.real:
        raise MixtureInfeasibleError(
            f"{label} has no real rows to choose from. Declare a source of real data, name other "
            "sources, or set synthetic_share: 1."
        )
    if share > 0 and cap * len(teachers) < 1:
        raise MixtureInfeasibleError(
            f"{label} allows each teacher {mixture.teacher_cap:g} of the synthetic rows, so it "
            f"needs {ceil(1 / cap)} teachers; there are {len(teachers)}: "
            f"{', '.join(sorted(teachers))}. Add a teacher, or set teacher_cap: "
            f"{_round_up(Fraction(1, len(teachers)))}."
        )


def _most_rows(candidates: Candidates, share: Fraction, cap: Fraction) -> int:
    synthetic = sum(candidates.by_teacher.values())
    bounds = [synthetic + candidates.real]
    if share > 0:
        bounds.append(floor((synthetic + 1) / share))
    if share < 1:
        bounds.append(floor((candidates.real + 1) / (1 - share)))
    sizes = range(min(bounds), 0, -1)
    return next((n for n in sizes if candidates.meet(Target.of(n, share, cap))), 0)


def _lacking(target: Target, candidates: Candidates) -> Iterator[str]:
    available = candidates.available(target)
    if target.synthetic > available:
        lacking = target.synthetic - available
        yield f"{lacking} more synthetic rows{_of_others(target, candidates)}"
    if target.real > candidates.real:
        yield f"{target.real - candidates.real} more real rows"


def _of_others(target: Target, candidates: Candidates) -> str:
    full = [name for name, rows in candidates.by_teacher.items() if rows > target.teacher_rows]
    return f" of other teachers than {', '.join(sorted(full))}" if full else ""


def _mends(rows: int, candidates: Candidates, share: Fraction, cap: Fraction) -> Iterator[str]:
    if most := _most_rows(candidates, share, cap):
        yield f"rows: {most}"
    hundredths = sorted(
        (Fraction(n, 100) for n in range(101)), key=lambda other: (abs(other - share), other)
    )
    for other in hundredths:
        if other > 0 and cap * len(candidates.by_teacher) < 1:
            continue
        if candidates.meet(Target.of(rows, other, cap)):
            yield f"synthetic_share: {float(other):g}"
            break
    for n in range(floor(cap * 100) + 1, 101):
        if candidates.meet(Target.of(rows, share, Fraction(n, 100))):
            yield f"teacher_cap: {n / 100:g}"
            break


def _exact(number: float) -> Fraction:
    # The decimal as the user wrote it: the binary 0.7 is a little less than seven tenths.
    return Fraction(repr(number))


def _round_up(number: Fraction) -> str:
    return f"{ceil(number * 100) / 100:g}"
