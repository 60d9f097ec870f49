"""LiteLLM's own table of models, read without LiteLLM."""

import subprocess
import sys

import pytest

from synth_assets.resources.model_table import model_facts, takes_schema


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4.1-mini", "gpt-4.1-mini"),
        ("openai/gpt-4.1-mini", "gpt-4.1-mini"),
        ("OpenAI/GPT-4.1-mini", "gpt-4.1-mini"),
        ("azure/gpt-4.1-mini", "azure/gpt-4.1-mini"),
        ("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("vertex_ai/gemini-2.5-flash", "gemini-2.5-flash"),
        ("openai/gpt-4.1-mini-2099-01-01", "gpt-4.1-mini"),
        ("openai/ft:gpt-4o-2024-08-06:us:them:id", "ft:gpt-4o-2024-08-06"),
    ],
)
def test_model_facts_of_a_known_name_are_found_with_and_without_provider(model: str, name: str):
    facts = model_facts(model)

    assert facts is not None
    assert facts.name == name


@pytest.mark.parametrize(
    "model",
    ["", "/", "openai/", "sample_spec", "nobody/gpt-4.1-mini", "hosted_vllm/gpt-4.1-mini", "x"],
)
def test_model_facts_of_an_unknown_name_are_none(model: str):
    assert model_facts(model) is None
    assert takes_schema(model) is False


def test_model_facts_give_prices_limits_and_structured_output():
    facts = model_facts("openai/gpt-4.1-mini")

    assert facts is not None
    assert (facts.provider, facts.takes_schema) == ("openai", True)
    assert (facts.input_usd, facts.output_usd) == (4e-07, 1.6e-06)
    assert (facts.batch_input_usd, facts.batch_output_usd) == (2e-07, 8e-07)
    assert (facts.max_input_tokens, facts.max_output_tokens) == (1_047_576, 32_768)


def test_model_table_is_read_without_importing_litellm():
    code = (
        "import sys; from synth_assets.resources.model_table import takes_schema;"
        "print(takes_schema('openai/gpt-4.1-mini'), 'litellm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True", "False"]
