"""Prompt templates: sandboxed Jinja that fails on any variable nobody declared.

A template sees exactly the inputs its recipe declares for it, no more and no fewer; what a seed
contains is data and is never rendered again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import jinja2
from jinja2 import meta
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from synth_assets.errors import RecipeError

_FAULTS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What an expression of a template can raise."""


@jinja2.pass_context
def _unchanged(_: Context, value: object) -> object:
    """With a finalizer that needs a context, Jinja computes no output while it compiles.

    Else `{{ "a" * 10_000_000_000 }}` would exhaust memory as soon as the recipe is looked at.
    """
    return value


def environment(files: Mapping[str, str]) -> SandboxedEnvironment:
    """A sandboxed environment over a recipe's own files.

    Undefined variables are errors, and nothing in it is random: equal values render equally.
    """
    return _environment(tuple(sorted(files.items())))


@lru_cache(maxsize=32)
def _environment(files: tuple[tuple[str, str], ...]) -> SandboxedEnvironment:
    made = SandboxedEnvironment(
        loader=jinja2.DictLoader(dict(files)),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_unchanged,
        optimized=False,
        auto_reload=False,
    )
    made.globals.pop("lipsum")  # pyright: ignore[reportUnknownMemberType]
    made.filters.pop("random")  # pyright: ignore[reportUnknownMemberType]
    return made


def check_template(
    files: Mapping[str, str],
    name: str,
    declared: set[str],
    label: str,
    *,
    may_leave_unused: bool = False,
) -> frozenset[str]:
    """Hold a template, and what it includes, to its declared inputs.

    Args:
        files: file name -> text of the recipe folder.
        name: the template to check.
        declared: the inputs declared for it.
        label: how the recipe is called in messages.
        may_leave_unused: do not demand that every declared input is used.

    Returns:
        The files that take part: the template and all it includes.

    Raises:
        RecipeError: if a file is missing, does not parse, includes by a computed name, or uses
            other variables than declared.
    """
    read = _read(files, name, label, ())
    used = set[str]().union(*(variables for variables in read.values()))
    listed = ", ".join(sorted(declared)) or "none"
    if undeclared := sorted(used - declared):
        raise RecipeError(
            f"{label}: {name} uses {_quoted(undeclared)}, which recipe.yaml does not declare. "
            f"Declared: {listed}. Add it under inputs: or fix the template."
        )
    unused = sorted(declared - used)
    if unused and not may_leave_unused:
        raise RecipeError(
            f"{label}: {name} never uses {_quoted(unused)}, which recipe.yaml declares. "
            "Remove it from inputs: or use it in the template."
        )
    return frozenset(read)


def render(files: Mapping[str, str], name: str, values: Mapping[str, str]) -> str:
    """Render a template that `check_template` passed.

    Raises:
        RecipeError: if rendering fails, naming template and line where Jinja knows it.
    """
    try:
        return environment(files).get_template(name).render(values).strip()
    except _FAULTS as exc:
        said = str(exc) or type(exc).__name__
        raise RecipeError(f"{name}: does not render: {said}. Mend the template.") from exc


def _read(
    files: Mapping[str, str], name: str, label: str, above: tuple[str, ...]
) -> dict[str, set[str]]:
    """The variables that a template and each file it includes look up, by file."""
    if name in above:
        raise RecipeError(f"{label}: {' includes '.join((*above, name))}. Break the circle.")
    if name not in files:
        raise RecipeError(
            f"{label}: there is no file {name}. Files here: {', '.join(sorted(files)) or 'none'}. "
            "Templates must lie in the recipe's own folder."
        )
    looked = _looked_at(files[name], name, label)
    found = {name: looked.variables}
    for included in looked.includes:
        if included is None:
            raise RecipeError(
                f"{label}: {name} includes a file by a computed name. Name it literally, so that "
                "an edit of it is seen."
            )
        found.update(_read(files, included, label, (*above, name)))
    return found


@dataclass(frozen=True)
class _LookedAt:
    """What a template looks up and includes; none for a computed name."""

    variables: set[str]
    includes: tuple[str | None, ...]


def _looked_at(text: str, name: str, label: str) -> _LookedAt:
    try:
        return _look_at(text)
    except jinja2.TemplateSyntaxError as exc:
        raise _syntax_error(label, name, exc) from exc
    except RecursionError as exc:
        raise RecipeError(f"{label}: {name} is nested too deeply. Flatten it.") from exc


@lru_cache(maxsize=2_048)
def _look_at(text: str) -> _LookedAt:
    """Parsing is most of the time that loading recipes takes; texts are few and stay."""
    bare = environment({})
    tree = bare.parse(text)
    tracker = meta.TrackingCodeGenerator(bare)
    tracker.optimizer = None  # else it computes constants; see `_unchanged`
    tracker.visit(tree)
    return _LookedAt(tracker.undeclared_identifiers, tuple(meta.find_referenced_templates(tree)))


def _syntax_error(label: str, name: str, exc: jinja2.TemplateSyntaxError) -> RecipeError:
    said = (exc.message or "not valid Jinja").rstrip(".")
    return RecipeError(f"{label}: {name}, line {exc.lineno}: {said}. Mend the template there.")


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
