"""All verifiers, as one closed union."""

from typing import Annotated

from pydantic import Field

from synth_assets.core.verify.code import Code
from synth_assets.core.verify.failure_modes import FailureModes
from synth_assets.core.verify.json_record import JsonRecord
from synth_assets.core.verify.length import Length
from synth_assets.core.verify.math import Math
from synth_assets.core.verify.number import Number
from synth_assets.core.verify.quote import Quote

VerifierSpec = Annotated[
    Number | Math | JsonRecord | Quote | FailureModes | Length | Code, Field(discriminator="kind")
]
