"""`synth`: the command line. Each command imports what it needs when it runs."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from synth_assets.cli.audit import audit
from synth_assets.cli.backfill import backfill
from synth_assets.cli.canary import canary
from synth_assets.cli.collapse_lab import collapse_lab
from synth_assets.cli.compare import compare
from synth_assets.cli.decontaminate import decontaminate
from synth_assets.cli.dedup import dedup
from synth_assets.cli.diversity import diversity
from synth_assets.cli.drift import drift
from synth_assets.cli.export import export, push
from synth_assets.cli.held_out import held_out
from synth_assets.cli.history import history
from synth_assets.cli.ledger import ledger
from synth_assets.cli.mix import mix
from synth_assets.cli.models import models
from synth_assets.cli.preview import preview
from synth_assets.cli.report import report
from synth_assets.cli.review import review
from synth_assets.cli.sync import sync, watch
from synth_assets.cli.verify import verify
from synth_assets.errors import SynthError

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

_INTERRUPTED = 130

_GROUP_HELP = """Make synthetic training data that is verified, deduplicated, mixed and traceable.

\b
First steps:
  synth plan                      what a run would buy, and what that costs
  synth run                       the shipped recipes, on the embedded teacher
  synth plan --changed            what edits left missing, and what that costs
  synth preview RECIPE            a few rows of it through every stage, before it is filled
  synth backfill --changed        fill it, then compose anew
  synth compare RECIPE            before and after an edit: acceptance, cost, reasons, rows
  synth history RECIPE            its versions, why they came, what they gave
  synth batches                   what waits at providers that answer in batches
  synth funnel                    where rows were lost, and why
  synth trace SAMPLE_ID           one row: seed, prompt, teacher, cost, verdicts
  synth why SAMPLE_ID             why a row is in no training set: what it repeats
  synth sql "select ..."          any question to the lineage database
  synth export MIXTURE -o DIR     a training set once more, for another trainer
  synth mix CONFIG -o DIR         a training set of files of your own, with its card
  synth audit FILES               what is wrong with a data set, and what to do first
  synth drift OLD NEW             how far one set is from another, beyond chance
  synth diversity FILE            how varied a file is, beside real rows
  synth canary FILE --real FILE   what a student would become, on small ones
  synth ledger stats              what was paid for; share, prune, repair it
  synth held-out list             what was ever kept out of training
  synth models list               which models saw which training sets
  synth report MIXTURE            a training set on one page that can be mailed
  synth ui                        the Dagster UI and the dashboards
  synth verify FILE --verifier K  verifiers on a file of your own
  synth new-recipe my_recipe      a recipe of your own
\b
Environment:
  SYNTH_HOME      where everything is kept (default .synth)
  SYNTH_RECIPES   your folders of recipes, teachers, mixtures and sources
                  (separated like PATH; default ./recipes if it is there)
  SYNTH_SHIPPED_RECIPES
                  off: the shipped recipes, mixtures and sources take no part
  SYNTH_TEACHER   a teacher of the catalogue, or any LiteLLM model such as
                  ollama/qwen3, that writes instead of the recipes' own
  SYNTH_FRESH_DAYS
                  from what age the Dagster UI calls sets stale (default 30)
  SYNTH_WEBHOOK_URL
                  where alerts of failed, blocked and drifting runs are posted
  SYNTH_WORKERS   processes that generate (default auto: more than one for
                  large plans at teachers that take many requests at once)
"""


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  as click has it
        """Run a command; Ctrl-C ends each with the exit code that shells know, 130."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(_INTERRUPTED)


@click.group(
    cls=_Commands, help=_GROUP_HELP, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="synth-assets")
def cli() -> None:
    """Collect the commands."""


