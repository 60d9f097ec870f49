import ast
import re
import sys
import time

import pytest

from synth_assets.core.config.sources import (
    DocstringSource,
    EmbeddedProbeSource,
    ReferenceSource,
    Source,
)
from synth_assets.core.schema import SAMPLE_SCHEMA
from synth_assets.errors import SourceError
from synth_assets.resources.sources.docstrings import stdlib_docstrings
from synth_assets.resources.sources.located import LocatedSource, source_digest
from synth_assets.resources.sources.reading import read_source
from synth_assets.resources.sources.reference import reference_passages

DOCSTRINGS = DocstringSource(reader="stdlib_docstrings", id="docs")
REFERENCE = ReferenceSource(reader="stdlib_reference", id="reference")
PROBE = EmbeddedProbeSource(reader="embedded_probe", id="probe")


@pytest.fixture(scope="module")
def docstrings() -> dict[str, str]:
    return {row.prompt: row.response for row in stdlib_docstrings(120, 2_000)}


@pytest.fixture(scope="module")
def passages() -> list[tuple[str, str]]:
    return [(row.prompt, row.response) for row in reference_passages(200, 1_200)]


def asked(docstrings: dict[str, str], name: str) -> str:
    [text] = [text for prompt, text in docstrings.items() if name in prompt]
    return text


def test_stdlib_docstrings_are_many_and_within_bounds(docstrings: dict[str, str]):
    assert 1_500 < len(docstrings) < 4_000
    assert all(120 <= len(text) <= 2_000 for text in docstrings.values())
    assert len(set(docstrings.values())) == len(docstrings)


def test_stdlib_docstrings_answer_with_the_cleaned_docstring(docstrings: dict[str, str]):
    import shlex
    import textwrap

    assert (
        asked(docstrings, "`textwrap.dedent(text)`")
        == (textwrap.dedent.__doc__ or "").replace("\n    ", "\n").strip()
    )
    question = next(prompt for prompt in docstrings if "textwrap.wrap(" in prompt)
    assert "`textwrap.wrap(text, width=70, **kwargs)`" in question
    assert not any("shlex.shlex._" in prompt for prompt in docstrings)
    assert shlex.__name__ in sys.modules


def test_stdlib_docstrings_ask_for_public_objects_only(docstrings: dict[str, str]):
    for prompt in docstrings:
        [shown] = re.findall(r"`(.+)`", prompt)
        parts = shown.partition("(")[0].split(".")
        assert all(part.isidentifier() and not part.startswith("_") for part in parts), prompt
        assert not {"test", "tests", "idlelib", "site-packages"} & set(parts[:-1]), prompt


def test_stdlib_docstrings_show_methods_without_self_and_properties_without_call(
    docstrings: dict[str, str],
):
    assert not any("(self" in prompt for prompt in docstrings)
    [prompt] = [prompt for prompt in docstrings if "`pathlib.PurePath.suffixes`" in prompt or
                "`ipaddress.IPv4Address.is_private`" in prompt]  # fmt: skip
    assert "attribute" in prompt or "hold" in prompt


def test_stdlib_docstrings_signatures_are_python(docstrings: dict[str, str]):
    shown = [re.search(r"`[\w.]+\((.*)\)`", prompt) for prompt in docstrings]
    signatures = [found[1].replace("...", "*_") for found in shown if found]
    assert len(signatures) > 500
    for signature in signatures:
        [function] = ast.parse(f"def f({signature}): pass").body
        assert isinstance(function, ast.FunctionDef)


def test_reference_passages_are_prose_within_bounds(passages: list[tuple[str, str]]):
    assert 300 < len(passages) < 1_000
    assert len(set(passages)) == len({text for _, text in passages}) == len(passages)
    for _, text in passages:
        assert 200 <= len(text) <= 1_200
        assert not re.search(r"::=|>>>|^[*=-]{3,}$", text, re.MULTILINE)
        assert not re.match(r"\* |\d+\. ", text)
        assert not text.endswith((":", "as follows."))
        assert not re.search(r"[a-z,]\n[a-z]", text), "a hard-wrapped line"


def test_reference_passages_stand_in_the_reference(passages: list[tuple[str, str]]):
    from pydoc_data.topics import topics

    whole = re.sub(r"[\s:]+", "", "".join(topics.values()))
    for _, text in passages:
        for paragraph in text.split("\n\n"):
            assert re.sub(r"[\s:]+", "", paragraph) in whole


def test_reference_passages_are_asked_for_by_their_heading(passages: list[tuple[str, str]]):
    [text] = [text for prompt, text in passages if re.search(r": Type Objects[.?]$", prompt)]
    assert text.startswith("Type objects represent the various object types.")


@pytest.mark.parametrize("spec", [DOCSTRINGS, REFERENCE, PROBE], ids=lambda spec: spec.reader)
def test_read_source_of_the_library_is_deterministic(spec: Source, tmp_path):
    started = time.process_time()
    source = LocatedSource(spec, tmp_path / "sources.yaml")
    frame = read_source(source)
    assert time.process_time() - started < 60
    assert frame.schema == SAMPLE_SCHEMA
    assert frame.equals(read_source(source))
    assert frame["licence"].unique().to_list() == [spec.licence]


def test_read_source_bounds_that_fit_nothing_are_an_error(tmp_path):
    spec = REFERENCE.model_copy(update={"min_characters": 90_000, "max_characters": 90_001})
    with pytest.raises(SourceError, match=r"stdlib_reference found no rows\. Widen its bounds"):
        read_source(LocatedSource(spec, tmp_path))


def test_source_digest_follows_what_the_source_says(tmp_path):
    plain = source_digest(LocatedSource(REFERENCE, tmp_path))
    assert source_digest(LocatedSource(REFERENCE, tmp_path / "elsewhere")) == plain
    wider = REFERENCE.model_copy(update={"max_characters": 2_000})
    assert source_digest(LocatedSource(wider, tmp_path)) != plain
