"""The dataset card: what a training set holds, how it came about, and how to make it again."""

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from synth_assets.core.diversity.slices import ALL, REAL, REFERENCE, SYNTHETIC
from synth_assets.core.export.card_composition import Composition, compositions
from synth_assets.core.export.card_costs import cost_sections
from synth_assets.core.export.card_facts import CardFacts
from synth_assets.core.export.card_limits import RISKS, limits
from synth_assets.core.export.card_metadata import front_matter
from synth_assets.core.export.card_process import process_sections, prompt_sections
from synth_assets.core.export.croissant import croissant_json
from synth_assets.core.export.data_file import WrittenRows
from synth_assets.core.export.lengths import ROW
from synth_assets.core.export.markdown import code_block, inline, one_line, table
from synth_assets.core.mixture.risk import RiskBand
from synth_assets.core.terms.objections import Statement

CARD_FILE = "README.md"
CROISSANT_FILE = "croissant.json"

_A_PARAGRAPH = 2_000
"""Characters of a text that may be long."""

_MOST_BOUNDS = 40
"""Bounds that are shown; a quota of each topic may be hundreds."""


def descriptions(facts: CardFacts) -> dict[str, str]:
    """What stands beside the data files, for people and for machines: file name -> text."""
    return {CARD_FILE: render_card(facts), CROISSANT_FILE: croissant_json(facts)}


def render_card(facts: CardFacts) -> str:
    """Write the card: YAML front matter as the Hugging Face Hub reads it, then Markdown.

    Equal facts give equal text. Whatever the facts hold, it cannot break the card's structure.
    """
    sections = [
        *_head(facts),
        *_purpose(facts),
        *_policy(facts),
        *_limits(facts),
        *_composition(facts),
        *process_sections(facts),
        *cost_sections(facts),
        *_diversity(facts),
        *_licences(facts),
        *prompt_sections(facts),
        *_again(facts),
    ]
    return "\n\n".join([f"---\n{front_matter(facts)}---", *sections]) + "\n"


def _head(facts: CardFacts) -> Iterator[str]:
    share = facts.synthetic_share
    band = RiskBand.of(share)
    yield f"# {inline(facts.mixture.id)}"
    if facts.mixture.description:
        yield inline(facts.mixture.description, _A_PARAGRAPH)
    size = f"{facts.rows.height:,} rows{_tokens(facts.written)}"
    yield (
        f"{size}, {share:.1%} of the rows synthetic. "
        f"Collapse risk by share: **{band}** ({RISKS[band]}; a prior, not a measurement)."
    )
    if facts.kept_out.unevaluable:
        yield f"**Unevaluable**: {inline(facts.kept_out.unevaluable, _A_PARAGRAPH)}"
    if facts.mixture.pure_synthetic_because:
        why = inline(facts.mixture.pure_synthetic_because, _A_PARAGRAPH)
        yield f"**No human-written rows**, because: {why}"


def _tokens(written: WrittenRows) -> str:
    if written.lengths.is_empty():
        return ""
    whole = written.lengths.filter(part=ROW)
    return f", {int(whole['tokens'].sum()):,} tokens as {inline(written.tokenizer)} counts them"


def _purpose(facts: CardFacts) -> Iterator[str]:
    mixture, student = facts.mixture, facts.mixture.student
    yield "## Who it is for"
    said = {"use": mixture.use}
    if student is None:
        said["student"] = "none named"
    else:
        said |= {"student": student.name, "family": student.family or "not stated"}
        said |= {"checkpoint": student.checkpoint or "not stated"}
        said |= {"earlier checkpoints": ", ".join(student.previous)} if student.previous else {}
        said |= {"size": student.size} if student.size else {}
    said["epochs it is made for"] = str(mixture.repeats.epochs)
    said["layout of a row"] = facts.written.layout
    yield table(_pairs(said))


def _policy(facts: CardFacts) -> Iterator[str]:
    yield "## Policy"
    if facts.policy is not None:
        yield f"It is under the policy {inline(facts.policy.id)}."
        if facts.policy.source:
            yield f"Source: {inline(facts.policy.source, _A_PARAGRAPH)}"
    yield "What was promised, and what came out; a share is met within one row:"
    yield table(facts.outcomes.head(_MOST_BOUNDS))
    if (more := facts.outcomes.height - _MOST_BOUNDS) > 0:
        kept = facts.outcomes.tail(more)["holds"].sum()
        yield f"And {more:,} more bounds, of which {kept:,} hold."
    yield "All that the mixture says:"
    yield table(_pairs({promise.what: promise.said for promise in facts.mixture.promises}))


