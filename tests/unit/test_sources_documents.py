import time
import zlib
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from synth_assets.core.config.sources import DocumentSource
from synth_assets.core.passages import Block, BlockKind
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.errors import SourceError
from synth_assets.resources.sources.document_process import Bounds
from synth_assets.resources.sources.documents import DocumentsRead, read_documents
from synth_assets.resources.sources.extraction import Extracted, extract
from synth_assets.resources.sources.located import LocatedSource, source_digest
from synth_assets.resources.sources.reading import read_source
from tests.unit.pdf_files import pdf_bytes, pdf_of_contents, save_with_writer

PROSE = "The quick brown fox jumps over the lazy dog again. "  # 51 characters
QUICK = Bounds(cpu_s=6, cpu_s_per_page=0.0, memory_bytes=1024**3, file_bytes=5_000_000, pages=50)

HTML = """<!doctype html><html><head><meta charset="{charset}"><title>Asthma &amp; care</title>
<style>p {{ }}</style></head><body><header><h1>The site</h1></header>
<nav><ul><li>Home</li></ul></nav><article><header><h1>Asthma guide</h1><p>by us</p></header>
<p>The dose is 5&nbsp;mg \u2013 <b>not</b> more.<br>Second   line<p>Unclosed &lt;para&gt;
<ul><li>one<ol><li>inner a<li>inner b</ol><li><p>two</p><p>more</p></ul>
<table><caption>Doses</caption><thead><tr><th>Drug<th>Dose</thead><tr><td>A<td><p>5</p><p>mg</p>
<tr><td>B<td>7</table><table><tr><td><h2>Layout</h2><p>A cell</td></tr></table>
<h3>Code<pre><code>def f():
    return 1
</code></pre><form><input>sign up</form><script>var x = "no"</script><!-- nothing -->
<dl><dt>Term<dd>Meaning</dl><p hidden>Secret</p><p>Last</i></article><aside>Ad</aside>
<footer>The end</footer></body>"""

MARKDOWN = """---
title: "The guide"
---
<!-- hidden
text --># Asthma *guide* #

Some **bold _and_ it** with [a link](http://x.y/(z) "t"), `code *x*`, ![an image](a.png)
and snake_case_name &amp; 2 * 3 * 4.

Setext
------
- one
  continued
- [x] two

  paragraph
    1. nested **b**

After.
```python
# no heading

x = 1
```
| Drug | Dose |
|------|-----:|
| A | 5 |

> quoted
> text

<div><p>Html <b>para</b></p></div>

[ref]: http://x
"""


def source(path: Path, **more: object) -> DocumentSource:
    return DocumentSource.model_validate(
        {"reader": "documents", "id": "docs", "path": path.name, **more}
    )


def read(path: Path, bounds: Bounds = QUICK, **more: object) -> DocumentsRead:
    return read_documents(source(path, **more), path, "source docs", bounds)


def refusal(path: Path, bounds: Bounds = QUICK, **more: object) -> str:
    with pytest.raises(SourceError) as caught:
        read(path, bounds, **more)
    return str(caught.value)


def extracted(path: Path, data: str | bytes) -> Extracted:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return extract(path, 100, lambda pages: None)


def shown(blocks: tuple[Block, ...]) -> list[tuple[str, str]]:
    return [(block.kind.value, block.text) for block in blocks]


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252", "ISO-8859-1"])
def test_extract_html_leaves_out_what_surrounds_the_text(tmp_path: Path, charset: str):
    page = HTML.format(charset=charset)
    encoding = "utf-8" if charset == "utf-8" else "windows-1252"
    found = extracted(tmp_path / "a.html", page.encode(encoding))
    assert found.title == "Asthma & care"
    assert shown(found.blocks) == [
        ("heading", "Asthma guide"),
        ("paragraph", "The dose is 5 mg \u2013 not more.\nSecond line"),
        ("paragraph", "Unclosed <para>"),
        ("list", "- one\n  1. inner a\n  2. inner b\n- two\n  more"),
        ("paragraph", "Doses"),
        ("table", "Drug | Dose\nA | 5 mg\nB | 7"),
        ("heading", "Layout"),
        ("paragraph", "A cell"),
        ("heading", "Code"),
        ("code", "def f():\n    return 1"),
        ("list", "- Term\n  Meaning"),
        ("paragraph", "Last"),
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<p>caf\u00e9".encode(), "caf\u00e9"),
        ("<p>caf\u00e9".encode("windows-1252"), "caf\u00e9"),
        ("\ufeff<meta charset=latin-1><p>caf\u00e9".encode(), "caf\u00e9"),
        ("\ufeff<p>caf\u00e9".encode("utf-16-le"), "caf\u00e9"),
        ("<meta charset=shift_jis><p>\u65e5\u672c".encode("shift_jis"), "\u65e5\u672c"),
        ("<meta charset=zlib><p>caf\u00e9".encode(), "caf\u00e9"),
        (b"<meta charset=utf-8><p>caf\xe9", "caf\u00e9"),
        (b"<p>x\x81\xe9", "x\ufffd\u00e9"),
        (b"<p>a&#xD800;b&#0;&lt;&eacute;", "a\ufffdb\ufffd<\u00e9"),
        (b"<form action=x><h1>All</h1><p>of it<input></form>", "of it"),
        (b"text <p", "text <p"),
        (b"<html><head><title>T</title><body><p>no end of the head", "no end of the head"),
    ],
)
def test_extract_html_charset_and_broken_markup(tmp_path: Path, data: bytes, text: str):
    assert extracted(tmp_path / "a.htm", data).blocks[-1].text.strip() == text


