"""Models as judges: a rubric by criteria, or the response against another one in both orders.

Zheng et al., 2023, arXiv:2306.05685, for pairs in both orders; Kim et al., 2024, arXiv:2310.08491
(Prometheus), for rubrics; Verga et al., 2024, arXiv:2404.18796, for several judges of different
families in the place of one. What judges agree on and lean to is told by `core/judging/panel.py`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue, StringConstraints, field_serializer, model_validator

from synth_assets.core.completion import Message, Request
from synth_assets.core.config.names import Name
from synth_assets.core.config.teachers import Teacher
from synth_assets.core.fingerprint import canonical_json
from synth_assets.core.judging.families import family_of_teacher
from synth_assets.core.judging.judgment import Judgment, Manner, Vote
from synth_assets.core.prompts import check_template, render
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.techniques.answer_form import AnswerForm
from synth_assets.core.techniques.structured import answers_of
from synth_assets.core.verify.judges.hearing import Heard, Question, hear
from synth_assets.core.verify.judges.votes import (
    HIGHEST,
    LOWEST,
    Panel,
    ratings_heard,
    verdicts_heard,
    vote_of,
)
from synth_assets.core.verify.protocol import Cost, Together, Verifier
from synth_assets.core.verify.reading.folding import clipped
from synth_assets.core.verify.tools import NO_TOOLS, CallFailure, Judges, Tools
from synth_assets.errors import RecipeError

_WHERE = "verifier judge"
_MIN_SCORE = 3.5
_AT_ONCE = 2_000
"""Samples that are asked about together; more would only take memory."""

_SHOWN = ("prompt", "history", "context")
_FIELDS = {Manner.RUBRIC: ("ratings",), Manner.PAIR: ("verdict",)}
_MUST_SEE = {Manner.RUBRIC: ("response",), Manner.PAIR: ("first", "second")}

Text = Annotated[str, StringConstraints(pattern=r"\S")]
Weight = Annotated[float, Field(gt=0)]


class Judge(Verifier):
    """Judges rate the response by `criteria`, or compare it with another one (`against`).

    Each judge has one vote. With criteria it is for the response if its weighted mean is at least
    `min_score` and each rating at least `min_rating`. Of a pair it is for the response that both
    orders name, and without a vote where they differ. More than half of the votes decide.

    Attributes:
        judges: ids of teachers; each is asked by itself, its fallbacks never.
        template: file of the user message.
        system: file of the system message, if any.
        schema_file: a JSON schema of the answers, if they are to be JSON.
        parameters: sampling parameters, over the judge's own; those of the recipe do not count.
        criteria: name -> what is rated, as prompts say it.
        weights: criterion -> weight in the mean, 1 by default.
        min_score: least weighted mean, 1 to 5.
        min_rating: least rating of each criterion.
        against: the field with the other response.
        ties: what becomes of a pair that most votes call a tie.
        quorum: least number of judges with an answer; more than half by default.
    """

    cost: ClassVar[Cost] = Cost.CALLS

    kind: Literal["judge"]
    judges: tuple[Name, ...] = Field(min_length=1, max_length=15)
    template: Text
    system: Text | None = None
    schema_file: Text | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    criteria: dict[Name, Text] = Field(default_factory=dict)
    weights: dict[Name, Weight] = Field(default_factory=dict)
    min_score: float = Field(default=_MIN_SCORE, ge=LOWEST, le=HIGHEST)
    min_rating: int = Field(default=LOWEST, ge=LOWEST, le=HIGHEST)
    against: Literal["reference", "rejected"] | None = None
    ties: Literal["reject", "accept"] = "reject"
    quorum: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _fits(self) -> "Judge":
        if bool(self.criteria) == (self.against is not None):
            raise ValueError(
                "give either `criteria`, to rate responses, or `against`, to compare them"
            )
        if strange := sorted(set(self.weights) - set(self.criteria)):
            raise ValueError(f"weights: {strange[0]} is none of the criteria")
        if len(set(self.judges)) < len(self.judges):
            raise ValueError("judges: one is named twice, and would have two votes")
        if self.quorum is not None and self.quorum > len(self.judges):
            raise ValueError("quorum is above the number of judges; no sample could pass")
        if not self.criteria and (self.min_score, self.min_rating) != (_MIN_SCORE, LOWEST):
            raise ValueError("min_score and min_rating belong to `criteria`")
        if self.criteria and self.ties == "accept":
            raise ValueError("ties belong to `against`; ratings have none")
        return self

    @field_serializer("criteria")
    def _in_order(self, criteria: dict[str, str]) -> list[list[str]]:
        """As pairs: prompts show them in this order, so it is part of a recipe's version."""
        return [[name, told] for name, told in criteria.items()]

    @property
    def manner(self) -> Manner:
        """How judges are asked."""
        return Manner.RUBRIC if self.criteria else Manner.PAIR

    @property
    def teachers(self) -> tuple[str, ...]:
        """See the protocol."""
        return self.judges

    @property
    def calls_a_judge(self) -> int:
        """Requests to each judge about one sample."""
        return 1 if self.manner is Manner.RUBRIC else 2

    @property
    def fields(self) -> tuple[str, ...]:
        """What is read of an answer."""
        return _FIELDS[self.manner]

    @property
    def templates(self) -> tuple[str, ...]:
        """Files of the prompt: of the user message, then of the system message."""
        return (self.template,) if self.system is None else (self.template, self.system)

    @property
    def least_judges(self) -> int:
        """The quorum."""
        return self.quorum or len(self.judges) // 2 + 1

    @property
    def weighted(self) -> Mapping[str, float]:
        """Criterion -> weight, of all."""
        return {name: self.weights.get(name, 1.0) for name in self.criteria}

    def step_of(self, judge: str) -> str:
        """What calls to a judge are called in records; plans estimate by it."""
        return f"judge_{self.manner}:{judge}"

    def parameters_of(self, judge: Teacher) -> str:
        """Sampling parameters of the requests to a judge, as canonical JSON."""
        return canonical_json({**judge.parameters, **self.parameters})

    def answered_by(self, teacher: str) -> "Judge":
        """See the protocol."""
        return self.model_copy(update={"judges": (teacher,), "quorum": None})

    def parts(self, files: Mapping[str, str]) -> frozenset[str]:
        """See the protocol: what templates include."""
        return self._checked(files)

    def form(self, files: Mapping[str, str]) -> AnswerForm | None:
        """What answers must be, where they are JSON.

        Raises:
            RecipeError: if the schema file is missing, wrong, or does not require what is read.
        """
        if self.schema_file is None:
            return None
        if self.schema_file not in files:
            raise RecipeError(
                f"{_WHERE}: there is no file {self.schema_file}. Files here: "
                f"{', '.join(sorted(files))}. Write it, or mend schema_file."
            )
        return AnswerForm.of_file(_WHERE, self.schema_file, files[self.schema_file], self.fields)

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Together:
        """Hold templates and schema to what is there.

        Raises:
            RecipeError: if a file is missing or wrong, or a template does not show what is judged.
        """
        self._checked(files)
        if tools.judges is None:
            told = "no judge can be asked here; judges answer where their recipe is run"
            return Together(lambda samples: [Verdict.errored(told)] * len(samples))
        court = _Court(self, files, self.form(files), tools.judges)
        return Together(court.judged)

    def _checked(self, files: Mapping[str, str]) -> frozenset[str]:
        offered = {*_SHOWN, *_MUST_SEE[self.manner]}
        if self.criteria:
            offered |= {"reference", "criteria"}
        elif self.against != "reference":
            offered.add("reference")
        parts = frozenset[str]()
        for name in self.templates:
            parts |= check_template(files, name, offered, _WHERE, may_leave_unused=True)
        marks = {name: f"<{name} stands here>" for name in offered}
        shown = "".join(render(files, name, marks) for name in self.templates).lower()
        if hidden := [name for name in _MUST_SEE[self.manner] if marks[name] not in shown]:
            raise RecipeError(
                f"{_WHERE}: {self.template} never shows {' and '.join(hidden)}, so that a judge "
                f"would not see it. Write {{{{ {hidden[0]} }}}} into the template."
            )
        return parts


