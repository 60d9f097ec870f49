"""Serves the Evidently UI: `python -m synth_assets.resources.dashboards.server`.

Evidently's own command takes 13 CPU seconds to import and then parses every stored snapshot, and
its page draws all panels before people can look at one. Here is answered what people look at,
projects, lines and reports, from the files as plain JSON; all else is handed to Evidently's own
application, which is imported when it is first asked for. The page is Evidently's, with a script
that lets panels wait until they come into view.
"""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
)
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from synth_assets.resources.dashboards.lines import Asked, NamedRun, ProjectLines
from synth_assets.resources.dashboards.stored import (
    DASHBOARD_FILE,
    METADATA_FILE,
    SNAPSHOTS,
)
from synth_assets.resources.report.canvas import STYLE

_SCRIPT = Path(__file__).with_name("panels.js")
_EARLY_LOADS = re.compile(r'\s*<link rel="modulepreload"[^>]*snapshot-view[^>]*>')
"""Of what draws reports, three megabytes that no other page needs."""

_TITLE = re.compile("<title>.*?</title>")
_NO_LINKS: dict[str, object] = {
    "datasets": {
        "input": {"reference": None, "current": None, "additional": {}},
        "output": {"reference": None, "current": None, "additional": {}},
    },
    "computation_config_id": None,
    "task_id": None,
}
_STYLE = """<style>
nav.tabs{position:sticky;top:0;z-index:9;display:flex;gap:4px;padding:8px 0;margin-bottom:8px;
background:var(--mui-palette-background-default,#fff)}
nav.tabs button{font:inherit;color:inherit;padding:6px 14px;cursor:pointer;border-radius:6px;
border:1px solid var(--mui-palette-divider,#ccc);
background:var(--mui-palette-background-paper,#fff)}
nav.tabs button[aria-current=page]{font-weight:600;background:var(--mui-palette-divider,#ccc)}
.MuiSkeleton-root::after{animation:none!important}
.MuiMarkElement-root{r:2.5px}
.MuiChartsLegend-root{gap:3px 8px!important;font-size:.8rem!important}
td.MuiTableCell-root,th.MuiTableCell-root{text-align:left}
[data-many-runs] .MuiMarkElement-root{display:none}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(520px,100%),1fr));gap:24px;
padding:16px 24px;--page:var(--mui-palette-background-paper,#fff);--soft:currentColor;
--rule:rgb(128 128 128/.3);
--c0:#3d85c6;--c1:#d0652b;--c2:#3a9d5d;--c3:#9a5fc4;--c4:#a6860f;--c5:#c8507c}
.plots figure{margin:0}.plots h3{font-size:1rem;margin:0 0 8px}
.plots figcaption{font-size:.8rem;opacity:.75}
"""
_PLOT_STYLE = f".plots{{{STYLE}}}</style>\n"
"""Nested, as Evidently's page has pictures of its own."""

_FOREVER = {"cache-control": "public, max-age=31536000, immutable"}


class Pages:
    """What the pages of the UI ask for in order to show something.

    Args:
        workspace: folder of the projects, in the home that `Home.dashboards` says.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._lines: dict[str, ProjectLines] = {}

    async def projects(self, request: Request) -> Response:
        """All projects."""
        found = sorted(self._workspace.glob(f"*/{METADATA_FILE}"))
        return JSONResponse([_project(path.parent) for path in found])

    async def project(self, request: Request) -> Response:
        """What a project is called."""
        return JSONResponse(_project(self._folder(request)))

    async def dashboard(self, request: Request) -> Response:
        """The tabs and panels of a project, with what became of models since its last run."""
        stored = _read(self._folder(request) / DASHBOARD_FILE)
        return JSONResponse(await asyncio.to_thread(_with_models, stored, self._workspace))

    async def reports(self, request: Request) -> Response:
        """All runs of a project, without what they found."""
        return JSONResponse([_found_by(run) for run in self._of(request).runs])

    async def report_metadata(self, request: Request) -> Response:
        """What one run is found by."""
        name = str(request.path_params["snapshot"])
        found = [run for run in self._of(request).runs if run.snapshot_id == name]
        return JSONResponse(_found_by(found[0])) if found else _not_found()

    async def report(self, request: Request) -> Response:
        """What the report of a run shows."""
        document = _read(self._snapshot(request))
        widgets = [*document["widgets"], *document["tests_widgets"]]
        return PlainTextResponse(json.dumps({"name": "", "widgets": widgets}))

    async def graph(self, request: Request) -> Response:
        """A plot of a report, drawn when somebody unfolds it."""
        asked = request.path_params["graph"]
        for widget in _read(self._snapshot(request))["widgets"]:
            for graph in widget.get("additionalGraphs", []):
                if graph["id"] == asked:
                    return PlainTextResponse(json.dumps(graph))
        return _not_found()

    async def series(self, request: Request) -> Response:
        """The lines of a panel."""
        asked = [
            Asked(each["metric"], each["metric_labels"], each["tags"], each["metadata"])
            for each in (await request.json())["series_filter"]
        ]
        drawing = self._of(request).drawing(asked)
        sources = [
            {
                "snapshot_id": run.snapshot_id,
                "timestamp": run.timestamp.isoformat(),
                "tags": run.tags,
                "metadata": run.metadata,
            }
            for run in drawing.runs
        ]
        series = [
            {
                "metric_type": line.metric,
                "filter_index": line.place,
                "params": line.labels,
                "values": line.values,
            }
            for line in drawing.lines
        ]
        return JSONResponse({"sources": sources, "series": series})

    async def metrics(self, request: Request) -> Response:
        """What a new panel may show."""
        return JSONResponse({"metrics": self._of(request).metrics()})

    async def labels(self, request: Request) -> Response:
        """The same, by a metric's labels."""
        metric = request.query_params["metric_type"]
        return JSONResponse({"labels": self._of(request).labels(metric)})

    async def label_values(self, request: Request) -> Response:
        """The same, by the values of a label."""
        asked = request.query_params
        found = self._of(request).label_values(asked["metric_type"], asked["label"])
        return JSONResponse({"label_values": found})

    def _folder(self, request: Request) -> Path:
        return self._workspace / str(request.path_params["project"])

    def _snapshot(self, request: Request) -> Path:
        return self._folder(request) / SNAPSHOTS / f"{request.path_params['snapshot']}.json"

    def _of(self, request: Request) -> ProjectLines:
        name = str(request.path_params["project"])
        if name not in self._lines:
            self._lines[name] = ProjectLines(self._workspace / name)
        found = self._lines[name]
        found.refresh()
        return found


