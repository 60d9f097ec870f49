"""Element-wise steps of a BERT layer, each one pass over memory.

Import this where it is used, not before: numba takes about a second.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

_F = TypeVar("_F", bound=Callable[..., None])
_F32 = npt.NDArray[np.float32]


def _compiled(function: _F) -> _F:
    # Sums in any order, as vector units want them: the order follows from the width alone, so a
    # row's outcome does not depend on the rows around it.
    flags = {"reassoc", "contract", "nsz"}
    return cast("_F", njit(cache=True, nogil=True, fastmath=flags)(function))


@_compiled
def gelu(rows: _F32, bias: _F32) -> None:
    """Add a bias, then Gaussian error linear units, in place.

    The error function is Eigen's quotient of polynomials, right to single precision and without a
    branch, so that it runs in vector units.
    """
    f = np.float32
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            x = rows[i, j] + bias[j]
            z = min(max(x * f(0.70710678118654752), f(-4.0)), f(4.0))
            s = z * z
            p = f(-2.72614225801306e-10) * s + f(2.77068142495902e-08)
            p = p * s + f(-2.10102402082508e-06)
            p = p * s + f(-5.69250639462346e-05)
            p = p * s + f(-7.34990630326855e-04)
            p = p * s + f(-2.95459980854025e-03)
            p = p * s + f(-1.60960333262415e-02)
            q = f(-1.45660718464996e-05) * s + f(-2.13374055278905e-04)
            q = q * s + f(-1.68282697438203e-03)
            q = q * s + f(-7.37332916720468e-03)
            q = q * s + f(-1.42647390514189e-02)
            rows[i, j] = f(0.5) * x * (f(1.0) + z * p / q)


@_compiled
def add_and_normalise(
    rows: _F32, more: _F32, bias: _F32, scale: _F32, shift: _F32, epsilon: float
) -> None:
    """Add `more` and a bias to the rows, then normalise each to mean 0 and variance 1, in place."""
    width = np.float32(rows.shape[1])
    for i in range(rows.shape[0]):
        total = np.float32(0.0)
        for j in range(rows.shape[1]):
            x = rows[i, j] + more[i, j] + bias[j]
            rows[i, j] = x
            total += x
        mean = total / width
        squares = np.float32(0.0)
        for j in range(rows.shape[1]):
            x = rows[i, j] - mean
            squares += x * x
        factor = np.float32(1.0) / np.sqrt(squares / width + np.float32(epsilon))
        for j in range(rows.shape[1]):
            rows[i, j] = (rows[i, j] - mean) * factor * scale[j] + shift[j]
