"""Regular expressions, by an engine whose time grows with the text and no faster."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, assert_never

from pydantic import Field

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PATTERN = 2_000
MAX_CHARACTERS = 200_000
_MEMORY = 1 << 22
"""Bytes for a compiled pattern. The slowest of the tests takes 1.3 s for 100,000 characters; such
need repeats of hundreds around a choice."""


class Pattern(Verifier):
    r"""A text matches a regular expression, or has no match of it.

    RE2 matches in time linear in the text, so that no text makes it hang; it knows no look-around
    and no back-references. Its `\d`, `\w`, `\s` and `\b` are ASCII; `\p{L}` is any letter.

    Attributes:
        pattern: the regular expression, RE2's syntax.
        match: it must match the `full` text (white space around it aside), or stand somewhere in
            it (`search`).
        part: the text that is looked at.
        absent: reject where it matches instead.
        ignore_case: for the whole pattern.
        multi_line: `^` and `$` match at line ends too.
        dot_all: `.` matches line ends too.
    """

    kind: Literal["pattern"]
    pattern: str = Field(min_length=1, max_length=MAX_PATTERN)
    match: Literal["full", "search"] = "full"
    part: Literal["response", "prompt", "reference", "context"] = "response"
    absent: bool = False
    ignore_case: bool = False
    multi_line: bool = False
    dot_all: bool = False

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """Compile the pattern; no file is needed.

        Raises:
            RecipeError: if RE2 does not take it.
        """
        compiled = _compiled(self)
        find: Callable[[str], Any] = compiled.fullmatch if self.match == "full" else compiled.search
        return lambda sample: self._check(sample, find)

    def _check(self, sample: Sample, find: "Callable[[str], Any]") -> Verdict:
        text = self._text(sample)
        if len(text) > MAX_CHARACTERS:
            return Verdict.errored(f"{len(text):,} characters; at most {MAX_CHARACTERS:,} are read")
        try:
            found = find(text.strip() if self.match == "full" else text)
        except UnicodeEncodeError:
            return Verdict.errored("it has half a surrogate pair, which is no character")
        if (found is None) == self.absent:
            told = "" if found is None else f": {clipped(found.group())}"
            return Verdict.accepted(
                f"no match of {clipped(self.pattern)}"
                if self.absent
                else f"matches {clipped(self.pattern)}{told}"
            )
        if found is not None:
            told = f"{clipped(found.group())} matches {clipped(self.pattern)}"
            return Verdict.rejected(Reason.PATTERN_MISMATCH, told)
        how = "as a whole" if self.match == "full" else "anywhere"
        return Verdict.rejected(
            Reason.PATTERN_MISMATCH, f"no match {how} of {clipped(self.pattern)}: {clipped(text)}"
        )

    def _text(self, sample: Sample) -> str:
        match self.part:
            case "response":
                return sample.response
            case "prompt":
                return sample.prompt
            case "reference":
                return sample.reference
            case "context":
                return sample.context
            case _:
                assert_never(self.part)


def _compiled(spec: Pattern) -> Any:  # noqa: ANN401 - re2 has no types
    import re2  # pyright: ignore[reportMissingTypeStubs]

    engine: Any = re2
    options = engine.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.case_sensitive = not spec.ignore_case
    options.dot_nl = spec.dot_all
    # Options of RE2 for these work with POSIX syntax alone.
    flags = "(?m)" if spec.multi_line else ""
    try:
        return engine.compile(f"{flags}{spec.pattern}", options)
    except (engine.error, UnicodeEncodeError) as fault:
        told = fault.args[0] if fault.args else fault
        told = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
        raise RecipeError(
            f"verifier pattern: {clipped(spec.pattern)} cannot be used: {told}. Write it in RE2's "
            "syntax: no look-around, no back-references, repeats up to 1,000, moderate size."
        ) from fault
