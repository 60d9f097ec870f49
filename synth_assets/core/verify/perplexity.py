"""Texts held against real ones: too predictable, or too surprising, to be of their kind.

A small language model is fitted on real texts, in seconds and without a download; or a teacher of
one's own gives the log-probabilities. It knows how people write of the subject; what it cannot know
is whether they are right.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, cast

from pydantic import Field, model_validator

from synth_assets.core.config.names import Name
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.fingerprint import exact_hash
from synth_assets.core.language_model.teacher_scores import PARAMETERS, TextScore
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.protocol import Check, Cost, Together, Verifier
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.scoring import Scored, Scoring, Text
from synth_assets.core.verify.tools import NO_TOOLS, CallFailure, JudgeCall, Tools
from synth_assets.errors import RecipeError

if TYPE_CHECKING:
    from synth_assets.core.language_model.yardstick import Place, Readings, Standard, Yardstick

MeasureName = Literal["words", "characters", "stretch", "repetition", "ending"]

MAX_CHARACTERS = 8_000
MAX_REAL_TEXTS = 8_000
MAX_REAL_CHARACTERS = 2_000_000

_NOBODY = "no teacher can be asked here; it answers where its recipe is run"
_FEWEST_TEXTS = 200
_TEXTS_IN_A_TAIL = 5
_BLOCK = 1_000


class Perplexity(Verifier):
    """A text is about as surprising as real texts of its length.

    Five measures are held against the real texts, none of which is measured by a model that was
    fitted on it. Only the first 8,000 characters of a text are read, and at most 8,000 real texts
    of about 2 million characters, chosen by a hash of the text.

    Attributes:
        source: the data source of the real texts; held-out rows of it take no part.
        file: or a file of the recipe's folder: `.txt`, one text a line, or `.jsonl`, one object a
            line with the texts under the name of `field`.
        field: which text of a sample is judged, and which of a real row it is compared with.
        low: this share of the real texts, the most predictable, would be rejected; 0 for none.
        high: beyond this share, the most surprising would be rejected; 1 for none.
        measures: what counts; see the page.
        teacher: who gives log-probabilities in place of the models that are fitted here; then one
            measure counts, bits a byte.
        real_texts: at most so many real texts are scored by it, chosen by a hash of the text.
    """

    cost = Cost.MODEL

    kind: Literal["perplexity"]
    source: Name | None = None
    file: str | None = Field(default=None, pattern=r"\S\.(?:txt|jsonl)$")
    field: Literal["prompt", "response"] = "response"
    low: float = Field(default=0.01, ge=0, le=0.45)
    high: float = Field(default=0.99, ge=0.55, le=1)
    measures: tuple[MeasureName, ...] = Field(
        default=("words", "characters", "stretch", "repetition", "ending"), min_length=1
    )
    teacher: Name | None = None
    real_texts: int = Field(default=500, ge=_FEWEST_TEXTS, le=MAX_REAL_TEXTS)

    @model_validator(mode="after")
    def _one_origin_and_possible_bounds(self) -> "Perplexity":
        if (self.source is None) == (self.file is None):
            raise ValueError("give either `source` or `file`: the real texts to compare with")
        for name, tail in (("low", self.low), ("high", 1 - self.high)):
            if 0 < tail < 0.001 - 1e-12:
                raise ValueError(
                    f"{name}: a tail of less than 0.001 needs more real texts than are read"
                )
        if len(set(self.measures)) != len(self.measures):
            raise ValueError("a measure stands twice")
        return self

    @model_validator(mode="after")
    def _fits_its_teacher(self) -> "Perplexity":
        if self.teacher is None:
            if "real_texts" in self.model_fields_set:
                raise ValueError("real_texts: says how many a `teacher` scores, and there is none")
            return self
        if "measures" in self.model_fields_set:
            raise ValueError("measures: are of the models fitted here; a `teacher` has one only")
        if self.real_texts < self.needed:
            raise ValueError(
                f"real_texts: {self.real_texts:,} are too few: low: {self.low:g} and high: "
                f"{self.high:g} need {self.needed:,}"
            )
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """See the protocol."""
        return () if self.source is None else (self.source,)

    @property
    def teachers(self) -> tuple[str, ...]:
        """See the protocol."""
        return () if self.teacher is None else (self.teacher,)

    def answered_by(self, teacher: str) -> "Perplexity":
        """See the protocol."""
        return self if self.teacher is None else self.model_copy(update={"teacher": teacher})

    def step_of(self, teacher: str) -> str:
        """What calls about samples are called in records; plans estimate by it."""
        return f"perplexity:{teacher}"

    def real_step_of(self, teacher: str) -> str:
        """The same of calls about real texts."""
        return f"perplexity_real:{teacher}"

    def parameters_of(self, _: Teacher) -> str:
        """Sampling parameters of the requests to a teacher, as canonical JSON."""
        return PARAMETERS

    @property
    def needed(self) -> int:
        """How many different real texts the bounds need: five beyond each, and 200 in all."""
        tails = [tail for tail in (self.low, 1 - self.high) if tail > 0]
        least = min(tails, default=1.0)
        return max(_FEWEST_TEXTS, math.ceil(_TEXTS_IN_A_TAIL / least - 1e-6))

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check | Together:
        """Find the real texts; models are fitted, or a teacher asked, when the first sample comes.

        Raises:
            RecipeError: if the file is missing or malformed, there are too few real texts, or the
                teacher gives no log-probabilities.
            SourceError: if the source cannot be read.
        """
        real = self._real(files, tools)
        if real is None:
            return _no_real_rows
        if self.teacher is None:
            return Together(lambda samples: self._verdicts(samples, real))
        scoring = self._scoring(tools)
        if scoring is None:
            return Together(lambda samples: [Verdict.errored(_NOBODY)] * len(samples))
        return Together(lambda samples: self._scored(samples, real, scoring))

    def standing_calls(self, files: Mapping[str, str], tools: Tools) -> list[JudgeCall]:
        """The calls about real texts; none without a teacher.

        Raises:
            RecipeError: as `prepare`.
            SourceError: as `prepare`.
        """
        scoring = self._scoring(tools)
        real = None if scoring is None else self._real(files, tools)
        if scoring is None or real is None:
            return []
        return scoring.calls(
            [Text.real(text) for text in real[: self.real_texts]], scoring.real_step
        )

    def _scoring(self, tools: Tools) -> Scoring | None:
        name = self.teacher
        if name is None or tools.judges is None:
            return None
        return Scoring.by(name, tools.judges, self.step_of(name), self.real_step_of(name))

    def _real(self, files: Mapping[str, str], tools: Tools) -> tuple[str, ...] | None:
        """The real texts that may be read, in the order of their hashes; none of no source."""
        if self.file is not None:
            texts = _texts_of(self.file, files, self.field)
        elif tools.real is not None and self.source is not None:
            texts = [getattr(row, self.field) for row in tools.real.rows(self.source)]
        else:
            return None
        chosen = _chosen(texts, self.needed)
        if len(chosen) < self.needed:
            raise RecipeError(self._too_few(len(chosen)))
        return chosen

    def _scored(
        self, samples: Sequence[Sample], real: tuple[str, ...], scoring: Scoring
    ) -> Sequence[Verdict]:
        """Verdicts by the teacher's log-probabilities."""
        if not samples:
            return []
        standard = self._standard(real, scoring)
        texts = [
            Text(sample.sample_id, getattr(sample, self.field)[:MAX_CHARACTERS])
            for sample in samples
        ]
        # Asked even where there is no standard yet: the next run then has them.
        outcomes = scoring.of([each for each in texts if each.text.strip()])
        return [
            self._scored_verdict(next(outcomes), standard) if each.text.strip() else self._blank()
            for each in texts
        ]

    def _standard(self, real: tuple[str, ...], scoring: Scoring) -> "Standard | CallFailure":
        from synth_assets.core.language_model.yardstick import Measure, Standard

        found = scoring.of_real(real, self.real_texts)
        if isinstance(found, CallFailure):
            return CallFailure(found.reason, f"the real texts are not scored: {found.detail}")
        if len(found) < self.needed:
            return CallFailure(
                Reason.VERIFIER_ERROR,
                f"{scoring.teacher.id} could score {len(found):,} of {len(real):,} real texts, and "
                f"{self.needed:,} are needed: the others are refused, too long for it or too short",
            )
        return Standard.of(_readings(found), [Measure.MODEL])

    def _scored_verdict(self, scored: Scored, standard: "Standard | CallFailure") -> Verdict:
        for failed in (standard, scored):
            if isinstance(failed, CallFailure):
                return Verdict(VerdictOutcome.ERRORED, failed.reason, None, failed.detail)
        assert isinstance(scored, TextScore)
        assert not isinstance(standard, CallFailure)
        [place] = standard.places(_readings([scored]))
        verdict = self._verdict(place)
        if not scored.left_out:
            return verdict
        told = f"{verdict.evidence}; without its first token, {clipped(scored.left_out, 20)}"
        return replace(verdict, evidence=told)

    def _blank(self) -> Verdict:
        """Of a text with nothing to score: no real text is blank."""
        if self.high < 1:
            return Verdict.rejected(Reason.TOO_SURPRISING, "the text is blank; no real text is")
        return Verdict.accepted("the text is blank", 0.0)

    def _verdicts(self, samples: Sequence[Sample], real: tuple[str, ...]) -> Sequence[Verdict]:
        if not samples:
            return []
        yardstick = _yardstick(real, self.measures)
        texts = [getattr(sample, self.field)[:MAX_CHARACTERS] for sample in samples]
        blocks = (texts[first : first + _BLOCK] for first in range(0, len(texts), _BLOCK))
        return [self._verdict(place) for block in blocks for place in yardstick.places(block)]

    def _verdict(self, place: "Place") -> Verdict:
        score = min(1.0, 2 * min(place.as_predictable, place.as_surprising))
        predictable = place.as_predictable < self.low - 1e-9
        surprising = place.as_surprising < 1 - self.high - 1e-9
        if surprising and (not predictable or place.as_surprising <= place.as_predictable):
            told = f"as surprising: {_share(place.as_surprising)}; {place.surprising}"
            return Verdict.rejected(Reason.TOO_SURPRISING, told, score)
        if predictable:
            told = f"as predictable: {_share(place.as_predictable)}; {place.predictable}"
            return Verdict.rejected(Reason.TOO_PREDICTABLE, told, score)
        return Verdict.accepted(
            f"as predictable: {_share(place.as_predictable)}, as surprising: "
            f"{_share(place.as_surprising)}",
            score,
        )

    def _too_few(self, found: int) -> str:
        where = f"file {self.file}" if self.file is not None else f"source {self.source}"
        message = (
            f"verifier perplexity: {where} has {found:,} different texts under {self.field}; "
            f"low: {self.low:g} and high: {self.high:g} need {self.needed:,}. Add real texts"
        )
        if found < _FEWEST_TEXTS:
            return f"{message}; no bounds do with fewer than {_FEWEST_TEXTS}."
        tail = math.ceil(1000 * _TEXTS_IN_A_TAIL / found) / 1000
        return f"{message}, or set low: {tail:g} and high: {1 - tail:g}."