@dataclass(frozen=True)
class _Court:
    """A judge verifier at work."""

    judge: Judge
    files: Mapping[str, str]
    form: AnswerForm | None
    judges: Judges

    def judged(self, samples: Sequence[Sample]) -> list[Verdict]:
        """One verdict each."""
        verdicts: list[Verdict] = []
        for start in range(0, len(samples), _AT_ONCE):
            verdicts += self._together(samples[start : start + _AT_ONCE])
        return verdicts

    def _together(self, samples: Sequence[Sample]) -> Iterable[Verdict]:
        plain = [self._unasked(sample) for sample in samples]
        questions = [
            Question(sample.sample_id, answers_of(self.form, requests, self.judge.fields))
            for sample, verdict in zip(samples, plain, strict=True)
            if verdict is None
            for requests in self._requests(sample)
        ]
        heard = iter(hear(questions, self.judges))
        for sample, verdict in zip(samples, plain, strict=True):
            if verdict is None:
                yield self._verdict(sample, [next(heard) for _ in self.judge.judges])
            else:
                yield verdict

    def _unasked(self, sample: Sample) -> Verdict | None:
        """The verdict on a sample that no judge needs to see, or could."""
        if self._other(sample) is None:
            told = f"the sample has no {self.judge.against} to compare with"
            return Verdict.rejected(Reason.NO_REFERENCE, told)
        try:
            _ = sample.earlier
        except ValueError as fault:
            return Verdict.errored(f"its history cannot be read: {clipped(str(fault), 160)}")
        return None

    def _other(self, sample: Sample) -> str | None:
        """What the response is compared with: nothing for a rubric; none where it is missing."""
        match self.judge.against:
            case "reference":
                return sample.reference or None
            case "rejected":
                return sample.rejected or None
            case _:
                return ""

    def _requests(self, sample: Sample) -> Iterable[list[Request]]:
        """Those to each judge."""
        chats = self._chats(sample)
        for name in self.judge.judges:
            entry = self.judges.teacher(name)
            if entry is None:
                raise RecipeError(f"{_WHERE}: {name} is no teacher of the recipe. Mend judges:.")
            yield [self._request(entry, chat) for chat in chats]

    def _request(self, entry: Teacher, chat: tuple[Message, ...]) -> Request:
        request = Request(
            teacher=entry.id,
            model=entry.model,
            checkpoint=entry.checkpoint,
            messages=chat,
            parameters=self.judge.parameters_of(entry),
            sample_index=0,
            step=self.judge.step_of(entry.id),
        )
        return request if self.form is None else self.form.asked(request, entry.response_format)

    def _chats(self, sample: Sample) -> list[tuple[Message, ...]]:
        shown = {
            "prompt": sample.prompt,
            "context": sample.context,
            "reference": sample.reference,
            "history": "\n\n".join(f"{m.role}: {m.content}" for m in sample.earlier),
            "criteria": "\n".join(
                f"- {name}: {told}" for name, told in self.judge.criteria.items()
            ),
        }
        other = self._other(sample) or ""
        if self.judge.manner is Manner.RUBRIC:
            orders = [{"response": sample.response}]
        else:
            orders = [
                {"first": sample.response, "second": other},
                {"first": other, "second": sample.response},
            ]
        return [self._chat({**shown, **order}) for order in orders]

    def _chat(self, values: Mapping[str, str]) -> tuple[Message, ...]:
        user = Message("user", render(self.files, self.judge.template, values))
        if self.judge.system is None:
            return (user,)
        return (Message("system", render(self.files, self.judge.system, values)), user)

    def _verdict(self, sample: Sample, heard: Sequence[Heard]) -> Verdict:
        judgments = [
            self._judgment(sample, name, each)
            for name, each in zip(self.judge.judges, heard, strict=True)
        ]
        self.judges.take_down(judgments)
        failures = [each for each in heard if isinstance(each, CallFailure)]
        panel = Panel(judgments, failures, self.judge.least_judges, self.judge.ties == "accept")
        verdict = panel.verdict()
        if verdict.outcome is not VerdictOutcome.ACCEPTED:
            return verdict
        attributes = {**sample.drawn, **panel.found}
        text = json.dumps(attributes, sort_keys=True, ensure_ascii=False)
        return replace(verdict, revised={"attributes": text})

    def _judgment(self, sample: Sample, name: str, heard: Heard) -> Judgment:
        other = self._other(sample) or ""
        blank = Judgment(
            sample.sample_id,
            self.judge.manner,
            name,
            self._family(name),
            self._family(sample.teacher),
            words=(len(sample.response.split()), len(other.split())),
        )
        if self.judge.manner is Manner.PAIR:
            said = verdicts_heard(heard)
            if isinstance(said, str):
                return replace(blank, trouble=said)
            return replace(blank, said=said, vote=vote_of(said))
        rated = ratings_heard(heard, self.judge.weighted)
        if isinstance(rated, str):
            return replace(blank, trouble=rated)
        least = min(rated.by_criterion.values())
        passed = rated.score >= self.judge.min_score and least >= self.judge.min_rating
        vote = Vote.FOR if passed else Vote.AGAINST
        return replace(blank, vote=vote, ratings=rated.by_criterion, score=rated.score)

    def _family(self, name: str) -> str | None:
        entry = self.judges.teacher(name)
        return None if entry is None else family_of_teacher(entry)


def judges_among(verifiers: Iterable[Verifier]) -> list[Judge]:
    """The verifiers that ask judges."""
    return [verifier for verifier in verifiers if isinstance(verifier, Judge)]
