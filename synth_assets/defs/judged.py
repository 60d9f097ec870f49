"""What the Dagster UI shows of judges: what they cost, agree on and lean to."""

from collections.abc import Iterator, Mapping

import dagster as dg

from synth_assets.core.coverage.intervals import Interval
from synth_assets.core.judging.judgment import Manner
from synth_assets.core.judging.lean import Lean
from synth_assets.core.judging.panel import JudgeReport, PanelReport, panel_reports
from synth_assets.defs.display import table
from synth_assets.defs.spending import spending_metadata
from synth_assets.resources.generation.judges import PaidJudges

_MANNERS = {Manner.RUBRIC: "by rubric", Manner.PAIR: "in pairs"}


def judge_metadata(judges: PaidJudges | None, kept: int) -> Mapping[str, dg.MetadataValue]:
    """Spending, agreement and leanings of a recipe's judges; nothing where none was asked."""
    if judges is None:
        return {}
    shown = dict(spending_metadata(judges.calls, judges.spending, kept))
    reports = panel_reports(judges.judgments)
    records = [record for report in reports for record in _rows(report)]
    if records:
        shown["judges"] = table(records)
    agreed = [record for report in reports for record in _agreements(report)]
    if agreed:
        shown["judge_agreement"] = table(agreed)
    if kin := sorted({each.judge for report in reports for each in report.judges if _is_kin(each)}):
        shown["judges_of_the_writers_family"] = dg.MetadataValue.text(", ".join(kin))
    return shown


def judge_shortage(recipe: str, judges: PaidJudges | None) -> str:
    """What a cap left unjudged, and how to go on; empty where none did."""
    if judges is None or not judges.spending.over:
        return ""
    told = "; ".join(f"{scope}: {why}" for scope, why in sorted(judges.spending.over.items()))
    return (
        f"{recipe}: budget reached by judges: {told}. What waits for them is errored. Raise "
        "the cap in budgets.yaml and run again: nothing is bought twice."
    )


def _is_kin(report: JudgeReport) -> bool:
    return report.own_family.count > 0


def _rows(report: PanelReport) -> Iterator[dg.TableRecord]:
    """One row a judge and lean, each with the interval of 95 %."""
    manner = _MANNERS[report.manner]
    for judge in report.judges:
        for what, share, count, bounds in _leans(judge, report.samples):
            yield dg.TableRecord(
                {
                    "judge": judge.judge,
                    "asked": manner,
                    "what": what,
                    "value": round(share, 3),
                    "of": count,
                    "95 % interval": bounds,
                }
            )


def _leans(judge: JudgeReport, samples: int) -> Iterator[tuple[str, float, int, str]]:
    yield _share("is for the response", judge.votes_for)
    yield _share("no answer that could be read", Lean(judge.unread, samples))
    yield _share("is of the writer's family", judge.own_family)
    if judge.with_others.of:
        yield _share("says what most others say", judge.with_others)
    if judge.mean_rating is not None:
        yield "mean rating", judge.mean_rating, judge.votes_for.of, ""
    if judge.length_correlation is not None:
        yield "correlation of rating and length", judge.length_correlation, judge.votes_for.of, ""
    if judge.position is not None:
        yield _share("names the response shown first", judge.position.first)
        yield _share("changes its mind with the order", judge.position.inconsistent)
        yield _share("calls it a tie", judge.position.tied)
    if judge.length is not None:
        yield _share("prefers the longer response", judge.length.longer)
        if (odds := judge.length.odds) is not None:
            told = f"{odds.low:.3g} to {odds.high:.3g}"
            labelled = judge.length.gold_longer.of
            yield "odds of the longer, by the others' word", odds.value, labelled, told
    if judge.own_kin is not None and (excess := judge.own_kin.difference) is not None:
        told = f"{excess.low:.3f} to {excess.high:.3f}"
        own = judge.own_kin.own.of
        yield "for its own family beyond the others", excess.value, own, told


def _share(what: str, lean: Lean) -> tuple[str, float, int, str]:
    return what, lean.share, lean.of, _bounds(lean.interval)


def _bounds(interval: Interval) -> str:
    high = 1.0 if interval.high is None else interval.high
    return f"{interval.low:.3f} to {high:.3f}"


def _agreements(report: PanelReport) -> Iterator[dg.TableRecord]:
    alphas = {"votes": report.votes, **report.ratings}
    for name, alpha in alphas.items():
        if alpha.items:
            value = "not defined" if alpha.value is None else f"{alpha.value:.3f}"
            yield dg.TableRecord(
                {
                    "asked": _MANNERS[report.manner],
                    "of": name,
                    "Krippendorff's alpha": value,
                    "samples": alpha.items,
                }
            )
