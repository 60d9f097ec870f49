"""The way to a provider's files and batches, through LiteLLM.

OpenAI's own protocol: `openai/` (also with an `api_base`), `hosted_vllm/` with one, and `azure/`.
"""

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.failures import FailureClass
from synth_assets.errors import CatalogueError
from synth_assets.resources.batches.states import ENDED, Batch, BatchState
from synth_assets.resources.batches.waiting import ENDPOINT
from synth_assets.resources.lanes.attempts import AttemptFailedError
from synth_assets.resources.lanes.classify import classify, retry_after_s, shown
from synth_assets.resources.lanes.through_litellm import load_litellm
from synth_assets.resources.settings import read_secret

PROVIDERS = ("openai", "azure", "hosted_vllm")
MARK = "synth_batch"
"""The key of a batch's metadata under which the provider is told our name of it."""

_ENDED = {state.value: state for state in ENDED}
_NO_LOGGING = {"batch_ignore_default_logging": True}
"""Else LiteLLM's logging downloads the output of a completed batch as well, to price it."""

_PAGE = 100
_MOST_PAGES = 50


@dataclass(frozen=True)
class Told:
    """What a provider says of a batch.

    Attributes:
        provider_id: its id.
        ended: how it ended; none while it lasts.
        answered: requests answered.
        failed: requests failed.
        output_file: id of the file with the answers; empty where there is none.
        error_file: id of the file with the failures.
        said: errors of the whole batch, without keys.
        seconds: from its creation to its end; 0 while it lasts.
    """

    provider_id: str
    ended: BatchState | None
    answered: int = 0
    failed: int = 0
    output_file: str = ""
    error_file: str = ""
    said: str = ""
    seconds: float = 0.0


class BatchLane(Protocol):
    """What the life of a batch needs of a provider. All raise `AttemptFailedError`."""

    @property
    def key(self) -> str:
        """The provider's key as it is now, to be kept out of what is stored."""
        ...

    async def upload(self, name: str, content: BinaryIO) -> str:
        """Upload an input file: its id."""
        ...

    async def submit(self, name: str, file_id: str) -> Told:
        """Make a batch of an uploaded file; never repeated by itself."""
        ...

    async def look(self, provider_id: str) -> Told:
        """Ask how far a batch is."""
        ...

    async def find(self, batch: Batch) -> Told | None:
        """Look for a batch of our name among all there are; the oldest, if there are several."""
        ...

    async def cancel(self, provider_id: str) -> Told:
        """Ask for the end of a batch."""
        ...

    def content(self, file_id: str) -> AsyncGenerator[bytes]:
        """A file, piece by piece."""
        ...


def provider_of(teacher: Teacher) -> str:
    """LiteLLM's name of the provider whose batches answer for a teacher.

    Raises:
        CatalogueError: if there are none, or not known to work.
    """
    prefix, slash, _ = teacher.model.partition("/")
    provider = prefix if slash else "openai"
    if provider not in PROVIDERS or (provider == "hosted_vllm" and teacher.api_base is None):
        raise CatalogueError(
            f"Teacher {teacher.id} ({teacher.model}) has `delivery: batch`, which works for models "
            "of openai/ (also with an api_base), azure/, and hosted_vllm/ with an api_base. Set "
            "`delivery: live` for it in teachers.yaml."
        )
    return provider


