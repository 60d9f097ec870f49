"""Help teaches, costs no heavy import, and the definitions load without what they use late."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from synth_assets.cli.main import cli, main
from synth_assets.resources.workshop import project_file

LATE = {"litellm", "evidently", "pandas", "datasketch", "matplotlib", "duckdb", "numba"}


def _modules_after(program: str) -> set[str]:
    """Top-level modules that a program leaves loaded."""
    told = "\nimport sys; print('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", program + told],
        cwd=project_file("definitions.py").parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("command", [(), *((name,) for name in cli.commands)])
def test_help_says_what_each_command_and_option_does(command: tuple[str, ...]):
    told = CliRunner().invoke(cli, [*command, "--help"])
    command_ = cli.commands[command[0]] if command else cli

    assert told.exit_code == 0
    assert len((command_.help or "").split()) >= 8
    for parameter in command_.get_params(
        cli.make_context("synth", ["--help"], resilient_parsing=True)
    ):
        if parameter.param_type_name == "option":
            assert max(parameter.opts, key=len) in told.output
            assert getattr(parameter, "help", None), parameter.name
        else:
            assert (parameter.name or "").upper() in told.output


def test_help_of_the_program_names_every_command_and_variable():
    told = CliRunner().invoke(cli, ["--help"]).output

    for name in (*cli.commands, "SYNTH_HOME", "SYNTH_RECIPES", "SYNTH_TEACHER"):
        assert name in told


def test_help_imports_nothing_heavy():
    program = (
        "from synth_assets.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
    )
    assert _modules_after(program) & {"dagster", "polars", *LATE} == set()


def test_definitions_load_without_what_assets_import_late():
    program = "import definitions; definitions.defs().resolve_all_job_defs()"
    modules = _modules_after(program)

    assert "dagster" in modules
    assert modules & LATE == set()


def test_ctrl_c_ends_any_command_with_130(monkeypatch, capsys):
    def interrupted(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("synth_assets.cli.show.funnel_text", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["funnel"])
    assert ended.value.code == 130
    assert capsys.readouterr().err == "Stopped.\n"
