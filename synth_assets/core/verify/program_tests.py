"""How tests of programs are written; it imports nothing of ours.

Servers of programs load it, and each process that they make pays for every module that they hold.
"""

from enum import StrEnum


class TestStyle(StrEnum):
    """How tests that call a program are written."""

    __test__ = False

    ASSERTS = "asserts"
    """Statements, functions named `test_...`, or a function `check(candidate)`."""
    DOCTEST = "doctest"
    UNITTEST = "unittest"
