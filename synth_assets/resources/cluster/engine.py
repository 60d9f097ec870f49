"""What is used of Dask's `distributed`, and what may go wrong with it, as errors of ours.

A task runs where its inputs are. What it gives is kept in the memory of workers, on their disks
where that is short, as long as somebody here holds its `Handle`. Dask runs a task again whose
outcome went with a worker; only what was sent from here it cannot make again.
"""

import logging
import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from operator import getitem
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import uuid4

from synth_assets.errors import ClusterError
from synth_assets.resources.cluster.same_code import code_here, refuse_other_code

_R = TypeVar("_R")
_R_co = TypeVar("_R_co", covariant=True)

_ANSWER_S = 10.0
_FIRST_WORKER_S = 30.0
_IDLE_S = 60.0
_LOOK_EVERY_S = 2.0


class RowsLostError(ClusterError):
    """A worker is gone, and with it what was sent to it from here."""


class Handle(Protocol, Generic[_R_co]):
    """What a task gives, or will give, on some worker; see `Cluster.fetch`."""

    def cancelled(self) -> bool:
        """See `Cluster.has_lost`."""
        ...

    def result(self, timeout: float, /) -> _R_co:
        """Wait for it and bring it here."""
        ...


class _Client(Protocol):
    status: str

    def submit(self, function: object, /, *arguments: object, key: str) -> Handle[Any]: ...

    def map(
        self, function: object, /, *arguments: Collection[object], key: Sequence[str]
    ) -> list[Handle[Any]]: ...

    def scatter(self, data: object, *, hash: bool) -> Handle[Any]: ...

    def run(
        self, function: object, *, workers: Sequence[str], on_error: str
    ) -> Mapping[str, object]: ...

    def run_on_scheduler(self, function: object) -> object: ...

    def nthreads(self) -> Mapping[str, int]: ...

    def scheduler_info(
        self, *, n_workers: int
    ) -> Mapping[str, Mapping[str, Mapping[str, object]]]: ...

    def wait_for_workers(self, n_workers: int, timeout: float) -> None: ...

    def close(self) -> None: ...


