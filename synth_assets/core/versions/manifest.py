"""Manifests: what made a version of a recipe or of a mixture what it is, kept for comparison."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.names import partition_name
from synth_assets.core.config.recipe import RECIPE_FILE, Recipe
from synth_assets.core.fingerprint import Json, canonical_json, exact_hash

_TEACHER_FIELDS = ("model", "checkpoint", "parameters")
_NAMES = ("kind", "id", "name")


class Kind(StrEnum):
    """What has versions."""

    RECIPE = "recipe"
    MIXTURE = "mixture"


class Role(StrEnum):
    """What a file of a recipe's folder is for."""

    PROMPT = "prompt"
    VERIFIER = "verifier"
    INCLUDED = "included file"


@dataclass(frozen=True)
class Manifest:
    """All that makes a version what it is, as text and numbers.

    Attributes:
        kind: of what it is a version.
        key: partition key.
        label: the recipe's folder; empty for a mixture.
        identity: what its fingerprint is taken of.
        text: `recipe.yaml` as it was written; empty for a mixture.
        roles: file name -> what it is for.
        seeds: short hash -> start of each seed of the recipe's own file, where there are few.
    """

    kind: Kind
    key: str
    label: str
    identity: Mapping[str, Json]
    text: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict[str, Role])
    seeds: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of_recipe(cls, recipe: Recipe, seeds: Sequence[str] = ()) -> "Manifest":
        """The manifest of a recipe's version.

        Args:
            recipe: the version.
            seeds: the lines of its own seeds file, where they are to be told apart.
        """
        return cls(
            Kind.RECIPE,
            recipe.key,
            recipe.label,
            recipe.identity,
            recipe.files[RECIPE_FILE],
            {name: _role(recipe, name) for name in recipe.templates},
            {exact_hash(line): line[:120] for line in map(str.strip, seeds) if line},
        )

    @classmethod
    def of_mixture(cls, mixture: Mixture) -> "Manifest":
        """The manifest of a mixture's version."""
        return cls(Kind.MIXTURE, mixture.key, "", mixture.identity)

    @property
    def name(self) -> str:
        """Of the recipe or mixture."""
        return partition_name(self.key)

    @property
    def files(self) -> Mapping[str, str]:
        """File name -> text of the files of a recipe, `recipe.yaml` among them."""
        texts = {RECIPE_FILE: self.text}
        if isinstance(files := self.identity.get("files"), Mapping):
            texts |= {name: str(text) for name, text in files.items()}
        return texts

    @property
    def nameless(self) -> str:
        """The identity but for the name: equal of a copy, and of what was renamed."""
        spec = self.identity.get("spec")
        if not isinstance(spec, Mapping):
            return canonical_json({**self.identity, "id": None})
        return canonical_json({**self.identity, "spec": {**spec, "id": None}})

    def parts_unlike(self, other: "Manifest") -> dict[str, Json]:
        """Dotted path -> value of each part of what the identities do not say alike.

        Files are left out. Entries of lists go by their kind, id or name, so that one more shifts
        no other.
        """
        said = {
            name: value
            for name, value in self.identity.items()
            if name != "files" and not _is_same(name, self.identity, other.identity)
        }
        if isinstance(teachers := said.get("teachers"), Mapping):
            said["teachers"] = {
                name: dict(zip(_TEACHER_FIELDS, entry, strict=False))
                for name, entry in teachers.items()
                if isinstance(entry, list | tuple)
            }
        return dict(_leaves("", said))


def _is_same(name: str, one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    return name in other and canonical_json(one[name]) == canonical_json(other[name])


def _role(recipe: Recipe, name: str) -> Role:
    prompts = recipe.prompts.values()
    if any(name in prompt.templates for prompt in prompts):
        return Role.PROMPT
    if any(name in verifier.parts(recipe.files) for verifier in recipe.spec.verifiers):
        return Role.VERIFIER
    return Role.INCLUDED


def _leaves(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    match value:
        case Mapping():
            for name, inner in value.items():
                yield from _leaves(f"{path}.{name}" if path else str(name), inner)
        case list() | tuple() if value and all(isinstance(each, Mapping) for each in value):
            seen: dict[str, int] = {}
            for index, entry in enumerate(value):
                name = _entry_name(entry, str(index))
                seen[name] = seen.get(name, 0) + 1
                again = f"#{seen[name]}" if seen[name] > 1 else ""
                yield from _leaves(f"{path}.{name}{again}", entry)
        case _:
            yield path, value


def _entry_name(entry: Json, otherwise: str) -> str:
    if isinstance(entry, Mapping):
        for name in _NAMES:
            if isinstance(said := entry.get(name), str):
                return said
    return otherwise
