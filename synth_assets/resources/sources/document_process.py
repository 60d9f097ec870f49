"""Documents are read in a process of their own, with bounds: a file may be made to cost for ever.

A few kilobytes of PDF can ask for gigabytes, and unclosed tags keep Python's HTML parser busy for
hours. The process limits its own time and memory; where it ends, its file is refused and another
process reads the next one.
"""

import json
import logging
import math
import multiprocessing
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType

from synth_assets.core.passages import Block, BlockKind
from synth_assets.errors import SourceError
from synth_assets.resources.sources.extraction import Extracted, extract

_START = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from synth_assets.resources.sources.document_process import serve; serve(int(sys.argv[1]))"
)


@dataclass(frozen=True)
class Bounds:
    """What reading one document may cost.

    Attributes:
        cpu_s: processor time, imports included.
        cpu_s_per_page: added for each page of a PDF.
        memory_bytes: address space of the process (Linux).
        file_bytes: size of the file.
        pages: of a PDF.
        patience_s: time on the clock, for a file system that does not answer.
    """

    cpu_s: int = 30
    cpu_s_per_page: float = 0.1
    memory_bytes: int = 2 * 1024**3
    file_bytes: int = 200_000_000
    pages: int = 5_000
    patience_s: float = 1_200


class DocumentProcess:
    """Reads documents one after the other; a context manager, started at the first one."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process

    def __enter__(self) -> "DocumentProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._end()
        self._said.close()

    def extract(self, path: Path) -> Extracted:
        """Read a document.

        Raises:
            SourceError: if it cannot be read within the bounds; says why, not where.
        """
        pipe = self._pipe or self._start()
        try:
            pipe.send_bytes(json.dumps(str(path)).encode())
            if not pipe.poll(self._bounds.patience_s):
                self._end()
                raise SourceError(f"not read after {self._bounds.patience_s:g} s. Leave it out")
            answer = pipe.recv_bytes()
        except (EOFError, OSError) as exc:
            raise SourceError(self._why(self._end())) from exc
        return _extracted(json.loads(answer))

    def _start(self) -> Connection:
        self._said.seek(0)
        self._said.truncate()
        self._pipe, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", _START, str(theirs.fileno()), *sys.path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                pass_fds=(theirs.fileno(),),
            )
        self._pipe.send_bytes(json.dumps(asdict(self._bounds)).encode())
        return self._pipe

    def _end(self) -> int:
        """Its exit code; a negative one is a signal."""
        process, pipe, self._process, self._pipe = self._process, self._pipe, None, None
        if pipe is not None:
            pipe.close()
        if process is None:
            return 0
        try:
            return process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _why(self, code: int) -> str:
        if code == -signal.SIGXCPU:
            return f"not read within {self._bounds.cpu_s} s of processor time. Leave it out"
        self._said.seek(0)
        lines = self._said.read()[-2_000:].decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        if last.startswith("MemoryError"):
            gigabytes = self._bounds.memory_bytes / 1024**3
            return f"not read within {gigabytes:.3g} GiB of memory. Leave it out"
        kind, _, message = last.partition(":")
        said = f"{kind.rpartition('.')[2]}:{message}"[:300] if last else f"exit code {code}"
        return f"is broken ({said}). Get it again"


def serve(handle: int) -> None:
    """Read documents until nobody asks any more.

    Args:
        handle: file descriptor of the pipe's end.
    """
    logging.disable()
    pipe = Connection(handle)
    bounds = Bounds(**json.loads(pipe.recv_bytes()))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (bounds.memory_bytes, bounds.memory_bytes))
    while True:
        try:
            path = Path(json.loads(pipe.recv_bytes()))
        except EOFError:
            return
        pipe.send_bytes(json.dumps(_answer(path, bounds)).encode())


def _answer(path: Path, bounds: Bounds) -> dict[str, object]:
    """What a file says or why it cannot be read; all else that is raised ends the process."""
    _allow(bounds.cpu_s)
    try:
        size = path.stat().st_size
        if size > bounds.file_bytes:
            raise SourceError(f"{size:,} bytes; at most {bounds.file_bytes:,} are read. Split it")
        read = extract(
            path,
            bounds.pages,
            lambda pages: _allow(bounds.cpu_s + pages * bounds.cpu_s_per_page),
        )
    except SourceError as exc:
        return {"refused": str(exc)}
    except OSError as exc:
        return {"refused": f"cannot be opened: {exc.strerror}. Mend its rights"}
    return asdict(read)


def _allow(more_s: float) -> None:
    """Processor time from now on."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    limit = math.ceil(spent.ru_utime + spent.ru_stime + more_s)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, most))


def _extracted(answer: dict[str, object]) -> Extracted:
    match answer:
        case {"refused": str(reason)}:
            raise SourceError(reason)
        case {"title": str(title), "blocks": list(blocks), "empty_pages": list(pages)}:  # pyright: ignore[reportUnknownVariableType]
            return Extracted(title, tuple(_block(block) for block in blocks), tuple(pages))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            raise SourceError(f"the reader answered {str(answer)[:100]!r}. Read it again")


def _block(values: dict[str, object]) -> Block:
    match values:
        case {
            "kind": str(kind),
            "text": str(text),
            "level": int(level),
            "page": int(page),
            "turns": list(turns),  # pyright: ignore[reportUnknownVariableType]
        }:
            return Block(BlockKind(kind), text, level, page, tuple(turns))  # pyright: ignore[reportUnknownArgumentType]
        case _:
            raise SourceError(f"the reader answered {str(values)[:100]!r}. Read it again")
