"""Edits of recipes, as they are told to people and programs before anything is bought."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from synth_assets.core.generation.outlook import RecipePlan
from synth_assets.core.generation.plan_words import money, span
from synth_assets.resources.edits import Edit

_MOST_LINES = 40


def edit_lines(edits: Sequence[Edit]) -> Iterator[str]:
    """Each edit: cause, bill, diff of its files, and of prompts of a few seeds."""
    for edit in edits:
        yield f"{edit.key}" + (f", filled last as {edit.since}" if edit.since else "")
        yield from (f"  {told}" for told in [cause.told for cause in edit.causes] or [edit.told])
        yield f"  {bill_of(edit)}"
        for file in edit.files:
            yield f"  {file.name}:"
            yield from _shortened(file.lines)
        for preview in edit.previews:
            yield f"  prompt {preview.step} of seed {preview.seed_id}, before and after:"
            yield from _shortened(preview.lines)
        if edit.no_previews:
            yield f"  prompts before cannot be shown: {edit.no_previews}"
        yield ""


def bill_of(edit: Edit) -> str:
    """What filling takes, in a line."""
    if not isinstance(edit.plan, RecipePlan):
        return f"cannot be planned: {edit.plan.why}"
    bill = edit.plan.whole_bill
    return (
        f"{span(bill.to_buy)} requests to buy, {span(bill.in_ledger)} in the ledger, "
        f"{money(bill.usd)} USD"
    )


def edit_records(edits: Sequence[Edit]) -> list[dict[str, object]]:
    """Each edit for programs; its bill stands among the recipes of the plan."""
    return [
        {
            "recipe": edit.recipe,
            "partition": edit.key,
            "filled_last": edit.since or None,
            "causes": [{**asdict(cause), "told": cause.told} for cause in edit.causes],
            "files": {file.name: list(file.lines) for file in edit.files},
            "prompts": [{**asdict(each), "diff": list(each.lines)} for each in edit.previews],
            "no_prompts": edit.no_previews or None,
        }
        for edit in edits
    ]


def _shortened(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"    {line}" for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        yield f"    ... {len(lines) - _MOST_LINES} lines more; --json has all"
