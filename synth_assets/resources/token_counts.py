"""Tokens of texts, counted with the tokenizers that lie inside the installed LiteLLM.

LiteLLM itself is not imported: that costs seconds of CPU, its tokenizer 0.2. Nothing is downloaded.
"""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.generation.estimate import Each
from synth_assets.resources.model_table import model_facts

if TYPE_CHECKING:
    from tiktoken import Encoding

_FOLDER = Path("litellm_core_utils", "tokenizers")
_BUNDLED = {
    "cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790",
}
"""Encoding -> the file it is kept in: the SHA-1 of the address it once came from."""

_OTHER = "cl100k_base"
_TOKENS_A_CHAT = 7
"""What LiteLLM adds for the marks around one message."""

_OWN = (0.97, 1.05)
_FOREIGN = (0.7, 1.4)
"""How far real counts lie from those of a model's own tokenizer, and of another family's."""

_CHARACTERS_A_TOKEN = (6.0, 2.0)
"""Of prose and code in European languages; four is the rule of thumb."""


def tokens_a_character(teacher: Teacher, texts: Sequence[str]) -> Each:
    """Prompt tokens for each character, counted on a few prompts, or by rule of thumb.

    Counted where LiteLLM knows the model, whose tokenizer is then its own (OpenAI's) or, as in
    LiteLLM, stands for another; else from a sixth to a half of the characters.
    """
    characters = sum(len(text) for text in texts)
    name = _encoding_name(teacher)
    if name is None or not characters:
        few, many = _CHARACTERS_A_TOKEN
        return Each.between(1 / few, 1 / many)
    low, high = _OWN if _is_own(teacher) else _FOREIGN
    counted = (_count(name, texts) + _TOKENS_A_CHAT * len(texts)) / characters
    return Each.between(counted * low, counted * high)


def _encoding_name(teacher: Teacher) -> str | None:
    facts = model_facts(teacher.model)
    folder = _tokenizers()
    if facts is None or folder is None:
        return None
    import tiktoken

    try:
        name = tiktoken.encoding_name_for_model(facts.name.rpartition("/")[2])
    except KeyError:
        name = _OTHER
    there = name in _BUNDLED and (folder / _BUNDLED[name]).is_file()
    return name if there else None


def _is_own(teacher: Teacher) -> bool:
    facts = model_facts(teacher.model)
    return facts is not None and facts.provider in ("openai", "azure")


def bundled_encoding(name: str = _OTHER) -> "Encoding":
    """The encoding of that name, from the file that lies inside LiteLLM."""
    import tiktoken

    # As LiteLLM does when it is imported: the files are there, so that nothing is fetched.
    os.environ["TIKTOKEN_CACHE_DIR"] = str(_tokenizers())
    return tiktoken.get_encoding(name)


def _count(name: str, texts: Sequence[str]) -> int:
    encoding = bundled_encoding(name)
    return sum(len(encoding.encode(text, disallowed_special=())) for text in texts)


def _tokenizers() -> Path | None:
    spec = find_spec("litellm")  # finds a package without running it
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    return Path(places[0], _FOLDER) if places else None
