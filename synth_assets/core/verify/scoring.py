"""Asking a teacher how surprising texts are, real ones and those of samples, each text once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from synth_assets.core.completion import Completion
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.fingerprint import exact_hash
from synth_assets.core.language_model.teacher_scores import (
    TextScore,
    refusal_of,
    score_of,
    scoring_request,
)
from synth_assets.core.schema import Reason
from synth_assets.core.verify.tools import CallFailure, JudgeCall, Judges
from synth_assets.errors import RecipeError

Scored: TypeAlias = TextScore | CallFailure
"""The score of a text, or why there is none; that says nothing of the text."""

UNSCORED = CallFailure(
    Reason.VERIFIER_ERROR,
    "no token of the text has a log-probability: it is one token, and the server puts no start "
    "token before it",
)
_FOR_GOOD = (Reason.CONTEXT_OVERFLOW, Reason.CONTENT_FILTERED, Reason.VERIFIER_ERROR)
"""Why a real text is passed over for the next one; what else fails may succeed another time."""

_AT_ONCE = 2_000
"""Texts that are asked about together; more would only take memory."""


@dataclass(frozen=True)
class Text:
    """A text to be scored.

    Attributes:
        owner: id of its sample, for the records.
        text: as it is sent.
    """

    owner: str
    text: str

    @classmethod
    def real(cls, text: str) -> "Text":
        """A real text, which belongs to no sample of the recipe."""
        return cls(f"real:{exact_hash(text)}", text)


@dataclass(frozen=True)
class Scoring:
    """A teacher that scores texts.

    Attributes:
        teacher: its entry.
        judges: ask it.
        step: what calls about samples are called in records.
        real_step: what those about real texts are called.
    """

    teacher: Teacher
    judges: Judges
    step: str
    real_step: str

    @classmethod
    def by(cls, name: str, judges: Judges, step: str, real_step: str) -> "Scoring":
        """Look the teacher up.

        Raises:
            RecipeError: if there is no such teacher, or it gives no log-probabilities.
        """
        entry = judges.teacher(name)
        if entry is None:
            raise RecipeError(
                f"verifier perplexity: {name} is no teacher of the recipe. Mend teacher:."
            )
        if told := refusal_of(entry):
            raise RecipeError(f"verifier perplexity: {told}")
        return cls(entry, judges, step, real_step)

    def calls(self, texts: Sequence[Text], step: str) -> list[JudgeCall]:
        """One call a text."""
        return [
            JudgeCall(each.owner, scoring_request(self.teacher, each.text, step)) for each in texts
        ]

    def of(self, texts: Sequence[Text]) -> Iterator[Scored]:
        """Score texts of samples: one outcome each, in their order."""
        for start in range(0, len(texts), _AT_ONCE):
            yield from self._asked(texts[start : start + _AT_ONCE], self.step)

    def of_real(self, texts: Sequence[str], wanted: int) -> list[TextScore] | CallFailure:
        """Score real texts until there are so many scores, or no text is left.

        The first is asked alone, so that a teacher which gives no log-probabilities costs one
        call. A text that is too long for the teacher, refused, or too short to be scored is passed
        over. Any other failure ends it: the scores of the rest alone would be other bounds.
        """
        found: list[TextScore] = []
        place = 0
        while len(found) < wanted and place < len(texts):
            size = wanted - len(found) if place else 1
            asked = [Text.real(text) for text in texts[place : place + size]]
            place += size
            for outcome in self._asked(asked, self.real_step):
                if isinstance(outcome, TextScore):
                    found.append(outcome)
                elif outcome.reason not in _FOR_GOOD:
                    return outcome
        return found

    def _asked(self, texts: Sequence[Text], step: str) -> list[Scored]:
        came = self.judges.ask(self.calls(texts, step))
        return [_scored(each.text, outcome) for each, outcome in zip(texts, came, strict=True)]


def _scored(text: str, came: Completion | CallFailure) -> Scored:
    return came if isinstance(came, CallFailure) else score_of(text, came.text) or UNSCORED
