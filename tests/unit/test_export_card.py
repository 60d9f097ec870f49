import re
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from synth_assets.core.export.card import render_card
from synth_assets.core.export.card_facts import PromptText, RecipeFacts
from synth_assets.core.export.data_file import WrittenRows
from synth_assets.core.export.markdown import code_block, inline, table
from synth_assets.core.mixture.evaluability import Evaluability, EvaluabilityState
from synth_assets.core.mixture.policy import BoundOutcome, outcome_frame
from synth_assets.core.schema import TRAINING_SCHEMA
from tests.samples import real_row, synthetic_row
from tests.unit.card_examples import (
    UNEVALUABLE,
    collapse,
    error_rate,
    facts,
    kept_out,
    mixture,
    stages,
    teacher,
    training_rows,
    written,
)

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")

SECTIONS = [
    "mix",
    "Who it is for",
    "Policy",
    "Known limits",
    "Composition",
    "From candidates to rows",
    "Verification",
    "Deduplication",
    "Contamination",
    "Human review",
    "Cost",
    "Diversity",
    "Collapse",
    "Licences and attribution",
    "Prompts",
    "Make it again",
]


def body(card):
    return card.split("---\n", 2)[2]


def chapters(card):
    """Heading of one or two marks -> what stands below it."""
    parts = re.split(r"^#{1,2} (.+)$", body(card), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def shape(card):
    """How many of each block there are; and no raw HTML, links, images or emphasis from text."""
    tokens = PARSER.parse(body(card))
    children = [child.type for token in tokens for child in token.children or ()]
    return Counter(token.type for token in tokens), Counter(set(children) - {"text"})


def test_card_has_every_chapter_in_its_order():
    assert list(chapters(render_card(facts()))) == SECTIONS


def test_card_tells_size_share_and_risk_at_its_head():
    assert (
        "3 rows, 30 tokens as cl100k_base counts them, 66.7% of the rows synthetic. "
        "Collapse risk by share: **watch**"
    ) in chapters(render_card(facts(written=written())))["mix"]


def test_card_of_uncounted_lengths_tells_no_tokens():
    files = written()
    bare = WrittenRows("messages", files.files, files.columns, files.lengths.clear())
    card = render_card(facts(written=bare))
    assert "3 rows, 66.7% of the rows synthetic." in card
    assert "How long rows are:\n\nNot counted." in card


def test_card_repeats_why_there_are_no_human_rows():
    pure = mixture(synthetic_share=1, pure_synthetic_because="no person may see such records")
    card = render_card(facts(mixture=pure))
    assert "**No human-written rows**, because: no person may see such records" in card
    assert "as the mixture says: no person may see such records" in chapters(card)["Known limits"]


def test_card_marks_a_set_that_nobody_can_evaluate():
    card = render_card(facts(kept_out=kept_out(evaluability=UNEVALUABLE)))
    assert "**Unevaluable**: There is no held-out real row." in chapters(card)["mix"]
    assert "- Unevaluable: There is no held-out" in chapters(card)["Known limits"]
    assert "nevaluable" not in render_card(facts())


def test_card_of_a_set_that_only_others_can_measure_says_so_without_the_mark():
    state = Evaluability(EvaluabilityState.OTHER_SOURCES, "5 rows of prose, none of code.")
    told = chapters(render_card(facts(kept_out=kept_out(evaluability=state))))
    assert "rows like these: 5 rows of prose, none of code." in told["Known limits"]
    assert "nevaluable" not in told["mix"]


def test_card_names_student_and_use():
    told = chapters(render_card(facts(mixture=mixture("Llama 9", use="commercial"))))
    assert "| use | commercial |" in told["Who it is for"]
    assert "| student | Llama 9 |" in told["Who it is for"]
    assert "| layout of a row | messages |" in told["Who it is for"]
    anybody = chapters(render_card(facts(mixture=mixture(student=None))))
    assert "| student | none named |" in anybody["Who it is for"]


def test_card_sets_each_promise_beside_what_came_out():
    told = chapters(render_card(facts(mixture=mixture(rows=3))))["Policy"]
    assert "It is under the policy usual.\n\nSource: plain" in told
    assert "| bound | rows | asked | got | holds |" in told
    assert "| quota 1 | plain | 0.5 | 0.6 (3 of 5) | yes |" in told
    assert "| rows | 3 |" in told


def test_card_of_hundreds_of_bounds_shows_some_and_counts_the_others():
    bounds = [BoundOutcome(f"quota {n}", "x", "1", "1", n != 299) for n in range(300)]
    told = chapters(render_card(facts(outcomes=outcome_frame(tuple(bounds)))))["Policy"]
    assert "| quota 39 |" in told
    assert "| quota 40 |" not in told
    assert "And 260 more bounds, of which 259 hold." in told


def test_card_counts_rows_by_the_columns_that_tell_them_apart():
    told = chapters(render_card(facts()))["Composition"]
    assert "| synthetic | 2 | 0.6667 |" in told
    assert "| math | 0123abcd | 1 | 0.3333 |" in told
    assert "| scholar | embedded/scholar | plain | plain | 1 | 0.3333 |" in told
    assert "| en | 90 |" in told


def test_card_tells_how_many_came_through_each_stage_and_why_others_did_not():
    told = chapters(render_card(facts()))["From candidates to rows"]
    assert "| recipe | planned | generate | mix |" in told
    assert "| plain | 1,200 | 1,100 | 2 |" in told
    assert "| (human-written) |  |  | 1 |" in told
    lines = [line for line in told.splitlines() if line.startswith("| plain |")]
    assert [line.split(" | ")[1] for line in lines[1:]] == ["dedup", "decontaminate", "mix"]


def test_card_tells_what_each_verifier_did_and_by_which_parameters():
    told = chapters(render_card(facts()))["Verification"]
    assert "| plain | number | 1,100 | 1,000 | 99 | 1 | wrong_number |" in told
    assert "```yaml\n- kind: number\n  marker: 'plain'\n```" in told


@pytest.mark.parametrize(
    ("verifiers", "told"),
    [("", "verifiers\n\nNone."), (None, "Not known any more: the recipe was edited since.")],
)
def test_card_of_a_recipe_without_known_verifiers_says_so(verifiers, told):
    recipe = RecipeFacts("math", "0123abcd", "t", "problem_generation", verifiers, ())
    card = render_card(facts(recipes=(recipe,)))
    assert told in chapters(card)["Verification"]
    limit = {"": "Rows of math were checked by no verifier.", None: "math changed since"}
    assert limit[verifiers] in chapters(card)["Known limits"]


def test_card_tells_rule_and_yield_of_deduplication():
    told = chapters(render_card(facts()))["Deduplication"]
    assert "| near-duplicates | Jaccard of runs of 5 words of at least 0.8 |" in told
    assert "| duplicates by meaning | not looked for |" in told
    assert "| plain | near_duplicate | 1,234 | 0.125 |" in told
    assert "beyond_target" not in told


def test_card_sets_hits_beside_the_measured_error_rate():
    told = chapters(render_card(facts()))["Contamination"]
    assert "| plain | 60 | 13 | near |" in told
    assert "| text | 5 |" in told
    assert "| rephrased | 8 | 6 | 0.75 | 0.25 | 0.75 | right |" in told
    assert "| clean rows | 100 | 3 | 0.03 | 0.25 | 0.75 | wrong |" in told
    assert "| rephrased | 0.75 | 0.125 |" in told


def test_card_of_an_unmeasured_search_says_so():
    told = chapters(render_card(facts(kept_out=kept_out(error_rate=error_rate()))))
    assert "How often that errs was not measured." in told["Contamination"]
    assert "test items errs was not measured." in told["Known limits"]


def test_card_tells_plainly_that_nobody_reviewed():
    assert chapters(render_card(facts()))["Human review"].startswith(
        "\n\nNot reviewed, and no row is marked for review."
    )
    marked = training_rows(
        synthetic_row("s1", "p", "r", attributes='{"expert_review":"yes","level":"easy"}'),
        synthetic_row("s2", "p", "r", attributes='{"expert_review":"no"}'),
    )
    told = chapters(render_card(facts(rows=marked)))["Human review"]
    assert "| math | 2 | 1 |" in told
    assert "no verdict of one is known" in told


def test_card_tells_signs_of_collapse_and_which_of_them_is_red():
    told = chapters(render_card(facts()))
    assert "| rare words | amber | 0.5 | 0.4 | 0.8 | rare words are lost |" in told["Collapse"]
    assert "sign of collapse" not in told["Known limits"]
    red = facts(collapse=collapse(("rare words", 0.9, "red")))
    assert "sign of collapse: rare words are lost." in chapters(render_card(red))["Known limits"]
    unmeasured = chapters(render_card(facts(collapse=collapse())))["Collapse"]
    assert "Not measured: there are too few held-out rows" in unmeasured


def test_card_repeats_terms_and_the_words_to_be_given_along():
    told = chapters(render_card(facts()))["Licences and attribution"]
    assert "| plain | MIT | allowed | allowed | allowed | allowed | yes | plain | plain |" in told
    assert "```text\nplain (plain)\n```" in told
    assert "- plain" in told


def test_card_shows_prompts_whole_and_how_to_make_the_set_again():
    long = "\n".join(f"line {n}: {'x' * 300}" for n in range(400))
    prompt = PromptText("math", "0123abcd", "write.md.j2", long)
    recipe = RecipeFacts("math", "0123abcd", "t", "problem_generation", "", (prompt,))
    told = chapters(render_card(facts(recipes=(recipe,))))
    assert f"```jinja\n{long}\n```" in told["Prompts"]
    assert "```sh\nuv run synth run\n```" in told["Make it again"]
    assert f"| train.parquet | train | 3 | 4,321 | {'ab' * 32} |" in told["Make it again"]


def test_card_says_that_embedded_teachers_are_no_language_models():
    card = render_card(facts())
    assert "Rows by scholar were written by a rule-based program" in card
    assert "scholar cost nothing, because they are programs" in chapters(card)["Cost"]


def test_card_without_rows_of_embedded_teachers_does_not_speak_of_them():
    bought = {"scholar": teacher("scholar", model="openai/gpt")}
    assert "rule-based" not in render_card(facts(teachers=bought))
    assert "rule-based" not in render_card(facts(rows=training_rows(real_row("r", "p", "r"))))


@pytest.mark.parametrize(
    ("verifiers", "told"),
    [
        ("- kind: personal_data\n", "Personal data was looked for in rows of math only."),
        ("- kind: number\n", "Personal data was not looked for."),
    ],
)
def test_card_says_whether_personal_data_was_looked_for(verifiers, told):
    recipe = RecipeFacts("math", "0123abcd", "t", "problem_generation", verifiers, ())
    assert told in chapters(render_card(facts(recipes=(recipe,))))["Known limits"]


def test_card_tells_what_the_search_for_test_items_was_seen_to_miss():
    told = chapters(render_card(facts()))["Known limits"]
    assert "Of items in other words 6 of 8 were found, when that was measured" in told
    assert "word for word" not in told
    assert "Of 100 human-written rows 3 were taken for test items" in told


def test_card_of_no_rows_still_renders():
    empty = facts(
        rows=TRAINING_SCHEMA.to_frame(),
        recipes=(),
        languages=facts().languages.clear(),
        diversity=facts().diversity.clear(),
        stages=stages(**{n: f.clear() for n, f in vars(stages()).items()}),
        statements=(),
    )
    card = render_card(empty)
    assert "0.0% of the rows synthetic" in card
    assert list(chapters(card)) == SECTIONS


def test_card_of_equal_facts_is_equal_text():
    known = facts()
    backwards = facts(
        rows=known.rows.reverse(),
        diversity=known.diversity.reverse(),
        stages=stages("plain", reasons=known.stages.reasons.reverse()),
    )
    assert render_card(backwards) == render_card(known)


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


def test_inline_leaves_decimals_as_they_are_and_keeps_lists_away():
    assert [inline("0.5"), inline("1. one"), inline("2)")] == ["0.5", "1\\. one", "2\\)"]


@given(st.text(st.sampled_from("`~\n a")))
def test_code_block_holds_the_text_verbatim(text):
    [block] = PARSER.parse(code_block(text))
    assert block.type == "fence"
    assert block.content.rstrip("\n") == text.strip("\n").rstrip("\n")


def test_table_formats_numbers_and_blanks():
    frame = pl.DataFrame(
        {
            "what": ["a", None, "b"],
            "rows": [1_234_567, 0, 1],
            "cost_usd": [0.5, 12_345.678, 0.000_012_3],
            "on": [True, False, True],
        }
    )
    assert table(frame).splitlines() == [
        "| what | rows | cost usd | on |",
        "| --- | ---: | ---: | --- |",
        "| a | 1,234,567 | 0.5 | yes |",
        "|  | 0 | 12,345.678 | no |",
        "| b | 1 | 1.2e-05 | yes |",
    ]


def test_table_without_rows_says_none():
    assert table(pl.DataFrame({"a": []})) == "None."
