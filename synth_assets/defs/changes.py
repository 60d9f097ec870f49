"""What the Dagster UI shows of changes: recipes and mixtures that were edited, and why."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from synth_assets.core.generation.outlook import RecipePlan
from synth_assets.core.generation.plan_words import money, span
from synth_assets.core.versions.changes import Event, VersionChange
from synth_assets.core.versions.manifest import Kind
from synth_assets.defs.display import table
from synth_assets.resources.edits import Edit, edits_of
from synth_assets.resources.planning import planner
from synth_assets.resources.workshop import Workshop

_MOST_TOLD = 20
_MOST_PLANNED = 5
_LOOKED_AT = 500


def tell_changes(
    instance: dg.DagsterInstance, workshop: Workshop, changes: Sequence[VersionChange]
) -> None:
    """Put changes where the UI shows them: on `recipes`, and on each partition that is missing.

    Of a few edits also what filling them takes. What is new, and no copy, is not told.

    Raises:
        LedgerError: if the ledger is damaged.
    """
    news = [each for each in changes if each.event is not Event.ADDED or each.like]
    if not news:
        return
    shown = dg.AssetObservation("recipes", metadata={"changes": changes_table(news)})
    instance.report_runless_asset_event(shown)
    live = [each for each in news if each.event is not Event.REMOVED]
    edits = _edits(workshop, [each for each in live if each.kind is Kind.RECIPE])
    # Each costs Dagster some 50 ms.
    for each in live[:_MOST_TOLD]:
        told = {"cause": each.told, "instead_of": each.before, "noticed": each.at}
        if (edit := edits.get(each.key)) is not None:
            told |= edit_metadata([edit])
        asset = "raw_generations" if each.kind is Kind.RECIPE else "training_sets"
        instance.report_runless_asset_event(
            dg.AssetObservation(asset, partition=each.key, metadata=told)
        )


def _edits(workshop: Workshop, changes: Sequence[VersionChange]) -> Mapping[str, Edit]:
    if not changes or len(changes) > _MOST_PLANNED:
        return {}
    with planner(workshop, _LOOKED_AT) as planning:
        made = planning.plan_all([workshop.catalogue.recipe(each.name) for each in changes])
        return {edit.key: edit for edit in edits_of(planning, made.each)}


def edit_metadata(edits: Sequence[Edit]) -> dict[str, dg.MetadataValue]:
    """Tables of edits that are not filled: what they take, and prompts before and after."""
    if not edits:
        return {}
    prompts = [*_prompt_rows(edits)]
    shown = {"to_fill": table([_edit_row(edit) for edit in edits])}
    return shown | ({"prompts": table(prompts)} if prompts else {})


def _edit_row(edit: Edit) -> dg.TableRecord:
    plan = edit.plan
    bill = plan.whole_bill if isinstance(plan, RecipePlan) else None
    return dg.TableRecord(
        {
            "version": edit.key,
            "cause": edit.told,
            "to buy": "cannot be planned" if bill is None else span(bill.to_buy),
            "in the ledger": "" if bill is None else span(bill.in_ledger),
            "USD": "" if bill is None else money(bill.usd),
        }
    )


def _prompt_rows(edits: Sequence[Edit]) -> Iterator[dg.TableRecord]:
    for edit in edits:
        for each in edit.previews:
            yield dg.TableRecord(
                {
                    "recipe": edit.recipe,
                    "prompt": each.step,
                    "seed": each.seed_id,
                    "before and after": "\n".join(each.lines),
                }
            )


def changes_table(changes: Sequence[VersionChange]) -> dg.MetadataValue:
    """A line a change: when, what became of it, its version and the one before, the cause."""
    return table(
        [
            dg.TableRecord(
                {
                    "noticed": each.at,
                    "what": f"{each.kind} {each.event}",
                    "version": each.key,
                    "instead of": each.before,
                    "cause": each.told,
                }
            )
            for each in changes
        ]
    )


def change_line(change: VersionChange) -> str:
    """One change for a log or the terminal."""
    instead = change.before if change.before not in ("", change.key) else ""
    since = f" instead of {instead}" if instead else ""
    return f"{change.event:<9}{change.key}{since}: {change.told}"
