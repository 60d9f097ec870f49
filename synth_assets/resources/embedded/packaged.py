"""The teacher's word lists and templates, which lie beside its code as YAML."""

from importlib.resources import files
from typing import Any

import yaml

_FOLDER = "synth_assets.resources.embedded"


def read_packaged(name: str) -> Any:  # noqa: ANN401  each caller validates its own shape
    """The content of one of these files."""
    return yaml.safe_load(files(_FOLDER).joinpath(name).read_text(encoding="utf-8"))
