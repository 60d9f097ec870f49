"""Texts packed for the way to workers."""

from collections.abc import Iterable, Iterator, Sequence

from synth_assets.resources.cluster.tasks import Texts

_LEAST_ROWS, _MOST_ROWS = 4_096, 65_536
_ROWS_SHARE = 64
_MOST_CHARACTERS = 32_000_000


def packed(chunks: Iterable[Sequence[str]], first_row: int) -> Iterator[Texts]:
    """All texts in order, in packs that are small at first, to give all workers something to do.

    Which text is in which pack does not depend on the chunks.

    Args:
        chunks: of any size.
        first_row: number of the first text.
    """
    held: list[str] = []
    characters, row = 0, first_row
    for chunk in chunks:
        for text in chunk:
            held.append(text)
            characters += len(text)
            if len(held) >= _most_rows(row) or characters >= _MOST_CHARACTERS:
                yield Texts(held, characters)
                row += len(held)
                held, characters = [], 0
    if held:
        yield Texts(held, characters)


def _most_rows(row: int) -> int:
    return min(max(row // _ROWS_SHARE, _LEAST_ROWS), _MOST_ROWS)
