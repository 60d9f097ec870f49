"""`synth plan`: what filling recipes takes, before anything is bought."""

import json
import time
from collections.abc import Iterator, Sequence

import click

from synth_assets.cli.edits_view import edit_lines, edit_records
from synth_assets.cli.tables import indented
from synth_assets.core.generation.bill import Bill, Fit
from synth_assets.core.generation.outlook import Planning, RecipePlan
from synth_assets.core.generation.plan_words import (
    basis,
    cap_words,
    changed,
    money,
    samples,
    span,
)
from synth_assets.resources.edits import edits_of, unfilled
from synth_assets.resources.planning import planner
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop

_BILL = ("requests", "in the ledger", "to buy", "tokens in", "tokens out", "USD")
_ADVICE = {
    Fit.FITS: "fits",
    Fit.MAY_EXCEED: "may not suffice: raise it in budgets.yaml, or it stops before the end",
    Fit.EXCEEDS: "does not suffice: raise it in budgets.yaml, or it stops before the end",
    Fit.UNKNOWN: "refused without a price: add price: to teachers.yaml",
}


def plan_and_report(
    recipes: Sequence[str], most: int | None, *, changed: bool = False, as_json: bool
) -> int:
    """Plan recipes and print what they take.

    Args:
        recipes: ids; all by default.
        most: of a larger plan look at so many samples only.
        changed: of these only the ones that are not filled, with what was edited.
        as_json: print one JSON object.

    Returns:
        0, or 1 where a recipe cannot be planned.

    Raises:
        UnknownNameError: for a recipe that there is not.
        LedgerError: if the ledger cannot be read.
    """
    started = time.monotonic()
    workshop = Workshop(read_settings())
    catalogue = workshop.catalogue
    for broken in catalogue.broken:
        click.echo(f"broken, left out: {broken.message}", err=True)
    named = [catalogue.recipe(name) for name in dict.fromkeys(recipes)]
    chosen = unfilled(workshop, recipes) if changed else named or catalogue.usual_recipes
    if changed and not chosen and not as_json:
        click.echo("Every recipe is filled as it is now: nothing is missing.")
        return 0
    with planner(workshop, most, announce=lambda line: click.echo(line, err=True)) as planning:
        made = planning.plan_all(chosen)
        edits = edits_of(planning, made.each) if changed else ()
    if as_json:
        record = planning_record(made) | ({"edits": edit_records(edits)} if changed else {})
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        for line in edit_lines(edits):
            click.echo(line)
        click.echo("\n".join(planning_lines(made, time.monotonic() - started)))
    return 1 if made.unplanned else 0


def planning_record(made: Planning) -> dict[str, object]:
    """A planning for programs; intervals are of 90 %."""
    return {
        "recipes": [_recipe_record(plan) for plan in made.plans],
        "all": made.bill.as_json(),
        "teachers": {name: bill.as_json() for name, bill in made.by_teacher.items()},
        "budgets": [
            {
                "scope": cap.scope,
                "cap": cap.cap.model_dump(),
                "spent_usd": cap.spent_usd,
                "spent_tokens": cap.spent_tokens,
                "fit": cap.fit.value,
            }
            for cap in made.caps
        ],
        "unplanned": [vars(each) for each in made.unplanned],
    }


def planning_lines(made: Planning, seconds: float) -> Iterator[str]:
    """A planning for people.

    Args:
        made: the planning.
        seconds: what it took.
    """
    yield from _plans_part(made)
    if made.caps:
        rows = [["budget", "cap", "spent", "this plan", ""]]
        rows += [[cap.scope, *cap_words(cap), _ADVICE[cap.fit]] for cap in made.caps]
        yield from ("", "Budgets:", *indented(rows))
    notes = [f"  {plan.recipe}: {told}" for plan in made.plans for told in basis(plan)]
    if notes:
        yield from ("", "What the figures rest on:", *notes)
    left_out = [f"  {plan.recipe}: {told}" for plan in made.plans for told in plan.not_applied]
    if left_out:
        yield from ("", "Left out of the method:", *left_out)
    if made.unplanned:
        told = (f"  {each.recipe}: {each.why}" for each in made.unplanned)
        yield from ("", "Cannot be planned:", *told)
    yield ""
    yield (
        f"Made in {seconds:.1f} s; nothing was sent. A range holds what is to come nine times in "
        "ten."
    )


def _plans_part(made: Planning) -> Iterator[str]:
    if not made.plans:
        yield "There is no recipe to plan."
        return
    rows = [["recipe", "samples", *_BILL]]
    rows += [[plan.recipe, samples(plan), *_cells(plan.bill)] for plan in made.plans]
    if len(made.plans) > 1:
        planned = sum(plan.planned for plan in made.plans)
        rows.append(["all", f"{planned:,}", *_cells(made.bill)])
    yield from ("What filling takes:", *indented(rows))
    teachers = [["teacher", *_BILL]]
    teachers += [[name, *_cells(bill)] for name, bill in made.by_teacher.items()]
    yield from ("", "By teacher:", *indented(teachers))
    changes = [["recipe", "filled last", "samples that changed, and why"]]
    changes += [
        [plan.recipe, plan.changes.since if plan.changes else "-", changed(plan)]
        for plan in made.plans
    ]
    yield from ("", "Since the recipe was filled last:", *_as_text(changes))


def _cells(bill: Bill) -> list[str]:
    tokens = bill.prompt_tokens, bill.completion_tokens
    counts = (bill.requests, bill.in_ledger, bill.to_buy, *tokens)
    return [*(span(count) for count in counts), money(bill.usd)]


def _as_text(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of words, whose last column runs on."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield f"  {'  '.join([*cells, row[-1]])}"


def _recipe_record(plan: RecipePlan) -> dict[str, object]:
    changes, kept = plan.changes, plan.kept
    return {
        "recipe": plan.recipe,
        "partition": plan.key,
        "samples_planned": plan.planned,
        "samples_looked_at": plan.looked_at,
        **plan.bill.as_json(),
        "teachers": {name: bill.as_json() for name, bill in plan.by_teacher.items()},
        "filled_last": None if changes is None else changes.since,
        "samples_changed": None
        if changes is None
        else {reason.value: count.as_json() for reason, count in changes.counts.items()},
        "samples_gone": None if changes is None else changes.gone,
        "kept": None
        if kept is None
        else {
            "wanted": kept.wanted,
            "share_kept": kept.share_kept,
            "samples_planned": kept.planned,
            **({} if kept.bill is None else kept.bill.as_json()),
        },
        "notes": list(basis(plan)),
        "not_applied": list(plan.not_applied),
    }
