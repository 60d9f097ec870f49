"""Files that a command writes: named rightly, there whole or not at all."""

import os
import secrets
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from synth_assets.errors import ConfigurationError, StorageError


def check_paths(outputs: Sequence[Path], read: Sequence[Path]) -> None:
    """Refuse outputs that cannot be written without harm.

    Raises:
        ConfigurationError: if two of them are one file, one is a file that is read or a folder, or
            its folder cannot be written.
    """
    for output in outputs:
        if output.is_dir():
            raise ConfigurationError(f"{output}: is a folder. Name a file in it.")
        folder = next(each for each in output.absolute().parents if each.exists())
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise ConfigurationError(f"{output}: its folder cannot be written. Name another place.")
        if output.exists() and any(path.exists() and output.samefile(path) for path in read):
            raise ConfigurationError(f"{output}: is the file that is read. Name another.")
    counts = Counter(path.resolve() for path in outputs)
    for path, count in counts.items():
        if count > 1:
            raise ConfigurationError(f"{path}: is named for two outputs. Name a file for each.")


@contextmanager
def written_whole(output: Path) -> Generator[Path]:
    """A path beside the output, which takes its place once it is written.

    Raises:
        StorageError: if the disk is full or the place cannot be written.
    """
    part = output.with_name(f".{output.name}.{secrets.token_hex(4)}.part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            part.rename(output)
        finally:
            part.unlink(missing_ok=True)
    except OSError as exc:
        raise StorageError(
            f"{output}: cannot be written: {exc}. Free space or mend rights."
        ) from exc
