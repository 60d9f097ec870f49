"""How kernels are compiled: import the modules of this folder where they are used, not before.

Importing numba takes about a second, compiling a kernel for the first time a few; what is compiled
is kept beside the source, or in the user's cache folder.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from numba import njit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile a function of numbers and arrays; it lets go of Python's lock while it runs."""
    return cast("Callable[_P, _R]", njit(cache=True, nogil=True)(function))


def load_compiler() -> None:
    """Load what numba otherwise loads when a kernel is called first: .7 CPU s."""
    compiled(_nothing)()


def _nothing() -> None:
    return
