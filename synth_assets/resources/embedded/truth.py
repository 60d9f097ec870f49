"""What the embedded teacher knows of its own answers, and never tells.

Tests derive it again from the same messages, parameters and seed, to measure how many of the
flaws each stage finds and how much sound work it spoils.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal


class Flaw(StrEnum):
    """A known way of going wrong, injected at the rate that `parameters: flaws:` asks for."""

    WRONG_NUMBER = "wrong_number"
    NEAR_DUPLICATE = "near_duplicate"
    REFUSAL = "refusal"
    TRUNCATION = "truncation"
    PROMPT_LEAK = "prompt_leak"
    COPIED_BENCHMARK = "copied_benchmark"
    COPIED_SEED = "copied_seed"
    INVENTED_QUOTE = "invented_quote"
    MALFORMED_JSON = "malformed_json"
    SCHEMA_VIOLATION = "schema_violation"
    INVENTED_VALUE = "invented_value"
    REPETITION = "repetition"
    COPIED_PARENT = "copied_parent"
    POSITION_BIAS = "position_bias"
    ENDLESS_CRITIQUE = "endless_critique"
    ROLE_LEAK = "role_leak"
    LOST_MEANING = "lost_meaning"
    IGNORED_REQUEST = "ignored_request"


class Slip(StrEnum):
    """How a number comes to be wrong."""

    FINAL_NUMBER = "final_number"
    """The final number is not what the working gives."""
    CARRIED = "carried"
    """One sum is wrong, and its result is used from there on."""
    SETUP = "setup"
    """All sums are right, but one of them is the wrong sum for the story."""


@dataclass(frozen=True)
class Truth:
    """What is so about an answer.

    Attributes:
        flaw: what was injected, if anything.
        slip: the kind of a wrong number.
        answer: the right final number, the answer to the question, or the right record as JSON.
        family: what this answer copies or varies; answers of one family are meant as duplicates.
    """

    flaw: Flaw | None = None
    slip: Slip | None = None
    answer: str = ""
    family: str = ""


@dataclass(frozen=True)
class Composition:
    """An answer of the embedded teacher.

    Attributes:
        text: what the teacher says.
        truth: what is so about it.
        finish_reason: `length` when cut off, else `stop`.
    """

    text: str
    truth: Truth
    finish_reason: Literal["stop", "length"] = "stop"

    def cut(self, characters: int) -> "Composition":
        """The same answer, cut off after so many characters."""
        truth = replace(self.truth, flaw=Flaw.TRUNCATION, slip=None)
        return Composition(self.text[:characters], truth, "length")