def test_extract_markdown_gives_what_a_reader_sees(tmp_path: Path):
    found = extracted(tmp_path / "a.md", MARKDOWN)
    assert found.title == "The guide"
    assert shown(found.blocks) == [
        ("heading", "Asthma guide"),
        (
            "paragraph",
            "Some bold and it with a link, `code *x*`, an image and snake_case_name & 2 * 3 * 4.",
        ),
        ("heading", "Setext"),
        ("list", "- one continued\n- two\n  paragraph\n    1. nested b"),
        ("paragraph", "After."),
        ("code", "```python\n# no heading\n\nx = 1\n```"),
        ("table", "Drug | Dose\nA | 5"),
        ("paragraph", "quoted text"),
        ("paragraph", "Html para"),
    ]
    assert [block.level for block in found.blocks if block.level] == [1, 2]


def test_extract_text_keeps_lines_and_knows_lists_and_underlined_headings(tmp_path: Path):
    text = "\ufeffTitle\n=====\n\nOne line  \nand two\u00ad.\n \n- a\n- b\n\nSub\n---\nx"
    found = extracted(tmp_path / "a.TXT", text.replace("\n", "\r\n"))
    assert found.title == "Title"
    assert shown(found.blocks) == [
        ("heading", "Title"),
        ("paragraph", "One line\nand two."),
        ("list", "- a\n- b"),
        ("heading", "Sub"),
        ("paragraph", "x"),
    ]
    assert extracted(tmp_path / "b.txt", "caf\u00e9".encode("utf-16")).blocks[0].text == "caf\u00e9"


def pages_of_guideline() -> list[list[str]]:
    bodies = [
        ["1 Introduction", "This guideline is about the treat-", "ment of asthma in chil-", "dren.",
         "It is well-known here and it also says", "what to do and goes on to the"],
        ["next page, where it ends.", "1.1 Dose", "The dose is 5 mg. It is a well-",
         "known dose for all adults."],
        ["- first item of the list", "- second item of the list, which is long", "and goes on",
         "Text (after the list) with caf\u00e9."],
        ["A fourth page."],
        ["Another one."],
        ["The last page."],
    ]  # fmt: skip
    return [
        [f"Asthma {number + 6} Guideline" if number % 2 else "ASTHMA", *body, "", f"- {number} -"]
        for number, body in enumerate(bodies, start=1)
    ]


def test_extract_pdf_joins_lines_and_leaves_out_what_runs(tmp_path: Path):
    path = tmp_path / "a.pdf"
    outline = [("Part", 0, None), ("Introduction", 0, 0), ("1.1 Dose", 1, 1)]
    save_with_writer(path, pdf_bytes(pages_of_guideline()), outline=outline, title="untitled")
    found = extract(path, 100, lambda pages: None)
    assert found.title == ""
    assert shown(found.blocks) == [
        ("heading", "Part"),
        ("heading", "1 Introduction"),
        ("paragraph", "This guideline is about the treatment of asthma in children."),
        (
            "paragraph",
            "It is well-known here and it also says what to do and goes on to the next page, where "
            "it ends.",
        ),
        ("heading", "1.1 Dose"),
        ("paragraph", "The dose is 5 mg. It is a well-known dose for all adults."),
        ("list", "- first item of the list\n- second item of the list, which is long and goes on"),
        ("paragraph", "Text (after the list) with caf\u00e9."),
        ("paragraph", "A fourth page."),
        ("paragraph", "Another one."),
        ("paragraph", "The last page."),
    ]
    assert [block.level for block in found.blocks if block.level] == [1, 2, 3]
    assert [block.page for block in found.blocks] == [1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6]
    turning = found.blocks[3]
    assert [turning.text[turn:][:9] for turn in turning.turns] == ["next page"]


