from pathlib import Path, PurePosixPath

import pytest

from synth_assets.core.config.selection import Selection
from synth_assets.core.config.yaml_text import parse_yaml, validated
from synth_assets.core.dedup.code_points import Unit
from synth_assets.core.dedup.exact import ExactRule
from synth_assets.core.dedup.shingling import Shingling
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.errors import CatalogueError
from synth_assets.resources.catalogue import load_catalogue


def said(text: str) -> Selection:
    return validated(Selection, parse_yaml(text, "selection.yaml", CatalogueError), CatalogueError)


def test_selection_that_says_nothing_is_the_usual_rule():
    assert Selection().dedup.rule == DedupRule()
    assert (Selection().dedup.semantic, Selection().dedup.novelty) == (None, ())


def test_selection_says_every_part_of_the_rule():
    dedup = said(
        """dedup:
  exact: {case: false, punctuation: true}
  near: {threshold: 0.7, recall: 0.99, shingles: {unit: characters, size: 9}}
"""
    ).dedup
    assert dedup.rule == DedupRule(
        0.7, 0.99, Shingling(Unit.CHARACTERS, 9), ExactRule(case=False, punctuation=True)
    )


@pytest.mark.parametrize(("unit", "size"), [("words", 5), ("characters", 12), ("code", 5)])
def test_selection_without_a_size_takes_the_usual_one_of_the_unit(unit: str, size: int):
    dedup = said(f"dedup: {{near: {{shingles: {{unit: {unit}}}}}}}").dedup
    assert dedup.rule.shingling == Shingling(Unit(unit), size)


def test_selection_with_near_off_compares_whole_texts_alone():
    rule = said("dedup: {near: off, exact: {unicode: false}}").dedup.rule
    assert (rule.near, rule.banding.permutations, rule.exact.unicode) == (False, 0, False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dedup: {near: {threshold: 1.2}}", "line 1: `dedup.near.threshold` is not right"),
        ("dedup:\n  near: {threshold: 0.04}", "line 2: `dedup.near` is not right"),
        ("dedup:\n  near: {threshold: 0.04}", "takes more than 128 permutations"),
        ("dedup: {near: {shingles: {unit: lines}}}", "`dedup.near.shingles.unit`"),
        ("dedup: {near: {shingles: {size: 0}}}", "`dedup.near.shingles.size`"),
        ("dedup: {near: on}", "`dedup.near`"),
        ("dedup: {fuzzy: 3}", "`dedup.fuzzy` is no known key"),
        ("dedup: {semantic: {embedder: minilm}}", "`dedup.semantic.threshold` is missing"),
        ("dedup: {novelty: [{files: []}]}", "`dedup.novelty[0].files`"),
        ("dedup: {giant_cluster: {share: 2}}", "`dedup.giant_cluster.share`"),
    ],
)
def test_selection_with_a_fault_names_line_and_key(text: str, told: str):
    with pytest.raises(CatalogueError) as caught:
        said(text)
    assert told in str(caught.value)


def test_selection_fingerprint_changes_with_what_decides_and_with_nothing_else():
    usual = Selection().dedup.fingerprint
    same = ("near: {threshold: 0.8}", "giant_cluster: {rows: 3}")
    other = ("near: off", "near: {recall: 0.9}", "exact: {case: false}", "near: {threshold: 0.9}")
    other += ("semantic: {threshold: 0.9}", "near: {shingles: {unit: code}}")
    assert {said(f"dedup: {{{text}}}").dedup.fingerprint for text in same} == {usual}
    assert len({usual, *(said(f"dedup: {{{text}}}").dedup.fingerprint for text in other)}) == 7


def test_selection_of_a_later_file_replaces_key_by_key():
    earlier = said("dedup: {near: {threshold: 0.9}, exact: {case: false}, semantic: off}")
    later = said("dedup: {near: off, semantic: {embedder: tfidf, threshold: 0.7}}")
    merged = later.over(earlier).dedup
    assert merged.near is None
    assert not merged.exact.case
    assert merged.semantic is not None
    assert merged.semantic.embedder == "tfidf"
    assert said("dedup: {near: {recall: 0.9}}").over(later).dedup.rule.threshold == 0.8


