"""Techniques that users write: a class in a Python file of a recipe's folder."""

import sys
from collections.abc import Mapping
from inspect import isabstract
from pathlib import Path
from types import ModuleType

from synth_assets.core.fingerprint import short_id
from synth_assets.core.techniques.catalogue import technique_file
from synth_assets.core.techniques.protocol import Technique
from synth_assets.errors import RecipeError


def load_technique(folder: Path, texts: Mapping[str, str], kind: str) -> type[Technique]:
    """Run a recipe's own Python file, and take the technique out of it.

    This runs the file: use no recipe whose author you would not run a program of.

    Args:
        folder: of the recipe.
        texts: file name -> text of the folder.
        kind: `riddles.py:Riddles`.

    Raises:
        RecipeError: if the file is missing, does not run, or what it has under the name is no
            technique; naming file, line and mend.
    """
    file = technique_file(kind) or ""
    name = kind.partition(":")[2]
    where = f"{folder / file}"
    if file not in texts:
        there = ", ".join(sorted(text for text in texts if text.endswith(".py"))) or "none"
        raise RecipeError(
            f"{folder}: there is no file {file}. Python files here: {there}. Put the technique "
            "into the recipe's folder, or mend kind."
        )
    found = getattr(_run(where, texts[file]), name, None)
    if not isinstance(found, type) or not issubclass(found, Technique) or isabstract(found):
        raise RecipeError(
            f"{where}: has no technique {name}. Write there: class {name}(Technique), with a "
            "method produce; see docs/techniques.md."
        )
    if found.produce is Technique.produce:
        raise RecipeError(
            f"{where}: {name} has no method produce. Write it; see docs/techniques.md."
        )
    return found


def _run(where: str, text: str) -> ModuleType:
    """A module of its own for each text, so that an edit is a new one."""
    module = ModuleType(f"synth_recipe_{short_id([where, text])}")
    if module.__name__ in sys.modules:
        return sys.modules[module.__name__]
    module.__file__ = where
    sys.modules[module.__name__] = module  # models look their annotations up there
    try:
        exec(compile(text, where, "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as exc:  # a user's file may do anything
        del sys.modules[module.__name__]
        raise RecipeError(
            f"{where}: {_line_of(exc, where)}{type(exc).__name__}: {exc}. Mend the file; it is run "
            "alone, so that it cannot import others of its folder."
        ) from exc
    return module


def _line_of(exc: BaseException, where: str) -> str:
    """The last line of that file which the exception passed."""
    line = exc.lineno if isinstance(exc, SyntaxError) else None
    trace = exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == where:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"line {line}: " if line is not None else ""