def test_extract_pdf_page_without_text_is_named(tmp_path: Path):
    found = extracted(tmp_path / "a.pdf", pdf_bytes([["Some text."], [], ["More."]]))
    assert found.empty_pages == (2,)


def test_read_documents_passages_know_their_place(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.md").write_text(f"# Guide\n## Dose\n{PROSE * 5}\n## Risk\n{PROSE * 5}")
    (tmp_path / "a.pdf").write_bytes(pdf_bytes([[PROSE] * 6, [PROSE] * 6]))
    (tmp_path / "c.HTML").write_text(f"<title>Page</title><p>{PROSE * 5}")
    for ignored in (".hidden.md", "data.csv", "image.png"):
        (tmp_path / ignored).write_text("x")
    found = read(tmp_path, min_characters=100, max_characters=400)
    assert [(p.document, p.title, p.headings, p.page) for p in found.passages] == [
        ("a.pdf", "a", (), 1),
        ("a.pdf", "a", (), 2),
        ("c.HTML", "Page", (), 0),
        ("sub/b.md", "Guide", ("Guide", "Dose"), 0),
        ("sub/b.md", "Guide", ("Guide", "Risk"), 0),
    ]
    assert found.gaps == ()
    frame = read_source(LocatedSource(source(tmp_path, min_characters=100), tmp_path))
    assert frame.schema == SAMPLE_SCHEMA
    assert frame.filter(pl.col("prompt").str.contains("Risk")).rows(named=True)[0]["prompt"] == (
        "Guide > Risk (sub/b.md)"
    )
    assert frame["response"][-1] == (PROSE * 5).strip()


def test_read_documents_one_file_is_a_source(tmp_path: Path):
    path = tmp_path / "guide.md"
    path.write_text(PROSE * 5)
    assert [passage.document for passage in read(path).passages] == ["guide.md"]


def test_read_documents_what_is_in_no_passage_is_counted(tmp_path: Path):
    (tmp_path / "a.md").write_text("Too short.")
    (tmp_path / "b.pdf").write_bytes(pdf_bytes([[PROSE] * 6, []]))
    found = read(tmp_path)
    assert [(gap.document, gap.page, gap.characters, gap.reason) for gap in found.gaps] == [
        ("a.md", 0, 10, "too short"),
        ("b.pdf", 2, 0, "no text"),
    ]
    assert found.told == (
        "1 stretches too short for a passage (10 characters), 1 pages without text"
    )
    assert "1 stretches too short" in refusal(tmp_path, glob="*.md")


def test_read_documents_unreadable_files_are_all_named_and_can_be_left_out(tmp_path: Path):
    (tmp_path / "good.md").write_text(PROSE * 5)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 au lait")
    (tmp_path / "broken.pdf").write_bytes(b"no pdf at all")
    (tmp_path / "empty.pdf").write_bytes(b"")
    (tmp_path / "long.pdf").write_bytes(pdf_bytes([["x"]] * 51))
    (tmp_path / "scan.pdf").write_bytes(pdf_bytes([[], []]))
    (tmp_path / "large.html").write_bytes(b"x" * 5_000_001)
    save_with_writer(tmp_path / "locked.pdf", pdf_bytes([["x"]]), "secret")
    told = refusal(tmp_path)
    assert told.startswith(f"source docs: {tmp_path}: 7 documents cannot be read.")
    for reason in (
        "broken.pdf: is broken (PdfStreamError:",
        "empty.pdf: is broken (EmptyFileError:",
        "large.html: 5,000,001 bytes; at most 5,000,000 are read",
        "latin.txt: byte 4 is not UTF-8",
        "locked.pdf: needs a password",
        "long.pdf: has 51 pages; at most 50 are read",
        "scan.pdf: no text on any of its 2 pages",
    ):
        assert f"\n  {reason}" in told
    rest = read(tmp_path, leave_out=["*.pdf", "la*"])
    assert [passage.document for passage in rest.passages] == ["good.md"]


def test_read_documents_pdf_with_an_owner_password_alone_is_read(tmp_path: Path):
    path = tmp_path / "a.pdf"
    save_with_writer(path, pdf_bytes([[PROSE] * 6]), "", "owner")
    assert read(path).passages[0].text.startswith("The quick brown fox")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"glob": "*.pdf"}, r"has no document that matches \*\.pdf"),
        ({"leave_out": ["**/*"]}, "has no document that matches"),
    ],
)
def test_read_documents_nothing_to_read_is_refused(tmp_path: Path, more: object, told: str):
    (tmp_path / "a.md").write_text(PROSE * 5)
    with pytest.raises(SourceError, match=told):
        read(tmp_path, **more)  # pyright: ignore[reportCallIssue]
    with pytest.raises(SourceError, match="is no folder and no file of a kind"):
        read(tmp_path / "absent")


