"""Whether a writer is the student: itself, the checkpoint before it, or what learned from it."""

from dataclasses import dataclass

from synth_assets.core.config.mixtures import Student
from synth_assets.core.flywheel.history import TrainingHistory, Writer, folded, told_way
from synth_assets.core.judging.families import family_of


@dataclass(frozen=True)
class OwnVoice:
    """A student as one may hear it in rows.

    Attributes:
        student: with no family, nobody's voice is its own.
    """

    student: Student | None

    def why(self, writer: Writer, history: TrainingHistory) -> str:
        """Why a writer's rows are the student's own voice, for people; empty where they are not.

        They are, too, where the writer was trained on a set that holds such rows, in however many
        turns of the flywheel.

        Raises:
            RegistryError: if what it was trained on names nothing.
        """
        if self.student is None or not self.student.family.strip():
            return ""
        if said := self._itself(writer):
            return f"teacher {writer.told} is {said}"
        way = history.way_back(writer, lambda other: bool(self._itself(other)))
        if way is None:
            return ""
        heard = way[-1]
        said = self._itself(heard) if isinstance(heard, Writer) else ""
        return f"a loop of the flywheel: {told_way(way)}, which is {said}"

    def _itself(self, writer: Writer) -> str:
        student = self.student
        if student is None or not writer.family:
            return ""
        if writer.family not in {folded(student.family), family_of(student.family)}:
            return ""
        own = student.checkpoint.strip()
        if not writer.checkpoint:
            return f"of the family of student {student.name}, and states no checkpoint"
        if not own:
            return f"of the family of student {student.name}, which states no checkpoint"
        if writer.checkpoint == own:
            return f"the student {student.name} itself"
        if writer.checkpoint in {each.strip() for each in student.previous}:
            return f"the student {student.name} at a checkpoint before"
        return ""
