"""`synth push` against a hub on this machine: no other is ever asked."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from synth_assets.errors import ConfigurationError
from synth_assets.resources.hub import Hub as HubClient
from tests.integration.warm_processes import Finished
from tests.integration.whole_run import Synth
from tests.samples import real_row
from tests.training_rows import exported, training_frame

LYING_THERE = ["train-00000-of-00002.parquet", "test.jsonl.gz", "training.parquet", "notes.md"]


class Hub(ThreadingHTTPServer):
    """Answers as the Hugging Face Hub does, and remembers what it was sent.

    Attributes:
        asked: method, path and token of each request.
        commits: the lines of each commit.
        refusing: whether it refuses every token.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked = list[tuple[str, str, str | None]]()
        self.commits = list[list[dict[str, object]]]()
        self.refusing = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, body: bytes) -> object:
        if "/preupload/" in path:
            named = [file["path"] for file in json.loads(body)["files"]]
            return {
                "files": [
                    {"path": p, "uploadMode": "regular", "shouldIgnore": False} for p in named
                ]
            }
        if "/tree/" in path:
            return [{"type": "file", "path": p, "size": 1, "oid": "0"} for p in LYING_THERE]
        if "/commit/" in path:
            self.commits.append([json.loads(line) for line in body.splitlines()])
            address = f"{self.url}/datasets/me/set/commit/{'c' * 40}"
            return {"commitUrl": address, "commitOid": "c" * 40}
        if path == "/api/repos/create":
            return {"url": f"{self.url}/datasets/me/set"}
        return {"errors": [], "warnings": []}


class _Answers(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization")))
        refused = self.server.refusing
        told = {"error": "Invalid token"} if refused else self.server.answer(self.path, body)
        data = json.dumps(told).encode()
        self.send_response(401 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def synth(tmp_path: Path, hub: Hub) -> Synth:
    """A home with an export of `balanced_50`, and the address of the hub."""
    exports = tmp_path / "home" / "exports"
    exports.mkdir(parents=True)
    made = exported(tmp_path, training_frame(real_row("a", "p", "r")))
    (made.folder / "README.md").write_text("---\nlicense: mit\n---\n# Rows\n")
    (made.folder / "private.txt").write_text("not for others")
    made.folder.rename(exports / "balanced_50")
    environment = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_zxqv", "HF_HOME": str(tmp_path / "hf")}
    environment |= {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    return Synth(tmp_path / "home", environment)


def push(synth: Synth, *more: str) -> Finished:
    return synth("push", "balanced_50", "--to", "me/set", *more)


def test_push_uploads_the_export_and_removes_what_an_earlier_one_left(synth: Synth, hub: Hub):
    done = push(synth, "--private", "--yes")
    assert (done.code, done.err) == (0, "")
    assert f"To {hub.url}/datasets/me/set, a private data set if it is new:" in done.out
    [commit] = hub.commits
    folder = synth.home / "exports" / "balanced_50"
    sent = {
        line["value"]["path"]: base64.b64decode(line["value"]["content"])
        for line in commit
        if line["key"] == "file"
    }
    names = ("README.md", "train.jsonl", "train.parquet")
    assert sent == {name: (folder / name).read_bytes() for name in names}
    gone = [line["value"]["path"] for line in commit if line["key"] == "deletedFile"]
    assert gone == ["train-00000-of-00002.parquet", "test.jsonl.gz"]
    tokens = {token for _, path, token in hub.asked if "/me/set" in path}
    assert tokens == {"Bearer hf_zxqv"}


def test_push_asks_first_and_sends_nothing_where_it_is_not_told_to(synth: Synth, hub: Hub):
    done = push(synth, "--private")
    assert done.code == 1
    assert "train.parquet" in done.out
    assert "Upload? [y/N]" in done.out
    assert hub.asked == []


def test_push_in_public_of_a_mixture_that_is_not_for_publishing_sends_nothing(
    synth: Synth, hub: Hub
):
    done = push(synth, "--yes")
    assert done.code == 2
    assert "Mixture balanced_50 is not for publishing" in done.err
    assert hub.asked == []


def test_push_that_the_hub_refuses_says_what_to_check(synth: Synth, hub: Hub):
    hub.refusing = True
    done = push(synth, "--private", "--yes")
    assert done.code == 2
    assert f"synth: {hub.url}/datasets/me/set: " in done.err
    assert "Check the name, the token (HF_TOKEN" in done.err
    assert "Traceback" not in done.err
    assert "hf_zxqv" not in done.err + done.out


def test_push_to_a_hub_that_does_not_answer_says_so(synth: Synth):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        synth.environment["HF_ENDPOINT"] = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = push(synth, "--private", "--yes")
    assert done.code == 2
    assert "/datasets/me/set: " in done.err
    assert "Traceback" not in done.err


def test_push_of_a_mixture_that_was_not_exported_says_how_to(synth: Synth, hub: Hub):
    done = synth("push", "conservative_30", "--to", "me/set", "--private", "--yes")
    assert done.code == 2
    assert "there is no export. Make it: synth run --mixture conservative_30" in done.err
    assert hub.asked == []


@pytest.mark.parametrize("name", ["set", "a/b/c", "me/se t"])
def test_hub_of_what_is_no_name_of_a_data_set_is_refused(name: str):
    with pytest.raises(ConfigurationError, match=f"^'{name}': "):
        HubClient(name)
