"""What users take away: a folder for each mixture, laid out as a Hugging Face dataset."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.diversity.measure import DIVERSITY_SCHEMA
from synth_assets.core.export.card import CardFacts, PromptText, render_card
from synth_assets.core.export.chat import export_frame, jsonl_lines
from synth_assets.errors import StageContractError
from synth_assets.resources.catalogue import Catalogue
from synth_assets.resources.frames import write_bytes, write_frame
from synth_assets.resources.lineage.database import LineageDatabase

CHAT_FILE = "train.jsonl"
TABLE_FILE = "train.parquet"
CARD_FILE = "README.md"


@dataclass(frozen=True)
class Export:
    """An exported training set.

    Attributes:
        folder: where it lies.
        card: text of its dataset card.
        bytes: size of the data files.
    """

    folder: Path
    card: str
    bytes: int


def export_training_set(folder: Path, rows: pl.DataFrame, facts: CardFacts) -> Export:
    """Write chat JSONL, Parquet and card; each file is whole or not there.

    Raises:
        StorageError: if the folder cannot be written.
        StageContractError: if there are no rows.
    """
    if rows.is_empty():
        raise StageContractError(f"{folder}: a training set without rows is not exported.")
    chats = "".join(jsonl_lines(rows)).encode("utf-8")
    size = write_bytes(folder / CHAT_FILE, chats)
    size += write_frame(folder / TABLE_FILE, export_frame(rows))
    card = render_card(facts)
    write_bytes(folder / CARD_FILE, card.encode("utf-8"))
    return Export(folder, card, size)


def card_facts(
    mixture: Mixture,
    rows: pl.DataFrame,
    measured: pl.DataFrame,
    catalogue: Catalogue,
    lineage: LineageDatabase,
) -> CardFacts:
    """Collect what a card tells, from lineage and the catalogue.

    Args:
        mixture: the policy.
        rows: the training set, columns of `SAMPLE_SCHEMA`.
        measured: its diversity, columns of `DIVERSITY_SCHEMA`.
        catalogue: for prompts and teachers.
        lineage: for funnel, reasons and costs.

    Raises:
        LineageError: if there is no lineage yet.
    """
    used = sorted(set(rows["recipe"]) - {""})
    recipes = [recipe for recipe in catalogue.recipes if recipe.id in used]
    prompts = [
        PromptText(recipe.id, recipe.version, name, text)
        for recipe in recipes
        for name, text in recipe.templates.items()
        if name.endswith(".j2")
    ]
    return CardFacts(
        mixture=mixture,
        rows=rows,
        funnel=lineage.query("funnel"),
        drop_reasons=lineage.query("drop_reasons"),
        cost=lineage.query("cost"),
        diversity=measured.select(DIVERSITY_SCHEMA.names()),
        prompts=tuple(prompts),
        teacher_models={name: teacher.model for name, teacher in catalogue.teachers.items()},
        fingerprints={"mixture": mixture.key, **{recipe.id: recipe.key for recipe in recipes}},
        commands=(f"synth run --mixture {mixture.id}",),
        data_file=TABLE_FILE,
    )