def test_selection_located_in_a_folder_names_its_files_from_there():
    selection = said("dedup: {novelty: [{files: ['old/*.jsonl', /data/b.csv]}]}")
    [known] = selection.located_in(PurePosixPath("/recipes")).dedup.novelty
    assert known.files == ("/recipes/old/*.jsonl", "/data/b.csv")
    assert known.columns == {}


def test_catalogue_takes_selection_of_several_folders_together(tmp_path: Path):
    for name, text in {
        "one": "dedup: {near: {threshold: 0.9}, novelty: [{files: [a.jsonl]}]}",
        "two": "dedup: {exact: {case: false}}",
        "three": None,
    }.items():
        (tmp_path / name).mkdir()
        if text is not None:
            (tmp_path / name / "selection.yaml").write_text(text)
    catalogue = load_catalogue([tmp_path / name for name in ("one", "two", "three")])
    dedup = catalogue.selection.dedup
    assert dedup.rule == DedupRule(0.9, exact=ExactRule(case=False))
    assert dedup.novelty[0].files == (str(tmp_path / "one" / "a.jsonl"),)


def test_catalogue_with_an_unknown_embedder_guesses_the_name(tmp_path: Path):
    (tmp_path / "teachers.yaml").write_text("teachers: [{id: embedder-one, model: openai/e}]")
    selection = tmp_path / "selection.yaml"
    for name in ("minilm", "tfidf", "embedder-one", "sentence-transformers:models/mine"):
        selection.write_text(f"dedup: {{semantic: {{embedder: '{name}', threshold: 0.9}}}}")
        assert load_catalogue([tmp_path]).selection.dedup.semantic is not None
    selection.write_text("dedup: {semantic: {embedder: minilmm, threshold: 0.9}}")
    with pytest.raises(CatalogueError, match=r"no embedder is called 'minilmm'.*mean minilm\?"):
        load_catalogue([tmp_path])


def test_catalogue_with_an_unknown_helper_of_decontamination_names_the_key(tmp_path: Path):
    (tmp_path / "teachers.yaml").write_text("teachers: [{id: arbiter, model: openai/e}]")
    selection = tmp_path / "selection.yaml"
    selection.write_text(
        "decontaminate: {embedder: minilm, judge: arbiter, translation: {teacher: arbiter}}"
    )
    section = load_catalogue([tmp_path]).selection.decontaminate
    assert section.translation is not None
    assert (section.translation.language, section.translation.items) == ("German", 50)
    for key, said in {
        "judge": "judge: arbitre",
        "translation": "translation: {teacher: arbitre}",
        "embedder": "embedder: arbitre",
    }.items():
        selection.write_text(f"decontaminate: {{{said}}}")
        with pytest.raises(CatalogueError, match=rf"decontaminate\.{key}: no .*'arbitre'.*arbiter"):
            load_catalogue([tmp_path])


def test_selection_fingerprint_of_decontamination_leaves_measuring_out():
    usual = Selection().decontaminate.fingerprint
    measured = said("decontaminate: {translation: {teacher: arbiter}}").decontaminate
    assert measured.fingerprint == usual
    assert said("decontaminate: {judge: a}").decontaminate.fingerprint != usual
    later = said("decontaminate: {judge: off}").over(said("decontaminate: {judge: a, embedder: b}"))
    assert (later.decontaminate.judge, later.decontaminate.embedder) == (None, "b")


def test_catalogue_without_selection_has_the_usual_one(tmp_path: Path):
    assert load_catalogue([tmp_path]).selection == Selection()


def test_catalogue_with_a_broken_selection_names_the_file(tmp_path: Path):
    (tmp_path / "selection.yaml").write_text("dedup: {near: {treshold: 0.9}}")
    with pytest.raises(CatalogueError, match=r"(?s)selection\.yaml: .*`dedup\.near\.treshold`"):
        load_catalogue([tmp_path])


def test_selection_of_the_documentation_is_the_usual_one_but_for_what_is_off():
    page = (Path(__file__).parents[2] / "docs" / "deduplication.md").read_text(encoding="utf-8")
    written = said(page.partition("```yaml\n")[2].partition("```")[0]).dedup
    usual = Selection().dedup
    assert (written.rule, written.giant_cluster) == (usual.rule, usual.giant_cluster)
    assert written.semantic is not None
    files = [name for each in written.novelty for name in each.files]
    assert files == ["released/*.jsonl", "bought.parquet"]
