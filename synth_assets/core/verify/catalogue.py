"""All verifiers, as one closed union."""

from typing import Annotated

from pydantic import Field

from synth_assets.core.verify.code import Code
from synth_assets.core.verify.consistency import Consistency
from synth_assets.core.verify.failure_modes import FailureModes
from synth_assets.core.verify.grounding import Grounding
from synth_assets.core.verify.instructions import Instructions
from synth_assets.core.verify.json_record import JsonRecord
from synth_assets.core.verify.judge import Judge
from synth_assets.core.verify.length import Length
from synth_assets.core.verify.logic import Logic
from synth_assets.core.verify.math import Math
from synth_assets.core.verify.number import Number
from synth_assets.core.verify.parses import Parses
from synth_assets.core.verify.pattern import Pattern
from synth_assets.core.verify.perplexity import Perplexity
from synth_assets.core.verify.personal_data.verifier import PersonalData
from synth_assets.core.verify.procedural import Procedural
from synth_assets.core.verify.quality import Quality
from synth_assets.core.verify.quote import Quote
from synth_assets.core.verify.round_trip import RoundTrip

VerifierSpec = Annotated[
    Number
    | Math
    | JsonRecord
    | Pattern
    | Parses
    | Quote
    | Grounding
    | FailureModes
    | Instructions
    | Length
    | Code
    | Logic
    | Procedural
    | Judge
    | Perplexity
    | PersonalData
    | Quality
    | Consistency
    | RoundTrip,
    Field(discriminator="kind"),
]