@cli.command()
@click.option("--recipe", "recipes", multiple=True, help="Fill this recipe only; repeatable.")
@click.option(
    "--mixture",
    "mixtures",
    multiple=True,
    help="Compose this mixture only, on request or not; repeatable.",
)
@click.option(
    "--budget-usd",
    type=click.FloatRange(min=0),
    help="The most this run may spend in US dollars; over what budgets.yaml says of runs.",
)
@click.option(
    "--budget-tokens",
    type=click.IntRange(min=0),
    help="The most this run may spend in tokens of prompts and completions.",
)
@_JSON
def run(
    recipes: tuple[str, ...],
    mixtures: tuple[str, ...],
    budget_usd: float | None,
    budget_tokens: int | None,
    as_json: bool,
) -> None:
    """Run the whole graph: generate, verify, deduplicate, mix, audit, export.

    What the ledger has is not bought again, so a second run costs nothing. With --recipe only
    those recipes are filled; what others made earlier still takes part in the training sets. At a
    budget's cap nothing more is bought, what there is goes on, and a later run with a higher cap
    buys the rest.
    """
    from synth_assets.cli.run import run_and_report
    from synth_assets.core.config.budgets import Cap

    capped = budget_usd is not None or budget_tokens is not None
    cap = Cap(usd=budget_usd, tokens=budget_tokens) if capped else None
    sys.exit(run_and_report(recipes, mixtures, cap=cap, as_json=as_json))


@cli.command()
@click.option("--recipe", "recipes", multiple=True, help="Plan this recipe only; repeatable.")
@click.option(
    "--sample",
    "most",
    type=click.IntRange(min=1),
    help="Estimate from so many samples of each recipe, evenly spread; by default from all.",
)
@click.option(
    "--changed",
    is_flag=True,
    help="Only recipes that are not filled as they are now, with what was edited.",
)
@_JSON
def plan(recipes: tuple[str, ...], most: int | None, changed: bool, as_json: bool) -> None:
    r"""Say what filling recipes takes: requests, tokens, US dollars, and what an edit changed.

    Nothing is sent and nothing is written. Requests that the ledger has cost nothing; of the
    others tokens and US dollars are estimated from what the ledger has seen, with an interval of
    90 %. Exit code 1 where a recipe cannot be planned.

    \b
    Examples:
      synth plan                              every recipe but those made on request
      synth plan --changed                    after an edit: its cause, prompts before and after
      synth plan --recipe math_word_problems  which samples changed, and why
      synth plan --sample 5000                millions of samples, in seconds
      synth plan --json | jq .all.usd.high    for a script that must not overspend
    """
    from synth_assets.cli.plan import plan_and_report

    sys.exit(plan_and_report(recipes, most, changed=changed, as_json=as_json))


@cli.command()
@click.argument("sample_id")
@_JSON
def trace(sample_id: str, as_json: bool) -> None:
    """Say all about one row: where it came from, what it cost, why it was kept or dropped.

    SAMPLE_ID may be shortened to its first six or more characters.
    """
    from synth_assets.cli.show import trace_text

    click.echo(trace_text(sample_id, as_json=as_json))


@cli.command()
@click.argument("sample_id")
@_JSON
def why(sample_id: str, as_json: bool) -> None:
    """Say where one row is, or why it is in no training set.

    Of a duplicate: the row kept instead, how similar they are, what they share, both texts side by
    side, and how large the cluster is. Of a contaminated row: the item and what is shared. Of a
    row that mixtures left out: which bound. SAMPLE_ID may be shortened to its first six or more
    characters.
    """
    from synth_assets.cli.why import why_text

    click.echo(why_text(sample_id, as_json=as_json))


@cli.command()
@_JSON
def funnel(as_json: bool) -> None:
    """Show rows by stage, reasons for drops, cost per kept row, what judges of pairs lean to."""
    from synth_assets.cli.show import funnel_text

    click.echo(funnel_text(as_json=as_json))


@cli.command()
@click.argument("recipe")
@click.option("--reference", metavar="SOURCE", help="Compare topics with this data source.")
@_JSON
def coverage(recipe: str, reference: str | None, as_json: bool) -> None:
    """Set what RECIPE planned against what it achieved, and its topics against real text.

    For each attribute that is drawn, and for combinations of them: the share each value was to
    have, and how many samples were planned, generated, verified and kept. For each topic of the
    reference, by default the source of the recipe's seeds: its share there and here.
    """
    from synth_assets.cli.coverage import coverage_text

    click.echo(coverage_text(recipe, reference, as_json=as_json))


