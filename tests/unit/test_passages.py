import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.passages import Block, BlockKind, Cut, Document, cut_passages
from synth_assets.core.sentences import sentence_starts

SENTENCE = "The quick brown fox jumps over the lazy dog."  # 44 characters


def paragraph(sentences: int, page: int = 0) -> Block:
    return Block(BlockKind.PARAGRAPH, " ".join([SENTENCE] * sentences), page=page)


def document(*blocks: Block) -> Document:
    return Document("guide.md", "Guide", blocks)


def texts(cut: Cut) -> list[str]:
    return [passage.text for passage in cut.passages]


def sentences(text: str) -> list[str]:
    starts = [0, *sentence_starts(text, 0, len(text))]
    return [
        text[start:end].strip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
    ]


@pytest.mark.parametrize(
    "parts",
    [
        ["One is here.", "Two follows!", "Is it three?", "It is."],
        ["Dr. Smith saw Fig. 3 (cf. Sec. 2.1), e.g. at 3.5 mg.", "Then he left."],
        ["J. R. Tolkien wrote it.", "We read it."],
        ['He said: "Go!"', "She went."],
        ["Wait... for it.", "2 mg are enough."],
        ["This is one, z.B. Wasser.", "\u00dcber alles."],
        ["It ends here\u2026", "\u201cNew one.\u201d", "Last."],
        ["in lower case. and so on"],
        ["See www.example.com for v. 2.0."],
    ],
)
def test_sentence_starts_of_prose_are_found(parts: list[str]):
    assert sentences(" ".join(parts)) == parts


def test_sentence_starts_of_wide_full_stops_need_no_space():
    text = "\u8fd9\u662f\u3002\u90a3\u662f\uff01\u597d"
    assert sentences(text) == ["\u8fd9\u662f\u3002", "\u90a3\u662f\uff01", "\u597d"]


def test_cut_passages_sections_that_are_long_enough_stand_alone():
    cut = cut_passages(
        document(
            Block.heading("Dose", 1),
            paragraph(5),
            Block.heading("Adults", 2),
            paragraph(6),
            paragraph(5),
            Block.heading("Risks", 1),
            paragraph(7),
        ),
        200,
        1_000,
    )
    assert [(passage.headings, len(passage.text)) for passage in cut.passages] == [
        (("Dose",), 224),
        (("Dose", "Adults"), 269 + 2 + 224),
        (("Risks",), 314),
    ]
    assert cut.too_short == ()


def test_cut_passages_short_section_joins_a_neighbour_with_its_heading():
    cut = cut_passages(
        document(
            Block.heading("Dose", 1),
            paragraph(8),
            Block.heading("Children", 2),
            paragraph(1),
            Block.heading("Risks", 1),
            paragraph(8),
        ),
        200,
        1_000,
    )
    assert [passage.headings for passage in cut.passages] == [("Dose",), ("Risks",)]
    assert cut.passages[0].text.endswith(f"\n\nChildren\n\n{SENTENCE}")


def test_cut_passages_long_paragraph_is_cut_between_sentences_evenly():
    cut = cut_passages(document(paragraph(30)), 200, 1_000)
    assert [len(text) for text in texts(cut)] == [674, 674]
    assert all(text.endswith("dog.") and text.startswith("The") for text in texts(cut))


def test_cut_passages_table_and_list_that_fit_stay_whole():
    table = Block(BlockKind.TABLE, "\n".join(f"drug {n} | {n} mg | daily" for n in range(30)))
    items = Block(BlockKind.LIST, "\n".join(f"- item {n} of the list" for n in range(25)))
    cut = cut_passages(document(paragraph(15), table, paragraph(15), items), 200, 1_000)
    assert sum(table.text in text for text in texts(cut)) == 1
    assert sum(items.text in text for text in texts(cut)) == 1
    assert cut.too_short == ()


def test_cut_passages_long_table_is_cut_between_rows_and_long_list_between_items():
    table = Block(BlockKind.TABLE, "\n".join(f"drug {n} | {n} mg | daily" for n in range(100)))
    items = Block(BlockKind.LIST, "\n".join(f"- item {n}.\n  It goes on." for n in range(90)))
    cut = cut_passages(document(table, items), 200, 1_000)
    for text in texts(cut):
        assert text.startswith(("drug", "- item"))
        assert text.endswith(("daily", "on."))


def test_cut_passages_sentence_that_is_too_long_is_cut_at_clauses_then_words_then_anywhere():
    clauses = "when it is " * 20 + "so, " + "then it was " * 20 + "this."
    assert [text[-3:] for text in texts(cut_passages(Document("d", "t", (
        Block(BlockKind.PARAGRAPH, clauses),)), 10, 300))] == ["so,", "is."]  # fmt: skip
    words = texts(
        cut_passages(document(Block(BlockKind.PARAGRAPH, "word " * 100 + "end")), 10, 150)
    )
    assert " ".join(words) == "word " * 100 + "end"
    letters = texts(cut_passages(document(Block(BlockKind.PARAGRAPH, "x" * 1_050)), 10, 500))
    assert "".join(letters) == "x" * 1_050


