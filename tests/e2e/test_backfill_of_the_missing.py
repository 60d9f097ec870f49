"""A real backfill in the running product: what is missing after an edit, and nothing else."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.project import Project, user_interfaces
from tests.integration.chat_server import ChatServer, chat_server, embedded_answer
from tests.integration.own_project import WRITE, OwnProject, own_project
from tests.processes import free_port

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

ASSETS = (
    "seeds",
    "raw_generations",
    "verified_samples",
    "sample_signatures",
    "recipe_diversity",
)
STATUSES = """
query ($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
  assetPartitionStatuses { ... on DefaultPartitionStatuses {
    unmaterializedPartitions materializedPartitions } } } } }
"""
OBSERVED = """
query ($key: AssetKeyInput!, $partitions: [String!]) { assetOrError(assetKey: $key) { ... on Asset {
  assetObservations(partitions: $partitions) {
    metadataEntries { label ... on TextMetadataEntry { text } } } } } }
"""
LAUNCH = """
mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }
"""
BACKFILL = """
query ($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { status error { message } } } }
"""
RUNS = """
query ($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs {
  results { status tags { key value } } } } }
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with chat_server(embedded_answer) as server:
        yield server


@pytest.fixture(scope="module")
def filled(server: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> OwnProject:
    """A recipe that is filled, and nothing shipped that anybody would wait for."""
    project = own_project(tmp_path_factory.mktemp("backfill"), server.base_url, samples=6)
    project.fill()
    return project


def ask(project: Project, query: str, **variables: object) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{project.dagster}/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        said = json.load(answer)
    assert "errors" not in said, said
    return said["data"]


def missing(project: Project, asset: str) -> list[str]:
    """What the dialog's preset Missing takes, of this project's recipe."""
    node = ask(project, STATUSES, key={"path": [asset]})["assetNodeOrError"]
    keys: list[str] = node["assetPartitionStatuses"]["unmaterializedPartitions"]
    return [key for key in keys if key.startswith("sums~")]


def observations(project: Project, key: str) -> list[dict[str, Any]]:
    noted = ask(project, OBSERVED, key={"path": ["raw_generations"]}, partitions=[key])
    return noted["assetOrError"]["assetObservations"]


def wait_until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 400
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(1)


def test_missing_partition_of_an_edit_is_backfilled_from_the_ui_alone(
    filled: OwnProject, server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, value in filled.synth.environment.items():
        monkeypatch.setenv(name, value)
    project = Project(filled.home, filled.recipes, tmp_path, free_port(), free_port())
    files = {path: path.stat().st_mtime_ns for path in (filled.home / "assets").rglob("*~*")}
    with user_interfaces(project):
        assert missing(project, "raw_generations") == []
        filled.write("sums/write.md.j2", f"{WRITE}\nBe brief.")
        wait_until(lambda: len(missing(project, "raw_generations")) == 1)
        [key] = missing(project, "raw_generations")
        assert [missing(project, asset) for asset in ASSETS] == [[key]] * len(ASSETS)
        wait_until(lambda: len(observations(project, key)) == 1)
        [observed] = observations(project, key)
        told = {entry["label"]: entry.get("text") for entry in observed["metadataEntries"]}
        assert told["cause"] == "prompt write.md.j2: 2 lines new, 0 lines gone"
        assert {"to_fill", "prompts"} <= set(told)

        before = len(server.served)
        params = {
            "assetSelection": [{"path": [asset]} for asset in ASSETS],
            "partitionNames": missing(project, "raw_generations"),
            "title": "Be brief",
        }
        launched = ask(project, LAUNCH, params=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        made = launched["backfillId"]
        states = {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"}

        def status() -> str:
            return ask(project, BACKFILL, id=made)["partitionBackfillOrError"]["status"]

        wait_until(lambda: status() in states)
        filters = {"tags": [{"key": "dagster/backfill", "value": made}]}
        runs = ask(project, RUNS, filter=filters)["runsOrError"]["results"]
        partitions = [
            tag["value"] for run in runs for tag in run["tags"] if tag["key"] == "dagster/partition"
        ]
        assert status() == "COMPLETED_SUCCESS", runs
        assert partitions == [key]
        assert [missing(project, asset) for asset in ASSETS] == [[]] * len(ASSETS)
    assert len(server.served) - before == 12
    assert {path: path.stat().st_mtime_ns for path in files} == files
