"""`synth ledger`: what was paid for. Each command imports what it needs when it runs."""

from pathlib import Path

import click

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
_TEACHER = click.option("--teacher", metavar="ID", help="Only what this teacher answered.")
_RECIPE = click.option("--recipe", metavar="ID", help="Only what this recipe bought.")


@click.group()
def ledger() -> None:
    r"""Look into the ledger of paid completions; share, prune and repair it.

    The ledger is the file ledger.sqlite in SYNTH_HOME: every completion that was ever paid for, by
    the fingerprint of its request, so that none is bought twice.

    \b
    Examples:
      synth ledger stats                          what it holds, what it cost
      synth ledger show 3f9ac1                    one request, its answer, its failures
      synth ledger export ours.jsonl.gz           for a colleague ...
      synth ledger import ours.jsonl.gz           ... who need not buy it again
      synth ledger prune --older-than 90          what that would remove, and its price
      synth ledger repair                         look at every row; save what is sound
    """


@ledger.command()
@_JSON
def stats(as_json: bool) -> None:
    """Sum up completions, tokens, US dollars, failures, leases and accounts.

    Accounts stand beside the caps of budgets.yaml. «Perhaps» is what calls may have cost that
    broke off without an answer; it counts as spent. «Reserved» is what calls in flight may take.
    """
    from synth_assets.cli.ledger_views import stats_text

    click.echo(stats_text(as_json=as_json))


@ledger.command()
@click.argument("fingerprint")
@_JSON
def show(fingerprint: str, as_json: bool) -> None:
    r"""Show one request: messages, parameters, answer, usage, price, failures.

    FINGERPRINT may be shortened to its first six or more characters.

    \b
    Examples:
      synth ledger show 3f9ac1
      synth ledger show 3f9ac1 --json | jq -r .response | jq .usage
    """
    from synth_assets.cli.ledger_views import show_text

    click.echo(show_text(fingerprint, as_json=as_json))


@ledger.command()
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Only what was stored so many days ago or earlier.",
)
@_RECIPE
@_TEACHER
@click.option("--failures", is_flag=True, help="Records of failed attempts, not completions.")
@click.option(
    "--raw-responses",
    is_flag=True,
    help="The providers' raw answers alone: texts stay, and nothing is bought again.",
)
@click.option("--yes", is_flag=True, help="Do it; without it, only say what would be done.")
@_JSON
def prune(
    days: float | None,
    recipe: str | None,
    teacher: str | None,
    failures: bool,
    raw_responses: bool,
    yes: bool,
    as_json: bool,
) -> None:
    r"""Take out what nobody needs any more, and give its room back.

    Says how many rows, how large, and what they had cost; removes them with --yes only. What is
    removed is bought again if it is ever needed. Accounts keep what was spent. Refused while
    somebody buys.

    \b
    Examples:
      synth ledger prune --raw-responses --older-than 30    most of the room, for no money
      synth ledger prune --recipe old_one --yes
      synth ledger prune --failures --yes
    """
    from synth_assets.cli.ledger_views import PruneOptions, prune_text

    options = PruneOptions(days, recipe, teacher, failures, raw_responses, yes)
    click.echo(prune_text(options, as_json=as_json))


@ledger.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_TEACHER
@_RECIPE
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Only what was stored at that time (UTC) or later.",
)
@_JSON
def export(
    file: Path, teacher: str | None, recipe: str | None, since: object, as_json: bool
) -> None:
    r"""Write completions to FILE: .jsonl, .jsonl.gz or .parquet.

    One row a completion, with all the ledger knows of it. The file is there whole or not at all.

    \b
    Examples:
      synth ledger export ours.jsonl.gz
      synth ledger export june.parquet --recipe math_word_problems --since 2026-06-01
    """
    from synth_assets.cli.ledger_views import export_text

    click.echo(export_text(file, teacher, recipe, since, as_json=as_json))


@ledger.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--trust",
    is_flag=True,
    help="Take also rows whose fingerprint cannot be checked against their request.",
)
@_JSON
def import_(file: Path, trust: bool, as_json: bool) -> None:
    r"""Take in completions that others exported to FILE, so that they are not bought again.

    Each fingerprint is checked against its request. That cannot be done where the teacher's
    checkpoint is another than in your teachers.yaml, or where a response format was sent; such
    rows are left out unless you --trust them. No account is charged.

    \b
    Examples:
      synth ledger import ours.jsonl.gz
      synth ledger import ours.jsonl.gz --trust
    """
    from synth_assets.cli.ledger_views import import_text

    click.echo(import_text(file, trust=trust, as_json=as_json))


@ledger.command()
@_JSON
def repair(as_json: bool) -> None:
    """Look at every row; where anything is damaged, save what is sound into a new ledger.

    The damaged file is kept beside it as it was, under a name with «damaged» and the time. Runs
    do this by themselves for damage they meet at the start; a damaged row that a run meets later
    stops it, and this command mends it. Refused while other processes have the ledger open.
    """
    from synth_assets.cli.ledger_views import repair_text

    click.echo(repair_text(as_json=as_json))
