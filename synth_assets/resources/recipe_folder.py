"""What a recipe may use of its folder, read from disk with bounds on everything."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pydantic import BaseModel

from synth_assets.core.config.recipe_reading import check_file_name
from synth_assets.core.config.recipe_spec import RecipeSpec
from synth_assets.core.verify.json_record import JsonRecord
from synth_assets.core.verify.protocol import Verifier
from synth_assets.errors import ConfigurationError, RecipeError

MAX_FILE_BYTES = 256 * 1024
MAX_FOLDER_BYTES = 2 * 1024 * 1024
MAX_ROWS_BYTES = 4 * 1024 * 1024
MAX_ENTRIES = 200
TEXT_ENDINGS = (".j2", ".md", ".txt", ".json", ".yaml", ".py")
SEED_ENDINGS = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True)
class RecipeFolder:
    """The usable content of a recipe's folder; names are relative to it, with `/`.

    Attributes:
        texts: file name -> text: `recipe.yaml`, templates, JSON schemas.
        seed_files: file name -> place of JSONL files, which are not read here.
    """

    texts: Mapping[str, str]
    seed_files: Mapping[str, Path]


def read_recipe_folder(folder: Path) -> RecipeFolder:
    """Read a recipe's folder.

    Hidden files and folders are passed over, as are files of other kinds.

    Raises:
        RecipeError: if a file cannot be read, is not UTF-8 or is a link that leads out of the
            folder; and beyond 256 KB a file, 2 MB of text, or 200 entries.
    """
    texts: dict[str, str] = {}
    seed_files: dict[str, Path] = {}
    for path in _entries(folder):
        name = path.relative_to(folder).as_posix()
        if name.endswith(SEED_ENDINGS):
            _hold_inside(folder, path)
            seed_files[name] = path
        elif name.endswith(TEXT_ENDINGS):
            _hold_inside(folder, path)
            texts[name] = read_text(path, RecipeError)
    total = sum(len(text) for text in texts.values())
    if total > MAX_FOLDER_BYTES:
        raise RecipeError(
            f"{folder}: {total:,} characters of text; at most {MAX_FOLDER_BYTES:,} are read. Move "
            "out what the recipe does not use, and data into a .jsonl file."
        )
    return RecipeFolder(texts, seed_files)


def read_text(path: Path, error: type[ConfigurationError], limit: int = MAX_FILE_BYTES) -> str:
    """Read a small text file: UTF-8, any line ends, without a byte-order mark.

    Args:
        path: the file.
        error: what to raise.
        limit: bytes; by default 256 KB.

    Raises:
        ConfigurationError: of the class `error`, if it cannot be read, is no regular file, is
            larger than the limit or not UTF-8 (naming the line).
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise error(f"{path}: is no regular file. Put a file there, or rename what is there.")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as exc:
        raise error(
            f"{path}: cannot be read: {exc.strerror}. Mend the file or its rights."
        ) from exc
    if len(data) > limit:
        mend = (
            "Move data into a .jsonl file, or the file out of the folder."
            if limit == MAX_FILE_BYTES
            else "Make it a data source in sources.yaml, or keep fewer rows."
        )
        raise error(f"{path}: {status.st_size:,} bytes; at most {limit:,} are read. {mend}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise error(
            f"{path}: line {line}: byte {exc.start} is not UTF-8. Save the file as UTF-8."
        ) from exc
    return text.replace("\r\n", "\n")


def read_named_texts(folder: Path, verifiers: Iterable[Verifier]) -> dict[str, str]:
    """File name -> text of the files of a folder that verifiers name; no others are read.

    Raises:
        ConfigurationError: if one lies elsewhere, cannot be read, is too large or not UTF-8.
    """
    places = {name: folder / name for name in _named_files(verifiers)}
    for name in places:
        check_file_name(str(folder.resolve()), name)
    return {
        name: read_text(path, ConfigurationError, _limit(name))
        for name, path in places.items()
        if path.is_file()
    }


