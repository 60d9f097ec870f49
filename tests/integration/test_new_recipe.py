"""`synth new-recipe`: what it prints, typed as it stands, makes a recipe that runs."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl

from tests.integration.own_project import own_project


def test_new_recipe_followed_to_the_letter_runs(tmp_path: Path):
    project = own_project(tmp_path, "http://127.0.0.1:9/v1")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    beside = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{beside}:{os.environ['PATH']}"}
    environment |= {"SYNTH_HOME": str(project.home)}

    def shell(script: str) -> str:
        done = subprocess.run(
            ["sh", "-ec", script],
            env=environment,
            cwd=elsewhere,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    printed = shell("synth new-recipe my_recipe --in ../recipes")
    first, *commands = printed.splitlines()
    told = shell("\n".join(commands))

    assert first.startswith("Wrote ../recipes/my_recipe.")
    assert commands[0].strip() == f"export SYNTH_RECIPES={project.recipes}"
    [verified] = (project.home / "assets" / "verified_samples").iterdir()
    assert verified.name.startswith("my_recipe~")
    assert pl.read_parquet(verified).height > 0
    assert "my_recipe" in told
