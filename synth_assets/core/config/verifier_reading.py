"""Verifiers named outside a recipe: on a command line, or in a YAML file of their own."""

import difflib
from typing import get_args

from pydantic import Field

from synth_assets.core.config.names import Written
from synth_assets.core.config.yaml_text import parse_yaml, validated
from synth_assets.core.verify.catalogue import VerifierSpec
from synth_assets.core.verify.protocol import Verifier
from synth_assets.errors import ConfigurationError


class VerifiersFile(Written):
    """A YAML file of verifiers; what else a recipe says has no place in it."""

    verifiers: tuple[VerifierSpec, ...] = Field(min_length=1)


class _One(Written):
    verifier: VerifierSpec


def verifier_kinds() -> dict[str, type[Verifier]]:
    """Kind -> verifier, by name."""
    union, *_ = get_args(VerifierSpec)
    found = {get_args(cls.model_fields["kind"].annotation)[0]: cls for cls in get_args(union)}
    return dict(sorted(found.items()))


def parse_verifier(text: str) -> VerifierSpec:
    """Read one verifier as it is written on a command line.

    Args:
        text: its kind alone, `math`, or as in a recipe, `{kind: math, answer: whole}`.

    Raises:
        ConfigurationError: naming key and mend.
    """
    said = text.strip()
    kinds = verifier_kinds()
    if not said.startswith("{") and said not in kinds:
        near = difflib.get_close_matches(said, kinds, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise ConfigurationError(
            f"--verifier {said!r}: there is no such verifier.{meant} There are: {', '.join(kinds)}."
        )
    inline = said if said.startswith("{") else f"{{kind: {said}}}"
    document = parse_yaml(f"verifier: {inline}", f"--verifier {said!r}", ConfigurationError)
    return validated(_One, document, ConfigurationError).verifier


def parse_verifiers(text: str, label: str) -> tuple[VerifierSpec, ...]:
    """Read a YAML file of verifiers: `verifiers:` and a list, as in a recipe.

    Raises:
        ConfigurationError: naming line, key and mend.
    """
    document = parse_yaml(text, label, ConfigurationError)
    return validated(VerifiersFile, document, ConfigurationError).verifiers
