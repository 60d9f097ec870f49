"""What `synth why` prints."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from synth_assets.cli.show import unknown_row
from synth_assets.cli.side_by_side import side_by_side
from synth_assets.core.schema import Outcome, Reason, Split, Stage
from synth_assets.resources.kept_out.register import Register
from synth_assets.resources.lineage.trace import SampleTrace, TracedDecision
from synth_assets.resources.lineage.why import (
    KeptOut,
    Other,
    SampleWhy,
    TracedCluster,
    deciding,
)
from synth_assets.resources.settings import read_settings
from synth_assets.resources.workshop import Workshop

_Record: TypeAlias = dict[str, object]

_DONE = {
    Stage.SEEDS: "selection of seeds",
    Stage.GENERATE: "generation",
    Stage.VERIFY: "verification",
    Stage.DEDUP: "deduplication",
    Stage.DECONTAMINATE: "decontamination",
    Stage.MIX: "mixing",
}
_METHODS = {
    Reason.EXACT_DUPLICATE: "exact",
    Reason.NEAR_DUPLICATE: "near",
    Reason.SEMANTIC_DUPLICATE: "semantic",
}
_SIMILARITY = {
    Reason.EXACT_DUPLICATE: "the texts are equal to a reader",
    Reason.NEAR_DUPLICATE: "the part of their runs of words or characters that both have (Jaccard)",
    Reason.SEMANTIC_DUPLICATE: "the cosine of what they mean",
    Reason.NOT_NOVEL: "to a row of an earlier set",
}
_SPLITS = {
    Split.HELD_OUT: "is held out: a real row that no training set may hold",
    Split.BENCHMARK: "is a test item, which no training set may hold",
    Split.KNOWN: "is of an earlier set, which no sample may repeat",
}


def why_text(sample_id: str, *, as_json: bool) -> str:
    """Where a row is, or why it is in no training set.

    Raises:
        LineageError: if there is no lineage yet, or the id is too short or fits several rows.
        UnknownNameError: if no row has that id.
    """
    why = _explained(Workshop(read_settings()), sample_id)
    if why is None:
        raise unknown_row(sample_id)
    if as_json:
        told = _kept_out_record(why) if isinstance(why, KeptOut) else _record(why)
        return json.dumps(told, indent=2, ensure_ascii=False)
    return "\n".join(_kept_out_lines(why) if isinstance(why, KeptOut) else _lines(why))


def _explained(workshop: Workshop, sample_id: str) -> SampleWhy | KeptOut | None:
    """What lineage says, and of items whose source is gone the register of what is kept out."""
    why = workshop.lineage.why(sample_id)
    if why is None:
        return _registered(workshop, sample_id)
    if isinstance(why, KeptOut) or why.other is not None:
        return why
    last = deciding(why.trace)
    named = None if last is None else last.duplicate_of
    return why if named is None else replace(why, other=_registered(workshop, named))


def _registered(workshop: Workshop, prefix: str) -> KeptOut | None:
    item = Register(workshop.home.kept_out).item(prefix)
    if item is None:
        return None
    return KeptOut(item.item_id, item.split, item.source, item.prompt, item.response)


def _lines(why: SampleWhy) -> Iterator[str]:
    trace = why.trace
    yield f"{trace.sample_id}  {_headline(trace)}"
    if trace.version is not None and not trace.version.live:
        yield f"  It is of {trace.version.partition}, a superseded version of its recipe."
    last = deciding(trace)
    if last is not None and last.stage == Stage.MIX:
        yield from _mixtures(trace)
    elif last is not None and last.outcome != Outcome.KEPT:
        yield from _reason(last)
    if last is not None and last.duplicate_of is not None:
        yield from _other(last.duplicate_of, why.other)
    if why.cluster is not None:
        yield f"cluster     {_cluster(why.cluster)}"
    if (ours := _text(trace)) and why.other is not None and (theirs := _text(why.other)):
        yield ""
        yield from side_by_side(ours, theirs, ("this row", f"{why.other.sample_id}"))
    yield ""
    yield f"`synth trace {trace.sample_id}` tells the rest."


def _headline(trace: SampleTrace) -> str:
    if live := _live_sets(trace):
        return f"is in {', '.join(live)}"
    last = deciding(trace)
    if last is None:
        return "is in no training set: no stage has decided on it yet"
    stage = _DONE[last.stage]
    if last.stage == Stage.MIX:
        return f"is in no training set: no mixture took it ({last.reason})"
    match last.outcome:
        case Outcome.KEPT:
            return f"is in no training set yet: {stage} kept it, and what follows has not run"
        case Outcome.ERRORED:
            return f"is in no training set: {stage} could not decide on it ({last.reason})"
        case Outcome.DROPPED:
            return f"is in no training set: {stage} dropped it ({last.reason})"


def _mixtures(trace: SampleTrace) -> Iterator[str]:
    for decision in _mix_decisions(trace):
        if decision.outcome != Outcome.KEPT:
            yield f"not in      {decision.partition}: {decision.reason}; {_plain(decision.detail)}"


def _reason(last: TracedDecision) -> Iterator[str]:
    if last.score is not None and last.reason is not None and last.reason in _SIMILARITY:
        yield f"similarity  {last.score:.3f}, {_SIMILARITY[last.reason]}"
    if last.detail:
        yield f"because     {_plain(last.detail)}"


def _other(named: str, other: Other | None) -> Iterator[str]:
    match other:
        case SampleTrace():
            yield f"kept        {named}, which {_headline(other)}"
        case KeptOut():
            word = "repeats" if other.split is Split.KNOWN else "overlaps"
            yield f"{word:<12}{named} of {other.source}, which {_SPLITS[other.split]}"
        case None:
            yield f"repeats     {named}, which lineage does not hold"


def _cluster(cluster: TracedCluster) -> str:
    least = cluster.least_similarity
    near = "" if least is None else f"; similarities from {least:.3f}"
    recipes = ", ".join(name or "real rows" for name in cluster.recipes)
    dropped = {
        "exact duplicates": cluster.exact_duplicates,
        "near duplicates": cluster.near_duplicates,
        "duplicates in other words": cluster.semantic_duplicates,
        "rows that are not novel": cluster.not_novel,
    }
    told = ", ".join(f"{count:,} {name}" for name, count in dropped.items() if count)
    return f"{cluster.cluster_rows:,} rows: 1 stays; dropped for it {told}, of {recipes}{near}"


def _record(why: SampleWhy) -> _Record:
    trace, last, cluster = why.trace, deciding(why.trace), why.cluster
    record: _Record = {
        "sample_id": trace.sample_id,
        "partition": trace.partition,
        "in_training_sets": _live_sets(trace),
        "told": _headline(trace),
        "text": _text(trace),
    }
    if last is not None:
        record |= _decision_record(last)
        record["method"] = None if last.reason is None else _METHODS.get(last.reason)
    record["not_in"] = [
        {"mixture": each.partition, "reason": each.reason, "detail": each.detail}
        for each in _mix_decisions(trace)
        if each.outcome != Outcome.KEPT
    ]
    record["other"] = None if why.other is None else _other_record(why.other)
    record["cluster"] = None if cluster is None else vars(cluster)
    return record


def _decision_record(last: TracedDecision) -> _Record:
    return {
        "stage": last.stage,
        "outcome": last.outcome,
        "reason": last.reason,
        "similarity": last.score,
        "duplicate_of": last.duplicate_of,
        "detail": last.detail,
    }


def _other_record(other: Other) -> _Record:
    if isinstance(other, KeptOut):
        return _kept_out_record(other)
    return {
        "sample_id": other.sample_id,
        "in_training_sets": _live_sets(other),
        "told": _headline(other),
        "text": _text(other),
    }


def _kept_out_record(row: KeptOut) -> _Record:
    return {
        "sample_id": row.sample_id,
        "in_training_sets": [],
        "told": _SPLITS[row.split],
        "split": row.split,
        "source": row.source,
        "text": _text(row),
    }


def _kept_out_lines(row: KeptOut) -> Iterator[str]:
    yield f"{row.sample_id}  {_SPLITS[row.split]}"
    yield f"source      {row.source}"


def _live_sets(trace: SampleTrace) -> list[str]:
    return [mixture.partition for mixture in trace.mixtures if mixture.live]


def _mix_decisions(trace: SampleTrace) -> list[TracedDecision]:
    return [each for each in trace.decisions if each.stage == Stage.MIX and each.live]


def _text(row: Other) -> str:
    """What of a row is compared; nothing where generation made nothing of it."""
    if isinstance(row, KeptOut):
        return f"{row.prompt}\n{row.response}"
    if (sample := row.sample) is None:
        return ""
    return "\n".join([*(said.content for said in sample.earlier), sample.prompt, sample.response])


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
