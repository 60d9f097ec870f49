"""Terms of teachers, sources and recipes are held against what a mixture is for."""

from dataclasses import replace

import polars as pl
import pytest

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.sources import Source, SourcesFile
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.config.terms import Answer, StatedTerms
from synth_assets.core.mixture.standing import standing_of
from synth_assets.core.schema import Reason
from synth_assets.core.terms.credits import terms_report
from synth_assets.core.terms.declared import Declared
from synth_assets.core.terms.licences import KNOWN, terms_of
from synth_assets.core.terms.objections import Statement, conflict_among
from synth_assets.errors import TermsError
from tests.samples import frame_of, real_row, synthetic_row

CONTRACT = {"competing": "allowed", "because": "our contract of 2026-03-01"}


def mixture(**said) -> Mixture:
    return Mixture.model_validate({"id": "sold", "use": "commercial"} | said)


def teacher(licence: str, **other) -> Teacher:
    return Teacher(id="writer", model="x/y", licence=licence, **other)


def source(name: str, licence: str, **other) -> Source:
    said = {"reader": "file", "id": name, "path": "x.csv", "prompt": "q", "response": "a"}
    return SourcesFile.model_validate({"sources": [{**said, "licence": licence, **other}]}).sources[
        0
    ]


def declared(*sources: Source, writer: Teacher | None = None) -> Declared:
    teachers = {} if writer is None else {writer.id: writer}
    return Declared(teachers, {each.id: each for each in sources})


def written(licence: str = "MIT", **other) -> pl.DataFrame:
    return frame_of(
        replace(synthetic_row("s", "q", "a", teacher="writer"), licence=licence, **other)
    )


def ruling(rows: pl.DataFrame, known: Declared, **said) -> tuple[str | None, str]:
    standing = standing_of(rows, mixture(**said), known)
    return standing["reason"][0], standing["detail"][0]


def test_terms_openly_licensed_rows_may_be_used_sold_and_published():
    known = declared(writer=teacher("Apache-2.0"))
    assert ruling(written(), known, publish=True) == (None, "")


def test_terms_teacher_that_forbids_competition_is_barred_from_commercial_use_and_named():
    reason, detail = ruling(written(), declared(writer=teacher("openai-terms")))
    assert reason == Reason.TERMS_FORBID
    assert detail == (
        "licence openai-terms of teacher writer forbids the training of models that compete with "
        "it; sold is for commercial use"
    )


def test_terms_teacher_that_forbids_competition_may_write_for_research():
    known = declared(writer=teacher("openai-terms"))
    assert ruling(written(), known, use="research") == (None, "")


def test_terms_stated_over_the_licence_lift_what_it_forbids():
    known = declared(writer=teacher("openai-terms", terms=StatedTerms.model_validate(CONTRACT)))
    assert ruling(written(), known) == (None, "")


def test_terms_stated_over_the_licence_forbid_what_it_allows_and_say_why():
    own = StatedTerms(training=Answer.FORBIDDEN, because="letter of the author")
    reason, detail = ruling(written(), declared(writer=teacher("MIT", terms=own)), use="research")
    assert reason == Reason.TERMS_FORBID
    assert "licence MIT of teacher writer, with terms of its own (letter of the author)" in detail
    assert "forbids the training of other models" in detail


def test_terms_llama_2_trains_llamas_alone():
    known = declared(writer=teacher("llama2"))
    reason, detail = ruling(written(), known, use="research")
    assert (reason, "licence llama2 of teacher writer forbids the training" in detail) == (
        Reason.TERMS_FORBID,
        True,
    )
    student = {"name": "mine", "family": "Llama-2", "checkpoint": "2026-11"}
    assert ruling(written(), known, use="research", student=student) == (None, "")


@pytest.mark.parametrize("licence", ["unstated", "", "Acme-Proprietary"])
def test_terms_unstated_are_for_research_and_not_for_gain(licence: str):
    known = declared(writer=teacher(licence))
    assert ruling(written(), known, use="research") == (None, "")
    reason, detail = ruling(written(), known)
    assert reason == Reason.TERMS_FORBID
    assert "teacher writer" in detail
    assert "does not say that it allows" in detail


def test_terms_unstated_are_not_published():
    known = declared(writer=teacher("unstated"))
    assert ruling(written(), known, use="research", publish=True)[0] == Reason.TERMS_FORBID


def test_terms_of_a_real_row_are_its_sources():
    rows = frame_of(replace(real_row("r", "q", "a", source="news"), licence="CC-BY-NC-4.0"))
    reason, detail = ruling(rows, declared(source("news", "CC-BY-NC-4.0")))
    assert reason == Reason.TERMS_FORBID
    assert detail == (
        "licence CC-BY-NC-4.0 of source news forbids commercial use; sold is for commercial use"
    )


