import base64
import re

import pytest

from synth_assets.resources.plots import bar_chart_png, line_chart_png, markdown_image, share_bar

HOSTILE = {
    "$\\frac{unclosed$": 3,
    "x" * 5_000: 2.5,
    "tab\tnul\x00escape\x1b[31m\nnew line": 7,
    "": 0,
    "_private": 1,
    "^{ \\ & % #": 1_234_567,
    "\ud800 lone": 1,
}


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png.endswith(b"IEND\xaeB`\x82")
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def test_bar_chart_with_more_bars_is_taller_and_small_in_bytes():
    few, many = (
        bar_chart_png({f"{i} {'long label ' * 5}": i for i in range(n)}, "Dropped", "rows")
        for n in (2, 16)
    )
    assert size_of(few)[0] == size_of(many)[0] == 640
    assert size_of(few)[1] < size_of(many)[1]
    assert max(len(few), len(many)) <= 40_000


def test_bar_chart_with_hundreds_of_bars_stays_as_large_as_with_16():
    limit = bar_chart_png({f"r{i}": 1 for i in range(16)}, "t", "u")
    assert size_of(bar_chart_png({f"r{i}": 1 for i in range(500)}, "t", "u")) == size_of(limit)


def test_bar_chart_of_other_counts_is_another_picture():
    counts = {"near_duplicate": 3, "refusal": 1}
    assert bar_chart_png(counts, "t", "u") == bar_chart_png(counts, "t", "u")
    assert bar_chart_png(counts, "t", "u") != bar_chart_png({**counts, "refusal": 2}, "t", "u")


@pytest.mark.filterwarnings("ignore:Glyph")
def test_charts_with_hostile_labels_are_drawn_small():
    bars = bar_chart_png(HOSTILE, "$a$ {", "$\\x$")
    lines = line_chart_png(
        {label: [(0, count), (1, 0)] for label, count in HOSTILE.items()}, "$^", "$_", "\x00"
    )
    for png in (bars, lines):
        assert size_of(png)[0] == 640
        assert len(png) <= 40_000


def test_charts_of_nothing_are_still_pictures():
    assert size_of(bar_chart_png({}, "t", "u"))[0] == 640
    assert size_of(line_chart_png({}, "t", "x", "y"))[0] == 640
    assert size_of(line_chart_png({"one": []}, "t", "x", "y"))[0] == 640


def test_markdown_image_with_hostile_alt_carries_the_bytes_and_no_markup():
    png = bar_chart_png({"a": 1}, "t", "u")
    markdown = markdown_image(png, "Dropped](javascript:alert(1)) <b>\n\n# 3 %")
    found = re.fullmatch(
        r"!\[([\w .,:%/-]*)\]\(data:image/png;base64,([A-Za-z0-9+/=]+)\)", markdown
    )
    assert found is not None
    assert found[1] == "Dropped javascript:alert 1 b 3 %"
    assert base64.b64decode(found[2]) == png


@pytest.mark.parametrize(
    ("planned", "achieved", "bar"),
    [
        (0.5, 0.5, "█" * 20),
        (0.25, 0.25, "█" * 10),
        (0.5, 0.3, "█" * 12 + "░" * 8),
        (0.3, 0.5, "█" * 12 + "▓" * 8),
        (0.5, 0.0, "░" * 20),
        (0.0, 0.1, "▓" * 4),
        (0.3, 0.31, "█" * 12),
        (0.0, 0.0, ""),
    ],
)
def test_share_bar_is_as_long_as_the_larger_share_and_marks_the_difference(
    planned: float, achieved: float, bar: str
):
    assert share_bar(planned, achieved, longest=0.5) == bar
