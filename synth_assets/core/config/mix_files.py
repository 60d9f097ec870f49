"""A mixture of files, as users write it: what the files hold, and what is to be made of them."""

from pathlib import PurePath
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from synth_assets.core.config.mixtures import Mixture, NamedPolicy
from synth_assets.core.config.names import Name, Written
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.config.terms import StatedTerms

Pattern = Annotated[str, StringConstraints(min_length=1)]


class Rows(Written):
    """Files of rows.

    Attributes:
        files: paths or globs, relative to the YAML file that names them.
        columns: `part=column` each, where columns are not called as usual.
    """

    files: tuple[Pattern, ...] = Field(min_length=1)
    columns: tuple[str, ...] = ()

    def located_in(self, folder: PurePath) -> Self:
        """The same with paths that no longer depend on where one stands."""
        return self.model_copy(update={"files": tuple(str(folder / name) for name in self.files)})


class CandidateRows(Rows):
    """Rows that a set may be made of.

    Attributes:
        id: what they are called: a source if they are real, else a recipe.
        origin: who wrote them.
        teacher: who wrote synthetic ones: an entry of `teachers`, or any name.
        teacher_column: the column that says so row by row.
        licence: under which they were given.
        terms: what may be done with real ones, where the licence does not say it; of synthetic
            ones the teacher's entry says it.
    """

    id: Name
    origin: Literal["real", "synthetic"]
    teacher: str = ""
    teacher_column: str = ""
    licence: str = "unstated"
    terms: StatedTerms | None = None

    @model_validator(mode="after")
    def _who_wrote(self) -> Self:
        named = bool(self.teacher) + bool(self.teacher_column)
        if self.origin == "synthetic" and named != 1:
            raise ValueError("synthetic rows name their teacher, or a teacher_column")
        if self.origin == "real" and named:
            raise ValueError("real rows have no teacher")
        if self.origin == "synthetic" and self.terms is not None:
            raise ValueError("terms of synthetic rows stand at their teacher, under teachers")
        return self


class HeldOutRows(Rows):
    """Real rows that nothing may be trained on.

    Attributes:
        source: the id of the real rows that they are like; may be left out if there is one.
    """

    source: Name | None = None


class MixFiles(Written):
    """What `synth mix` reads.

    Attributes:
        mixture: as an entry of `mixtures.yaml`.
        candidates: rows to choose from.
        held_out: real rows to keep out, and to measure a student by.
        benchmarks: test items to keep out.
        teachers: who wrote, as in `teachers.yaml`, where family, checkpoint or terms matter.
        policies: named ones beside those that come along.
    """

    mixture: Mixture
    candidates: tuple[CandidateRows, ...] = Field(min_length=1)
    held_out: tuple[HeldOutRows, ...] = ()
    benchmarks: Rows | None = None
    teachers: tuple[Teacher, ...] = ()
    policies: tuple[NamedPolicy, ...] = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        names = [each.id for each in self.candidates]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"candidates: the id {min(repeated)} stands twice")
        real = [each.id for each in self.candidates if each.origin == "real"]
        for each in self.held_out:
            if each.source is None and len(real) != 1:
                raise ValueError(f"held_out: name its source, one of: {', '.join(real) or 'none'}")
            if each.source is not None and each.source not in real:
                raise ValueError(f"held_out: {each.source} names no real candidates")
        return self

    @property
    def only_real(self) -> str:
        """The id of the real candidates, where there is one."""
        return next((each.id for each in self.candidates if each.origin == "real"), "")

    def located_in(self, folder: PurePath) -> Self:
        """The same with paths that no longer depend on where one stands."""
        told = self.benchmarks
        moved = {
            "candidates": tuple(each.located_in(folder) for each in self.candidates),
            "held_out": tuple(each.located_in(folder) for each in self.held_out),
            "benchmarks": None if told is None else told.located_in(folder),
        }
        return self.model_copy(update=moved)
