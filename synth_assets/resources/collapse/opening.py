"""A lab, from its YAML file."""

from pathlib import Path

from synth_assets.core.config.collapse_lab import LabConfig, TextFiles
from synth_assets.core.config.yaml_text import parse_yaml, validated
from synth_assets.errors import ConfigurationError
from synth_assets.resources.collapse.lab_runs import Lab
from synth_assets.resources.collapse.texts import texts_of_files
from synth_assets.resources.recipe_folder import read_text


def open_lab(config: Path, folder: Path) -> Lab:
    """Read a lab's plan and its texts.

    Raises:
        ConfigurationError: if the file is not there or malformed, naming line and mend.
        SourceError: if texts cannot be read.
    """
    document = parse_yaml(read_text(config, ConfigurationError), str(config), ConfigurationError)
    said = validated(LabConfig, document, ConfigurationError).located_in(config.parent)
    texts, others = _texts(said.real), _texts(said.out_of_domain)
    return Lab(folder, said.plan, texts, others, said.order, said.student)


def _texts(said: TextFiles | None) -> tuple[str, ...]:
    return () if said is None else tuple(texts_of_files(said.files, said.columns))
