"""Whom a set has to name, and what its terms say of it, for its card."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.terms import Answer
from synth_assets.core.terms.declared import RECIPE, Declared, statements_of
from synth_assets.core.terms.objections import Purpose, Statement


@dataclass(frozen=True)
class Attribution:
    """Somebody a set has to name.

    Attributes:
        who: a source or a teacher.
        licence: under which it was given.
        text: what must be said.
        rows: how many rows of the set it concerns.
        source: address of the licence's text; empty where none is known.
        as_of: the day to which the table of terms was brought up; empty likewise.
    """

    who: str
    licence: str
    text: str
    rows: int
    source: str
    as_of: str


@dataclass(frozen=True)
class TermsReport:
    """What a card says of licences and terms.

    Attributes:
        attributions: whom the set has to name, in the order of their names.
        notes: what else follows from the terms, a sentence each.
    """

    attributions: tuple[Attribution, ...]
    notes: tuple[str, ...]


def terms_report(
    rows: pl.DataFrame, mixture: Mixture, declared: Declared, answers: pl.DataFrame | None = None
) -> TermsReport:
    """Collect what the terms of a set's rows ask for.

    Args:
        rows: columns of `SAMPLE_SCHEMA` or more; the set.
        mixture: what it is for.
        declared: who wrote, and what they state.
        answers: columns of `ANSWERS_SCHEMA`; see `who_wrote`.
    """
    concerned = statements_of(rows, declared, answers)
    stated = sorted(concerned, key=lambda each: each.who)
    attributions = tuple(
        _attribution(each, concerned[each].rows)
        for each in stated
        # A recipe's licence is what its rows are given on under, not what they came with.
        if not each.who.startswith(RECIPE) and (each.terms.credit or each.terms.notice)
    )
    return TermsReport(attributions, tuple(_notes(stated, Purpose.of(mixture))))


def _attribution(statement: Statement, rows: int) -> Attribution:
    terms = statement.terms
    text = terms.notice or f"{statement.who}, under {terms.licence}"
    return Attribution(statement.who, terms.licence, text, rows, terms.source, terms.as_of)


def _notes(stated: Sequence[Statement], purpose: Purpose) -> Iterator[str]:
    for each in stated:
        terms = each.terms
        unstated = [
            name
            for name in ("training", "commercial", "sharing")
            if getattr(terms, name) is Answer.UNSTATED
        ]
        if unstated:
            yield (
                f"{_capital(each.told)} does not say whether it allows {', '.join(unstated)}; "
                "such rows are used for research alone."
            )
        if terms.competing is Answer.FORBIDDEN and terms.family != purpose.family:
            yield f"{_capital(each.told)} forbids training models that compete with it."
        if terms.commercial is Answer.FORBIDDEN:
            yield f"{_capital(each.told)} forbids commercial use."
        if terms.share_alike:
            yield (
                f"{_capital(each.told)} lets what is made of it be given on under "
                f"{' or '.join(sorted(terms.share_alike))} alone."
            )
        if terms.sharing is Answer.FORBIDDEN:
            yield f"{_capital(each.told)} forbids giving on what is made of it."
        if terms.students:
            yield f"{_capital(each.told)} asks of a model trained on it: {terms.students}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
