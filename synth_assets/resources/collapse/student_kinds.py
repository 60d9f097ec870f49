"""Students by the names that users give them."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec

from synth_assets.core.collapse.students import NgramStudents, Students
from synth_assets.core.config.collapse_lab import StudentKind
from synth_assets.errors import ConfigurationError


def students_of(
    kind: StudentKind, order: int, texts: Sequence[str], *, one_thread: bool = False
) -> Students:
    """Students of a kind; a GPT is trained on a graphics card where there is one.

    Args:
        kind: which.
        order: of n-grams.
        texts: real ones, of which a GPT learns what to cut texts into.
        one_thread: for one of several processes on as many cores.

    Raises:
        ConfigurationError: if torch is needed and not installed.
    """
    if kind == "ngram":
        return NgramStudents(order)
    if find_spec("torch") is None:
        raise ConfigurationError(
            "student: gpt needs torch, which is an extra: install synth-assets[torch], or leave "
            "student out for n-grams."
        )
    import torch  # pyright: ignore[reportMissingImports]

    from synth_assets.core.collapse.gpt_students import GptStudents
    from synth_assets.core.language_model.gpt import USUAL_SHAPE

    if one_thread:
        torch.set_num_threads(1)  # pyright: ignore[reportUnknownMemberType]
    device = "cuda" if torch.cuda.is_available() else "cpu"  # pyright: ignore[reportUnknownMemberType]
    return GptStudents.of(texts, replace(USUAL_SHAPE, device=device))
