"""What the Dagster UI shows of plans: what filling recipes would buy now."""

from collections.abc import Callable

import dagster as dg

from synth_assets.core.generation.bill import CapOutlook, Fit
from synth_assets.core.generation.outlook import Planning, RecipePlan, Unplanned
from synth_assets.core.generation.plan_words import (
    basis,
    cap_words,
    changed,
    money,
    samples,
    span,
)
from synth_assets.defs.changes import changes_table, edit_metadata
from synth_assets.defs.display import table
from synth_assets.errors import SynthError
from synth_assets.resources.edits import edits_of, is_filled
from synth_assets.resources.history import History
from synth_assets.resources.planning import planner
from synth_assets.resources.workshop import Workshop

_LOOKED_AT = 20_000
"""Samples of a recipe that are looked at; of a larger plan an even part."""

_MOST_CHANGES = 50

_COLUMNS = (
    "recipe",
    "samples",
    "in_the_ledger",
    "to_buy",
    "tokens_in",
    "tokens_out",
    "usd",
    "changed_since_last_fill",
    "rests_on",
)


def planning_metadata(
    workshop: Workshop, log: Callable[[str], None]
) -> dict[str, dg.MetadataValue]:
    """The table `plan`, one row a recipe, and `budgets` where there are any.

    Of recipes that are not filled as they are now, `to_fill` says the cause and the bill, `prompts`
    what teachers are asked for three seeds, before and after. `history` are the latest changes.

    What cannot be planned says why in its row: that is for filling to fail at, not for this.
    """
    recipes = workshop.catalogue.usual_recipes
    try:
        with planner(workshop, _LOOKED_AT, announce=log) as planning:
            made = planning.plan_all(recipes)
            missing = [each for each in made.each if not is_filled(workshop, each.key)]
            edited = edit_metadata(edits_of(planning, missing))
    except SynthError as exc:
        failed = tuple(Unplanned(recipe.id, recipe.key, str(exc)) for recipe in recipes)
        made, edited = Planning((), failed), {}
    rows = [*map(_row, made.plans), *map(_why_not, made.unplanned)]
    shown = {"plan": table(rows)} if rows else {}
    if made.caps:
        shown["budgets"] = table([_cap(cap) for cap in made.caps])
    if noticed := History(workshop.home).changes():
        shown["history"] = changes_table(noticed[: -_MOST_CHANGES - 1 : -1])
    return shown | edited


def _row(plan: RecipePlan) -> dg.TableRecord:
    bill = plan.bill
    return _record(
        recipe=plan.recipe,
        samples=samples(plan),
        in_the_ledger=span(bill.in_ledger),
        to_buy=span(bill.to_buy),
        tokens_in=span(bill.prompt_tokens),
        tokens_out=span(bill.completion_tokens),
        usd=money(bill.usd),
        changed_since_last_fill=changed(plan),
        rests_on="; ".join((*basis(plan), *plan.not_applied)),
    )


def _why_not(unplanned: Unplanned) -> dg.TableRecord:
    return _record(recipe=unplanned.recipe, rests_on=f"cannot be planned: {unplanned.why}")


def _record(**cells: str) -> dg.TableRecord:
    """A row with all columns, so that those of all recipes have one shape."""
    return dg.TableRecord({name: cells.get(name, "") for name in _COLUMNS})


def _cap(cap: CapOutlook) -> dg.TableRecord:
    limit, spent, added = cap_words(cap)
    fits = "" if cap.fit is Fit.FITS else cap.fit.value
    return dg.TableRecord(
        {"budget": cap.scope, "cap": limit, "spent": spent, "this plan": added, "fit": fits}
    )
