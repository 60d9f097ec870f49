"""A word out of a few, as models write it: bold, quoted, with a heading before, in any case."""

import re
from collections.abc import Collection

_HEADING = re.compile(
    r"^(?:the |my |final )*(?:verdict|answer|classification|rating|judgement|judgment|result"
    r"|response|winner|better|choice)(?: is)?\s*[:=-]?\s+(?=\S)",
)
_AROUND = " \t\r\n*_`\"'\u2018\u2019\u201c\u201d\u00ab\u00bb<>()[]{}.,;:!#"


def verdict_in(text: str, words: Collection[str]) -> str | None:
    """The one of the words that a text says, and nothing else; none where it is another text.

    Markdown, quotation marks and punctuation around it, one heading before it (`Verdict: ...`) and
    case do not matter. A text that goes on is no verdict, as it may take the word back.
    """
    said = _bare(text)
    if said not in words:
        said = _bare(_HEADING.sub("", said, count=1))
    return said if said in words else None


def _bare(text: str) -> str:
    return " ".join(text.casefold().replace("**", "").split()).strip(_AROUND)
