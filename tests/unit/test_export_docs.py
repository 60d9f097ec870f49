"""The page on exports shows rows as they are."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from synth_assets.core.config.mixtures import ExportSpec, Format
from synth_assets.core.export.layout import columns_of

PAGE = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")


def rows_under(heading):
    [block] = re.findall(rf"^### {heading}\n.*?^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return [json.loads(line) for line in block.splitlines()]


@pytest.mark.parametrize("layout", get_args(Format))
def test_docs_show_a_row_of_every_format_with_its_columns(layout):
    rows = rows_under(layout)
    assert len(rows) == (2 if layout == "trl_kto" else 1)
    assert all(list(row) == columns_of(layout, provenance=False).names() for row in rows)


def test_docs_show_the_columns_of_provenance():
    [row] = rows_under("Provenance")
    assert list(row) == columns_of("messages").names()[1:]


def test_docs_name_every_key_of_an_export():
    yaml = PAGE.split("```yaml\n")[1].split("```")[0]
    keys = re.findall(r"^      (\w+):", yaml, re.MULTILINE)
    assert keys == list(ExportSpec.model_fields)