def read_verifier_rows(folder: RecipeFolder, verifiers: Iterable[Verifier]) -> dict[str, str]:
    """File name -> text of the JSONL files of a recipe's folder that its verifiers name.

    Raises:
        RecipeError: if one cannot be read, is larger than 4 MB or not UTF-8.
    """
    return {
        name: read_text(folder.seed_files[name], RecipeError, _limit(name))
        for name in _named_files(verifiers)
        if name in folder.seed_files and name.endswith(".jsonl")
    }


def _named_files(verifiers: Iterable[Verifier]) -> list[str]:
    said = {
        value
        for verifier in verifiers
        for name, value in verifier
        if isinstance(value, str) and name.endswith(("file", "template", "system"))
    }
    return sorted(said - {""})


def _limit(name: str) -> int:
    return MAX_ROWS_BYTES if name.endswith(".jsonl") else MAX_FILE_BYTES


def load_models(label: str, spec: RecipeSpec) -> dict[str, type[BaseModel]]:
    """Import the Pydantic models that a recipe names, by `package.module:Model`.

    This runs the module: name only what you would import yourself.

    Raises:
        RecipeError: if a module does not import, or what it has under the name is no model.
    """
    named = {prompt.pydantic for prompt in spec.technique.prompts.values()}
    named |= {each.pydantic for each in spec.verifiers if isinstance(each, JsonRecord)}
    return {name: _imported(label, name) for name in sorted(named - {None}, key=str) if name}


class ImportedModels:
    """Imports the models that verifiers name; see `Models`."""

    def model(self, name: str) -> type[BaseModel]:
        """See `Models`."""
        return _imported("verifier json_record", name)


def _imported(label: str, name: str) -> type[BaseModel]:
    module, _, attribute = name.partition(":")
    try:
        found: object = getattr(import_module(module), attribute, None)
    except Exception as exc:  # a user's module may raise anything
        raise RecipeError(
            f"{label}: pydantic: {name}: the module does not import: {type(exc).__name__}: {exc}. "
            "Install its package where `synth` runs, or mend the name."
        ) from exc
    if not isinstance(found, type) or not issubclass(found, BaseModel):
        raise RecipeError(
            f"{label}: pydantic: {name}: {module} has no Pydantic model {attribute}. Write it "
            "there, a subclass of pydantic.BaseModel, or mend the name."
        )
    return found


def _entries(folder: Path) -> Iterator[Path]:
    """All files that are not hidden, in the order of their names."""
    count = 0
    for parent, folders, files in os.walk(folder, onerror=_refuse_unreadable):
        folders[:] = sorted(name for name in folders if _is_visible(name))
        names = sorted(name for name in files if _is_visible(name))
        count += len(folders) + len(names)
        if count > MAX_ENTRIES:
            raise RecipeError(
                f"{folder}: more than {MAX_ENTRIES} files and folders. Keep in a recipe's folder "
                "only what the recipe uses."
            )
        for name in folders:
            if Path(parent, name).is_symlink():
                raise RecipeError(
                    f"{folder}: {name} is a link to a folder, which is not followed. Put the files "
                    "themselves there."
                )
        yield from (Path(parent, name) for name in names)


def _is_visible(name: str) -> bool:
    return not name.startswith((".", "__pycache__"))


def _refuse_unreadable(exc: OSError) -> None:
    raise RecipeError(
        f"{exc.filename}: cannot be read: {exc.strerror}. Mend the rights of the folder."
    ) from exc


def _hold_inside(folder: Path, path: Path) -> None:
    """Refuse links that lead elsewhere: a recipe is its folder, and is given on as such."""
    shown = path.name.encode("utf-8", "backslashreplace").decode()
    if not path.name.isprintable():
        raise RecipeError(f"{folder}: the file name {shown!r} is not plain text. Rename the file.")
    if not path.is_symlink():
        return
    try:
        target = Path(os.path.realpath(path, strict=True))
    except OSError as exc:
        raise RecipeError(f"{path}: is a link to nowhere. Remove it or mend its target.") from exc
    if not target.is_relative_to(os.path.realpath(folder)):
        raise RecipeError(
            f"{path}: is a link that points outside the recipe's folder. Put a copy of the file "
            "there instead."
        )