def test_terms_of_seeds_reach_what_is_made_of_them():
    rows = written(source="news")
    known = declared(source("news", "CC-BY-NC-4.0"), writer=teacher("MIT"))
    assert "licence CC-BY-NC-4.0 of source news" in ruling(rows, known)[1]
    assert ruling(rows, known, use="research") == (None, "")


def test_terms_of_a_recipe_bind_its_rows():
    reason, detail = ruling(written("CC-BY-NC-4.0"), declared(writer=teacher("MIT")))
    assert reason == Reason.TERMS_FORBID
    assert "licence CC-BY-NC-4.0 of recipe math" in detail


def test_terms_of_every_teacher_that_had_a_part_bind_a_row():
    rows = written(request_fingerprints=("f1", "f2"))
    answers = pl.DataFrame({"fingerprint": ["f1", "f2"], "teacher": ["writer", "critic"]})
    critic = Teacher(id="critic", model="x/y", licence="anthropic-terms")
    known = Declared({"writer": teacher("MIT"), "critic": critic}, {})
    standing = standing_of(rows, mixture(), known, answers=answers)
    assert standing["reason"][0] == Reason.TERMS_FORBID
    assert "licence anthropic-terms of teacher critic" in standing["detail"][0]


def test_terms_no_derivatives_are_not_published():
    rows = frame_of(replace(real_row("r", "q", "a"), licence="cc-by-nd-4.0"))
    assert ruling(rows, declared(), publish=True) == (
        "terms_forbid",
        "licence CC-BY-ND-4.0 of source people forbids giving on what is made of it; sold is for "
        "commercial use and to be published",
    )
    assert ruling(rows, declared()) == (None, "")


@pytest.mark.parametrize("named", ["recipes", "sources"])
def test_terms_mixture_that_names_what_is_wholly_forbidden_is_refused_with_rows(named: str):
    many = [replace(real_row(f"r{n}", "q", str(n)), licence="CC-BY-NC-4.0") for n in range(7)]
    made = [
        replace(synthetic_row(f"s{n}", "q", str(n), teacher="writer"), licence="CC-BY-NC-4.0")
        for n in range(7)
    ]
    asked = mixture(**{named: ["math"] if named == "recipes" else ["people"]})
    with pytest.raises(TermsError) as caught:
        standing_of(frame_of(*many, *made), asked, declared(writer=teacher("MIT")))
    kind, name = ("recipe", "math") if named == "recipes" else ("source", "people")
    start = "s" if named == "recipes" else "r"
    ids = ", ".join(f"{start}{n}" for n in range(5))
    assert str(caught.value).startswith(
        f"Mixture sold names {kind} {name}, and terms forbid all of it, 7 rows ({ids}, ...): "
        f"licence CC-BY-NC-4.0 of {kind} {name} forbids commercial use"
    )


def test_terms_named_source_of_which_some_rows_are_free_is_not_refused():
    nc = replace(real_row("r1", "q", "1"), licence="CC-BY-NC-4.0")
    standing = standing_of(
        frame_of(nc, real_row("r2", "q", "2")), mixture(sources=["people"]), declared()
    )
    assert standing["reason"].to_list() == ["terms_forbid", None]


def shared(*licences: str) -> pl.DataFrame:
    return frame_of(
        *(
            replace(real_row(f"r{n}", "q", str(n), source=f"src{n}"), licence=licence)
            for n, licence in enumerate(licences)
        )
    )


@pytest.mark.parametrize(
    ("licences", "in_conflict"),
    [
        (("CC-BY-SA-4.0", "GPL-2.0-only", "MIT"), ("CC-BY-SA-4.0", "GPL-2.0-only")),
        (("CC-BY-SA-4.0", "ODbL-1.0"), ("CC-BY-SA-4.0", "ODbL-1.0")),
        (("GPL-2.0-only", "GPL-3.0-only"), ("GPL-2.0-only", "GPL-3.0-only")),
        (("CC-BY-NC-SA-4.0", "CC-BY-SA-4.0"), ("CC-BY-NC-SA-4.0", "CC-BY-SA-4.0")),
        (("CC-BY-NC-4.0", "CC-BY-SA-3.0"), ("CC-BY-NC-4.0", "CC-BY-SA-3.0")),
        (("CC-BY-SA-3.0", "CC-BY-SA-4.0", "GPL-3.0-only"), ("CC-BY-SA-3.0", "GPL-3.0-only")),
    ],
)
def test_terms_licences_that_cannot_stand_together_refuse_a_set_to_be_published(
    licences: tuple[str, ...], in_conflict: tuple[str, ...]
):
    asked = mixture(use="research", publish=True)
    with pytest.raises(TermsError) as caught:
        standing_of(shared(*licences), asked, declared())
    for licence in licences:
        assert (f"licence {licence} of source" in str(caught.value)) == (licence in in_conflict)