class Others:
    """Evidently's own application, made when it is first asked for.

    Args:
        make: makes it; takes some 15 seconds.
    """

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = cache(make)
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        async with self._making:
            app = await asyncio.to_thread(self._make)
        await app(scope, receive, send)


def application(workspace: Path) -> ASGIApp:
    """The application that serves a workspace."""
    ours = [*_pages(), *_answers(Pages(workspace))]
    shown = Starlette(routes=ours, exception_handlers={FileNotFoundError: _missing})
    others = Others(lambda: _evidently(workspace))

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        # Not by Starlette's default, which refuses other methods of a path that it knows.
        is_ours = any(route.matches(scope)[0] is Match.FULL for route in ours)
        app = shown if is_ours or scope["type"] == "lifespan" else others
        await app(scope, receive, send)

    return serve


def _pages() -> list[BaseRoute]:
    return [
        *(Route(path, _page) for path in ("/", "/projects", "/projects/{path:path}")),
        Mount("/static", _Static(directory=_assets() / "static")),
        Route("/{file}", _asset),
        Route("/api/version", _version),
    ]


def _answers(pages: Pages) -> list[BaseRoute]:
    projects, project = "/api/projects", "/{project:uuid}"
    run, snapshots = f"{projects}{project}/{{snapshot:uuid}}", f"/api/v2/snapshots{project}"
    answers = {
        projects: pages.projects,
        f"{projects}/": pages.projects,
        f"{projects}{project}/info": pages.project,
        f"{projects}{project}/snapshots": pages.reports,
        f"{projects}{project}/reports": pages.reports,
        f"{run}/data": pages.report,
        f"{run}/metadata": pages.report_metadata,
        f"{run}/graphs_data/{{graph}}": pages.graph,
        f"/api/v2/dashboards{project}": pages.dashboard,
        f"{snapshots}/metrics": pages.metrics,
        f"{snapshots}/labels": pages.labels,
        f"{snapshots}/label_values": pages.label_values,
    }
    return [
        *(Route(path, answer) for path, answer in answers.items()),
        Route(f"{snapshots}/data_series_batch", pages.series, methods=["POST"]),
    ]


def main(arguments: Sequence[str]) -> None:
    """Serve a workspace until somebody stops it."""
    import uvicorn

    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", required=True, type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    said = parser.parse_args(arguments)
    uvicorn.run(application(said.workspace), host=said.host, port=said.port)


async def _page(request: Request) -> Response:
    """Evidently's page, with our title and script; where it changed, as it is."""
    page = (_assets() / "index.html").read_text(encoding="utf-8")
    page = _TITLE.sub("<title>Synth Assets: dashboards</title>", _EARLY_LOADS.sub("", page))
    script = f"<script>\n{_SCRIPT.read_text(encoding='utf-8')}</script>\n"
    return HTMLResponse(page.replace("</head>", f"{_STYLE}{_PLOT_STYLE}{script}</head>", 1))


async def _asset(request: Request) -> Response:
    path = _assets() / str(request.path_params["file"])
    return FileResponse(path) if path.is_file() else _not_found()


async def _version(request: Request) -> Response:
    said = {"application": "Evidently UI", "version": version("evidently"), "commit": "-"}
    return JSONResponse(said)


class _Static(StaticFiles):
    """Files whose names change with their content."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401
        response = super().file_response(*args, **kwargs)
        response.headers.update(_FOREVER)
        return response


@cache
def _assets() -> Path:
    """Where Evidently's page lies; does not import it."""
    spec = find_spec("evidently")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "ui" / "service" / "assets"


def _evidently(workspace: Path) -> ASGIApp:
    from synth_assets.resources.dashboards.evidently_app import evidently_app

    return evidently_app(workspace)


def _with_models(dashboard: dict[str, Any], workspace: Path) -> dict[str, Any]:
    # Imports Polars, for which the first page can wait, and the start of the server should not.
    from synth_assets.resources.dashboards.trained_models import with_trained_models
    from synth_assets.resources.home import Home

    return with_trained_models(dashboard, Home(workspace.parent))


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_bytes())


def _project(folder: Path) -> dict[str, Any]:
    return _read(folder / METADATA_FILE)


def _found_by(run: NamedRun) -> dict[str, object]:
    return {
        "id": run.snapshot_id,
        "name": run.name,
        "timestamp": run.timestamp.isoformat(),
        "metadata": run.metadata,
        "tags": run.tags,
        "links": _NO_LINKS,
    }


def _not_found() -> Response:
    return JSONResponse({"detail": "There is no such thing here."}, 404)


async def _missing(request: Request, exc: Exception) -> Response:
    return _not_found()


if __name__ == "__main__":
    main(sys.argv[1:])
