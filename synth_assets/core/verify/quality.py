"""Quality as the user sees it: a small classifier learnt from answers they accepted and rejected.

It has no idea of what is right; it knows what the accepted examples have that the rejected ones
have not. What it accepts is bounded by a lower bound of its precision on examples it did not learn
from (`core/quality/threshold.py`), or it does not decide at all.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Literal, cast

from pydantic import Field, model_validator

from synth_assets.core.fingerprint import content_hash
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.protocol import Check, Cost, Verifier
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.errors import RecipeError

if TYPE_CHECKING:
    from synth_assets.core.quality.classifier import Classifier, Example
    from synth_assets.core.quality.threshold import Curve, Cut

MAX_EXAMPLES = 20_000
_FEWEST = 20


class Quality(Verifier):
    """The response is like those that were accepted, and unlike those that were rejected.

    Attributes:
        examples_file: a file of the recipe's folder, `.jsonl`: one object a line with `prompt`,
            `response` and `accepted`, true or false.
        precision: of what it accepts, at least this share is to be good.
        confidence: how certain that is to be, by a lower bound.
        fields: what is looked at.
        without_threshold: what becomes of samples where no threshold is that precise.
    """

    cost = Cost.MODEL

    kind: Literal["quality"]
    examples_file: str = Field(pattern=r"\S\.jsonl$")
    precision: float = Field(default=0.95, ge=0.5, le=0.995)
    confidence: float = Field(default=0.95, ge=0.8, le=0.999)
    fields: tuple[Literal["prompt", "response"], ...] = ("prompt", "response")
    without_threshold: Literal["error", "accept"] = "error"

    @model_validator(mode="after")
    def _looks_at_the_response(self) -> "Quality":
        if "response" not in self.fields or len(set(self.fields)) < len(self.fields):
            raise ValueError("fields are [response] or [prompt, response]")
        return self

    @property
    def fewest_accepted(self) -> int:
        """How many accepted examples a threshold needs, if none of them is misjudged."""
        from synth_assets.core.quality.threshold import fewest_accepted

        return max(_FEWEST, fewest_accepted(self.precision, self.confidence))

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """Read the examples; the classifier learns from them when the first sample comes.

        Raises:
            RecipeError: if the file is missing or malformed, labels one answer both ways, or has
                too few examples of a kind.
        """
        return self._judge(files).verdict

    def learnt_from(self, files: Mapping[str, str]) -> "Learnt":
        """What comes of the examples: the classifier, its curve, its threshold.

        Raises:
            RecipeError: as `prepare` does.
        """
        return self._judge(files).learnt

    def _judge(self, files: Mapping[str, str]) -> "_Judge":
        if self.examples_file not in files:
            raise RecipeError(
                f"verifier quality: there is no file {self.examples_file}. Files here: "
                f"{', '.join(sorted(files)) or 'none'}. Put labelled answers into the recipe's "
                "folder, or mend examples_file."
            )
        examples = _examples(self.examples_file, files[self.examples_file])
        self._refuse_too_few(Counter(each.accepted for each in examples))
        return _Judge(self, examples)

    def _refuse_too_few(self, counts: Mapping[bool, int]) -> None:
        for accepted, least in ((True, self.fewest_accepted), (False, _FEWEST)):
            if counts[accepted] < least:
                said = "accepted" if accepted else "rejected"
                mend = ", or ask for less precision or confidence" if accepted else ""
                raise RecipeError(
                    f"verifier quality: {self.examples_file} has {counts[accepted]} {said} "
                    f"answers; precision: {self.precision:g} and confidence: {self.confidence:g} "
                    f"need {least} at the least. Label more answers{mend}."
                )
        if sum(counts.values()) > MAX_EXAMPLES:
            raise RecipeError(
                f"verifier quality: {self.examples_file} has more than {MAX_EXAMPLES:,} examples. "
                "Keep fewer."
            )


@dataclass(frozen=True)
class Learnt:
    """A classifier, and how far it is to be trusted.

    Attributes:
        classifier: what was learnt.
        curve: its precision by recall, out of fold.
        cut: the threshold; none where no threshold is precise enough.
    """

    classifier: "Classifier"
    curve: "Curve"
    cut: "Cut | None"

    @property
    def told(self) -> str:
        """The threshold in words, or how far from one the examples are."""
        if self.cut is not None:
            return (
                f"precision {self.cut.lower:.3f} or more, recall {self.cut.recall:.2f} on "
                f"{len(self.classifier.accepted):,} examples"
            )
        best = self.curve.best
        return (
            f"the best has a precision of {best.lower:.3f} or more ({best.precision:.3f} observed) "
            f"at recall {best.recall:.2f} on {len(self.classifier.accepted):,} examples"
        )


@dataclass(frozen=True)
class _Judge:
    """The verifier at work."""

    verifier: Quality
    examples: "tuple[Example, ...]"

    @cached_property
    def learnt(self) -> Learnt:
        """What was learnt; the same for all that have the same examples."""
        verifier = self.verifier
        prompts = "prompt" in verifier.fields
        return _learnt(self.examples, verifier.precision, verifier.confidence, prompts)

    def verdict(self, sample: Sample) -> Verdict:
        """Judge one sample."""
        from synth_assets.core.quality.classifier import spoke_against
        from synth_assets.core.quality.features import features_of

        learnt = self.learnt
        if learnt.cut is None and self.verifier.without_threshold == "error":
            wanted = f"no safe threshold for a precision of {self.verifier.precision:g}"
            return Verdict.errored(f"{wanted}: {learnt.told}")
        prompt = sample.prompt if "prompt" in self.verifier.fields else ""
        features = features_of(prompt, sample.response)
        margin = learnt.classifier.model.margin(features)
        score = learnt.classifier.calibration.chance(margin)
        told = f"quality {score:.3f}, margin {margin:.2f}"
        if learnt.cut is None:
            return Verdict.accepted(f"{told}; no safe threshold: {learnt.told}", score)
        asked = f"{learnt.cut.score:.2f} asked"
        if margin >= learnt.cut.score:
            return Verdict.accepted(f"{told}, {asked}: {learnt.told}", score)
        against = ", ".join(spoke_against(learnt.classifier.model, features))
        seen = f"; against it: {against}" if against else ""
        return Verdict.rejected(Reason.LOW_QUALITY, f"{told}, {asked}{seen}; {learnt.told}", score)


_learning = Lock()


def _learnt(
    examples: "tuple[Example, ...]", precision: float, confidence: float, prompts: bool
) -> Learnt:
    with _learning:  # else threads that come at once would all learn the same
        classifier = _classifier(examples, prompts)
        return _cut(classifier, precision, confidence)


# The stage prepares a verifier for every part of a recipe; what was learnt serves them all.
@lru_cache(maxsize=4)
def _classifier(examples: "tuple[Example, ...]", prompts: bool) -> "Classifier":
    from synth_assets.core.quality.classifier import learnt

    return learnt(examples, prompts=prompts)


def _cut(classifier: "Classifier", precision: float, confidence: float) -> Learnt:
    from synth_assets.core.quality.threshold import Curve

    curve = Curve.of(classifier.margins, classifier.accepted, confidence)
    return Learnt(classifier, curve, curve.safe(precision))


def _examples(name: str, text: str) -> "tuple[Example, ...]":
    """Labelled answers, each once."""
    found: dict[str, tuple[int, Example]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        example = _example(line, f"verifier quality: {name}: line {number}")
        key = content_hash(example.prompt, example.response)
        first = found.setdefault(key, (number, example))
        if first[1].accepted != example.accepted:
            raise RecipeError(
                f"verifier quality: {name}: lines {first[0]} and {number} label the same answer "
                "differently. Keep one of them."
            )
    return tuple(example for _, example in found.values())


def _example(line: str, where: str) -> "Example":
    from synth_assets.core.quality.example import Example

    try:
        read: object = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise RecipeError(f"{where}: not JSON: {exc}. Write one object a line.") from exc
    row = cast("dict[str, object]", read) if isinstance(read, dict) else {}
    prompt, response, accepted = (row.get(name) for name in ("prompt", "response", "accepted"))
    if not isinstance(response, str) or not isinstance(prompt, str | None):
        raise RecipeError(
            f'{where}: must be an object with the texts "prompt" and "response". Mend the line.'
        )
    if not isinstance(accepted, bool):
        raise RecipeError(f'{where}: "accepted" must be true or false. Mend the line.')
    return Example(prompt or "", response, accepted)
