from collections import Counter
from dataclasses import replace

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.export.card import CardFacts, PromptText, render_card
from synth_assets.core.export.markdown import code_block, inline, table
from synth_assets.core.schema import SAMPLE_SCHEMA
from tests.samples import frame_of, real_row, synthetic_row

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


def facts(said="plain", **other):
    """Facts of a set of three rows, with some text wherever users or models can put any."""
    known = CardFacts(
        mixture=Mixture(id="mix", description=said, synthetic_share=0.6, teacher_cap=0.7),
        rows=frame_of(
            real_row("r1", said, said, source=said),
            synthetic_row("s1", said, said, recipe=said, teacher=said),
            synthetic_row("s2", said, said, recipe="math", teacher="scholar"),
        ),
        funnel=pl.DataFrame({"recipe": [said], "stage": ["verify"], "given": [1200], "kept": [3]}),
        drop_reasons=pl.DataFrame({"recipe": [said], "reason": ["refusal"], "rows": [7]}),
        cost=pl.DataFrame({"recipe": [said], "calls": [1234], "cost_usd": [0.25]}),
        diversity=pl.DataFrame(
            {
                "slice": ["all", "real", "all"],
                "metric": ["distinct_2", "distinct_2", "mean_words"],
                "value": [0.75, 0.5, 12.0],
            }
        ),
        prompts=(PromptText("math", "0123abcd", "write.md.j2", said),),
        teacher_models={"scholar": "embedded/scholar", said: "openai/x"},
        fingerprints={"training set": "mix~0123abcd", said: said},
        commands=("uv run synth run",),
    )
    return replace(known, **other)


def front_matter(card):
    return yaml.safe_load(card.split("---\n")[1])


def shape(card):
    """How many of each block there are; and no raw HTML, links, images or emphasis from text."""
    tokens = PARSER.parse(card.split("---\n", 2)[2])
    children = [child.type for token in tokens for child in token.children or ()]
    return Counter(token.type for token in tokens), Counter(set(children) - {"text"})


def test_card_front_matter_is_what_the_hub_reads():
    assert front_matter(render_card(facts())) == {
        "pretty_name": "mix",
        "license": "other",
        "license_name": "several",
        "size_categories": ["n<1K"],
        "task_categories": ["text-generation"],
        "tags": ["problem_generation", "synth-assets", "synthetic"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "train.parquet"}],
            }
        ],
    }


@pytest.mark.parametrize(
    ("licence", "told"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("PSF-2.0", {"license": "other", "license_name": "psf-2.0"}),
        ("a: [b\n- c", {"license": "other", "license_name": "a: [b\n- c"}),
    ],
)
def test_card_of_one_licence_names_it(licence, told):
    rows = frame_of(real_row("r", "p", "r")).with_columns(licence=pl.lit(licence))
    front = yaml.safe_load(render_card(facts(rows=rows)).split("\n---\n")[0])
    assert {key: front[key] for key in front if key.startswith("license")} == told


def test_card_tells_composition_share_and_risk():
    card = render_card(facts())
    assert "3 rows, 66.7% of them synthetic. Collapse risk by share: **watch**" in card
    assert "| synthetic | 2 | 0.6667 |" in card
    assert "| (none) | 1 | 0.3333 |" in card
    assert "| verify | 1,200 | 3 |" in card
    assert "| distinct_2 | 0.75 | 0.5 |" in card
    assert "| mean_words | 12 |  |" in card
    assert "```jinja\nplain\n```" in card
    assert "```sh\nuv run synth run\n```" in card


def test_card_says_that_embedded_teachers_are_no_language_models():
    assert "Rows by scholar were written by a rule-based program" in render_card(facts())


def test_card_without_rows_of_embedded_teachers_does_not_speak_of_them():
    assert "rule-based" not in render_card(facts(teacher_models={"scholar": "openai/gpt"}))
    assert "rule-based" not in render_card(facts(rows=frame_of(real_row("r", "p", "r"))))


def test_card_of_no_rows_still_renders():
    card = render_card(facts(rows=SAMPLE_SCHEMA.to_frame()))
    assert "0 rows, 0.0% of them synthetic" in card
    assert front_matter(card)["tags"] == ["synth-assets"]


def test_card_of_equal_facts_is_equal_text():
    backwards = facts(rows=facts().rows.reverse(), diversity=facts().diversity.reverse())
    assert render_card(backwards) == render_card(facts())


HOSTILE = [
    "a | b\n| --- | --- |\n| c | d |",
    "# heading\n\n---\nlicense: mit\n---",
    "</td></table><script>alert(1)</script><!--",
    "````\n```\n# out of the block\n~~~",
    "![x](http://evil.example/a.png) [y](javascript:x) <http://evil.example>",
    "1. one\n2. two",
    "- item",
    "\u202eright to left\u2028line\x00\x1b[31m",
    "&lt;b&gt; &amp; `code` **bold** __bold__ \\",
    "=====\n[ref]: http://evil.example",
    "x" * 5_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_card_of_hostile_text_keeps_its_shape(text):
    assert shape(render_card(facts(text))) == shape(render_card(facts("plain")))


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("`~|\\*_#-+=<>[]()!&:;.1\n\r\t \"'ab{}"), min_size=1))
def test_card_of_any_markup_keeps_its_shape(text):
    said = f"{text}x"
    assert shape(render_card(facts(said))) == shape(render_card(facts("plain")))


@given(st.text())
def test_inline_reads_back_as_the_text_on_one_line(text):
    rendered = PARSER.parse(f"x {inline(text)}")[1]
    assert [child.type for child in rendered.children] == ["text"]
    visible = "".join(char if char.isprintable() else " " for char in text)
    shown = rendered.content if "\\" not in inline(text) else rendered.children[0].content
    folded = " ".join(f"x {visible}".split())
    assert shown == folded or (len(folded) > 200 and shown.endswith("…"))


@given(st.text(st.sampled_from("`~\n a")))
def test_code_block_holds_the_text_verbatim(text):
    [block] = PARSER.parse(code_block(text))
    assert block.type == "fence"
    assert block.content.rstrip("\n") == text.strip("\n").rstrip("\n")


def test_table_formats_numbers_and_blanks():
    frame = pl.DataFrame(
        {
            "what": ["a", None],
            "rows": [1_234_567, 0],
            "cost_usd": [0.5, 12_345.678],
            "on": [True, False],
        }
    )
    assert table(frame).splitlines() == [
        "| what | rows | cost usd | on |",
        "| --- | ---: | ---: | --- |",
        "| a | 1,234,567 | 0.5 | yes |",
        "|  | 0 | 12,345.678 | no |",
    ]


def test_table_without_rows_says_none():
    assert table(pl.DataFrame({"a": []})) == "None."
