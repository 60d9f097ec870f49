"""Length."""

from collections.abc import Mapping
from typing import Literal

from synth_assets.core.config.names import Written
from synth_assets.core.verify.protocol import Check


class Length(Written):
    """See the fields."""

    kind: Literal["length"]

    def prepare(self, files: Mapping[str, str]) -> Check:
        """See the protocol."""
        raise NotImplementedError
