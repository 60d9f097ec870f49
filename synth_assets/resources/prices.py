"""What a teacher's tokens cost, and how many it can write, before anything is asked."""

from synth_assets.core.config.teachers import Price, Teacher
from synth_assets.resources.model_table import ModelFacts, model_facts

_MILLION = 1_000_000


def price_of(teacher: Teacher) -> Price | None:
    """USD per million tokens: the entry's own price, else LiteLLM's; none where neither says.

    A teacher with batch delivery has the batch price where the table has one.

    Raises:
        ConfigurationError: if the installed LiteLLM has no readable table.
    """
    if teacher.price is not None:
        return teacher.price
    facts = _facts(teacher)
    if facts is None or facts.input_usd is None or facts.output_usd is None:
        return None
    input_usd, output_usd = facts.input_usd, facts.output_usd
    if teacher.delivery == "batch":
        input_usd = input_usd if facts.batch_input_usd is None else facts.batch_input_usd
        output_usd = output_usd if facts.batch_output_usd is None else facts.batch_output_usd
    return Price(input_usd=input_usd * _MILLION, output_usd=output_usd * _MILLION)


def most_completion_tokens(teacher: Teacher) -> int | None:
    """The longest answer the model can give, in tokens; none where nobody says."""
    facts = _facts(teacher)
    known = (teacher.context_limit, None if facts is None else facts.max_output_tokens)
    return min((limit for limit in known if limit is not None), default=None)


def _facts(teacher: Teacher) -> ModelFacts | None:
    # An address of the user's own may serve anything under a famous name.
    if teacher.api_base is not None and teacher.model.startswith("openai/"):
        return None
    return model_facts(teacher.model)
