"""The registry of models and the training sets they saw: one file, JSON Lines, in order.

It is written whole to a temporary file and renamed, behind a lock: a killed process leaves it as
it was, and of two that write neither loses what the other recorded.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import filelock
from pydantic import TypeAdapter, ValidationError

from synth_assets.core.flywheel.history import TrainingHistory
from synth_assets.core.flywheel.records import ModelRecord, Record, SetRecord
from synth_assets.errors import RegistryError, StorageError
from synth_assets.resources.frames import write_bytes

_RECORD: TypeAdapter[SetRecord | ModelRecord] = TypeAdapter(Record)
_Change: TypeAlias = Callable[[TrainingHistory], TrainingHistory]


@dataclass(frozen=True)
class ModelRegistry:
    """What is kept of models and sets under a home folder.

    Attributes:
        home: folder that holds `models.jsonl`.
        lock_timeout_s: how long to wait for another process that writes.
    """

    home: Path
    lock_timeout_s: float = 60.0

    @property
    def path(self) -> Path:
        """The file."""
        return self.home / "models.jsonl"

    def history(self) -> TrainingHistory:
        """All that is recorded; nothing where there is no file yet.

        Raises:
            RegistryError: if the file cannot be read, or a line of it is broken.
        """
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return TrainingHistory()
        except (OSError, UnicodeDecodeError) as exc:
            raise RegistryError(
                f"{self.path}: cannot be read: {exc}. Mend its rights, or restore it."
            ) from exc
        found = TrainingHistory()
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                found = self._with_line(found, number, line)
        return found

    def add_set(self, record: SetRecord) -> SetRecord:
        """Record an exported set; one that is recorded already stays as it is.

        Returns:
            What the registry has of it.

        Raises:
            RegistryError: if the file cannot be read or written.
        """

        def change(before: TrainingHistory) -> TrainingHistory:
            if any(each.reference == record.reference for each in before.sets):
                return before
            return replace(before, sets=(*before.sets, _stamped(record)))

        after = self._changed(change)
        return next(each for each in after.sets if each.reference == record.reference)

    def add_model(self, record: ModelRecord) -> ModelRecord:
        """Register a model, or add scores to one that is registered just so.

        What it was trained on is pinned to the sets as they are recorded now.

        Returns:
            What the registry has of it.

        Raises:
            RegistryError: if another model has the name, a reference names nothing, or the
                checkpoint would have been trained on its own rows.
        """

        def change(before: TrainingHistory) -> TrainingHistory:
            pinned = [_set_alone(before, name).reference for name in record.trained_on]
            for name in record.parents:
                before.model(name)
            new = record.model_copy(update={"trained_on": tuple(dict.fromkeys(pinned))})
            return _with_model(before, new)

        after = self._changed(change)
        return after.model(record.name)

    def score_model(self, name: str, scores: Mapping[str, float]) -> ModelRecord:
        """Add scores to a registered model; one of a name that it has takes its place.

        Returns:
            What the registry has of it.

        Raises:
            RegistryError: if there is none of that name.
        """

        def change(before: TrainingHistory) -> TrainingHistory:
            known = before.model(name)
            scored = known.model_copy(update={"scores": {**known.scores, **scores}})
            models = tuple(scored if each is known else each for each in before.models)
            return replace(before, models=models)

        return self._changed(change).model(name)

    def remove_model(self, name: str) -> None:
        """Take a model out again.

        Raises:
            RegistryError: if there is none of that name, or others came of it or what it wrote.
        """

        def change(before: TrainingHistory) -> TrainingHistory:
            before.model(name)
            heirs = [f"model {each.name}" for each in before.models if name in each.parents]
            heard = [
                f"set {each.reference}"
                for each in before.sets
                if any(name in voice.trained_on for voice in each.voices)
            ]
            if heirs or heard:
                raise RegistryError(
                    f"Model {name} stands behind {', '.join([*heirs, *heard][:10])}, and stays."
                )
            return replace(before, models=tuple(m for m in before.models if m.name != name))

        self._changed(change)

    def _with_line(self, before: TrainingHistory, number: int, line: str) -> TrainingHistory:
        try:
            record = _RECORD.validate_json(line)
        except ValidationError as exc:
            first = exc.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RegistryError(
                f"{self.path}: line {number}: {where}: {first['msg']}. Mend the line, or restore "
                "the file."
            ) from exc
        match record:
            case SetRecord():
                return replace(before, sets=(*before.sets, record))
            case ModelRecord():
                return self._with_read_model(before, number, record)

    def _with_read_model(
        self, before: TrainingHistory, number: int, record: ModelRecord
    ) -> TrainingHistory:
        try:
            for name in record.parents:
                before.model(name)
            if any(each.name == record.name for each in before.models):
                raise RegistryError(f"Model {record.name} stands on an earlier line already.")
        except RegistryError as exc:
            raise RegistryError(
                f"{self.path}: line {number}: {exc} Mend the line, or restore the file."
            ) from exc
        return replace(before, models=(*before.models, record))

    def _changed(self, change: _Change) -> TrainingHistory:
        with self._locked():
            before = self.history()
            after = change(before)
            if after != before:
                lines = [each.model_dump_json() for each in (*after.sets, *after.models)]
                try:
                    write_bytes(self.path, "".join(f"{line}\n" for line in lines).encode("utf-8"))
                except StorageError as exc:
                    raise RegistryError(str(exc)) from exc
            return after

    @contextmanager
    def _locked(self) -> Generator[None]:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.home / "models.lock", timeout=self.lock_timeout_s)
            lock.acquire()
        except filelock.Timeout as exc:
            raise RegistryError(
                f"{self.path}: another process has been writing for {self.lock_timeout_s:g} s. "
                "Wait for it, or end it, and try again."
            ) from exc
        except OSError as exc:
            raise RegistryError(f"{self.home}: cannot be written: {exc}. Mend its rights.") from exc
        try:
            yield
        finally:
            lock.release()


def _set_alone(history: TrainingHistory, reference: str) -> SetRecord:
    if any(each.name == reference for each in history.models):
        raise RegistryError(
            f"{reference!r} is a registered model, and no set: name it as --parent. If a mixture "
            "has the same name, give its version."
        )
    return history.set_of(reference)


def _with_model(before: TrainingHistory, new: ModelRecord) -> TrainingHistory:
    known = next((each for each in before.models if each.name == new.name), None)
    if known is None:
        after = replace(before, models=(*before.models, _stamped(new)))
        after.refuse_loops()
        return after
    scored = known.model_copy(update={"scores": {**known.scores, **new.scores}})
    if scored != new.model_copy(update={"scores": scored.scores, "recorded": known.recorded}):
        raise RegistryError(
            f"Another model is registered as {new.name}: {known.family}@{known.checkpoint}, "
            f"trained on {', '.join(known.trained_on) or 'no set'}. Choose another name, or take "
            f"that one out: synth models remove {new.name}"
        )
    return replace(before, models=tuple(scored if m is known else m for m in before.models))


def _stamped(record: "SetRecord | ModelRecord") -> "SetRecord | ModelRecord":
    return record.model_copy(update={"recorded": datetime.now(UTC).isoformat(timespec="seconds")})
