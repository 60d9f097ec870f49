"""How long commands take to start, and the default run to end."""

import sys
import tempfile
from pathlib import Path

from benchmarks.timing import Cost, median, run_process, table

_ROOT = str(Path(__file__).parent.parent)
_SYNTH = [sys.executable, "-c", "from synth_assets.cli.main import main; main()"]
_RUNS = 5


def measure() -> str:
    """Measure and return a section of Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        home = {"SYNTH_HOME": folder}
        first = run_process([*_SYNTH, "run"], home)
        again = median([run_process([*_SYNTH, "run"], home) for _ in range(3)])
    dagster = _median(["-c", "import dagster"])
    loaded = _median(["-c", "import dagster, definitions; definitions.defs()"])
    rows = [
        _row("`python -c 'import dagster'`", dagster),
        _row("the same, and loading `definitions.py`", loaded),
        _row(
            "`synth --help`", median([run_process([*_SYNTH, "--help"], {}) for _ in range(_RUNS)])
        ),
        _row("`synth run`, first: 950 calls to the embedded teacher", first),
        _row("`synth run`, again: no calls", again),
    ]
    added = loaded.wall_s - dagster.wall_s
    return "\n\n".join(
        [
            "## Starting, and the default run",
            table(["what", "wall s", "CPU s", "peak MiB"], rows),
            f"Loading the definitions adds {added:.2f} s, {added / dagster.wall_s:.0%} of what "
            "importing Dagster takes.",
        ]
    )


def _median(arguments: list[str]) -> Cost:
    environment = {"PYTHONPATH": _ROOT}
    return median([run_process([sys.executable, *arguments], environment) for _ in range(_RUNS)])


def _row(name: str, cost: Cost) -> list[str]:
    return [name, f"{cost.wall_s:.2f}", f"{cost.cpu_s:.2f}", f"{cost.peak_mib:,.0f}"]