def _limits(facts: CardFacts) -> Iterator[str]:
    yield "## Known limits"
    yield "\n".join(f"- {inline(limit, _A_PARAGRAPH)}" for limit in limits(facts))


def _composition(facts: CardFacts) -> Iterator[str]:
    yield "## Composition"
    for made in compositions(facts.rows, facts.teachers):
        yield f"By {inline(made.title)}:"
        yield table(made.table) if made.table.height else _in_words(made)
        if made.table.height and made.more_values:
            yield f"And {made.more_values:,} more, with {made.more_rows:,} rows together."
    yield from _lengths(facts.written)
    looked_at = int(facts.languages["rows"].sum())
    yield f"By language, as a small model reads {looked_at:,} rows drawn by their content:"
    yield table(facts.languages)


def _lengths(written: WrittenRows) -> Iterator[str]:
    yield "How long rows are:"
    if written.lengths.is_empty():
        yield "Not counted."
        return
    yield table(written.lengths)
    yield f"Tokens as {inline(written.tokenizer)} counts them, without those of a chat template."


def _in_words(made: Composition) -> str:
    return f"{made.more_values:,} values in {made.more_rows:,} rows; hardly any stands twice."


def _diversity(facts: CardFacts) -> Iterator[str]:
    yield "## Diversity"
    yield table(_by_slice(facts.diversity))
    yield "## Collapse"
    if facts.collapse.is_empty():
        yield "Not measured: there are too few held-out rows like those of the set."
        return
    yield (
        "What small students become that are trained on this set, beside others trained on as many "
        "human-written rows; the worst sign first. From `amber` on a sign is worth attention, from "
        "`red` on it is bad."
    )
    yield table(facts.collapse.select("sign", "light", "value", "amber", "red", "meaning"))
    if facts.real_share:
        yield facts.real_share


_WHOLE_SLICES = (ALL, REAL, SYNTHETIC, REFERENCE)


def _by_slice(diversity: pl.DataFrame) -> pl.DataFrame:
    if diversity.is_empty():
        return diversity
    ordered = diversity.select("slice", "metric", "value").sort("metric", "slice")
    found = ordered.pivot("slice", index="metric", values="value")
    first = [name for name in _WHOLE_SLICES if name in found.columns]
    return found.select("metric", *first, pl.exclude("metric", *first))


def _licences(facts: CardFacts) -> Iterator[str]:
    yield "## Licences and attribution"
    yield (
        "What teachers, sources and recipes state, and what is known of these texts; `unstated` is "
        "what nobody says. None of it is legal advice."
    )
    yield table(_terms(facts.statements))
    if facts.terms.notes:
        yield "\n".join(f"- {inline(note, _A_PARAGRAPH)}" for note in facts.terms.notes)
    yield "To be given along with the set:"
    # Several may state one notice.
    words = dict.fromkeys(
        f"{one_line(each.text)} ({one_line(each.source or each.licence)})"
        for each in facts.terms.attributions
    )
    yield code_block("\n".join(words), "text") if words else "Nothing."


def _terms(statements: Iterable[Statement]) -> pl.DataFrame:
    rows = [
        {
            "whose": each.who,
            "licence": each.terms.licence,
            "commercial use": each.terms.commercial.value,
            "training": each.terms.training.value,
            "training of competitors": each.terms.competing.value,
            "giving on": each.terms.sharing.value,
            "name the author": each.terms.credit,
            "a model trained on it": each.terms.students,
            "where it stands": each.terms.because or each.terms.source,
        }
        for each in statements
    ]
    return pl.DataFrame(rows)


def _again(facts: CardFacts) -> Iterator[str]:
    yield "## Make it again"
    yield code_block("\n".join(facts.again.commands), "sh")
    yield (
        "Recipes, mixtures and sources that are not shipped must be at hand, in a folder that "
        "`SYNTH_RECIPES` names; `uv sync --frozen` installs what a lock file names. What pins the "
        "set down:"
    )
    yield table(_pairs(facts.again.fingerprints))
    yield "The files (`sha256sum` tells whether one is as it was written):"
    columns = ("path", "split", "rows", "bytes", "sha256")
    files = [[getattr(file, name) for name in columns] for file in facts.written.files]
    yield table(pl.DataFrame(files, schema=columns, orient="row"))


def _pairs(values: Mapping[str, str]) -> pl.DataFrame:
    return pl.DataFrame({"what": list(values), "value": list(values.values())})