def test_cut_passages_what_fits_nowhere_is_counted_not_lost():
    table = Block(BlockKind.TABLE, "x | y\n" * 166 + "x | y")  # 1,001 characters with its neighbour
    cut = cut_passages(document(table, Block(BlockKind.PARAGRAPH, "Short.")), 200, 1_001)
    assert texts(cut) == [table.text]
    assert [passage.text for passage in cut.too_short] == ["Short."]
    alone = cut_passages(document(Block(BlockKind.PARAGRAPH, "Short.")), 200, 1_000)
    assert (alone.passages, len(alone.too_short)) == ((), 1)


def test_cut_passages_overlap_repeats_sentences_under_the_same_heading_only():
    cut = cut_passages(
        document(Block.heading("A", 1), paragraph(20), Block.heading("B", 1), paragraph(5)),
        200,
        500,
        overlap_sentences=2,
    )
    passages = cut.passages
    shared = [before.end - after.start for before, after in pairwise(passages)]
    assert shared[:-1] == [89] * (len(passages) - 2)
    assert passages[-1].headings == ("B",)
    assert shared[-1] < 0
    assert all(200 <= len(text) <= 500 for text in texts(cut))


def test_cut_passages_page_is_where_a_passage_begins():
    turning = Block(BlockKind.PARAGRAPH, " ".join([SENTENCE] * 20), page=3, turns=(450, 451))
    cut = cut_passages(document(paragraph(20, page=1), turning, paragraph(2, page=6)), 200, 500)
    assert [passage.page for passage in cut.passages] == [1, 1, 3, 5]


def test_cut_passages_heading_without_text_of_its_own_stays_in_the_text():
    cut = cut_passages(
        document(Block.heading("Empty", 2), Block.heading("Full", 2), paragraph(6)), 200, 1_000
    )
    [passage] = cut.passages
    assert passage.headings == ("Full",)
    assert passage.text.startswith("Empty\n\nFull\n\nThe quick")


def test_block_heading_that_is_too_long_is_a_paragraph():
    assert Block.heading("x" * 201, 1).kind is BlockKind.PARAGRAPH
    assert Block.heading("x" * 200, 1).kind is BlockKind.HEADING


_WORDS = st.text(alphabet="ab. ,:\u3002X\n", min_size=1, max_size=400).filter(str.strip)
_BLOCKS = st.lists(
    st.one_of(
        st.builds(
            lambda kind, text: Block(kind, text.strip()),
            st.sampled_from([kind for kind in BlockKind if kind is not BlockKind.HEADING]),
            _WORDS,
        ),
        st.builds(
            lambda text, level: Block.heading(" ".join(text.split())[:60], level),
            _WORDS,
            st.integers(1, 6),
        ),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(_BLOCKS, st.integers(1, 200), st.integers(100, 500), st.integers(0, 3))
def test_cut_passages_any_document_is_covered_verbatim_within_bounds(
    blocks: list[Block], shortest: int, longest: int, overlap: int
):
    whole = document(*blocks)
    cut = cut_passages(whole, min(shortest, longest), longest, overlap)
    assert cut == cut_passages(document(*blocks), min(shortest, longest), longest, overlap)
    covered = [False] * len(whole.text)
    paths = set[str]()
    for passage in [*cut.passages, *cut.too_short]:
        assert passage.text == whole.text[passage.start : passage.end]
        assert passage.text == passage.text.strip()
        assert len(passage.text) <= longest
        covered[passage.start : passage.end] = [True] * len(passage.text)
        paths.update(passage.headings)
    assert all(len(passage.text) >= min(shortest, longest) for passage in cut.passages)
    for block, start in zip(whole.blocks, whole.starts, strict=False):
        missing = "".join(
            sign for sign, seen in zip(block.text, covered[start:], strict=False) if not seen
        )
        assert not missing.strip() or (block.kind is BlockKind.HEADING and block.text in paths)


@pytest.mark.parametrize(
    "blocks",
    [
        [Block(BlockKind.PARAGRAPH, "a")] * 100_000,
        [Block.heading("a", 1)] * 100_000,
        [Block.heading("a", 1), Block(BlockKind.PARAGRAPH, "b")] * 50_000,
        [Block(BlockKind.PARAGRAPH, "Xa. " * 75_000 + "x")],
        [Block(BlockKind.LIST, "- a\n" * 75_000 + "- b")],
        [Block(BlockKind.CODE, "x" * 300_000)],
    ],
    ids=["blocks", "headings", "sections", "sentences", "items", "letters"],
)
def test_cut_passages_hostile_document_costs_seconds(blocks: list[Block]):
    started = time.process_time()
    cut = cut_passages(document(*blocks), 200, 1_200, 3)
    assert time.process_time() - started < 40
    assert all(len(passage.text) <= 1_200 for passage in cut.passages)