def _no_real_rows(_: Sample) -> Verdict:
    return Verdict.errored("no real rows at hand: nobody gave the verifier any data source")


def _readings(scores: Sequence[TextScore]) -> "Readings":
    import numpy as np

    from synth_assets.core.language_model.yardstick import Measure, Readings

    lengths = np.array([score.bytes for score in scores], np.float64)
    return Readings(lengths, {Measure.MODEL: np.array([score.per_byte for score in scores])})


def _share(share: float) -> str:
    told = f"{100 * share:.2g}" if share >= 1e-4 else "under 0.01"
    return f"{told} % of the real texts"


def _chosen(texts: Sequence[str], needed: int) -> tuple[str, ...]:
    """The real texts that are read: different ones, by hash, so that their order never matters."""
    clipped = {text[:MAX_CHARACTERS] for text in texts if text.strip()}
    chosen: list[str] = []
    characters = 0
    for text in sorted(clipped, key=lambda text: (exact_hash(text), text)):
        characters += len(text)
        enough = len(chosen) >= needed and characters > MAX_REAL_CHARACTERS
        if enough or len(chosen) == MAX_REAL_TEXTS:
            break
        chosen.append(text)
    return tuple(chosen)


# The stage prepares a verifier for every part of a recipe; one fit serves them all.
@lru_cache(maxsize=4)
def _yardstick(real: tuple[str, ...], measures: tuple[MeasureName, ...]) -> "Yardstick":
    from synth_assets.core.language_model.yardstick import Measure, Yardstick

    return Yardstick.of(real, tuple(Measure(each) for each in measures))


def _texts_of(name: str, files: Mapping[str, str], field: str) -> list[str]:
    if name not in files:
        raise RecipeError(
            f"verifier perplexity: there is no file {name}. Files here: "
            f"{', '.join(sorted(files)) or 'none'}. Put the real texts into the recipe's folder, "
            "or mend file."
        )
    lines = list(enumerate(files[name].split("\n"), start=1))
    if not name.endswith(".jsonl"):
        return [line.strip() for _, line in lines]
    return [
        _text_of(line, f"{name}: line {number}", field) for number, line in lines if line.strip()
    ]


def _text_of(line: str, where: str, field: str) -> str:
    try:
        row: object = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise RecipeError(f"{where}: not JSON: {exc}. Write one object a line.") from exc
    text = cast("dict[str, object]", row).get(field) if isinstance(row, dict) else None
    if not isinstance(text, str):
        raise RecipeError(
            f"{where}: has no text under {field!r}. Write {{{json.dumps(field)}: ...}}, or set "
            "field: to the one that the file has."
        )
    return text
