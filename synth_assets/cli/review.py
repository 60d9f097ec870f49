"""`synth review`: verified samples that wait for an expert, as a spreadsheet."""

from pathlib import Path

import click


@click.command()
@click.argument("recipe")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The CSV file to write; one that is there is not overwritten.",
)
@click.option("--all", "everything", is_flag=True, help="All verified samples, marked or not.")
def review(recipe: str, output: Path, everything: bool) -> None:
    r"""Write the samples of RECIPE that are marked for an expert into a CSV file.

    Recipes mark a share of their samples with `review_share`; all of them passed verification. The
    columns are id, context, question, answer, quote, and two that the expert fills in: verdict
    and comment. By its id a row is found again with `synth trace`.

    \b
    Example:
      synth review medical_guideline_qa -o review.csv
    """
    from synth_assets.core.export.review import marked_for_review, review_csv
    from synth_assets.errors import ConfigurationError
    from synth_assets.resources.frames import read_frame, write_bytes
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.workshop import Workshop

    workshop = Workshop(read_settings())
    key = workshop.catalogue.recipe(recipe).key
    verified = read_frame(workshop.home.asset("verified_samples", key))
    chosen = verified.sort("sample_id") if everything else marked_for_review(verified)
    if chosen.is_empty():
        raise ConfigurationError(
            f"{recipe}: none of {verified.height:,} verified samples is marked for review. Set "
            "review_share under technique: and run again, or take all with --all."
        )
    if output.exists():
        raise ConfigurationError(
            f"{output}: is there already, perhaps with an expert's verdicts. Name another file."
        )
    # The mark at the beginning tells spreadsheets that it is UTF-8.
    write_bytes(output, review_csv(chosen).encode("utf-8-sig"))
    click.echo(f"Wrote {chosen.height:,} of {verified.height:,} verified samples to {output}.")
