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
_MOST_LINES = 10


def tell_changes(
    instance: dg.DagsterInstance, workshop: Workshop, changes: Sequence[VersionChange]
) -> None:
    """Put changes where the UI shows them: among the events of `recipes`, and of what is missing.

    Of a few edits also what filling them takes. What is new, and no copy, is not told.

    Raises:
        LedgerError: if the ledger is damaged.
    """
    news = [each for each in changes if each.event is not Event.ADDED or each.like]
    if not news:
        return
    live = [each for each in news if each.event is not Event.REMOVED]
    edits = _edits(workshop, [each for each in live if each.kind is Kind.RECIPE])
    told = {"changes": changes_table(news), **edit_metadata([*edits.values()])}
    instance.report_runless_asset_event(dg.AssetObservation("recipes", metadata=told))
    # Each costs Dagster some 50 ms.
    for each in live[:_MOST_TOLD]:
        cause = {"cause": each.told, "instead_of": each.before, "noticed": each.at}
        edit = edits.get(each.key)
        asset = "raw_generations" if each.kind is Kind.RECIPE else "training_sets"
        shown = {**cause, **edit_metadata([] if edit is None else [edit])}
        instance.report_runless_asset_event(
            dg.AssetObservation(asset, partition=each.key, metadata=shown)
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
    """A row a line that differs, as cells of the UI run lines into one."""
    for edit in edits:
        for each in edit.previews:
            changed = [line for line in each.lines if line[0] in "+-" and line[1:].strip()]
            for line in changed[:_MOST_LINES]:
                yield dg.TableRecord(
                    {
                        "recipe": edit.recipe,
                        "prompt": each.step,
                        "seed": each.seed_id,
                        "was": line[1:] if line[0] == "-" else "",
                        "is": line[1:] if line[0] == "+" else "",
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
