"""What `synth trace` and `synth funnel` print."""

import json
import textwrap
from collections.abc import Iterable
from dataclasses import asdict

import polars as pl

from synth_assets.cli.leanings import leaning_lines, leaning_records
from synth_assets.cli.tables import indented, usd
from synth_assets.core.schema import Stage
from synth_assets.errors import UnknownNameError
from synth_assets.resources.ledger.store import LedgerEntry
from synth_assets.resources.lineage.trace import SampleTrace
from synth_assets.resources.pair_leanings import pair_leanings
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop

_STAGES = (Stage.GENERATE, Stage.VERIFY, Stage.DEDUP, Stage.DECONTAMINATE, Stage.MIX)
_TITLES = {
    Stage.GENERATE: "generated",
    Stage.VERIFY: "verified",
    Stage.DEDUP: "deduplicated",
    Stage.DECONTAMINATE: "decontaminated",
    Stage.MIX: "in a mixture",
}


def trace_text(sample_id: str, *, as_json: bool) -> str:
    """The story of one row.

    Raises:
        LineageError: if there is no lineage yet, or the id is too short or fits several rows.
        UnknownNameError: if no row has that id.
    """
    workshop = Workshop(read_settings())
    trace = workshop.lineage.trace(sample_id)
    if trace is None:
        raise unknown_row(sample_id)
    entries = _ledger_entries(workshop, trace)
    if as_json:
        shown = {**asdict(trace), "completions": [asdict(entry) for entry in entries.values()]}
        return json.dumps(shown, indent=2, ensure_ascii=False)
    return "\n".join(_story(trace, entries))


def unknown_row(sample_id: str) -> UnknownNameError:
    """What to say of an id that no row has."""
    return UnknownNameError(
        f"No row has an id that begins with {sample_id!r}. Ids stand in train.jsonl, in the "
        "lineage database (table samples) and in the UI's previews."
    )


def funnel_text(*, as_json: bool) -> str:
    """Rows by recipe and stage, reasons for drops, and costs.

    Raises:
        LineageError: if there is no lineage yet.
    """
    workshop = Workshop(read_settings())
    if as_json:
        return json.dumps(funnel_record(workshop), indent=2)
    return "\n".join(funnel_lines(workshop))


def sql_text(query: str, *, as_json: bool) -> str:
    """The answer to a user's own query.

    Raises:
        LineageError: if there is no lineage yet, or the query is refused.
    """
    answer = Workshop(read_settings()).lineage.select(query)
    if as_json:
        return json.dumps(answer.to_dicts(), indent=2, ensure_ascii=False, default=str)
    shown = [[_plain(value) for value in row] for row in answer.iter_rows()]
    return "\n".join(indented([answer.columns, *shown]))


def funnel_record(workshop: Workshop) -> dict[str, object]:
    """Funnel, drop reasons, costs and leanings of judges for programs."""
    lineage = workshop.lineage
    names = ("funnel", "drop_reasons", "cost", "mixture_funnel")
    told: dict[str, object] = {name: lineage.query(name).to_dicts() for name in names}
    return told | {"pair_leanings": leaning_records(pair_leanings(workshop))}


def funnel_lines(workshop: Workshop) -> list[str]:
    """Funnel, drop reasons, costs and leanings of judges for people."""
    lineage = workshop.lineage
    funnel = lineage.query("funnel")
    return [
        "Rows that came through each stage:",
        *indented(_funnel_table(funnel)),
        "",
        "Why rows were not kept:",
        *indented(_reason_table(lineage.query("drop_reasons"))),
        "",
        "What it cost:",
        *indented(_cost_table(lineage.query("cost"))),
        "",
        "Training sets:",
        *indented(_mixture_table(lineage.query("mixture_funnel"))),
        *leaning_lines(pair_leanings(workshop)),
    ]


def _funnel_table(funnel: pl.DataFrame) -> list[list[str]]:
    seeds = _at(funnel, Stage.SEEDS, "kept")
    planned = _at(funnel, Stage.GENERATE, "given")
    kept = {stage: _at(funnel, stage, "kept") for stage in _STAGES}
    rows = [["recipe", "seeds", "planned", *(_TITLES[stage] for stage in _STAGES)]]
    names = funnel.filter(pl.col("scope") == "recipe")["recipe"].unique().sort()
    for name in [*names, "*", ""]:
        label = {"*": "all synthetic", "": "real"}.get(name, name)
        cells = (column.get(name) for column in (seeds, planned, *kept.values()))
        rows.append([label, *("-" if cell is None else f"{cell:,}" for cell in cells)])
    return rows


def _at(funnel: pl.DataFrame, stage: Stage, column: str) -> dict[str, int]:
    rows = funnel.filter((pl.col("stage") == stage) & (pl.col("scope") != "all"))
    return dict(rows.select("recipe", column).iter_rows())


def _reason_table(reasons: pl.DataFrame) -> list[list[str]]:
    before_mix = reasons.filter(pl.col("stage") != Stage.MIX)
    rows = [["recipe", "stage", "reason", "rows", "share"]]
    for row in before_mix.iter_rows(named=True):
        share = f"{100 * row['share']:.1f} %"
        rows.append(
            [row["recipe"] or "real", row["stage"], row["reason"], f"{row['rows']:,}", share]
        )
    return rows


