"""Code to description, and back to code by a teacher that sees the description alone.

After back-translation of code (Lachaux et al., 2020, arXiv:2006.03511; OSS-Instruct, Wei et al.,
2023, arXiv:2312.02120, writes problems from code). A description that another teacher can write the
function from says enough to be a task. As in TransCoder-ST (Roziere et al., 2021, arXiv:2110.06773)
tests decide whether the function written again is right: the seed's tests become the reference of
the sample, for the verifier `code` to run, as nothing is run here. We differ: they are a human's,
and before them the shape is compared, that is name, parameters and numbers, and what the
description copied.
"""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import ClassVar, Literal

from pydantic import Field

from synth_assets.core.function_shape import FunctionShape, function_of, unfenced
from synth_assets.core.ngrams import words_and_symbols
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import Draft, Production, Slot, Technique, Unusable
from synth_assets.core.techniques.structured import ask_fields
from synth_assets.core.techniques.unseen import attributes_of, copied_run, field_of
from synth_assets.core.verify.reading.folding import clipped

_IDENTIFIER = re.compile(r"\w+")


class BacktranslationCode(Technique):
    """Two requests a sample: `describe` the seed's function, then `write` it from that.

    `describe` sees the seed and answers with `description`; `write` sees `description` and the
    attributes and answers with `code`. The description becomes the prompt.

    Attributes:
        describe: the first prompt.
        write: the second prompt.
        code: the seed's field with one function.
        tests: the seed's field with its tests; they become the reference.
        response: the student learns the function that was written again, which tests of the
            response then vouch for, or the seed's, of which they say nothing new.
        max_copied_tokens: the longest run of the function's body that a description may repeat, in
            names, numbers and operators.
        same_numbers: numbers of the function, but for the smallest, must stand in the new one, too:
            a limit or a factor that the description lost shows there.
    """

    name: ClassVar[str] = "backtranslation_code"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "describe": ("description",),
        "write": ("code",),
    }

    describe: Prompt
    write: Prompt
    code: str = "code"
    tests: str = "tests"
    response: Literal["original", "regenerated"] = "regenerated"
    max_copied_tokens: int = Field(default=6, ge=3)
    same_numbers: bool = True

    def produce(self, slot: Slot) -> Production:
        """See the protocol."""
        code = field_of(slot.inputs, self.code, "code")
        tests = field_of(slot.inputs, self.tests, "tests")
        described = yield from ask_fields(
            slot, self.describe, slot.inputs, "describe", self.fields["describe"]
        )
        if isinstance(described, Unusable):
            return described
        original = function_of(code)
        if isinstance(original, str):
            return Unusable(Reason.UNPARSABLE, f"of the seed, {original}")
        description = described["description"]
        if fault := self._fault(description, original):
            return fault
        values = attributes_of(slot) | {"description": description}
        written = yield from ask_fields(slot, self.write, values, "write", self.fields["write"])
        if isinstance(written, Unusable):
            return written
        made = unfenced(written["code"])
        again = function_of(made, original.name)
        if isinstance(again, str):
            reason = Reason.NOT_PRESERVED if "no function" in again else Reason.UNPARSABLE
            return Unusable(reason, f"of what was written again, {again}")
        if again.parameters != original.parameters:
            told = f"written again as {again.signature}, it was {original.signature}"
            return Unusable(Reason.NOT_PRESERVED, told)
        if self.same_numbers and (lost := original.numbers - again.numbers):
            told = f"written again without {', '.join(f'{each:g}' for each in sorted(lost))}"
            return Unusable(Reason.NOT_PRESERVED, told)
        return Draft(
            prompt=description,
            response=code if self.response == "original" else made,
            reference=tests,
            attributes=_found(original, again),
            mended=described.mended or written.mended,
        )

    def _fault(self, description: str, original: FunctionShape) -> Unusable | None:
        copied = copied_run(description, original.body)
        if len(copied) > self.max_copied_tokens:
            run = clipped(" ".join(copied), 160)
            told = f"the description repeats {len(copied)} tokens of the code: {run}"
            return Unusable(Reason.COPIED_SOURCE, told)
        said = set(_IDENTIFIER.findall(description))
        missing = [word for word in original.words if word and word not in said]
        if missing:
            told = f"the description of {original.signature} does not name {', '.join(missing)}"
            return Unusable(Reason.NOT_PRESERVED, told)
        return None


def _found(original: FunctionShape, again: FunctionShape) -> dict[str, str | int | float]:
    one, other = (words_and_symbols(each.body) for each in (original, again))
    likeness = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return {
        "code_likeness": round(likeness, 3),
        "same_code": "yes" if original.tree == again.tree else "no",
    }
