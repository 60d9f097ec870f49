"""Embedding models of the catalogue over HTTP: each text is bought once, and paid to the cent."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from synth_assets.core.config.budgets import Budgets, Cap
from synth_assets.core.config.teachers import Price, Teacher
from synth_assets.core.generation.budget import Budget
from synth_assets.errors import BudgetError, TeacherError, UnknownNameError
from synth_assets.resources.embedding.bought import TeacherEmbedder
from synth_assets.resources.embedding.opening import open_embedder
from synth_assets.resources.ledger.store import Ledger
from tests.integration.embedding_server import (
    DIMENSIONS,
    EmbeddingServer,
    embedding_server,
    vector_of,
)

PRICE = Price(input_usd=20.0, output_usd=0.0)
TEXTS = [f"text number {number} about topic {number % 7}" for number in range(300)]


@contextmanager
def ledger_at(folder: Path, budget: Budget | None = None) -> Iterator[Ledger]:
    ledger = Ledger(folder / "ledger.sqlite", budget)
    try:
        yield ledger
    finally:
        ledger.close()


def _teacher(server: EmbeddingServer, **more: object) -> Teacher:
    given = {"id": "vectors", "model": "openai/small", "api_base": server.base_url, "price": PRICE}
    return Teacher.model_validate({**given, **more})


def _unit(texts: list[str], size: int = DIMENSIONS) -> np.ndarray:
    rows = np.array([vector_of(text, size) for text in texts], np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_teacher_embeds_rows_of_length_one_in_the_order_of_the_texts(tmp_path: Path):
    with embedding_server() as server:
        embedder = TeacherEmbedder(_teacher(server), Ledger(tmp_path / "ledger.sqlite"))
        rows = embedder.embed([*TEXTS, "", TEXTS[5], "  \n"])
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows[:300], _unit(TEXTS), atol=1e-6)
    assert (rows[301] == rows[5]).all()
    assert not rows[300].any()
    assert not rows[302].any()
    assert embedder.dimensions == DIMENSIONS


def test_texts_go_in_calls_of_many_and_are_never_bought_again(tmp_path: Path):
    told: list[tuple[int, int]] = []
    with embedding_server() as server, ledger_at(tmp_path) as ledger:
        first = TeacherEmbedder(_teacher(server), ledger).embed(TEXTS)
        assert max(server.calls) == 128
        assert len(server.calls) <= 5
        more = [*TEXTS[::-1], "one more"]
        again = TeacherEmbedder(_teacher(server), ledger).embed(
            more, lambda done, of: told.append((done, of))
        )
        assert set(server.embedded.values()) == {1}
        assert len(server.embedded) == 301
    assert (again[:300] == first[::-1]).all()
    assert told[-1] == (301, 301)


def test_a_call_is_paid_to_the_cent_and_shared_among_its_texts(tmp_path: Path):
    with embedding_server() as server, ledger_at(tmp_path) as ledger:
        TeacherEmbedder(_teacher(server), ledger, run="r1").embed(TEXTS)
        usd = server.tokens * PRICE.input_usd / 1_000_000
        for scope in ("all", "run:r1", "teacher:vectors"):
            account = ledger.account(scope)
            assert account.usd == pytest.approx(usd, abs=1e-9)
            assert account.tokens == server.tokens == 300 * 6
            assert account.reserved_usd == 0
        assert ledger.stats().completions == 300


def test_another_checkpoint_or_size_is_bought_anew(tmp_path: Path):
    with embedding_server() as server, ledger_at(tmp_path) as ledger:
        plain = TeacherEmbedder(_teacher(server), ledger)
        newer = TeacherEmbedder(_teacher(server, checkpoint="2"), ledger)
        short = TeacherEmbedder(_teacher(server, parameters={"dimensions": 8}), ledger)
        assert short.dimensions == 8
        shapes = [each.embed(["same text"]).shape for each in (plain, newer, short)]
        assert shapes == [(1, 16), (1, 16), (1, 8)]
        assert server.embedded["same text"] == 3
        assert len({plain.name, newer.name, short.name}) == 3
    moved = TeacherEmbedder(_teacher(server, api_base="http://127.0.0.1:9/v1"), ledger)
    assert moved.name == plain.name


def test_base64_vectors_are_read_as_numbers_are(tmp_path: Path):
    with embedding_server() as server:
        teacher = _teacher(server, parameters={"encoding_format": "base64"})
        rows = TeacherEmbedder(teacher, Ledger(tmp_path / "ledger.sqlite")).embed(TEXTS[:3])
    np.testing.assert_allclose(rows, _unit(TEXTS[:3]), atol=1e-6)


def test_faults_are_asked_again_and_a_lost_call_counts_as_perhaps_paid(tmp_path: Path):
    budget = Budget.of(Budgets(all=Cap(usd=100.0)), "")
    with embedding_server(faults=[500, 0, 429]) as server, ledger_at(tmp_path, budget) as ledger:
        rows = TeacherEmbedder(_teacher(server), ledger).embed(TEXTS[:20])
        account = ledger.account("all")
    np.testing.assert_allclose(rows, _unit(TEXTS[:20]), atol=1e-6)
    assert server.calls == [20, 20]
    assert account.tokens == 20 * 6
    assert account.perhaps_usd > 0
    assert account.reserved_usd == 0


def test_a_server_that_takes_few_texts_a_call_gets_few(tmp_path: Path):
    with embedding_server(most_texts=32) as server, ledger_at(tmp_path) as ledger:
        rows = TeacherEmbedder(_teacher(server), ledger).embed(TEXTS)
        account = ledger.account("all")
    np.testing.assert_allclose(rows, _unit(TEXTS), atol=1e-6)
    assert max(server.calls) <= 32
    assert set(server.embedded.values()) == {1}
    assert account.usd == pytest.approx(server.tokens * 20 / 1_000_000, abs=1e-9)
    assert account.perhaps_usd == 0


def test_a_text_too_long_is_embedded_by_its_beginning_and_spoils_no_other(tmp_path: Path):
    long = " ".join(f"word{number:04}" for number in range(300))
    with embedding_server(context_words=100) as server, ledger_at(tmp_path) as ledger:
        rows = TeacherEmbedder(_teacher(server), ledger).embed([*TEXTS[:9], long])
        assert set(server.embedded.values()) == {1}
        [taken] = [text for text in server.embedded if text.startswith("word0000")]
    np.testing.assert_allclose(rows[:9], _unit(TEXTS[:9]), atol=1e-6)
    assert long.startswith(taken)
    assert len(taken) == len(long) // 4
    np.testing.assert_allclose(rows[9:], _unit([taken]), atol=1e-6)


def test_a_known_context_limit_cuts_texts_before_they_are_sent(tmp_path: Path):
    with embedding_server() as server, ledger_at(tmp_path) as ledger:
        TeacherEmbedder(_teacher(server, context_limit=100), ledger).embed(["x y " * 1_000])
        [sent] = server.embedded
    assert len(sent) == 300


def test_at_a_cap_no_more_is_bought_and_what_was_bought_is_kept(tmp_path: Path):
    budget = Budget.of(Budgets(teachers={"vectors": Cap(usd=0.03)}), "")
    with embedding_server() as server, ledger_at(tmp_path, budget) as ledger:
        with pytest.raises(TeacherError, match=r"budget of teacher:vectors.*\n.*budgets\.yaml"):
            TeacherEmbedder(_teacher(server), ledger).embed(TEXTS)
        paid = server.tokens * PRICE.input_usd / 1_000_000
        assert 0 < paid <= 0.03
        account = ledger.account("teacher:vectors")
        assert account.usd == pytest.approx(paid, abs=1e-9)
        assert account.reserved_usd == 0
        raised = Ledger(ledger.path)
        assert TeacherEmbedder(_teacher(server), raised).embed(TEXTS).shape == (300, DIMENSIONS)
        raised.close()
    assert set(server.embedded.values()) == {1}


def test_a_cap_in_usd_without_a_price_is_refused_with_the_line_to_add(tmp_path: Path):
    budget = Budget.of(Budgets(all=Cap(usd=1.0)), "")
    with ledger_at(tmp_path, budget) as ledger:
        teacher = Teacher(id="v", model="openai/own", api_base="http://127.0.0.1:9/v1")
        with pytest.raises(BudgetError, match=r"price: \{input_usd"):
            TeacherEmbedder(teacher, ledger)


def test_a_refused_key_stops_at_once_and_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VECTORS_KEY", "sk-wrong-key-of-mine")
    with embedding_server(api_key="right") as server, ledger_at(tmp_path) as ledger:
        teacher = _teacher(server, api_key_env="VECTORS_KEY")
        with pytest.raises(TeacherError, match="vectors") as caught:
            TeacherEmbedder(teacher, ledger).embed(TEXTS)
        assert "sk-wrong" not in str(caught.value)
        assert server.calls == []
        assert ledger.account("all").reserved_usd == 0


def test_a_model_that_changed_its_vectors_is_told(tmp_path: Path):
    with embedding_server() as server, ledger_at(tmp_path) as ledger:
        embedder = TeacherEmbedder(_teacher(server), ledger)
        embedder.embed(["before"])
        server.dimensions = 12
        with pytest.raises(TeacherError, match="lengths 12, 16"):
            embedder.embed(["before", "after"])


def test_a_provider_through_litellm_gives_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VECTORS_KEY", "sk-right")
    with embedding_server(api_key="sk-right") as server, ledger_at(tmp_path) as ledger:
        # `litellm_proxy/` is not among the prefixes of the lean lane.
        teacher = _teacher(server, model="litellm_proxy/small", api_key_env="VECTORS_KEY")
        rows = TeacherEmbedder(teacher, ledger).embed(TEXTS[:5])
        tokens = ledger.account("all").tokens
    np.testing.assert_allclose(rows, _unit(TEXTS[:5]), atol=1e-6)
    assert tokens == 30


def test_open_embedder_names_a_teacher_and_refuses_one_without_a_ledger(tmp_path: Path):
    with embedding_server() as server, ledger_at(tmp_path) as ledger:
        teachers = {"vectors": _teacher(server)}
        opened = open_embedder("vectors", teachers, ledger)
        assert opened.embed(["a text"]).shape == (1, DIMENSIONS)
        with pytest.raises(UnknownNameError, match="no ledger"):
            open_embedder("vectors", teachers)
