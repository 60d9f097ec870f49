"""`synth verify` on files of one's own."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from synth_assets.cli.main import main

SUMS = (
    '{"id": "x", "question": "2+2?",  "answer": "It is\\n#### 4", "gold": "4", "n": 1.50}',
    '{"id": "y", "question": "2+3?",  "answer": "It is\\n#### 6", "gold": "5", "n": 1}',
    '{"id": "z", "question": "1+0?",  "answer": "I think\\n#### 1", "gold": "1", "n": null}',
)
NUMBER = ("--verifier", "number")


@pytest.fixture
def sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNTH_HOME", str(tmp_path / "home"))
    path = tmp_path / "sums.jsonl"
    path.write_text("\n".join(SUMS) + "\n")
    return path


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: object, code: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["verify", *map(str, arguments)])
        said = capsys.readouterr()
        assert ended.value.code == code, said.err
        return said.out if code < 2 else said.err

    return run


def test_verify_jsonl_to_jsonl_keeps_lines_to_the_byte(sums: Path, told: Callable[..., str]):
    output, decisions = sums.with_name("kept.jsonl"), sums.with_name("d.parquet")
    shown = told(sums, *NUMBER, "-o", output, "--decisions", decisions)
    assert output.read_text() == f"{SUMS[0]}\n{SUMS[2]}\n"
    assert "prompt = question, response = answer, reference = gold" in shown
    assert "2 kept, 1 dropped, 0 errored" in shown
    rows = pl.read_parquet(decisions).select("sample_id", "outcome", "reason", "detail").rows()
    assert rows == [
        ("1", "kept", None, ""),
        ("2", "dropped", "wrong_number", "number: final number '6', reference '5'"),
        ("3", "kept", None, ""),
    ]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_verify_other_kinds_of_files_give_the_same_rows(
    sums: Path, told: Callable[..., str], ending: str
):
    frame = pl.read_ndjson(sums)
    table, output = sums.with_name(f"in.{ending}"), sums.with_name(f"out.{ending}")
    frame.write_parquet(table) if ending == "parquet" else frame.write_csv(table)
    told(table, *NUMBER, "-o", output)
    read = pl.read_parquet if ending == "parquet" else pl.read_csv
    assert read(output, schema=frame.schema).rows() == [frame.row(0), frame.row(2)]


def test_verify_gzipped_rows_named_by_a_column_appear_under_that_name(
    sums: Path, told: Callable[..., str]
):
    packed, verdicts = sums.with_name("s.jsonl.gz"), sums.with_name("v.jsonl")
    packed.write_bytes(gzip.compress(sums.read_bytes()))
    told(packed, *NUMBER, "--verifier", "length", "--column", "id=id", "--verdicts", verdicts)
    found = [json.loads(line) for line in verdicts.read_text().splitlines()]
    assert [(v["sample_id"], v["verifier"], v["outcome"]) for v in found] == [
        ("x", "number", "accepted"),
        ("x", "length", "accepted"),
        ("y", "number", "rejected"),
        ("z", "number", "accepted"),
        ("z", "length", "accepted"),
    ]


def test_verify_chats_judge_the_last_answer(sums: Path, told: Callable[..., str]):
    chats = sums.with_name("chats.jsonl")
    turns = [{"from": "system", "value": "s"}, {"from": "human", "value": "a b"}]
    turns += [{"from": "gpt", "value": "one two three"}]
    chats.write_text(json.dumps({"conversations": turns}) + "\n")
    said = json.loads(told(chats, "--verifier", "{kind: length, max_words: 2}", "--json"))
    assert said["reasons"] == {"too_long": 1}


def test_verify_nothing_decided_ends_with_one(sums: Path, told: Callable[..., str]):
    rows = sums.with_name("f.jsonl")
    rows.write_text('{"prompt": "p", "response": "\\\\boxed{\\\\foo}", "reference": "4"}\n')
    shown = told(rows, "--verifier", "math", code=1)
    assert "0 kept, 0 dropped, 1 errored" in shown
    assert "The first error: " in shown


def test_verify_recipe_brings_its_verifiers_and_files(sums: Path, told: Callable[..., str]):
    rows = sums.with_name("r.jsonl")
    rows.write_text('{"prompt": "p", "response": "{\\"a\\": 1}", "context": "a 1"}\n')
    said = json.loads(told(rows, "--recipe", "structured_extraction", "--json"))
    assert said["dropped"] == 1
    assert said["reasons"] == {"schema_violation": 1}


def test_verify_file_of_verifiers_reads_files_beside_it(sums: Path, told: Callable[..., str]):
    sums.with_name("shape.json").write_text('{"type": "object", "required": ["a"]}')
    listed = sums.with_name("verifiers.yaml")
    listed.write_text(
        "verifiers:\n  - {kind: json_record, schema_file: shape.json, values_in_text: false}\n"
    )
    rows = sums.with_name("r.jsonl")
    rows.write_text('{"response": {"a": 1}}\n{"response": "{}"}\n')
    said = json.loads(told(rows, "--verifiers", listed, "--json"))
    assert (said["kept"], said["reasons"]) == (1, {"schema_violation": 1})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--verifier", "nothing"), "there is no such verifier"),
        (("--verifier", "{kind: math, anser: whole}"), "`verifier.anser` is no known key"),
        (("--verifier", "{kind: math"), "not valid YAML"),
        (("--verifier", "{kind: perplexity, file: ../x.txt}"), "points outside"),
        (("--verifier", "mth"), "Did you mean math?"),
        ((*NUMBER, "-o", "/proc/nowhere/k.jsonl"), "cannot be written"),
        ((), "no verifier is named"),
        ((*NUMBER, "--column", "reply=answer"), "write part=column"),
        ((*NUMBER, "--column", "response=answers"), "has no column 'answers'"),
        ((*NUMBER, "--column", "id=n", "-o", "k.txt"), "unknown kind of file"),
        ((*NUMBER, "--recipe", "nobody"), "nobody"),
    ],
)
def test_verify_mistake_names_what_to_mend(
    sums: Path, told: Callable[..., str], arguments: tuple[str, ...], message: str
):
    assert message in told(sums, *arguments, code=2)


def test_verify_output_onto_the_input_is_refused(sums: Path, told: Callable[..., str]):
    assert "is the file that is read" in told(sums, *NUMBER, "-o", sums, code=2)
    assert sums.read_text().splitlines() == list(SUMS)


def test_verify_broken_row_names_its_line(sums: Path, told: Callable[..., str]):
    sums.write_text(f"{SUMS[0]}\nnot json\n")
    assert "line 2, column 1: not JSON" in told(sums, *NUMBER, code=2)


def test_verify_same_name_twice_is_refused(sums: Path, told: Callable[..., str]):
    sums.write_text(f"{SUMS[0]}\n{SUMS[0]}\n")
    assert "'x' in 2 rows" in told(sums, *NUMBER, "--column", "id=id", code=2)


def test_verify_column_that_the_first_row_lacks_is_found(sums: Path, told: Callable[..., str]):
    sums.write_text('{"answer": "I think so"}\n{"answer": "#### 4", "gold": "4"}\n')
    assert "reference = gold" in told(sums, *NUMBER)
    said = json.loads(told(sums, *NUMBER, "--json"))
    assert said["kept"] == 1


def test_verify_half_of_a_surrogate_pair_names_the_row(sums: Path, told: Callable[..., str]):
    for row in ('{"response": "\\ud800"}', '{"response": "a", "other": "\\ud800"}'):
        sums.write_text(f'{{"response": "a"}}\n{row}\n')
        shown = told(sums, "--verifier", "length", code=2)
        assert "line 2, column" in shown
        assert "half of a surrogate pair at character 0" in shown


def test_verify_numbers_of_jsonl_stay_numbers(sums: Path, told: Callable[..., str]):
    sums.with_name("s.json").write_text('{"properties": {"a": {"type": "integer"}}}')
    listed = sums.with_name("v.yaml")
    listed.write_text(
        "verifiers:\n  - {kind: json_record, schema_file: s.json, values_in_text: false}\n"
    )
    sums.write_text('{"response": {"a": 1, "b": [1.50, "1", null, true]}}\n')
    assert json.loads(told(sums, "--verifiers", listed, "--json"))["kept"] == 1
    sums.write_text('{"response": {"a": "1"}}\n')
    assert json.loads(told(sums, "--verifiers", listed, "--json"))["kept"] == 0
    row = '{{"context": "It rains on Mull.", "response": "on Mull", "at": {}}}\n'
    span = "{kind: grounding, answer: span, start_attribute: at}"
    sums.write_text(row.format(9) + row.format(8))
    said = json.loads(told(sums, "--verifier", span, "--json"))
    assert (said["kept"], said["reasons"]) == (1, {"misplaced_answer": 1})


def test_verify_history_that_is_no_chat_is_errored(sums: Path, told: Callable[..., str]):
    histories = ("[1]", "{}", "5", '[{"role": "user"}]', '[{"role": "user", "content": null}]', "?")
    rows = [json.dumps({"response": "a", "history": each}) for each in ("", "[]", *histories)]
    sums.write_text("\n".join(rows))
    said = json.loads(told(sums, "--verifier", "personal_data", "--json"))
    assert (said["kept"], said["dropped"], said["errored"]) == (2, 0, len(histories))
    assert "turn 1 of the history" in said["first_error"]


@pytest.mark.parametrize(
    "content", [None, True, {"text": "a"}, [{"type": "image_url", "text": "a"}], ["a"]]
)
def test_verify_turn_without_a_text_is_refused(
    sums: Path, told: Callable[..., str], content: object
):
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": content}]
    sums.write_text(json.dumps({"messages": turns}) + "\n")
    assert "turn 2: must have a role and a text" in told(sums, *NUMBER, code=2)


def test_verify_turns_in_parts_and_as_json_text_are_read(sums: Path, told: Callable[..., str]):
    parts = [{"type": "text", "text": "one two"}, {"type": "text", "text": "three"}]
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": parts}]
    rows = [{"messages": turns}, {"messages": json.dumps(turns)}]
    sums.write_text("\n".join(map(json.dumps, rows)))
    for most, kept in ((3, 2), (2, 0)):
        length = f"{{kind: length, max_words: {most}}}"
        assert json.loads(told(sums, "--verifier", length, "--json"))["kept"] == kept


def test_verify_two_outputs_of_one_name_are_refused(sums: Path, told: Callable[..., str]):
    output = sums.with_name("o.jsonl")
    outputs = ("-o", output, "--decisions", f"{output.parent}/./o.jsonl")
    assert "named for two outputs" in told(sums, *NUMBER, *outputs, code=2)
    assert not output.exists()


@pytest.mark.parametrize("image", [b"\xff", [b"x"], {"bytes": b"x"}])
def test_verify_bytes_that_no_text_file_holds_are_refused(
    sums: Path, told: Callable[..., str], image: object
):
    table, output = sums.with_name("t.parquet"), sums.with_name("o.parquet")
    pl.DataFrame({"response": ["a"], "image": [image]}).write_parquet(table)
    keep = ("--verifier", "personal_data", "-o")
    assert "holds bytes" in told(table, *keep, sums.with_name("o.jsonl"), code=2)
    told(table, *keep, output)
    assert pl.read_parquet(output)["image"].to_list() == [image]


def test_verify_list_names_each_kind_once(told: Callable[..., str]):
    kinds = [line.split()[0] for line in told("--list").splitlines()[1:]]
    assert len(kinds) == len(set(kinds)) > 6
    assert {"math", "code", "failure_modes"} <= set(kinds)