def _cost_table(costs: pl.DataFrame) -> list[list[str]]:
    rows = [["recipe", "calls", "bought now", "tokens in", "tokens out", "USD", "USD a kept row"]]
    for row in costs.filter(pl.col("planned") > 0).iter_rows(named=True):
        each = row["cost_per_kept_usd"]
        rows.append(
            [
                row["recipe"],
                f"{row['calls']:,}",
                f"{row['calls_bought']:,}",
                f"{row['prompt_tokens']:,}",
                f"{row['completion_tokens']:,}",
                usd(row["cost_usd"]),
                "-" if each is None else usd(each),
            ]
        )
    return rows


def _mixture_table(mixtures: pl.DataFrame) -> list[list[str]]:
    rows = [["mixture", "rows", "synthetic", "real", "real share"]]
    for [key], part in mixtures.partition_by(
        "mixture_key", as_dict=True, maintain_order=True
    ).items():
        real = int(part.filter(pl.col("recipe") == "")["kept"].sum())
        total = int(part["kept"].sum())
        share = f"{100 * real / total:.1f} %" if total else "-"
        rows.append([str(key), f"{total:,}", f"{total - real:,}", f"{real:,}", share])
    return rows if len(rows) > 1 else [["none yet"]]


def _ledger_entries(workshop: Workshop, trace: SampleTrace) -> dict[str, LedgerEntry]:
    if not trace.calls or not workshop.home.ledger.exists():
        return {}
    with workshop.ledger() as ledger:
        found = {call.fingerprint: ledger.entry(call.fingerprint) for call in trace.calls}
    return {name: entry for name, entry in found.items() if entry is not None}


def _story(trace: SampleTrace, entries: dict[str, LedgerEntry]) -> Iterable[str]:
    yield f"{trace.sample_id}  {_verdict_line(trace)}"
    yield from _text_part(trace)
    if trace.version is not None:
        state = "live" if trace.version.live else "superseded"
        yield f"\nrecipe     {trace.version.partition}  {trace.version.title} ({state})"
        yield f"technique  {trace.version.technique}"
    if trace.seed is not None:
        yield f"\nseed       {trace.seed.seed_id}  from {trace.seed.source}"
        for name, text in trace.seed.fields.items():
            yield from _block(f"  {name}", text)
    for call in trace.calls:
        bought = "from the ledger" if call.from_ledger else "bought in this run"
        yield (
            f"\ncall       {call.step}  {call.teacher} ({call.model})  "
            f"{call.prompt_tokens:,} + {call.completion_tokens:,} tokens  "
            f"{usd(call.cost_usd)} USD  {call.finish_reason}  {bought}"
        )
        if entry := entries.get(call.fingerprint):
            for role, content in json.loads(entry.request)["messages"]:
                yield from _block(f"  {role}", content)
            yield from _block("  completion", entry.completion.text)
    for verdict in trace.verdicts:
        reason = f" ({verdict.reason})" if verdict.reason else ""
        yield f"\nverdict    {verdict.verifier}: {verdict.outcome}{reason}  {verdict.evidence}"
    yield ""
    yield from _decisions(trace)


def _verdict_line(trace: SampleTrace) -> str:
    live = [mixture.partition for mixture in trace.mixtures if mixture.live]
    if live:
        return f"is in {', '.join(live)}"
    last = trace.last_decision
    if last is None:
        return "has no decision yet"
    return f"was {last.outcome} at {last.stage}" + (f": {last.reason}" if last.reason else "")


def _text_part(trace: SampleTrace) -> Iterable[str]:
    sample = trace.sample
    if sample is None:
        return
    yield f"origin     {sample.origin}, depth {sample.synthetic_depth}, source {sample.source}, "
    yield f"           licence {sample.licence}, attributes {sample.attributes}"
    if sample.difficulty is not None:
        yield f"difficulty {sample.difficulty:g}"
    for parent in sample.parent_ids:
        yield f"parent     {parent}"
    for said in sample.earlier:
        yield from _block(said.role, said.content)
    for name, text in (
        ("context", sample.context),
        ("prompt", sample.prompt),
        ("response", sample.response),
        ("rejected", sample.rejected),
        ("reference", sample.reference),
    ):
        if text:
            yield from _block(name, text)


def _decisions(trace: SampleTrace) -> Iterable[str]:
    for decision in trace.decisions:
        told = f"{decision.stage:<14}{decision.outcome:<9}{decision.reason or ''}"
        other = f" -> {decision.duplicate_of}" if decision.duplicate_of else ""
        where = f"  [{decision.partition}]" if decision.stage == Stage.MIX else ""
        yield f"{told}{other}{where}  {decision.detail}".rstrip()
    for duplicate in trace.duplicates[:10]:
        score = "" if duplicate.score is None else f" at {duplicate.score:.3f}"
        yield f"kept instead of {duplicate.sample_id}: {duplicate.reason}{score}"


def _block(label: str, text: str) -> Iterable[str]:
    """A label with text below it; control characters of a row never reach the terminal."""
    yield f"{label}:"
    safe = "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
    yield textwrap.indent(safe, "      ", lambda _: True)


def _plain(value: object) -> str:
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    flat = "".join(c if c.isprintable() else " " for c in text)
    return flat if len(flat) <= 100 else f"{flat[:99]}…"
