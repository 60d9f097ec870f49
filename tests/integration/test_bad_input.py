"""Whatever a user gets wrong: a message with place and mend, and the rest goes on."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pytest

from synth_assets.cli.main import main
from tests.integration.chat_server import ChatServer, chat_server, embedded_answer
from tests.integration.own_project import WRITE, OwnProject, own_project, recipe


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with chat_server(embedded_answer) as server:
        yield server


@pytest.fixture
def project(server: ChatServer, tmp_path: Path) -> OwnProject:
    return own_project(tmp_path, server.base_url)


@dataclass(frozen=True)
class Told:
    """How a command ended."""

    code: int | None
    text: str


def _synth(project: OwnProject, *arguments: str, **variables: str) -> Told:
    """A command in a process of its own; what it prints on either stream."""
    code, text = project.start(*arguments, **variables).finish()
    assert "Traceback" not in text, text
    return Told(code, text)


def _half_files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.name.endswith((".part", ".tmp"))]


# --- recipes ------------------------------------------------------------------------------------


def _outside(project: OwnProject) -> None:
    text = recipe("outside")
    text["technique"]["write"]["template"] = "../sums/write.md.j2"
    project.write("outside/recipe.yaml", text)


def _without(name: str, file: str) -> Callable[[OwnProject], None]:
    return lambda project: (project.recipes / name / file).unlink()


def _with(name: str, text: str, file: str = "recipe.yaml") -> Callable[[OwnProject], None]:
    return lambda project: (project.write(f"{name}/{file}", text), None)[1]


def _entry(name: str, **other: object) -> Callable[[OwnProject], None]:
    return lambda project: project.write_recipe(name, **other)


BROKEN: Mapping[str, tuple[Callable[[OwnProject], None], str]] = {
    "unknown_key": (
        _entry("unknown_key", colour="red"),
        r"unknown_key/recipe\.yaml: 1 fault\(s\):\n  line \d+: `colour` is no known key\. Remove",
    ),
    "missing_template": (
        _without("missing_template", "solve.md.j2"),
        r"missing_template: there is no file solve\.md\.j2\. Files here: recipe\.yaml, write\.md",
    ),
    "undeclared": (
        _with("undeclared", f"{WRITE} {{{{ topic }}}}", "write.md.j2"),
        r"undeclared: write\.md\.j2 uses 'topic', which recipe\.yaml does not declare\. Declared: ",
    ),
    "bad_yaml": (
        _with("bad_yaml", "id: bad_yaml\ntitle: [\n"),
        r"bad_yaml/recipe\.yaml: line 2: not valid YAML: .* Mend the syntax there\.",
    ),
    "twin": (
        _entry("twin"),
        r"twin: the id sums is that of .*/sums already\. Rename one in its recipe\.yaml\.",
    ),
    "outside": (_outside, r'outside/recipe\.yaml: "\.\./sums/write\.md\.j2" points outside'),
    "huge": (
        _with("huge", f"id: huge\ntitle: {'[' * 5_000_000}{']' * 5_000_000}\n"),
        r"huge/recipe\.yaml: 10,000,017 bytes; at most 262,144 are read\.",
    ),
    "nested": (
        _with("nested", f"id: nested\ntitle: {'[' * 50_000}{']' * 50_000}\n"),
        r"nested/recipe\.yaml: line 2: nested deeper than 20 levels\. Flatten it\.",
    ),
    "strange_teacher": (
        _entry("strange_teacher", teachers=[{"id": "nobody"}]),
        r"strange_teacher: no teacher is called nobody\. Known: .* Add it to a teachers\.yaml or",
    ),
    "seeds_gone": (
        _without("seeds_gone", "seeds.jsonl"),
        r"seeds_gone/recipe\.yaml: seeds: there is no seeds file seeds\.jsonl\.",
    ),
}


@pytest.fixture(scope="module")
def with_broken(
    server: ChatServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[OwnProject, Told]:
    """A run of the good recipe in a folder with every kind of broken one."""
    project = own_project(tmp_path_factory.mktemp("broken"), server.base_url)
    for name, (spoil, _) in BROKEN.items():
        project.write_recipe(name)
        spoil(project)
    project.write("twin/recipe.yaml", recipe("sums"))
    return project, _synth(project, *project.arguments)


@pytest.mark.parametrize("name", BROKEN)
def test_run_with_a_broken_recipe_says_where_and_how_to_mend_it(
    with_broken: tuple[OwnProject, Told], name: str
):
    [line] = re.findall(rf"broken, left out: \S*/{name}[/:].*(?:\n  .*)*", with_broken[1].text)
    assert re.search(BROKEN[name][1], line)


def test_run_with_broken_recipes_makes_the_good_one_whole(with_broken: tuple[OwnProject, Told]):
    project, told = with_broken
    assert told.code == 0, told.text
    assert project.training_rows().filter(pl.col("origin") == "synthetic").height == 12
    assert [path.name.partition("~")[0] for path in (project.home / "calls").iterdir()] == ["sums"]
    assert _half_files(project.home) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"problem": "caf\xe9", "solution": "x"}\n', r"line 1, byte 17: not UTF-8\. Save the"),
        (b'{"problem": "a", "solution": 5e400}\n["x"]\n', r"line 2: is no JSON object\. Write \{"),
        (b'{"question": "a", "solution": "b"}\n', r"write\.md\.j2 needs problem, but the seed has"),
    ],
    ids=["latin-1", "no object", "no column"],
)
def test_run_of_a_recipe_with_broken_seeds_names_file_and_line(
    project: OwnProject, content: bytes, message: str
):
    (project.recipes / "sums" / "seeds.jsonl").write_bytes(content)
    told = _synth(project, *project.arguments)

    assert told.code == 1
    assert re.search(rf"failed: (seeds|raw_generations): .*{message}", told.text), told.text
    assert not (project.home / "assets" / "raw_generations").exists()
    assert _half_files(project.home) == []


def test_run_of_one_broken_and_one_good_recipe_fills_the_good_one(project: OwnProject):
    project.write_recipe("aaa", samples=3)
    (project.recipes / "aaa" / "seeds.jsonl").write_bytes(b"")
    told = _synth(project, "run", "--recipe", "aaa", "--recipe", "sums", "--mixture", "all")

    assert told.code == 1
    assert re.search(r"^failed +fill_recipe aaa~", told.text, re.MULTILINE)
    assert re.search(r"^done +fill_recipe sums~", told.text, re.MULTILINE)
    [verified] = (project.home / "assets" / "verified_samples").iterdir()
    assert verified.name.startswith("sums~")


# --- sources and mixtures -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"own\.jsonl: there is no such file\. Put it there, or mend the path\."),
        (b"", r"own\.jsonl: has no rows\. Put at least one there\."),
        (b'{"ask": "caf\xe9", "say": "x"}\n', r"own\.jsonl: line 1, byte 13: not UTF-8\."),
        (b'{"ask": "a", "say": "b"}\n{"ask": "c"}\n', r'line 2: there is no column "say"\. Col'),
    ],
    ids=["missing", "empty", "latin-1", "no column"],
)
def test_run_with_a_broken_source_names_file_and_row(
    project: OwnProject, content: bytes | None, message: str
):
    data = project.recipes / "own.jsonl"
    data.unlink() if content is None else data.write_bytes(content)
    told = _synth(project, *project.arguments)

    assert told.code == 1
    assert re.search(rf"failed: real_rows: source python_docstrings: .*{message}", told.text)
    assert not (project.home / "assets" / "real_data.parquet").exists()
    assert _half_files(project.home) == []


def test_run_with_a_source_that_breaks_later_leaves_the_old_rows_alone(project: OwnProject):
    project.fill()
    kept = project.home / "assets" / "real_data.parquet"
    before = kept.read_bytes()
    with (project.recipes / "own.jsonl").open("ab") as file:
        file.write(b'{"ask": "a"}\n')
    told = _synth(project, *project.arguments)

    assert told.code == 1
    assert "line 41" in told.text
    assert kept.read_bytes() == before


def test_run_with_a_mixture_that_asks_too_much_says_what_is_missing(project: OwnProject):
    mixture = {"id": "all", "synthetic_share": 0.9, "rows": 5000, "recipes": ["sums"]}
    project.write("mixtures.yaml", {"mixtures": [mixture]})
    told = _synth(project, *project.arguments)

    assert told.code == 1
    assert "failed: training_sets: Mixture all cannot be met." in told.text
    assert "What conflicts: rows: 5000; there are" in told.text
    assert re.search(
        r"It needs [\d,]+ more rows \([\d,]+ real, [\d,]+ synthetic\); or rows: \d+ ", told.text
    )
    assert not project.export.exists()


def test_run_whose_completions_are_all_unusable_says_why(server: ChatServer, tmp_path: Path):
    with chat_server(lambda _: "Nothing of use.") as silly:
        project = own_project(tmp_path, silly.base_url)
        told = _synth(project, *project.arguments)

    assert told.code == 1
    assert re.search(
        r"sums~\w+ lost all 12 rows at generate:\n +12 unparsable, such as: section", told.text
    )
    assert re.search("check has_rows_of_its_schema of raw_generations failed", told.text)


def test_run_whose_rows_are_all_rejected_says_by_what(project: OwnProject):
    project.write_recipe(verifiers=[{"kind": "length", "min_words": 5_000}])
    told = _synth(project, *project.arguments)

    assert told.code == 1
    assert re.search(r"sums~\w+ lost all 12 rows at verify:\n +12 too_short, such as: ", told.text)


# --- names, places, variables -------------------------------------------------------------------


@pytest.fixture
def cli(
    project: OwnProject, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Told]:
    """Commands in this process, for those that end before anything is made."""

    def call(*arguments: str, **variables: str) -> Told:
        environment = {**project.synth.environment, "SYNTH_HOME": str(project.home), **variables}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        assert out == "", "errors go to the other stream"
        return Told(int(ended.value.code or 0), err)

    return call


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--recipe", "sum"], r"no recipe is called 'sum'\. Did you mean sums\? There are:"),
        (["run", "--mixture", "nope"], r"no mixture is called 'nope'\. There are: all, balanced"),
        (["trace", "zzz"], r"there is no lineage database yet\. Run `synth run` first\."),
        (["trace", "abcdef0123"], r"there is no lineage database yet\. Run `synth run` first\."),
        (["funnel"], r"there is no lineage database yet\. Run `synth run` first\."),
        (["funnel", "--json"], r"there is no lineage database yet\. Run `synth run` first\."),
        (["new-recipe", "Wrong Name"], r"'Wrong Name' cannot name a recipe: use lower case"),
        (["trace"], r"Missing argument 'SAMPLE_ID'"),
        (["rnu"], r"No such command 'rnu'"),
    ],
)
def test_command_with_a_wrong_name_says_what_there_is(
    cli: Callable[..., Told], arguments: list[str], message: str
):
    told = cli(*arguments)

    assert told.code == 2
    assert re.search(message, told.text), told.text


def test_run_of_a_project_alone_without_recipes_or_rows_says_what_to_declare(
    project: OwnProject, cli: Callable[..., Told]
):
    alone = {"SYNTH_SHIPPED_RECIPES": "off"}
    shutil.rmtree(project.recipes / "sums")
    told = cli("run", **alone)
    assert (told.code, "No recipe takes part" in told.text) == (2, True)
    assert "synth new-recipe NAME" in told.text

    project.write_recipe()
    project.write("sources.yaml", {"sources": []})
    told = _synth(project, "run", **alone)
    assert told.code == 1
    assert re.search(r"of real_data failed: No source gives real rows\. Name one in", told.text)
    assert "benchmarks failed" not in told.text


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SYNTH_RECIPES": "/no/such/folder"}, "SYNTH_RECIPES names /no/such/folder, which is no"),
        ({"SYNTH_TEACHER": "nobody"}, r"no teacher is called 'nobody'\. There are: .*LiteLLM"),
        ({"SYNTH_DASHBOARD_PORT": "80000"}, "SYNTH_DASHBOARD_PORT is '80000'; give a port from"),
    ],
)
def test_run_with_a_wrong_variable_names_it(
    cli: Callable[..., Told], variables: dict[str, str], message: str
):
    told = cli("run", **variables)

    assert told.code == 2
    assert re.search(message, told.text), told.text


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("teachers.yaml", "teachers:\n- id: a\n  modle: x\n", r"teachers\.yaml: 2 fault\(s\)"),
        (
            "teachers.yaml",
            "teachers:\n- {id: a, model: hosted_vllm/a, api_base: localhost:1}\n",
            r"line 2: `teachers\[0\]\.api_base` is not right",
        ),
        ("mixtures.yaml", "mixtures: [", r"mixtures\.yaml: line 1: not valid YAML"),
        ("sources.yaml", "sources:\n- id: a\n", r"sources\.yaml: 1 fault\(s\):\n  line 2: "),
    ],
)
def test_run_with_a_broken_shared_file_names_file_and_line(
    project: OwnProject, cli: Callable[..., Told], file: str, text: str, message: str
):
    project.write(file, text)
    told = cli("run")

    assert told.code == 2
    assert re.search(message, told.text), told.text


def test_trace_of_unknown_and_ambiguous_ids_says_so(with_broken: tuple[OwnProject, Told]):
    project = with_broken[0]
    unknown = project.synth("trace", "ffffffffffff")
    short = project.synth("trace", "abc")

    assert (unknown.code, short.code) == (2, 2)
    assert "No row has an id that begins with 'ffffffffffff'. Ids stand in" in unknown.err
    assert re.search("at least 6|6 or more|shorter|6 characters", short.err), short.err


def test_commands_in_a_home_that_cannot_be_written_say_so(
    project: OwnProject, cli: Callable[..., Told]
):
    (project.root / "file").write_text("in the way")
    home = str(project.root / "file" / "home")
    told = cli("run", SYNTH_HOME=home)

    assert told.code == 2
    assert re.search(rf"{home}/dagster: .*Not a directory.*set SYNTH_HOME", told.text), told.text


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    asked = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    if mount is None or os.geteuid() != 0 or subprocess.run(asked, check=False).returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_run_on_a_full_disk_says_so_and_goes_on_when_there_is_room(
    project: OwnProject, small_disk: Path
):
    home = str(small_disk / "home")
    full = _synth(project, "run", "--recipe", "sums", "--mixture", "all", SYNTH_HOME=home)
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    roomy = _synth(project, "run", "--recipe", "sums", "--mixture", "all", SYNTH_HOME=home)

    assert full.code in (1, 2)
    assert re.search("No space left|disk I/O error|disk is full|Make room", full.text), full.text
    assert roomy.code == 0, roomy.text
    assert replace(project, root=small_disk).ledger_stats().completions == 24
    assert _half_files(small_disk) == []


# --- for programs -------------------------------------------------------------------------------


def test_run_for_programs_that_fails_prints_one_json_document(project: OwnProject):
    (project.recipes / "own.jsonl").write_bytes(b"")
    done = project.synth(*project.arguments, "--json")

    assert done.code == 1
    record = json.loads(done.out)
    assert [failure.partition(":")[0] for failure in record["failures"]] == ["real_rows"]
    assert record["runs"][0]["job"] == "refresh_inputs"
