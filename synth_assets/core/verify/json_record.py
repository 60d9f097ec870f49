"""Records."""

from collections.abc import Mapping
from typing import Literal

from synth_assets.core.config.names import Written
from synth_assets.core.verify.protocol import Check


class JsonRecord(Written):
    """See the fields."""

    kind: Literal["json_record"]
    schema_file: str
    values_in_text: bool = True
    except_fields: tuple[str, ...] = ()

    def prepare(self, files: Mapping[str, str]) -> Check:
        """See the protocol."""
        raise NotImplementedError
