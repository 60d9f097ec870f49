"""A new recipe to start from: complete, running on the embedded teacher, and explained."""

import os
import re
import tempfile
from pathlib import Path

from synth_assets.core.config.names import NAME_PATTERN
from synth_assets.core.config.recipe import RECIPE_FILE
from synth_assets.errors import ConfigurationError

_SCAFFOLD = Path(__file__).parent / "scaffold"
_SCAFFOLD_ID = "id: my_recipe"


def create_recipe(folder: Path, name: str) -> Path:
    """Create the recipe `name` in a folder of recipes, whole or not at all.

    Args:
        folder: where recipes lie; made if it is not there.
        name: id of the recipe and name of its folder.

    Returns:
        The folder of the recipe.

    Raises:
        ConfigurationError: if the name is none, something of that name is there already, or the
            folder cannot be written.
    """
    if not re.fullmatch(NAME_PATTERN.rstrip("$"), name):
        raise ConfigurationError(
            f"{name[:80]!r} cannot name a recipe: use lower case letters, digits, `_` and `-`, a "
            "letter first, at most 63."
        )
    target = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(target):
            raise ConfigurationError(f"{target} is there already. Choose another name.")
        with tempfile.TemporaryDirectory(prefix=".new-recipe-", dir=folder) as temporary:
            made = Path(temporary, name)
            _write(made, name)
            made.rename(target)
    except OSError as exc:
        raise ConfigurationError(
            f"{target}: cannot be written: {exc.strerror}. Mend the rights of the folder."
        ) from exc
    return target


def _write(made: Path, name: str) -> None:
    made.mkdir()
    for file in sorted(_SCAFFOLD.iterdir()):
        text = file.read_text(encoding="utf-8")
        if file.name == RECIPE_FILE:
            text = text.replace(_SCAFFOLD_ID, f"id: {name}")
        made.joinpath(file.name).write_text(text, encoding="utf-8")
