"""`synth new-recipe`: what it prints, typed as it stands, makes a recipe that runs."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl


def test_new_recipe_followed_to_the_letter_runs(tmp_path: Path):
    beside = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{beside}:{os.environ['PATH']}"}
    environment |= {"SYNTH_HOME": str(tmp_path / "home")}

    def shell(script: str) -> str:
        done = subprocess.run(
            ["sh", "-ec", script],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    printed = shell("synth new-recipe my_recipe --in mine")
    first, *commands = printed.splitlines()
    told = shell("\n".join(commands))

    assert first.startswith(f"Wrote {Path('mine/my_recipe')}")
    assert commands[0].strip() == f"export SYNTH_RECIPES={tmp_path / 'mine'}"
    [verified] = (tmp_path / "home" / "assets" / "verified_samples").iterdir()
    assert verified.name.startswith("my_recipe~")
    assert pl.read_parquet(verified).height > 0
    assert "my_recipe" in told
