"""What goes wrong with teachers whatever the task, each a check that can be turned off.

`core/verify/failures/` has a module on each. Patterns of words are English; loops, truncation,
placeholders in brackets, marks of chat formats, links and copied runs are found in any language.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import Field, StringConstraints

from synth_assets.core.config.names import Written
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.failures.copied_examples import CopiedExamples, example_texts
from synth_assets.core.verify.failures.courtesy import EmptyPoliteness
from synth_assets.core.verify.failures.disclaimers import AiDisclaimers
from synth_assets.core.verify.failures.leaks import generic_leak_in
from synth_assets.core.verify.failures.links import InventedLinks
from synth_assets.core.verify.failures.placeholders import Placeholders
from synth_assets.core.verify.failures.refusals import refusal_in
from synth_assets.core.verify.failures.repetition import Repetition
from synth_assets.core.verify.failures.role_markers import RoleMarkers
from synth_assets.core.verify.failures.slop import Slop
from synth_assets.core.verify.failures.truncation import Truncation
from synth_assets.core.verify.failures.turn import Fault, Look, Turn
from synth_assets.core.verify.failures.wrong_language import WrongLanguage
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.reading.folding import clipped, folded
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.errors import RecipeError

_Mode = TypeVar("_Mode", bound=Written)
_Marker = Annotated[str, StringConstraints(pattern=r"\S")]
_Code = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class FailureModes(Verifier):
    """Prompt and response are there, and the response fails in none of the ways teachers fail.

    Earlier answers of a chat are looked at as the response is; the system message is left alone.
    What can be told of an answer only by the question looks at the message it answers, the passage
    and what was said before. Each mode is `true`, `false`, or its parameters.

    Attributes:
        leak_markers: texts of the recipe's own prompts that no sample may repeat, whatever case
            and white space they stand in.
        generic_leaks: system prompts, template tags, chat markup and section tags such as
            `<problem>`, in prompts too. Turn it off for recipes about these things.
        refusals: the answer refuses.
        ai_disclaimers: «As an AI language model ...».
        truncation: the answer breaks off.
        repetition: it goes round in circles.
        placeholders: `[Your Name]` was not filled in.
        role_markers: it writes `User:` and goes on for the other side.
        copied_examples: prompt or answer repeats the recipe's templates, or `examples_file`.
        examples_file: texts of examples, beside the templates: JSON lines, or plain text.
        empty_politeness: nothing but courtesy.
        language: the language of answers, such as `en`; any if nothing is said.
        prompt_language: that of prompts.
        links: links and publications that nobody gave; off unless asked for.
        slop: more worn phrases than people write; off unless asked for.
        prompts_too: look for loops, placeholders and role markers in prompts, too, where a teacher
            wrote them.
    """

    kind: Literal["failure_modes"]
    leak_markers: tuple[_Marker, ...] = ()
    generic_leaks: bool = True
    refusals: bool = True
    ai_disclaimers: AiDisclaimers | bool = True
    truncation: Truncation | bool = True
    repetition: Repetition | bool = True
    placeholders: Placeholders | bool = True
    role_markers: RoleMarkers | bool = True
    copied_examples: CopiedExamples | bool = True
    examples_file: Annotated[str, Field(min_length=1)] | None = None
    empty_politeness: EmptyPoliteness | bool = True
    language: _Code | None = None
    prompt_language: _Code | None = None
    links: InventedLinks | bool = False
    slop: Slop | bool = False
    prompts_too: bool = False

    def parts(self, files: Mapping[str, str]) -> frozenset[str]:
        """See the protocol."""
        name = self.examples_file
        return frozenset() if name is None or name not in files else frozenset({name})

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol.

        Raises:
            RecipeError: if there is no file of the name of `examples_file`.
        """
        if self.examples_file is not None and self.examples_file not in files:
            raise RecipeError(
                f"verifier failure_modes: there is no file {self.examples_file}. Files here: "
                f"{', '.join(sorted(files))}. Write it, or mend examples_file."
            )
        markers = tuple((marker, folded(marker)) for marker in self.leak_markers)
        of_prompts = (self._leaks(markers), *self._of_prompts(files))
        of_answers = (self._leaks(markers), *self._of_answers(files))

        def check(sample: Sample) -> Verdict:
            for turn, answers in _turns(sample):
                if not turn.text.strip():
                    return Verdict.rejected(Reason.EMPTY_COMPLETION, f"the {turn.name} is empty")
                for look in of_answers if answers else of_prompts:
                    if fault := look(turn):
                        return Verdict.rejected(fault.reason, f"the {turn.name} {fault.told}")
            return Verdict.accepted("fails in no way that is looked for")

        return check

    def _of_prompts(self, files: Mapping[str, str]) -> Iterator[Look]:
        if self.prompts_too:
            if mode := _chosen(self.repetition, Repetition):
                yield mode.look()
            if mode := _chosen(self.placeholders, Placeholders):
                yield mode.look()
            if mode := _chosen(self.role_markers, RoleMarkers):
                yield mode.look()
        yield from self._copies(files)
        if self.prompt_language is not None:
            yield WrongLanguage(self.prompt_language).look()

    def _of_answers(self, files: Mapping[str, str]) -> Iterator[Look]:
        if self.refusals:
            yield _refuses
        for mode in (
            _chosen(self.ai_disclaimers, AiDisclaimers),
            _chosen(self.role_markers, RoleMarkers),
            _chosen(self.repetition, Repetition),
            _chosen(self.placeholders, Placeholders),
            _chosen(self.empty_politeness, EmptyPoliteness),
            _chosen(self.truncation, Truncation),
            _chosen(self.links, InventedLinks),
            _chosen(self.slop, Slop),
        ):
            if mode is not None:
                yield mode.look()
        yield from self._copies(files)
        if self.language is not None:
            yield WrongLanguage(self.language).look()

    def _copies(self, files: Mapping[str, str]) -> Iterator[Look]:
        mode = _chosen(self.copied_examples, CopiedExamples)
        texts = example_texts(files, self.examples_file)
        if mode is not None and texts:
            yield mode.look_into(texts)

    def _leaks(self, markers: tuple[tuple[str, str], ...]) -> Look:
        def check(turn: Turn) -> Fault | None:
            leak = next((said for said, plain in markers if plain in turn.folded), None)
            if leak is None and self.generic_leaks:
                leak = generic_leak_in(turn)
            return None if leak is None else Fault(Reason.PROMPT_LEAK, f"has {clipped(leak)}")

        return check


def _chosen(said: _Mode | bool, mode: type[_Mode]) -> _Mode | None:
    if isinstance(said, bool):
        return mode() if said else None
    return said


def _refuses(turn: Turn) -> Fault | None:
    phrase = refusal_in(turn.text)
    return None if phrase is None else Fault(Reason.REFUSAL, f"refuses: {clipped(phrase)}")


def _turns(sample: Sample) -> Iterator[tuple[Turn, bool]]:
    """The texts of a sample in their order, and whether each is an answer."""
    given = [sample.context] if sample.context else []
    asked = ""
    for message in sample.earlier:
        name = f"earlier {message.role} turn"
        match message.role:
            case "system":
                given.append(message.content)
            case "assistant":
                yield Turn(name, message.content, asked, tuple(given)), True
                given.append(message.content)
            case _:
                yield Turn(name, message.content, "", tuple(given)), False
                given.append(message.content)
                asked = message.content
    yield Turn("prompt", sample.prompt, "", tuple(given)), False
    yield Turn("response", sample.response, sample.prompt, tuple(given)), True
