"""Verifiers named outside a recipe: on a command line, or in a YAML file of their own."""

from pydantic import Field

from synth_assets.core.config.names import Written
from synth_assets.core.config.yaml_text import parse_yaml, validated
from synth_assets.core.verify.catalogue import VerifierSpec
from synth_assets.errors import ConfigurationError


class VerifiersFile(Written):
    """A YAML file of verifiers; what else a recipe says has no place in it."""

    verifiers: tuple[VerifierSpec, ...] = Field(min_length=1)


class _One(Written):
    verifier: VerifierSpec


def parse_verifier(text: str) -> VerifierSpec:
    """Read one verifier as it is written on a command line.

    Args:
        text: its kind alone, `math`, or as in a recipe, `{kind: math, answer: whole}`.

    Raises:
        ConfigurationError: naming key and mend.
    """
    said = text.strip()
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
