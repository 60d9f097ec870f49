"""What LiteLLM's own table says of models: prices, limits, structured output.

The table is a JSON file inside the installed package. It is read without importing LiteLLM, which
costs seconds of CPU, and it is the one that LiteLLM itself uses offline, so that a plan and the
bill agree.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from synth_assets.errors import ConfigurationError

_TABLE = "model_prices_and_context_window_backup.json"
_ALL_MODELS_TAKE_SCHEMAS = frozenset(
    {"databricks", "fireworks_ai", "lm_studio", "nebius", "predibase"}
)
"""As `litellm.supports_response_schema` has it, whatever the table says of the model."""

_FAMILIES = ("bedrock", "fireworks_ai", "vertex_ai")
"""Providers whose entries stand under names that begin so: `bedrock_converse`, `vertex_ai-...`."""

_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_VERSION = re.compile(r"-\d+$")
_FINE_TUNING = re.compile(r"(:[^:]*){3}$")


@dataclass(frozen=True)
class ModelFacts:
    """One model of the table. Prices are US dollars for one token, at the lowest context tier.

    Attributes:
        name: the table's name of it, which may be shorter than the one asked for.
        provider: LiteLLM's name of its provider.
        takes_schema: whether it takes a JSON schema as `response_format`.
        input_usd: for a token of the prompt; none where the table has no price.
        output_usd: for a token of the answer.
        batch_input_usd: the same in batch delivery; none where it has no such price.
        batch_output_usd: the same in batch delivery.
        max_input_tokens: the longest prompt; none where the table does not say.
        max_output_tokens: the longest answer.
    """

    name: str
    provider: str
    takes_schema: bool
    input_usd: float | None
    output_usd: float | None
    batch_input_usd: float | None
    batch_output_usd: float | None
    max_input_tokens: int | None
    max_output_tokens: int | None


def model_facts(model: str) -> ModelFacts | None:
    """Look a model up as LiteLLM does: with and without its provider, date and tuning.

    A name without its provider is found only under the provider that was asked for, so that
    `hosted_vllm/gpt-4o` is not OpenAI's. An `openai/` model with an `api_base` may be anything:
    that the caller must know.

    Args:
        model: LiteLLM model name, `gpt-4.1-mini` or `openai/gpt-4.1-mini`.

    Returns:
        None for a model the table does not have.

    Raises:
        ConfigurationError: if the installed LiteLLM has no readable table.
    """
    table = _table()
    provider, slash, bare = model.lower().partition("/")
    if not slash:
        provider, bare = "", model.lower()
    for name in _spellings(provider, bare):
        if found := table.get(f"{provider}/{name}" if provider else name):
            return found
        found = table.get(name)
        if found is not None and _is_of(found, provider):
            return found
    return None


def takes_schema(model: str) -> bool:
    """Whether LiteLLM knows that a model takes a JSON schema as `response_format`.

    Raises:
        ConfigurationError: if the installed LiteLLM has no readable table.
    """
    if model.lower().partition("/")[0] in _ALL_MODELS_TAKE_SCHEMAS:
        return True
    facts = model_facts(model)
    return facts is not None and facts.takes_schema


def _spellings(provider: str, bare: str) -> Iterator[str]:
    yield bare
    if bare.startswith("ft:"):
        yield _FINE_TUNING.sub("", bare)
    if _DATE.search(bare):
        yield _DATE.sub("", bare)
    if provider in {"gemini", "vertex_ai", "databricks"}:
        yield _VERSION.sub("", bare)


def _is_of(facts: ModelFacts, provider: str) -> bool:
    if provider in ("", facts.provider):
        return True
    return any(provider == family and facts.provider.startswith(family) for family in _FAMILIES)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, ModelFacts]:
    """Every model by its name in lower case; read once a process (50 ms)."""
    spec = find_spec("litellm")  # finds a package without running it
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    path = Path(places[0], _TABLE) if places else Path(_TABLE)
    try:
        entries: Any = json.loads(path.read_bytes())
        return {
            name.lower(): _facts(name, entry)
            for name, entry in entries.items()
            if name != "sample_spec"
        }
    except (OSError, ValueError, AttributeError) as exc:
        raise ConfigurationError(
            f"{path}: LiteLLM's table of models cannot be read: {exc}. Install litellm again."
        ) from exc


def _facts(name: str, entry: Mapping[str, Any]) -> ModelFacts:
    return ModelFacts(
        name=name,
        provider=str(entry.get("litellm_provider") or ""),
        takes_schema=entry.get("supports_response_schema") is True,
        input_usd=_price(entry.get("input_cost_per_token")),
        output_usd=_price(entry.get("output_cost_per_token")),
        batch_input_usd=_price(entry.get("input_cost_per_token_batches")),
        batch_output_usd=_price(entry.get("output_cost_per_token_batches")),
        max_input_tokens=_limit(entry.get("max_input_tokens")),
        max_output_tokens=_limit(entry.get("max_output_tokens")),
    )


def _price(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def _limit(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None
