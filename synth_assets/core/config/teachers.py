"""The teacher catalogue: which models may write, where they are, what they cost."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, JsonValue, StringConstraints

from synth_assets.core.config.names import Name, Written
from synth_assets.core.config.terms import StatedTerms

Address = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]")]

ResponseFormat: TypeAlias = Literal["auto", "schema", "object", "none"]
"""How JSON is asked for: as a schema, as any object, in the prompt alone, or as LiteLLM knows."""


class Price(Written):
    """US dollars per million tokens; overrides LiteLLM's own price list."""

    input_usd: float = Field(ge=0)
    output_usd: float = Field(ge=0)


class Teacher(Written):
    """One entry of `teachers.yaml`.

    Identity (a change buys rows again): id, model, checkpoint, parameters. Everything else says
    how to reach the model and what may be done with its outputs.
    """

    id: Name
    model: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    checkpoint: str = ""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    api_base: Address | Annotated[tuple[Address, ...], Field(min_length=1)] | None = None
    """One address, or several that serve the same model and are asked in turn."""
    api_key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    price: Price | None = None
    parallelism: int = Field(default=64, ge=1, le=4096)
    """Most requests at once; how many really are adapts to how the endpoint bears it."""
    requests_per_minute: float | None = Field(default=None, gt=0)
    tokens_per_minute: float | None = Field(default=None, gt=0)
    timeout_s: float = Field(default=120, gt=0)
    context_limit: int | None = Field(default=None, ge=1)
    """Tokens of prompt and completion together; bounds what a call may cost."""
    delivery: Literal["live", "batch"] = "live"
    """`batch` sends files of requests that are answered within a day, at half the price."""
    fallbacks: tuple[Name, ...] = ()
    """Teachers asked, in turn, for what this one fails at for good."""
    sends_seed: bool = False
    """Send the sample index as `seed`, for endpoints that take one."""
    response_format: ResponseFormat = "auto"
    """Identity of the requests that ask for JSON; of no others."""
    family: str = ""
    """Models of one family share base models; by default what the model's name tells."""
    trained_on: tuple[str, ...] = ()
    """Exported training sets and registered models; see docs/standing.md."""
    licence: str = "unstated"
    """What its outputs are given under: an SPDX id, or a name of docs/standing.md."""
    terms: StatedTerms | None = None
    """What holds over what its licence says."""

    @property
    def addresses(self) -> tuple[str | None, ...]:
        """Where to ask: the given addresses, or none for the provider's own."""
        return self.api_base if isinstance(self.api_base, tuple) else (self.api_base,)


class TeachersFile(Written):
    """A `teachers.yaml`."""

    teachers: tuple[Teacher, ...]
