"""`synth review`: verified samples that wait for an expert, as a spreadsheet, and its way back."""

from pathlib import Path

import click


@click.command()
@click.argument("recipe")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The CSV file to write; one that is there is not overwritten.",
)
@click.option("--all", "everything", is_flag=True, help="All verified samples, marked or not.")
@click.option(
    "--verdicts",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The CSV file as the expert gave it back: accept or reject in its column verdict.",
)
def review(recipe: str, output: Path | None, everything: bool, verdicts: Path | None) -> None:
    r"""Write the samples of RECIPE that are marked for an expert into a CSV file, or read it back.

    Recipes mark a share of their samples with `review_share`; all of them passed verification. The
    columns are id, context, question, answer, quote, and two that the expert fills in: verdict
    (accept or reject; empty: not looked at) and comment. By its id a row is found again with
    `synth trace`.

    Rows that the expert rejected take no part in training sets from the next `synth run` on, with
    the reason expert_rejected and the comment; the card tells how many were reviewed and accepted.

    \b
    Example:
      synth review medical_guideline_qa -o review.csv
      synth review medical_guideline_qa --verdicts review.csv
    """
    if (output is None) == (verdicts is None):
        raise click.UsageError("Say where to write (-o FILE), or what to read back (--verdicts).")
    if verdicts is not None:
        _read_back(recipe, verdicts)
    elif output is not None:
        _write(recipe, output, everything)


def _write(recipe: str, output: Path, everything: bool) -> None:
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


def _read_back(recipe: str, path: Path) -> None:
    from synth_assets.core.export.review import ExpertVerdict, reviews_in
    from synth_assets.errors import ConfigurationError
    from synth_assets.resources.frames import read_frame
    from synth_assets.resources.reviews import Reviews
    from synth_assets.resources.settings import read_settings
    from synth_assets.resources.workshop import Workshop

    workshop = Workshop(read_settings())
    key = workshop.catalogue.recipe(recipe).key
    known = read_frame(workshop.home.asset("verified_samples", key))["sample_id"]
    try:
        found = reviews_in(path.read_text(encoding="utf-8"), recipe, set(known))
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(
            f"{path}: cannot be read: {exc}. Save it as CSV in UTF-8."
        ) from exc
    except ConfigurationError as exc:
        raise ConfigurationError(f"{path}: {exc}") from exc
    if found.is_empty():
        raise ConfigurationError(
            f"{path}: no line has a verdict. Write accept or reject into the column verdict."
        )
    Reviews(workshop.home.reviews).add(found)
    accepted = found.filter(verdict=ExpertVerdict.ACCEPT).height
    click.echo(
        f"{recipe}: {found.height:,} samples reviewed, {accepted:,} accepted, "
        f"{found.height - accepted:,} rejected. `synth run` leaves the rejected out."
    )