@pytest.mark.parametrize(
    "more",
    [
        {"glob": "../*"},
        {"glob": "/etc/*"},
        {"glob": ""},
        {"leave_out": ["a/../../b"]},
        {"min_characters": 2_001},
        {"max_characters": 99},
        {"overlap_sentences": -1},
        {"uses": ["pool", "seeds"]},
    ],
)
def test_document_source_that_makes_no_sense_is_refused(tmp_path: Path, more: dict[str, object]):
    with pytest.raises(ValidationError):
        source(tmp_path, **more)


def test_source_digest_of_documents_follows_names_and_bytes(tmp_path: Path):
    def digest(**more: object) -> str:
        return source_digest(LocatedSource(source(tmp_path, **more), tmp_path))

    (tmp_path / "b.md").write_text("two")
    (tmp_path / "a.md").write_text("one")
    first = digest()
    (tmp_path / "ignored.csv").write_text("x")
    assert digest() == first
    assert digest(min_characters=100) != first
    (tmp_path / "a.md").rename(tmp_path / "c.md")
    assert digest() != first
    (tmp_path / "c.md").rename(tmp_path / "a.md")
    assert digest() == first
    (tmp_path / "a.md").write_text("ONE!")
    assert digest() != first


def flate(data: bytes) -> bytes:
    return pdf_of_contents([zlib.compress(data, 9)], b"/Filter /FlateDecode")


HOSTILE = {
    "comments.html": b"<!--" * 300_000,
    "nested.html": b"<div>" * 500_000,
    "tables.html": b"<table><tr><td>" * 50_000,
    "tags.md": b"<a " * 200_000,
    "nested.pdf": pdf_of_contents([b"[" * 500_000]),
    "dictionaries.pdf": pdf_of_contents([b"<< /a " * 200_000]),
    "zeros.pdf": flate(b"\0" * 200_000_000),
    "text.pdf": flate(b"BT /F1 9 Tf " + b"(a) Tj T* " * 4_000_000 + b"ET"),
    "twice.pdf": pdf_of_contents(
        [zlib.compress(zlib.compress(b"q " * 50_000_000, 9), 9)],
        b"/Filter [/FlateDecode /FlateDecode]",
    ),
    "pages.pdf": pdf_bytes([["x"]]).replace(b"/Count 1 /Kids [4 0 R]", b"/Count 9 /Kids [2 0 R]"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_read_documents_hostile_file_costs_seconds(tmp_path: Path, name: str):
    (tmp_path / "good.md").write_text(PROSE * 5)
    (tmp_path / name).write_bytes(HOSTILE[name])
    (tmp_path / "z.md").write_text(PROSE * 5)
    started = time.monotonic()
    told = ""
    try:
        documents = {passage.document for passage in read(tmp_path).passages}
    except SourceError as error:
        told, documents = str(error), set[str]()
    assert time.monotonic() - started < 120
    assert documents >= {"good.md", "z.md"} or ("1 documents cannot" in told and name in told)


def test_read_documents_file_that_takes_too_long_is_named_as_such(tmp_path: Path):
    (tmp_path / "comments.html").write_bytes(b"<!--" * 300_000)
    told = refusal(tmp_path, Bounds(cpu_s=1))
    assert "comments.html: not read within 1 s of processor time. Leave it out" in told


def test_read_documents_file_that_takes_too_much_memory_is_named_as_such(tmp_path: Path):
    (tmp_path / "large.txt").write_bytes(b"a\n\n" * 10_000_000)
    told = refusal(tmp_path, Bounds(memory_bytes=256 * 1024**2))
    assert "large.txt: not read within 0.25 GiB of memory. Leave it out" in told


_PDF = pdf_bytes(pages_of_guideline())


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None
)
@given(st.lists(st.tuples(st.integers(0, len(_PDF)), st.integers(0, 255)), max_size=12))
def test_read_documents_damaged_pdf_gives_passages_or_is_named(
    tmp_path: Path, damage: list[tuple[int, int]]
):
    data = bytearray(_PDF)
    for place, byte in damage:
        data[place % len(data)] = byte
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    told, texts = "", list[str]()
    try:
        texts = [passage.text for passage in read(path, min_characters=1).passages]
    except SourceError as error:
        told = str(error)
    assert (told == "") == bool(texts)
    assert told == "" or "a.pdf" in told


def test_extract_kinds_of_blocks_are_named(tmp_path: Path):
    found = extracted(tmp_path / "a.md", "1. a\n2. b\n\n    code\n")
    assert [block.kind for block in found.blocks] == [BlockKind.LIST]
