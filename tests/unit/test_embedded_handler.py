import asyncio

import pytest

from synth_assets.core.completion import Message, Request
from synth_assets.core.config.teachers import Price, Teacher
from synth_assets.core.fingerprint import canonical_json
from synth_assets.resources.embedded.composition import compose, count_tokens
from synth_assets.resources.lanes.through_litellm import load_litellm
from synth_assets.resources.teachers import Teachers
from tests.fakes import FakeWatch

ASKED = (
    Message("system", "You write problems."),
    Message("user", "<example_problem>\n1 + 1?\n</example_problem>\n<level>hard</level>"),
)


def request(parameters: dict, model: str = "embedded/scholar", index: int = 3) -> Request:
    return Request("t", model, "", ASKED, canonical_json(parameters), index, "write")


def buy(asked: Request):
    teacher = Teacher(
        id="t", model=asked.model, sends_seed=True, price=Price(input_usd=0, output_usd=0)
    )
    return asyncio.run(Teachers({"t": teacher}).complete(asked, FakeWatch()))


def test_handler_through_litellm_says_what_compose_says():
    parameters = {"temperature": 0.7, "max_tokens": 900, "flaws": {"wrong_number": 0.5}}
    for index in range(6):
        completion = buy(request(parameters, index=index))
        composed = compose("scholar", ASKED, parameters, index)
        assert completion.text == composed.text
        assert completion.finish_reason == "stop"
        assert completion.completion_tokens == count_tokens(composed.text) > 0
        assert completion.prompt_tokens == sum(count_tokens(m.content) for m in ASKED)
        assert completion.cost_usd == 0


def test_handler_truncation_arrives_as_finish_reason_length():
    assert buy(request({"flaws": {"truncation": 1.0}})).finish_reason == "length"
    assert buy(request({"max_tokens": 5})).completion_tokens == 5


@pytest.mark.parametrize(
    ("model", "flaws", "told"),
    [("oracle", {}, "no model 'oracle'"), ("scholar", {"typo": 0.1}, "flaws names 'typo'")],
)
def test_handler_unusable_request_is_not_found_and_says_the_mend(model: str, flaws, told: str):
    litellm = load_litellm()
    call = litellm.acompletion(
        model=f"embedded/{model}",
        messages=[{"role": "user", "content": "Hello"}],
        flaws=flaws,
        max_retries=0,
    )
    with pytest.raises(litellm.NotFoundError, match=told):
        asyncio.run(call)


def test_register_twice_leaves_one_provider_and_those_of_others():
    litellm = load_litellm()
    from synth_assets.resources.embedded.handler import register

    others = [{"provider": "another", "custom_handler": object()}]
    before = litellm.custom_provider_map
    try:
        litellm.custom_provider_map = [*others, *before]
        register()
        register()
        named = [entry["provider"] for entry in litellm.custom_provider_map]
        assert sorted(named) == ["another", "embedded"]
    finally:
        litellm.custom_provider_map = before
