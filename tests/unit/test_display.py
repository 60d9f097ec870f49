import dagster as dg
import polars as pl
import pytest

from synth_assets.core.schema import DECISION_SCHEMA, SAMPLE_SCHEMA, Reason
from synth_assets.defs.display import count_table, funnel_table, preview, stage_metadata

HOSTILE = "<script>alert(1)</script> | `x` [a](javascript:b)"


def records(value: dg.MetadataValue) -> list[dict[str, object]]:
    assert isinstance(value, dg.TableMetadataValue)
    return [dict(record.data) for record in value.records]


def markdown(value: dg.MetadataValue) -> str:
    assert isinstance(value, dg.MarkdownMetadataValue)
    return value.md_str


def decisions(reasons: list[Reason | None]) -> pl.DataFrame:
    rows = [
        {
            "sample_id": f"row-{number}",
            "stage": "verify",
            "partition": "r~1",
            "recipe": "r",
            "outcome": "kept" if reason is None else "dropped",
            "reason": reason,
            "score": None,
            "duplicate_of": None,
            "detail": "",
        }
        for number, reason in enumerate(reasons)
    ]
    return pl.DataFrame(rows, schema=DECISION_SCHEMA)


def test_preview_of_rows_keeps_hostile_text_in_table_cells_and_leaves_out_empty_columns():
    frame = pl.DataFrame({"context": ["", ""], "prompt": [HOSTILE, "two"], "score": [None, 0.5]})
    assert records(preview(frame)) == [
        {"prompt": HOSTILE, "score": ""},
        {"prompt": "two", "score": "0.5"},
    ]


def test_preview_of_an_empty_frame_is_an_empty_table():
    assert records(preview(pl.DataFrame(schema=SAMPLE_SCHEMA))) == []


def test_preview_of_long_text_is_shortened():
    [row] = records(preview(pl.DataFrame({"prompt": ["x" * 1000]})))
    assert row["prompt"] == "x" * 240 + "…"


def test_stage_metadata_with_a_rare_reason_shows_a_row_of_it():
    lost = decisions([Reason.TOO_SHORT] * 50 + [Reason.PROMPT_LEAK] + [None] * 5)
    shown = stage_metadata(lost)
    reasons = [row["reason"] for row in records(shown["not_kept"])]
    assert reasons == ["too_short"] * 3 + ["prompt_leak"]
    assert "| too_short | 50 |" in markdown(shown["drop_reasons"])
    assert (shown["rows_kept"].value, shown["rows_dropped"].value) == (5, 51)


def test_stage_metadata_without_losses_has_no_reasons():
    shown = stage_metadata(decisions([None]))
    assert set(shown) == {"rows_kept", "rows_dropped", "rows_errored"}


def test_count_table_is_markdown_with_separated_thousands():
    assert markdown(count_table({"a": 1234}, "recipe", "rows")).endswith("| a | 1,234 |")


@pytest.mark.parametrize("name", ["poems", "real", "synthetic"])
def test_funnel_table_has_a_line_a_recipe_and_a_column_a_stage(name: str):
    funnel = pl.DataFrame(
        [
            ("all", "*", "dedup", 9),
            ("real", "", "dedup", 4),
            ("recipe", name, "verify", 7),
            ("recipe", name, "dedup", 5),
            ("synthetic", "*", "dedup", 5),
        ],
        schema=["scope", "recipe", "stage", "kept"],
        orient="row",
    )
    assert markdown(funnel_table(funnel)).splitlines() == [
        "| recipe | verify | dedup |",
        "| --- | --- | --- |",
        "| (real) |  | 4 |",
        f"| {name} | 7 | 5 |",
        "| (synthetic) |  | 5 |",
    ]
