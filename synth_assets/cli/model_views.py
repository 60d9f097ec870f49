"""What `synth models` prints."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from synth_assets.cli.tables import indented
from synth_assets.core.flywheel.history import TrainingHistory
from synth_assets.core.flywheel.records import ModelRecord, SetRecord
from synth_assets.core.flywheel.tree import Branch, tree_of
from synth_assets.errors import RegistryError
from synth_assets.resources.models.registry import ModelRegistry
from synth_assets.resources.settings import read_settings


@dataclass(frozen=True)
class NewModel:
    """A model as the command line names it."""

    name: str
    family: str
    checkpoint: str
    sets: Sequence[str]
    parents: Sequence[str]
    scores: Sequence[str]

    def record(self) -> ModelRecord:
        """The same, checked.

        Raises:
            RegistryError: if a name or a score is none.
        """
        scores = dict(_score(said) for said in self.scores)
        try:
            return ModelRecord(
                name=self.name,
                family=self.family.strip(),
                checkpoint=self.checkpoint.strip(),
                trained_on=tuple(self.sets),
                parents=tuple(dict.fromkeys(self.parents)),
                scores=scores,
            )
        except ValidationError as exc:
            first = exc.errors()[0]
            raise RegistryError(
                f"{first['loc'][0]}: {first['input']!r} cannot be a name here. Names of models "
                "have letters, digits and ._/+:- and start with a letter or digit; families, "
                "checkpoints and scores are up to 200 characters without control characters."
            ) from exc


def added_text(new: NewModel, *, as_json: bool) -> str:
    """Register a model, and say what the registry has of it.

    Raises:
        RegistryError: if it cannot be registered.
    """
    if not new.family.strip() or not new.checkpoint.strip():
        raise RegistryError(
            f"Model {new.name!r} needs a family and a checkpoint: by them it is known again among "
            "teachers and students."
        )
    registry = _registry()
    made = registry.add_model(new.record())
    history = registry.history()
    if as_json:
        return json.dumps(_model(made, history), indent=2, ensure_ascii=False)
    seen = ", ".join(made.trained_on) or "no set"
    return (
        f"Registered {made.name} ({made.family}@{made.checkpoint}), trained on {seen}; depth "
        f"{history.depth_of(made)}."
    )


def list_text(*, as_json: bool) -> str:
    """All sets and models.

    Raises:
        RegistryError: if the registry cannot be read.
    """
    history = _registry().history()
    if as_json:
        told = {
            "sets": [_set(each) for each in history.sets],
            "models": [_model(each, history) for each in history.models],
        }
        return json.dumps(told, indent=2, ensure_ascii=False)
    return "\n".join(
        [
            "Exported training sets:",
            *indented(_set_table(history)),
            "",
            "Registered models:",
            *indented(_model_table(history)),
        ]
    )


def show_text(name: str, *, as_json: bool) -> str:
    """What stands behind a model.

    Raises:
        RegistryError: if there is none of that name, or the registry cannot be read.
    """
    history = _registry().history()
    model = history.model(name)
    tree = tree_of(model, history)
    if as_json:
        told = {**_model(model, history), "behind": [_branch(each) for each in tree.behind]}
        return json.dumps(told, indent=2, ensure_ascii=False)
    return "\n".join(_story(model, tree, history))


def evaluated_text(name: str, scores: Sequence[str], *, as_json: bool) -> str:
    """Add scores to a registered model, and say what it has.

    Raises:
        RegistryError: if there is none of that name, or a score is no number.
    """
    registry = _registry()
    made = registry.score_model(name, dict(_score(said) for said in scores))
    if as_json:
        return json.dumps(_model(made, registry.history()), indent=2, ensure_ascii=False)
    return f"{made.name}: {_scores(made)}"


def curve_text(picture: Path | None, lab: Path | None, *, as_json: bool) -> str:
    """Scores by generation, and a picture of them, beside a lab's loss where one is named.

    Raises:
        RegistryError: if the registry cannot be read.
        StorageError: if the lab's curves cannot be read, or the picture cannot be written.
    """
    from synth_assets.core.flywheel.score_curves import score_curves
    from synth_assets.resources.collapse.lab_runs import CURVES_FILE
    from synth_assets.resources.frames import read_frame, write_bytes

    found = score_curves(_registry().history())
    if picture is not None:
        from synth_assets.resources.collapse.pictures import scores_png

        curves = None if lab is None else read_frame(lab / CURVES_FILE)
        write_bytes(picture, scores_png(found, curves))
    if as_json:
        return json.dumps(found.to_dicts(), indent=2, ensure_ascii=False)
    if found.is_empty():
        return "No model has scores yet; add them with: synth models evaluate NAME --score N=VALUE"
    rows = [["score", "generation", "model", "value", "above the first", "synthetic"]]
    rows += [
        [name, str(generation), model, f"{value:g}", f"{above:+.4g}", _percent(share)]
        for name, generation, model, value, above, share in found.iter_rows()
    ]
    return "\n".join(indented(rows))


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.0%}"


def removed_text(name: str) -> str:
    """Take a model out.

    Raises:
        RegistryError: if there is none of that name, or others came of it.
    """
    _registry().remove_model(name)
    return f"Removed {name}."


def _registry() -> ModelRegistry:
    return ModelRegistry(read_settings().home)


def _score(said: str) -> tuple[str, float]:
    name, is_there, text = said.rpartition("=")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not is_there or not name.strip() or not math.isfinite(value):
        raise RegistryError(f"--score {said!r}: write NAME=VALUE with a number: gsm8k=0.41")
    return name.strip(), value


def _set(record: SetRecord) -> dict[str, object]:
    return {"reference": record.reference, **record.model_dump(mode="json", exclude={"kind"})}


def _model(record: ModelRecord, history: TrainingHistory) -> dict[str, object]:
    told = record.model_dump(mode="json", exclude={"kind"})
    return {**told, "depth": history.depth_of(record)}


def _branch(branch: Branch) -> dict[str, object]:
    return {
        "name": branch.told,
        "rows": branch.rows,
        "loop": branch.is_loop,
        "behind": [_branch(each) for each in branch.behind],
    }


def _set_table(history: TrainingHistory) -> list[list[str]]:
    rows = [["set", "rows", "synthetic", "depth", "recorded"]]
    rows += [
        [
            each.reference,
            f"{each.rows:,}",
            f"{100 * each.synthetic_share:.1f} %",
            str(each.depth),
            each.recorded,
        ]
        for each in history.sets
    ]
    return rows if len(rows) > 1 else [["none yet; they are recorded as they are exported"]]


def _model_table(history: TrainingHistory) -> list[list[str]]:
    rows = [["model", "family", "checkpoint", "depth", "trained on", "from", "scores"]]
    rows += [
        [
            each.name,
            each.family,
            each.checkpoint,
            str(history.depth_of(each)),
            ", ".join(each.trained_on) or "-",
            ", ".join(each.parents) or "-",
            _scores(each) or "-",
        ]
        for each in history.models
    ]
    return rows if len(rows) > 1 else [["none yet; register one with synth models add"]]


def _scores(model: ModelRecord) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in sorted(model.scores.items()))


def _story(model: ModelRecord, tree: Branch, history: TrainingHistory) -> Iterator[str]:
    yield (
        f"{model.name}  {model.family}@{model.checkpoint}  depth {history.depth_of(model)}  "
        f"registered {model.recorded}"
    )
    if model.scores:
        yield f"scores  {_scores(model)}"
    for level, branch in tree.walk():
        if level:
            yield f"{'   ' * (level - 1)}<- {_line(branch)}"
    if not tree.behind:
        yield "trained on no set that was exported here"


def _line(branch: Branch) -> str:
    parts = [branch.told]
    match branch.node:
        case SetRecord() as node:
            share = f"{100 * node.synthetic_share:.0f} % synthetic"
            parts.append(f"{node.rows:,} rows, {share}, depth {node.depth}")
        case _ if branch.rows is not None:
            parts.append(f"{branch.rows:,} rows")
        case _:
            pass
    if branch.is_loop:
        parts.append("LOOP: its own family")
    if branch.is_repeated:
        parts.append("(see above)")
    return "  ".join(parts)