@pytest.mark.parametrize(
    "licences",
    [
        ("CC-BY-SA-4.0", "GPL-3.0-only", "MIT"),
        ("CC-BY-SA-3.0", "CC-BY-SA-4.0"),
        ("GPL-2.0-or-later", "GPL-3.0-only"),
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-4.0", "CC0-1.0"),
        ("MIT", "CC-BY-NC-4.0", "openai-terms"),
    ],
)
def test_terms_licences_that_can_stand_together_are_published(licences: tuple[str, ...]):
    asked = mixture(use="research", publish=True)
    standing = standing_of(shared(*licences), asked, declared())
    assert standing["reason"].null_count() == len(licences)


def test_terms_share_alike_matters_only_where_a_set_is_published_and_rows_take_part():
    rows = shared("CC-BY-SA-4.0", "GPL-2.0-only")
    assert standing_of(rows, mixture(), declared())["reason"].null_count() == 2
    asked = mixture(publish=True, sources=["src0"])
    assert standing_of(rows, asked, declared())["reason"].null_count() == 2


def test_terms_licences_of_rows_that_are_too_deep_are_in_no_conflict():
    deep = replace(synthetic_row("s", "q", "a"), licence="GPL-2.0-only", synthetic_depth=3)
    rows = pl.concat([shared("CC-BY-SA-4.0"), frame_of(deep)])
    known = Declared({"scholar": Teacher(id="scholar", model="x/y", licence="MIT")}, {})
    asked = {"use": "research", "publish": True}
    assert standing_of(rows, mixture(**asked, max_depth=2), known)["reason"].null_count() == 2
    with pytest.raises(TermsError, match="cannot stand in one set"):
        standing_of(rows, mixture(**asked), known)


def test_terms_conflict_of_three_names_all_three():
    def alike(name: str, *under: str) -> Statement:
        return Statement(name, replace(terms_of("MIT"), licence=name, share_alike=frozenset(under)))

    three = [alike("x", "a", "b"), alike("y", "b", "c"), alike("z", "c", "a")]
    assert [each.who for each in conflict_among(three)] == ["x", "y", "z"]
    assert conflict_among([*three[:2], alike("w", "b")]) == ()


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("apache-2.0", "Apache-2.0"),
        (" MIT ", "MIT"),
        ("gpl-3.0", "GPL-3.0-only"),
        ("odbl", "ODbL-1.0"),
    ],
)
def test_terms_licences_are_known_however_they_are_cased(said: str, known: str):
    assert terms_of(said) == KNOWN[known]


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_terms_of_the_table_say_where_and_when_they_were_read(name: str):
    terms = KNOWN[name]
    assert terms.source.startswith("https://")
    assert len(terms.as_of) == 10
    assert Answer.UNSTATED not in (terms.commercial, terms.training, terms.competing, terms.sharing)
    assert not terms.share_alike or name in terms.share_alike
    assert terms.share_alike <= set(KNOWN)


def test_terms_report_names_whom_to_credit_and_what_follows():
    rows = pl.concat(
        [
            frame_of(
                replace(real_row("r1", "q", "1", source="news"), licence="CC-BY-SA-4.0"),
                replace(real_row("r2", "q", "2", source="news"), licence="CC-BY-SA-4.0"),
                replace(real_row("r3", "q", "3", source="law"), licence="CC0-1.0"),
            ),
            written("unstated"),
        ]
    )
    credit = {"attribution": "The News, by A. Writer", "because": "their page"}
    known = declared(source("news", "CC-BY-SA-4.0", terms=credit), writer=teacher("llama3.1"))
    report = terms_report(rows, mixture(use="research"), known)
    told = [(each.who, each.licence, each.text, each.rows) for each in report.attributions]
    assert told == [
        ("source news", "CC-BY-SA-4.0", "The News, by A. Writer", 2),
        ("teacher writer", "llama3.1", "Built with Llama", 1),
    ]
    assert len(report.notes) == 3
    assert report.notes[0].startswith("Recipe math, which states no licence, does not say whether")
    assert "given on under CC-BY-SA-4.0 or GPL-3.0-only" in report.notes[1]
    assert 'its name must begin with "Llama"' in report.notes[2]