@cli.command()
@click.argument("query")
@_JSON
def sql(query: str, as_json: bool) -> None:
    r"""Ask the lineage database; QUERY is one SELECT in DuckDB's SQL.

    \b
    Tables and views to start from:
      sample_lineage        one row a sample: seed, teacher, cost, stage reached, reason
      funnel, drop_reasons  counts by recipe and stage
      duplicate_clusters    rows kept, and how many were dropped as their duplicates
      cost_per_kept_sample  calls, tokens and USD by recipe version
      samples, calls, verdicts, decisions, seeds, training_rows
    """
    from synth_assets.cli.show import sql_text

    click.echo(sql_text(query, as_json=as_json))


@cli.command("new-recipe")
@click.argument("name")
@click.option(
    "--in",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("recipes"),
    show_default=True,
    help="Folder of your recipes; named in SYNTH_RECIPES unless it is ./recipes.",
)
def new_recipe(name: str, folder: Path) -> None:
    """Write a complete recipe to start from; it runs as it is."""
    from synth_assets.resources.new_recipe import create_recipe

    made = create_recipe(folder, name)
    click.echo(f"Wrote {made}. Edit recipe.yaml and its templates, then:")
    if folder.resolve() != Path("recipes").resolve():
        click.echo(f"  export SYNTH_RECIPES={folder.resolve()}")
    click.echo(f"  synth run --recipe {name}")


@cli.command()
@click.option("--poll", "ask", is_flag=True, help="Ask the providers now; fetch what is done.")
@click.option("--wait", is_flag=True, help="Ask until no batch is open; Ctrl-C is safe.")
@click.option("--cancel", "cancelled", metavar="NAME", help="Cancel a batch; keep its answers.")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    help="Seconds between two looks of --wait.",
)
@_JSON
def batches(ask: bool, wait: bool, cancelled: str | None, every_s: float, as_json: bool) -> None:
    r"""List the batches that teachers with `delivery: batch` were sent, and fetch answers.

    Without an option nothing is asked of anybody. A run that waits for batches ends with exit code
    75; once they are fetched, run again: it finds their answers in the ledger.

    \b
    Examples:
      synth batches                     what waits, since when, with how much money reserved
      synth batches --poll              ask once, for a script or cron
      synth batches --wait && synth run go on as soon as all is there
      synth batches --cancel sums-0f3a  what was answered is kept and paid, the rest given back
    """
    from synth_assets.cli.batches import report_batches

    told = report_batches(ask=ask, wait=wait, cancelled=cancelled, every_s=every_s, as_json=as_json)
    sys.exit(told)


@cli.command()
@_JSON
def doctor(as_json: bool) -> None:
    """Check configuration, teachers, disk, versions and databases; say what to do."""
    from synth_assets.cli.doctor import examine

    report = examine()
    click.echo(json.dumps(report.as_json(), indent=2) if as_json else report.as_text())
    sys.exit(0 if report.healthy else 1)


@cli.command()
def ui() -> None:
    """Open the Dagster UI and the dashboards on loopback; Ctrl-C stops both."""
    from synth_assets.cli.ui import serve

    sys.exit(serve())


cli.add_command(audit)
cli.add_command(backfill)
cli.add_command(canary)
cli.add_command(collapse_lab)
cli.add_command(compare)
cli.add_command(decontaminate)
cli.add_command(dedup)
cli.add_command(diversity)
cli.add_command(drift)
cli.add_command(export)
cli.add_command(held_out)
cli.add_command(history)
cli.add_command(ledger)
cli.add_command(mix)
cli.add_command(models)
cli.add_command(preview)
cli.add_command(push)
cli.add_command(report)
cli.add_command(review)
cli.add_command(sync)
cli.add_command(verify)
cli.add_command(watch)


def main(arguments: list[str] | None = None) -> Any:  # noqa: ANN401  click returns what it likes
    """Entry point: a mistake of the user's is one message and exit code 2, no traceback."""
    try:
        return cli(arguments)
    except SynthError as exc:
        click.echo(f"synth: {exc}", err=True)
        sys.exit(2)
