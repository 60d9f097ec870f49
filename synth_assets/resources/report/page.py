"""A report as one HTML page that can be mailed: no script, no network, light and dark, in print.

Whatever stands in it is escaped: text of rows renders as text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from synth_assets.core.collapse.risk_index import Light
from synth_assets.resources.report.canvas import STYLE, Plot, figure, printable

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6570;--page:#fff;--rule:#d8dde3;
--c0:#1f6fb2;--c1:#c2541b;--c2:#2b8a4b;--c3:#8548b0;--c4:#8a6d00;--c5:#b03060;
--green:#2b8a4b;--amber:#b57700;--red:#c62f2f}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa5b1;--page:#15181c;--rule:#353c44;
--c0:#6cb0e8;--c1:#f0956a;--c2:#6ccb8b;--c3:#c79aec;--c4:#d9bd55;--c5:#ef85ab;
--green:#6ccb8b;--amber:#e8b04a;--red:#f27878}}
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--page:#fff;--rule:#bbb}
section,figure,tr{break-inside:avoid}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);
max-width:1000px;margin:0 auto;padding:24px;overflow-wrap:break-word}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:32px 0 8px;border-bottom:1px solid var(--rule)}
h3{font-size:15px;margin:16px 0 0}p,figcaption{margin:4px 0;color:var(--soft)}figure{margin:0}
.verdicts{list-style:none;padding:0}.verdicts li{margin:6px 0;padding-left:12px;
border-left:6px solid var(--soft)}
.verdicts .green{border-color:var(--green)}.verdicts .amber{border-color:var(--amber)}
.verdicts .red{border-color:var(--red)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:16px}
table{border-collapse:collapse;width:100%;font-size:13px}th{text-align:left;color:var(--soft)}
td,th{border-bottom:1px solid var(--rule);padding:3px 8px 3px 0;vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.wide{overflow-x:auto}
"""


@dataclass(frozen=True)
class Verdict:
    """One sentence of what to think of the set.

    Attributes:
        light: how it stands; none where nothing could be measured.
        what: what is judged.
        said: the judgement.
    """

    light: Light | None
    what: str
    said: str


@dataclass(frozen=True)
class Cells:
    """A table.

    Attributes:
        title: over it.
        columns: over its columns.
        rows: cells; numbers are set to the right.
        note: under the title.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float | int | None]]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """What belongs together; one without charts and tables is left out."""

    title: str
    note: str
    charts: Sequence[Plot] = ()
    tables: Sequence[Cells] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.charts and not any(table.rows for table in self.tables)


@dataclass(frozen=True)
class Page:
    """A report.

    Attributes:
        title: of the page.
        lead: what it is of, and when.
        verdicts: first, before anything is shown.
        sections: the rest.
    """

    title: str
    lead: str
    verdicts: Sequence[Verdict]
    sections: Sequence[Section]

    @property
    def html(self) -> str:
        """The page."""
        return "".join(_html(self))


def _html(page: Page) -> Iterator[str]:
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(page.title)}</title><style>{_STYLE}{STYLE}</style></head><body>"
        f'<h1>{escape(page.title)}</h1><p>{escape(page.lead)}</p><ul class="verdicts">'
    )
    for verdict in page.verdicts:
        light = verdict.light.value if verdict.light else ""
        told = escape(f"{verdict.what}: {light or 'not measured'}.")
        yield f'<li class="{light}"><b>{told}</b> {escape(verdict.said)}</li>'
    yield "</ul>"
    for section in page.sections:
        if not section.is_empty:
            yield from _section(section)
    yield "</body></html>\n"


def _section(section: Section) -> Iterator[str]:
    yield f"<section><h2>{escape(section.title)}</h2><p>{escape(section.note)}</p>"
    if section.charts:
        yield '<div class="charts">'
        yield from map(figure, section.charts)
        yield "</div>"
    for table in section.tables:
        if table.rows:
            yield from _table(table)
    yield "</section>"


def _table(table: Cells) -> Iterator[str]:
    numbers = [
        any(isinstance(row[place], int | float) for row in table.rows)
        for place in range(len(table.columns))
    ]
    classes = [' class="number"' if number else "" for number in numbers]
    yield f"<h3>{escape(table.title)}</h3>"
    if table.note:
        yield f"<p>{escape(table.note)}</p>"
    head = "".join(
        f"<th{kind}>{escape(name)}</th>" for kind, name in zip(classes, table.columns, strict=True)
    )
    yield f'<div class="wide"><table><tr>{head}</tr>'
    for row in table.rows:
        cells = (
            f"<td{kind}>{escape(_cell(cell))}</td>" for kind, cell in zip(classes, row, strict=True)
        )
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</table></div>"


def _cell(cell: str | float | int | None) -> str:
    match cell:
        case None:
            return ""
        case float():
            return f"{cell:.4g}"
        case int():
            return f"{cell:,}"
        case str():
            return printable(cell)
