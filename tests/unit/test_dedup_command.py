"""`synth dedup` on files of one's own."""

import gzip
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from synth_assets.cli.main import main
from synth_assets.core.dedup.sketch import DedupRule
from synth_assets.resources.dedup import files as dedup_files
from synth_assets.resources.dedup import spilled_shingles
from synth_assets.resources.dedup.files import FileDedup
from synth_assets.resources.row_files.inputs import find_inputs
from synth_assets.resources.row_files.streams import RowStream

WORDS = [f"w{n}" for n in range(40)]


def text(*changed: int) -> str:
    return " ".join("x" if at in changed else word for at, word in enumerate(WORDS))


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: object, code: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["dedup", *map(str, arguments)])
        said = capsys.readouterr()
        assert ended.value.code == code, said.err
        return said.out if code == 0 else said.err

    return run


def write(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write(
        tmp_path / "rows.jsonl",
        [
            {"id": "a", "text": text(), "n": 1.50},
            {"id": "b", "text": f"{text().upper()} "},
            {"id": "c", "text": f"{text(3)} and more"},
            {"id": "d", "text": "something else", "other": None},
            {"id": "e", "text": "Something else."},
        ],
    )


def test_dedup_keeps_lines_to_the_byte_and_says_why_others_went(rows: Path, told):
    kept, why = rows.with_name("kept.jsonl"), rows.with_name("why.parquet")
    options = ("--id", "id", "--threshold", "0.7", "-o", kept, "--decisions", why)
    said = told(rows, *options)
    lines = rows.read_text().splitlines(keepends=True)
    assert kept.read_text() == "".join(lines[at] for at in (2, 4))
    assert "5 rows: 2 kept, 3 dropped in 2 clusters" in said
    decisions = pl.read_parquet(why).rows(named=True)
    assert [(d["sample_id"], d["reason"], d["duplicate_of"]) for d in decisions] == [
        ("a", "near_duplicate", "c"),
        ("b", "near_duplicate", "c"),
        ("c", None, None),
        ("d", "near_duplicate", "e"),
        ("e", None, None),
    ]
    assert decisions[0]["detail"] == f"shared: {' '.join(WORDS[4:])}"
    assert decisions[0]["score"] == 32 / 42
    assert [(d["file"], d["row"]) for d in decisions] == [(str(rows), n) for n in range(1, 6)]


def test_dedup_exact_drops_what_reads_the_same(rows: Path, told):
    said = json.loads(told(rows, "--method", "exact", "--json"))
    assert (said["kept"], said["reasons"]) == (4, {"exact_duplicate": 1})
    said = json.loads(told(rows, "--method", "exact", "--ignore", "case", "--json"))
    assert said["dropped"] == 0
    folds = "case,white_space,punctuation"
    said = json.loads(told(rows, "--method", "exact", "--ignore", folds, "--json"))
    assert said["dropped"] == 2


def test_dedup_prefers_the_row_with_the_highest_number(tmp_path: Path, told):
    path = write(
        tmp_path / "rows.jsonl",
        [
            {"text": text(), "score": 0.1},
            {"text": text(), "score": None},
            {"text": text(), "score": 3},
            {"text": f"{text()} longer"},
        ],
    )
    told(path, "--prefer", "score", "-o", tmp_path / "kept.jsonl")
    assert json.loads((tmp_path / "kept.jsonl").read_text())["score"] == 3


def test_dedup_against_earlier_files_drops_what_they_have(rows: Path, told):
    earlier = rows.with_name("earlier.csv.gz")
    earlier.write_bytes(
        gzip.compress(f"prompt,response\nSay,{text(9)}\nx,something else\n".encode())
    )
    why = rows.with_name("why.jsonl")
    options = ("--id", "id", "--threshold", "0.5", "--decisions", why)
    said = json.loads(told(rows, "--against", earlier, *options, "--json"))
    assert said["reasons"] == {"not_novel": 3, "near_duplicate": 1}
    decisions = [json.loads(line) for line in why.read_text().splitlines()]
    assert decisions[0]["reason"] == "not_novel"
    assert decisions[0]["duplicate_of"] == f"{earlier}:1"


def test_dedup_of_several_kinds_of_file_writes_one(rows: Path, told):
    frame = pl.DataFrame({"id": ["f", "g"], "text": [text(), "quite another"]})
    frame.write_parquet(rows.with_name("more.parquet"))
    kept = rows.with_name("kept.jsonl")
    options = ("--column", "text", "--threshold", "0.7", "-o", kept)
    said = told(rows.with_name("*.*"), *options)
    assert "7 rows: 3 kept" in said
    assert [json.loads(line)["id"] for line in kept.read_text().splitlines()] == ["g", "c", "e"]


def test_dedup_by_code_tells_case_apart(tmp_path: Path, told):
    path = write(tmp_path / "c.jsonl", [{"code": "f(X)"}, {"code": "f(x)"}, {"code": "f( x )"}])
    near = ("--column", "code", "--json", "--ignore", "nothing")
    assert json.loads(told(path, *near, "--shingles", "code:2"))["kept"] == 2
    assert json.loads(told(path, *near, "--shingles", "words"))["kept"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--method", "nearly"), "nearly: unknown"),
        (("--shingles", "letters"), "There are: words, plain_words, characters, code"),
        (("--shingles", "words:many"), "write a number"),
        (("--shingles", "words:0"), "cannot have 0 tokens"),
        (("--threshold", "1.5"), "above 0 and at most 1"),
        (("--recall", "1"), "below 1"),
        (("--ignore", "case,colour"), "colour: unknown"),
        (("--column", "texts"), 'no column "texts"'),
        (("-o", "kept.txt"), "unknown kind of file"),
        (("--decisions", "why.xls"), "unknown kind of file"),
        (("--against", "nothing*.jsonl"), "matches no file"),
    ],
)
def test_dedup_of_what_cannot_be_says_so_before_it_works(rows: Path, told, options, message):
    before = set(rows.parent.iterdir())
    assert message in told(rows, *options, code=2)
    assert set(rows.parent.iterdir()) == before


