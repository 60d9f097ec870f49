"""Tables for the terminal."""

from collections.abc import Iterator, Sequence


def indented(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay rows out in columns; those that hold numbers stand to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    text = [not any(row[column][:1].isdigit() for row in rows[1:]) for column in range(len(widths))]
    for row in rows:
        cells = (
            cell.ljust(width) if is_text else cell.rjust(width)
            for cell, width, is_text in zip(row, widths, text, strict=True)
        )
        yield f"  {'  '.join(cells)}".rstrip()


def usd(amount: float | None) -> str:
    """US dollars; `unknown` where nobody knows the price."""
    return "unknown" if amount is None else f"{amount:.6f}"
