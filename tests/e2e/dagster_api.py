"""What the Dagster UI asks its server, for tests that look behind its pages."""

import json
import urllib.request
from typing import Any

from tests.e2e.project import Project

FILLED = ("seeds", "raw_generations", "verified_samples", "sample_signatures", "recipe_diversity")
"""The assets that have a partition a recipe version."""

_STATUSES = """
query ($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { staleStatus
  assetPartitionStatuses { ... on DefaultPartitionStatuses {
    unmaterializedPartitions materializedPartitions } } } } }
"""
_LAUNCH = """
mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }
"""
_BACKFILL = """
query ($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { status error { message } } } }
"""
_RUNS = """
query ($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs {
  results { runId status tags { key value } } } } }
"""


def ask(project: Project, query: str, **variables: object) -> dict[str, Any]:
    """An answer of the GraphQL endpoint."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{project.dagster}/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        said = json.load(answer)
    assert "errors" not in said, said
    return said["data"]


def missing(project: Project, asset: str) -> list[str]:
    """What the dialog's preset Missing takes of an asset."""
    node = ask(project, _STATUSES, key={"path": [asset]})["assetNodeOrError"]
    return node["assetPartitionStatuses"]["unmaterializedPartitions"]


def staleness(project: Project, asset: str) -> str:
    """Whether an asset is `FRESH`, `STALE` or `MISSING`."""
    return ask(project, _STATUSES, key={"path": [asset]})["assetNodeOrError"]["staleStatus"]


def launch_backfill(project: Project, partitions: list[str]) -> str:
    """Fill partitions as the dialog does; the id of the backfill."""
    params = {
        "assetSelection": [{"path": [asset]} for asset in FILLED],
        "partitionNames": partitions,
    }
    launched = ask(project, _LAUNCH, params=params)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    return launched["backfillId"]


def backfill_status(project: Project, made: str) -> str:
    return ask(project, _BACKFILL, id=made)["partitionBackfillOrError"]["status"]


def runs_of_backfill(project: Project, made: str) -> list[tuple[str, str]]:
    """(Partition, status) of each of its runs."""
    filters = {"tags": [{"key": "dagster/backfill", "value": made}]}
    found = ask(project, _RUNS, filter=filters)["runsOrError"]["results"]
    return [
        (tag["value"], run["status"])
        for run in found
        for tag in run["tags"]
        if tag["key"] == "dagster/partition"
    ]
