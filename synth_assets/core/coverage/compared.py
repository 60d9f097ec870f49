"""Which text of a sample is compared with which text of a reference."""

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from synth_assets.core.config.recipe_spec import ComparedField
from synth_assets.core.sample import Sample

_COLUMNS = ("position", "context", "prompt", "response")


def reference_text(fields: Mapping[str, str], field: ComparedField) -> str:
    """The text of a reference row; a passage stands in `response`."""
    return fields["response" if field == "passage" else field]


def compared_texts(samples: pl.DataFrame, field: ComparedField) -> list[str]:
    """The texts of rows; of passages one for each planned sample, however many rows it gave.

    Twenty questions on one passage are no twenty passages: topics would seem to be surely covered,
    or surely missing, that one passage decides on.

    Args:
        samples: columns of `SAMPLE_SCHEMA`.
        field: what is compared.
    """
    return list(_texts(samples.select(_COLUMNS).iter_rows(), field))


def texts_of(samples: Iterable[Sample], field: ComparedField) -> list[str]:
    """As `compared_texts`, of samples."""
    rows = ((each.position, each.context, each.prompt, each.response) for each in samples)
    return list(_texts(rows, field))


def _texts(rows: Iterable[tuple[int, str, str, str]], field: ComparedField) -> Iterator[str]:
    seen: set[int] = set()
    for position, context, prompt, response in rows:
        match field:
            case "prompt":
                yield prompt
            case "response":
                yield response
            case "passage":
                if position not in seen:
                    # Not every technique that starts from passages shows them to the student.
                    yield context or f"{prompt}\n{response}"
                seen.add(position)
