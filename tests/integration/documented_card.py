"""Writes `docs/card-of-the-default-run.md`: `python -m tests.integration.documented_card`.

The card is taken as the default run writes it, on the embedded teacher, in a home of its own.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.integration.whole_run import Synth

MIXTURE = "balanced_50"
DOCUMENTED = Path(__file__).parents[2] / "docs" / "card-of-the-default-run.md"


def main() -> int:
    """Run, and take the card."""
    with TemporaryDirectory() as home:
        done = Synth(Path(home), {})("run", "--mixture", MIXTURE)
        if done.code:
            sys.stderr.write(done.err)
            return done.code
        shutil.copyfile(Path(home, "exports", MIXTURE, "README.md"), DOCUMENTED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
