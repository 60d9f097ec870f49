"""PDF files for tests, written by hand and by pypdf."""

from collections.abc import Sequence
from pathlib import Path

from pypdf import PdfReader, PdfWriter

_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def pdf_bytes(pages: Sequence[Sequence[str]]) -> bytes:
    """A PDF with these lines on its pages, drawn from the top down."""
    contents = [_content(lines) for lines in pages]
    return pdf_of_contents(contents)


def pdf_of_contents(contents: Sequence[bytes], more: bytes = b"") -> bytes:
    """A PDF of content streams as they are; `more` goes into the dictionary of each stream."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(contents)} /Kids [{kids}] >>".encode(),
        _FONT,
    ]
    for index, content in enumerate(contents):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (5 + 2 * index)
        )
        objects.append(
            b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), more, content)
        )
    return _file(objects)


def save_with_writer(
    path: Path,
    data: bytes,
    password: str | None = None,
    owner_password: str | None = None,
    outline: Sequence[tuple[str, int, int | None]] = (),
    title: str = "",
) -> None:
    """Save a PDF with a password, a title, or an outline: title, page from 0, parent's index."""
    source = path.with_suffix(".plain")
    source.write_bytes(data)
    writer = PdfWriter(clone_from=PdfReader(source))
    entries = []
    for name, page, parent in outline:
        entries.append(
            writer.add_outline_item(
                title=name, page_number=page, parent=None if parent is None else entries[parent]
            )
        )
    if title:
        writer.add_metadata({"/Title": title})
    if password is not None:
        writer.encrypt(password, owner_password, algorithm="AES-256")
    writer.write(path)
    source.unlink()


def _content(lines: Sequence[str]) -> bytes:
    shown = [b"BT /F1 11 Tf 14 TL 50 760 Td"]
    for line in lines:
        text = line.encode("cp1252")
        for mark in (b"\\", b"(", b")"):
            text = text.replace(mark, b"\\" + mark)
        shown.append(b"(%s) Tj T*" % text if text else b"T* T*")
    return b"\n".join([*shown, b"ET"])


def _file(objects: Sequence[bytes]) -> bytes:
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table, len(objects) + 1, len(data))
    )
