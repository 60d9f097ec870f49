"""Things about LiteLLM that can be switched off or replaced, each by its name in the table.

A change is made with the model's name and the endpoint, inside the event loop; it sets what is
global and returns what gives each call its further arguments.
"""

import datetime
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import litellm
from litellm._internal_context import is_internal_call
from litellm.litellm_core_utils.litellm_logging import Logging
from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

Arguments = dict[str, Any]
Change = Callable[[str, str], Callable[[], Arguments]]

_USD_PER_TOKEN = 1e-6


class NotApplicableError(Exception):
    """The provider's way through LiteLLM has nothing to change there."""


class _NoLogging(Logging):
    """A logging object that prices nothing and schedules nothing."""

    def response_cost_calculator(self, *_: object, **__: object) -> None:
        """Nothing is priced: prices are known elsewhere."""

    def claim_async_success_log(self) -> bool:
        """Nothing is to be logged."""
        return False


class _StraightHandler(AsyncHTTPHandler):
    """LiteLLM's HTTP handler without httpx's client: aiohttp, and httpx's response around it."""

    def __init__(self) -> None:
        super().__init__()
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def post(  # pyright: ignore[reportIncompatibleMethodOverride]  only these are given
        self,
        url: str,
        data: str | bytes | None = None,
        headers: dict[str, str] | None = None,
        **_: object,
    ) -> httpx.Response:
        """Send one request."""
        async with self._session.post(url, data=data, headers=headers) as response:
            body = await response.read()
            request = httpx.Request("POST", url)
            return httpx.Response(response.status, content=body, request=request)


def _always(**arguments: object) -> Callable[[], Arguments]:
    return lambda: dict(arguments)


def _flags(**values: object) -> Change:
    def change(_: str, __: str) -> Callable[[], Arguments]:
        for name, value in values.items():
            if not hasattr(litellm, name):
                raise AttributeError(f"this LiteLLM has no {name}; mend the list of changes")
            setattr(litellm, name, value)
        return _always()

    return change


def _arguments(**values: object) -> Change:
    return lambda _, __: _always(**values)


def _registered(model: str, _: str) -> Callable[[], Arguments]:
    provider = model.partition("/")[0]
    price = {
        "litellm_provider": provider,
        "mode": "chat",
        "input_cost_per_token": _USD_PER_TOKEN,
        "output_cost_per_token": _USD_PER_TOKEN,
        "max_tokens": 4096,
    }
    litellm.register_model({model: price})
    return _always()


def _internal(_: str, __: str) -> Callable[[], Arguments]:
    is_internal_call.set(True)
    return _always()


def _shared_client(model: str, base_url: str) -> Callable[[], Arguments]:
    if not model.startswith("openai/"):
        return _always(client=AsyncHTTPHandler())
    from openai import AsyncOpenAI

    return _always(client=AsyncOpenAI(api_key="sk-bench", base_url=base_url, max_retries=0))


def _no_logging(model: str, _: str) -> Callable[[], Arguments]:
    def fresh() -> Arguments:
        logging = _NoLogging(
            model=model,
            messages=None,
            stream=False,
            call_type="acompletion",
            start_time=datetime.datetime.now(),  # noqa: DTZ005  LiteLLM subtracts naive ones
            litellm_call_id="bench",
            function_id="",
        )
        return {"litellm_logging_obj": logging}

    return fresh


def _no_logging_straight(model: str, base_url: str) -> Callable[[], Arguments]:
    if model.startswith("openai/"):
        raise NotApplicableError  # OpenAI's client is used there
    logging, handler = _no_logging(model, base_url), _StraightHandler()
    return lambda: {**logging(), "client": handler}


CHANGES: dict[str, Change] = {
    "nothing": _flags(),
    "`num_retries=0, max_retries=0`": _arguments(num_retries=0, max_retries=0),
    "`no-log=True`": _arguments(**{"no-log": True}),
    "`callbacks = []` and its like": _flags(
        callbacks=[], success_callback=[], _async_success_callback=[]
    ),
    "`turn_off_message_logging`": _flags(turn_off_message_logging=True),
    "`suppress_debug_info`": _flags(suppress_debug_info=True),
    "`disable_token_counter`, `disable_end_user_cost_tracking`, `disable_streaming_logging`": (
        _flags(
            disable_token_counter=True,
            disable_end_user_cost_tracking=True,
            disable_streaming_logging=True,
        )
    ),
    "`disable_aiohttp_transport` (httpx alone)": _flags(disable_aiohttp_transport=True),
    "one client handed in": _shared_client,
    "`model_info` with prices": _arguments(
        model_info={
            "id": "bench",
            "input_cost_per_token": _USD_PER_TOKEN,
            "output_cost_per_token": _USD_PER_TOKEN,
        }
    ),
    "prices as arguments": _arguments(
        input_cost_per_token=_USD_PER_TOKEN, output_cost_per_token=_USD_PER_TOKEN
    ),
    "`register_model` with prices": _registered,
    "`is_internal_call` (private): no success handler": _internal,
    "a logging object of one's own: no prices, no handlers": _no_logging,
    "the same, and an HTTP handler straight over aiohttp": _no_logging_straight,
}
"""What is changed -> how."""
