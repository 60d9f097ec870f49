"""Python source that must parse; nothing of it is run."""

import ast
import re
import warnings

from synth_assets.core.verify.syntax.outcome import (
    Faulty,
    Parsed,
    ReadOutcome,
    Unread,
    beyond_depth,
)

MAX_DEPTH = 100

_TOKENS = re.compile(
    r'"""(?>(?:[^"\\]|\\.|"(?!""))*)"""'
    r"|'''(?>(?:[^'\\]|\\.|'(?!''))*)'''"
    r'|"(?>(?:[^"\\\n]|\\.)*)"'
    r"|'(?>(?:[^'\\\n]|\\.)*)'"
    r"|#[^\n]*+|[()\[\]{}]",
    re.DOTALL,
)


def read_python(text: str) -> ReadOutcome:
    """Whether a text is a module of the running Python's grammar.

    The parser bounds its own stack (it gives up at some thousands of rules), and so does the
    building of the tree; both are undecided here.
    """
    if (deep := beyond_depth(text, _TOKENS, MAX_DEPTH)) is not None:
        return deep
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as fault:
        return Faulty.syntax(f"{fault.msg} at line {fault.lineno}, column {fault.offset}")
    except ValueError as fault:  # a null byte
        return Faulty.syntax(str(fault))
    except (RecursionError, MemoryError):
        return Unread("expressions nested too deep for the parser")
    if not tree.body:
        return Faulty.syntax("it holds no statement")
    return Parsed(f"Python, {len(tree.body)} statements")
