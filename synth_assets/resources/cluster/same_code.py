"""Whether two machines hash texts alike: by the code that does it, and by what it stands on."""

import unicodedata
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from synth_assets.errors import ClusterError

_HASHED = ("core/dedup", "core/ngrams.py", "resources/cluster")


@cache
def code_here() -> str:
    """What is the same on all machines whose sketches can be compared.

    Changes with the source files of deduplication, with the tables by which this Python folds
    letters, and with the release of Dask, as what one sends another need not understand.
    """
    digest = sha256()
    for path in _sources(Path(__file__).parents[2]):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    made = f"{digest.hexdigest()[:16]}, Unicode {unicodedata.unidata_version}"
    return f"{made}, Dask {version('distributed')}"


def refuse_other_code(expected: str) -> None:
    """Do nothing where the code is the expected one.

    Raises:
        ClusterError: if it is another.
    """
    if code_here() != expected:
        raise ClusterError(
            f"a worker runs other code of deduplication ({code_here()}) than this machine "
            f"({expected}), so its hashes may differ. Install the same release of synth-assets, on "
            "the same version of Python, on all of them."
        )


def _sources(package: Path) -> list[Path]:
    found = [package / each for each in _HASHED]
    folders = [path for path in found if path.is_dir()]
    files = [path for path in found if not path.is_dir()]
    return sorted([*files, *(path for folder in folders for path in folder.rglob("*.py"))])