class LiteLLMBatchLane:
    """One teacher's files and batches at one address.

    Args:
        teacher: its entry; its key is read at each call.
        api_base: where; empty for the provider's own address.
    """

    def __init__(self, teacher: Teacher, api_base: str) -> None:
        self._teacher = teacher
        self._api_base = api_base
        self._provider = provider_of(teacher)

    @property
    def key(self) -> str:
        """See `BatchLane`."""
        name = self._teacher.api_key_env
        return read_secret(name, self._teacher.id) if name else ""

    async def upload(self, name: str, content: BinaryIO) -> str:
        """See `BatchLane`."""
        file = (f"{name}.jsonl", content)
        with self._named_failures():
            made = await load_litellm().acreate_file(
                file=file, purpose="batch", **self._at(retries=2)
            )
        return str(made.id)

    async def submit(self, name: str, file_id: str) -> Told:
        """See `BatchLane`."""
        with self._named_failures():
            made = await load_litellm().acreate_batch(
                completion_window="24h",
                endpoint=ENDPOINT,
                input_file_id=file_id,
                metadata={MARK: name},
                **self._at(retries=0),
            )
        return self._told(made)

    async def look(self, provider_id: str) -> Told:
        """See `BatchLane`."""
        with self._named_failures():
            found = await load_litellm().aretrieve_batch(
                batch_id=provider_id, litellm_metadata=_NO_LOGGING, **self._at(retries=2)
            )
        return self._told(found)

    async def find(self, batch: Batch) -> Told | None:
        """See `BatchLane`."""
        found: Told | None = None
        page: dict[str, Any] = {"limit": _PAGE}
        made_s = datetime.fromisoformat(batch.created_at).timestamp()
        for _ in range(_MOST_PAGES):
            with self._named_failures():
                listed = await load_litellm().alist_batches(**page, **self._at(retries=2))
            for one in listed.data:
                metadata: dict[str, str] = getattr(one, "metadata", None) or {}
                if metadata.get(MARK) == batch.name or one.input_file_id == batch.file_id:
                    found = self._told(one)
            # Newest first; a day's grace for clocks that differ.
            oldest = min((one.created_at for one in listed.data), default=0)
            if not getattr(listed, "has_more", False) or oldest < made_s - 86_400:
                break
            page["after"] = listed.data[-1].id
        return found

    async def cancel(self, provider_id: str) -> Told:
        """See `BatchLane`."""
        with self._named_failures():
            told = await load_litellm().acancel_batch(batch_id=provider_id, **self._at(retries=2))
        return self._told(told)

    async def content(self, file_id: str) -> AsyncGenerator[bytes]:
        """See `BatchLane`."""
        with self._named_failures():
            got = await load_litellm().afile_content(
                file_id=file_id, stream=True, **self._at(retries=2)
            )
            pieces = getattr(got, "stream_iterator", None)
            if pieces is None:
                yield got.content
                return
            async for piece in pieces:
                yield piece

    def _at(self, retries: int) -> dict[str, Any]:
        at: dict[str, Any] = {
            "custom_llm_provider": self._provider,
            "timeout": self._teacher.timeout_s,
            "max_retries": retries,
        }
        if self._api_base:
            at["api_base"] = self._api_base
        if key := self.key:
            at["api_key"] = key
        elif self._api_base:
            at["api_key"] = "none"  # OpenAI's client wants one, whatever the server does
        return at

    def _told(self, batch: Any) -> Told:  # noqa: ANN401  LiteLLM's types come with its import
        counts = getattr(batch, "request_counts", None)
        errors = getattr(getattr(batch, "errors", None), "data", None) or ()
        said = "; ".join(f"{error.code}: {error.message}" for error in errors)
        ended = _ENDED.get(str(batch.status))
        return Told(
            provider_id=str(batch.id),
            ended=ended,
            answered=0 if counts is None else int(counts.completed),
            failed=0 if counts is None else int(counts.failed),
            output_file=str(getattr(batch, "output_file_id", None) or ""),
            error_file=str(getattr(batch, "error_file_id", None) or ""),
            said=shown(said, self.key),
            seconds=0.0 if ended is None else _seconds(batch, ended),
        )

    @contextmanager
    def _named_failures(self) -> Generator[None]:
        import httpx
        import openai

        try:
            yield
        except (openai.OpenAIError, httpx.HTTPError) as exc:
            said = f"{type(exc).__name__}: {exc}".partition("Traceback (most recent call last)")[0]
            response = getattr(exc, "response", None)
            headers: Mapping[str, str] = getattr(response, "headers", None) or {}
            raise AttemptFailedError(
                _failure(exc), shown(said, self.key), retry_after_s(headers)
            ) from None


def _failure(exc: Exception) -> FailureClass:
    import httpx
    import openai

    if isinstance(exc, openai.APITimeoutError | httpx.TimeoutException):
        return FailureClass.TIMEOUT
    if type(exc) is openai.OpenAIError:  # what its client raises where it finds no key
        return FailureClass.AUTHENTICATION
    status = getattr(exc, "status_code", None)
    if isinstance(exc, openai.APIConnectionError) or not isinstance(status, int):
        return classify(None, str(exc))
    return classify(status, f"{exc} {getattr(exc, 'body', '')}")


def _seconds(batch: Any, ended: BatchState) -> float:  # noqa: ANN401
    stamp, created = getattr(batch, f"{ended}_at", None), getattr(batch, "created_at", None)
    return max(0.0, float(stamp - created)) if stamp and created else 0.0
