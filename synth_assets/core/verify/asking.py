"""The verifiers that ask teachers, and what they ask them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from synth_assets.core.verify.judge import Judge
from synth_assets.core.verify.perplexity import Perplexity
from synth_assets.core.verify.protocol import Verifier
from synth_assets.core.verify.tools import JudgeCall, Tools

Asker: TypeAlias = Judge | Perplexity


@dataclass(frozen=True)
class AskedStep:
    """One kind of call that a verifier makes.

    Attributes:
        name: what records call it; plans estimate by it.
        teacher: id of who is asked.
        asker: the verifier.
        templates: files of its prompt; none where a text is sent as it is.
        calls_a_sample: at most; 0 where the calls are the same whatever samples there are.
    """

    name: str
    teacher: str
    asker: Asker
    templates: tuple[str, ...]
    calls_a_sample: int


def askers_among(verifiers: Iterable[Verifier]) -> list[Asker]:
    """The verifiers that ask teachers, so that their verdicts have to be paid for."""
    return [
        verifier
        for verifier in verifiers
        if isinstance(verifier, Judge | Perplexity) and verifier.teachers
    ]


def asked_steps(verifiers: Iterable[Verifier]) -> Iterator[AskedStep]:
    """What the verifiers of a recipe ask, in their order."""
    for asker in askers_among(verifiers):
        for name in asker.teachers:
            match asker:
                case Judge():
                    step = asker.step_of(name)
                    yield AskedStep(step, name, asker, asker.templates, asker.calls_a_judge)
                case Perplexity():
                    yield AskedStep(asker.step_of(name), name, asker, (), 1)
                    yield AskedStep(asker.real_step_of(name), name, asker, (), 0)


def standing_calls(
    verifiers: Iterable[Verifier], files: Mapping[str, str], tools: Tools
) -> list[JudgeCall]:
    """The calls that are made whatever samples there are, once there are any.

    Raises:
        RecipeError: as the verifiers' `prepare`.
        SourceError: if a data source cannot be read.
    """
    scorers = [each for each in askers_among(verifiers) if isinstance(each, Perplexity)]
    return [call for scorer in scorers for call in scorer.standing_calls(files, tools)]
