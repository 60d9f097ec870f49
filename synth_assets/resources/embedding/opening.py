"""From the name of an embedder to one that can be used."""

from collections.abc import Mapping
from difflib import get_close_matches

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.embedding.protocol import Embedder
from synth_assets.core.embedding.tfidf import TFIDF, Tfidf
from synth_assets.errors import UnknownNameError
from synth_assets.resources.embedding.bought import TeacherEmbedder
from synth_assets.resources.embedding.minilm import MINILM, MiniLM, carried_model
from synth_assets.resources.embedding.sentence_transformers import (
    SENTENCE_TRANSFORMERS,
    SentenceTransformersEmbedder,
)
from synth_assets.resources.ledger.store import Ledger


def open_embedder(
    name: str,
    teachers: Mapping[str, Teacher] | None = None,
    ledger: Ledger | None = None,
    run: str = "",
) -> Embedder:
    """Open an embedder.

    Args:
        name: `minilm`; `tfidf`; `sentence-transformers:` and a folder or name; or a teacher's id.
        teachers: id -> entry of the catalogue; a teacher of the same id goes before `minilm` and
            `tfidf`.
        ledger: where what a teacher embeds is paid and kept; its budget is held.
        run: id of the run whose account is charged.

    Raises:
        UnknownNameError: if nothing is called so, or a teacher is named without a ledger.
        ConfigurationError: if it cannot be loaded.
        BudgetError: if a budget is to be held and nobody knows the teacher's price.
    """
    known = teachers or {}
    if name in known:
        if ledger is None:
            raise UnknownNameError(
                f"The embedder {name} is a teacher, whose vectors are bought; there is no ledger "
                f"here to keep them. Name {MINILM} or {TFIDF}, or use it where a project is."
            )
        return TeacherEmbedder(known[name], ledger, run)
    if name == MINILM:
        return MiniLM(carried_model())
    if name == TFIDF:
        return Tfidf()
    kind, colon, model = name.partition(":")
    if kind == SENTENCE_TRANSFORMERS and colon and model:
        return SentenceTransformersEmbedder(model)
    there = [MINILM, TFIDF, f"{SENTENCE_TRANSFORMERS}:FOLDER", *sorted(known)]
    near = get_close_matches(name, there, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    raise UnknownNameError(f"No embedder is called {name!r}.{guess} There are: {', '.join(there)}.")