class Cluster:
    """A connection to the scheduler of a cluster, and so to its workers."""

    def __init__(self, address: str, client: _Client) -> None:
        self._address = address
        self._client = client
        self._code = code_here()
        self._checked: set[str] = set()

    @classmethod
    @contextmanager
    def connected(cls, address: str) -> Generator["Cluster"]:
        """Connect to the scheduler at an address, such as `tcp://10.0.0.7:8786`.

        Raises:
            ClusterError: if Dask is not installed here, nobody answers, there are no workers, or
                the scheduler or a worker runs another Dask or other code of ours.
        """
        if find_spec("distributed") is None:
            raise ClusterError(
                "Dask is not installed, which runs work on a cluster. Install it with "
                "uv sync --extra cluster, or pip install 'synth-assets[cluster]'."
            )
        client = _connect(address)
        try:
            cluster = cls(address, client)
            cluster._check_scheduler()
            cluster._await_first_worker()
            yield cluster
        finally:
            # Of a scheduler that is gone, attempts to reach it again may end in just this moment.
            with suppress(RuntimeError):
                client.close()

    @property
    def threads(self) -> int:
        """Of all workers that there are now."""
        return sum(self._ask_threads().values())

    def send(self, value: _R) -> Handle[_R]:
        """Have a worker keep a value.

        Raises:
            RowsLostError: if the worker that it was sent to is gone.
            ClusterError: if the scheduler is.
        """
        self._await_workers()
        try:
            return self._client.scatter(value, hash=False)
        except (OSError, CancelledError) as exc:
            raise self._lost() from exc

    def submit(self, task: Callable[..., _R], *arguments: object) -> Handle[_R]:
        """Have a worker run a function.

        Args:
            task: a function of a module of ours.
            arguments: what it takes; for a handle, what that stands for.
        """
        key = f"{task.__name__}-{uuid4().hex}"
        return self._client.submit(checked, self._code, task, *arguments, key=key)

    def parts(self, whole: Handle[Sequence[_R]], count: int) -> list[Handle[_R]]:
        """The first parts of a sequence, each to go where it is used."""
        name = f"part-{uuid4().hex}"
        keys = [f"{name}-{number}" for number in range(count)]
        return self._client.map(getitem, [whole] * count, range(count), key=keys)

    def has_lost(self, handle: Handle[object]) -> bool:
        """Whether what a task gave is gone and cannot be made again there."""
        return handle.cancelled()

    def fetch(self, handle: Handle[_R]) -> _R:
        """Wait for what a task gives, and bring it here.

        Raises:
            RowsLostError: if a worker is gone, and with it what the task needs.
            ClusterError: if the scheduler or all workers are gone, no worker takes work, or one
                after the other ended over the task.
        """
        from distributed.scheduler import KilledWorker

        idle_since: float | None = None
        while True:
            try:
                return handle.result(_LOOK_EVERY_S)
            except TimeoutError:
                idle_since = self._idle_since(idle_since)
            except CancelledError as exc:
                raise self._lost() from exc
            except KilledWorker as exc:
                raise ClusterError(
                    f"{self._address}: one worker after the other ended over the same task, as "
                    f"they do when they have too little memory: {exc}. Give the workers more, and "
                    "fewer threads each."
                ) from exc

    def _await_workers(self) -> None:
        idle_since: float | None = None
        while (idle_since := self._idle_since(idle_since)) is not None:
            time.sleep(_LOOK_EVERY_S / 10)

    def _idle_since(self, before: float | None) -> float | None:
        """Since when no worker takes work; nothing where one does."""
        threads = self._ask_threads()
        told = self._client.scheduler_info(n_workers=-1)["workers"]
        if any(told[worker]["status"] == "running" for worker in threads.keys() & told.keys()):
            return None
        now = time.monotonic()
        if before is not None and now - before > _IDLE_S:
            if threads:
                raise ClusterError(
                    f"{self._address}: all workers stand still, as they do when their memory is "
                    "full. Give them more, and disk to put on what they keep."
                )
            raise ClusterError(
                f"{self._address}: all workers are gone. {_how_to_start(self._address)}"
            )
        return now if before is None else before

    def _ask_threads(self) -> Mapping[str, int]:
        if self._client.status != "running":
            raise self._gone()
        try:
            threads = self._client.nthreads()
            if new := threads.keys() - self._checked:
                self._check(new)
        except (OSError, CancelledError) as exc:
            raise self._gone() from exc
        return threads

    def _lost(self) -> ClusterError:
        if self._client.status != "running":
            return self._gone()
        return RowsLostError(
            f"{self._address}: a worker ended, and with it rows that were sent to it. Run again."
        )

    def _gone(self) -> ClusterError:
        return ClusterError(
            f"{self._address}: the connection to the scheduler is lost. See whether it ended, and "
            "why; then run again."
        )

    def _await_first_worker(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_FIRST_WORKER_S)
        except TimeoutError as exc:
            raise ClusterError(
                f"{self._address}: there are no workers. {_how_to_start(self._address)}"
            ) from exc
        self._ask_threads()

    def _check_scheduler(self) -> None:
        """Refuse a scheduler that cannot read tasks: they pass through it."""
        try:
            found = self._client.run_on_scheduler(code_here)
        except OSError as exc:
            raise self._gone() from exc
        except (ImportError, AttributeError) as exc:
            found = exc
        self._compare("the scheduler", found)

    def _check(self, workers: Collection[str]) -> None:
        """Refuse workers that would hash otherwise, or cannot even read what they are sent."""
        found = self._client.run(code_here, workers=list(workers), on_error="return")
        for worker, code in found.items():
            if isinstance(code, OSError):  # it is gone already
                continue
            self._compare(f"the worker {worker}", code)
            self._checked.add(worker)

    def _compare(self, there: str, code: object) -> None:
        if code != self._code:
            raise ClusterError(
                f"{self._address}: {there} has other code of deduplication ({code}) than this "
                f"machine ({self._code}), so hashes may differ. Install the same release of "
                "synth-assets there, with the same Dask, on the same Python."
            )


def checked(code: str, task: Callable[..., _R], *arguments: object) -> _R:
    """Run a task on a worker, which may have come after the others were looked at.

    Raises:
        ClusterError: if the worker's code is not that of whoever wants the task run.
    """
    refuse_other_code(code)
    return task(*arguments)


def _connect(address: str) -> _Client:
    from distributed import Client

    # It writes tracebacks of what is raised here as an error.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, ValueError) as exc:
        raise ClusterError(
            f"{address}: no scheduler of a cluster answers: {exc}. Start one with dask scheduler, "
            f"and give the address that it prints. {_how_to_start(address)}"
        ) from exc
    return cast("_Client", client)


def _how_to_start(address: str) -> str:
    return f"Start workers with dask worker {address}."