def test_dedup_does_not_overwrite_what_it_reads(rows: Path, told):
    assert "is the file that is read" in told(rows, "-o", rows, code=2)


def test_dedup_of_a_file_that_breaks_later_leaves_nothing(rows: Path, told):
    rows.write_text(rows.read_text() + "{broken\n")
    before = set(rows.parent.iterdir())
    kept, why = rows.with_name("kept.jsonl"), rows.with_name("why.parquet")
    assert "rows.jsonl" in told(rows, "-o", kept, "--decisions", why, code=2)
    assert set(rows.parent.iterdir()) == before


def kept_texts(paths: list[Path], workers: int, against: RowStream | None = None) -> list[str]:
    stream = RowStream(find_inputs([*map(str, paths)]))
    with FileDedup.opened(DedupRule(0.6), stream, against, workers=workers) as work:
        kept = work.matches().kept[work.known :]
        texts = [text for chunk in stream.chunks() for text in chunk.texts]
    return sorted(text for text, to in zip(texts, kept.tolist(), strict=True) if to < 0)


@pytest.mark.parametrize(("rows_a_chunk", "workers"), [(1, 1), (7, 3), (2_048, 2)])
def test_dedup_keeps_the_same_whatever_order_chunks_and_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_a_chunk: int, workers: int
):
    dice = random.Random(5)
    texts = [text(*dice.sample(range(40), dice.randint(0, 4))) for _ in range(150)]
    texts += [" ".join(dice.choices(WORDS, k=dice.randint(0, 30))) for _ in range(150)]
    texts += [f"«{dice.choice(texts)}»" for _ in range(50)]
    first = write(tmp_path / "a.jsonl", [{"text": each} for each in texts])
    expected = kept_texts([first], 1)
    assert 50 < len(expected) < 250
    dice.shuffle(texts)
    monkeypatch.setattr(dedup_files, "_CHUNK_ROWS", rows_a_chunk)
    monkeypatch.setattr(spilled_shingles, "_IN_MEMORY_BYTES", 100)
    monkeypatch.setattr(spilled_shingles, "_BLOCK_HASHES", 300)
    parts = [
        write(tmp_path / f"p{at}.jsonl", [{"text": each} for each in texts[at : at + 90]])
        for at in range(0, len(texts), 90)
    ]
    assert kept_texts(parts, workers) == expected


def test_dedup_that_is_closed_leaves_no_temporary_files(rows: Path, tmp_path: Path):
    folder = tmp_path / "work"
    folder.mkdir()
    stream = RowStream(find_inputs([str(rows)]))
    with FileDedup.opened(DedupRule(), stream, workers=2, folder=folder) as work:
        assert list(folder.iterdir())
        assert work.matches().kept.tolist() == [-1, 0, -1, 4, -1]
    assert not list(folder.iterdir())


def test_dedup_by_meaning_finds_other_words(tmp_path: Path, told):
    path = write(
        tmp_path / "rows.jsonl",
        [
            {"text": "How do I bake a loaf of bread at home without any yeast?"},
            {"text": "How can I bake bread at home without using yeast?"},
            {"text": "What is the capital city of France and how large is it?"},
        ],
    )
    near = json.loads(told(path, "--json"))
    assert near["kept"] == 3
    why = tmp_path / "why.jsonl"
    options = ("--method", "exact,near,semantic", "--meaning", "0.85", "--decisions", why)
    alike = json.loads(told(path, *options, "--json"))
    assert (alike["kept"], alike["reasons"]) == (2, {"semantic_duplicate": 1})
    decisions = [json.loads(line) for line in why.read_text().splitlines()]
    assert decisions[1]["duplicate_of"] == f"{path}:1"
    assert decisions[1]["detail"].startswith("alike in meaning: How can I bake")
    assert 0.85 <= decisions[1]["score"] < 1


def test_dedup_by_meaning_keeps_what_tells_of_other_numbers(tmp_path: Path, told):
    rows = [
        {"text": "How do I bake 2 loaves of bread at home without any yeast?"},
        {"text": "How can I bake 9 loaves of bread at home without any yeast?"},
        {"text": "How can I bake two loaves of bread at home without yeast?"},
        {"text": "A lone half of a pair: \ud800"},
    ]
    path = write(tmp_path / "rows.jsonl", rows)
    why = tmp_path / "why.jsonl"
    options = ("--method", "exact,near,semantic", "--meaning", "0.85", "--decisions", why, "--json")
    for more, kept in (((), [True, True, False, True]), (("--any-numbers",), None)):
        told(path, *options, *more)
        outcomes = [json.loads(line)["outcome"] for line in why.read_text().splitlines()]
        if kept is not None:
            assert [outcome == "kept" for outcome in outcomes] == kept
        else:
            assert outcomes.count("dropped") == 2


def test_dedup_by_unknown_embedder_is_refused(rows: Path, told):
    options = ("--method", "semantic", "--embedder", "nonesuch")
    assert "nonesuch" in told(rows, *options, code=2)
