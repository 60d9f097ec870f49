"""Jobs to try a recipe before it is filled, and to compare it with what it gave before an edit."""

# Dagster leaves `os.PathLike` and its like without parameters in public signatures.
# pyright: reportUnknownMemberType=false

import dagster as dg
from pydantic import Field

from synth_assets.core.export.markdown import table
from synth_assets.defs.spending import run_account
from synth_assets.resources.comparison import compare_versions
from synth_assets.resources.preview import preview_recipe
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop

_SHOWN = ("outcome", "stage", "reason", "detail", "teacher", "prompt", "response", "answer")


class PreviewSettings(dg.Config):
    """What is tried."""

    recipe: str = Field(description="Id of a recipe, such as math_word_problems.")
    rows: int = Field(default=5, ge=1, le=1000, description="How many planned samples are made.")


class CompareSettings(dg.Config):
    """What is compared."""

    recipe: str = Field(description="Id of a recipe whose live version is filled.")
    to: str = Field(
        default="",
        description="The earlier version, or its first digits; by default the one before.",
    )
    rows: int = Field(
        default=5, ge=0, le=100, description="How many planned samples are set beside each other."
    )


@dg.op
def make_a_few_rows(context: dg.OpExecutionContext, config: PreviewSettings) -> None:
    """The first rows of a recipe as it is on disk now, through every stage."""
    workshop = Workshop(read_settings(), run=run_account(context.run))
    made = preview_recipe(workshop, config.recipe, config.rows, context.log.info)
    context.add_output_metadata(
        {
            "rows": dg.MetadataValue.md(table(made.rows.select(_SHOWN))),
            "planned": made.rows.height,
            "kept": made.kept,
            "calls_bought": made.calls_bought,
            "calls_from_ledger": made.calls_from_ledger,
            "bought_usd": made.bought_usd,
        }
    )


@dg.op
def set_versions_side_by_side(context: dg.OpExecutionContext, config: CompareSettings) -> None:
    """The live version of a recipe and an earlier one: acceptance, cost, reasons, diversity."""
    workshop = Workshop(read_settings())
    made = compare_versions(workshop, config.recipe, config.to, config.rows)
    context.add_output_metadata(
        {
            "comparison": dg.MetadataValue.md(made.markdown),
            "acceptance_before": made.old.acceptance,
            "acceptance_now": made.new.acceptance,
        }
    )


@dg.job(
    description="Make the first rows of a recipe as it is now, and show what each stage says of "
    "them. Nothing is written but what is bought, which stays in the ledger. See the metadata "
    "`rows` of the step's output.",
)
def preview_rows() -> None:
    """Try a recipe."""
    make_a_few_rows()


@dg.job(
    description="Set the live version of a recipe beside the one that was filled before. See the "
    "metadata `comparison` of the step's output.",
)
def compare_recipe_versions() -> None:
    """Compare versions of a recipe."""
    set_versions_side_by_side()
