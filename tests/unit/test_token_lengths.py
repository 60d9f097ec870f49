import hashlib
from pathlib import Path

import polars as pl
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from synth_assets.core.export.lengths import LENGTH_SCHEMA, length_statistics
from synth_assets.core.schema import TRAINING_SCHEMA
from synth_assets.errors import ConfigurationError
from synth_assets.resources.token_lengths import open_tokenizer, token_counts, token_parts
from tests.samples import real_row
from tests.training_rows import CHAT, exported, training_frame

ROWS = training_frame(
    real_row("a", "one two three", "four five"),
    real_row("b", "one", "two", context="a passage"),
    real_row("c", "one", "two three", history=CHAT),
    real_row("d", "", ""),
)


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A tokenizer that has a token for each word, cuts texts, and adds marks of its own."""
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "[CLS]": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 1)])
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=9)
    tokenizer.save(str(tmp_path / "words.json"))
    return tmp_path / "words.json"


def test_token_parts_count_every_turn_with_the_users_tokenizer(words):
    parts = token_parts(ROWS, open_tokenizer(words))
    # Of b: Passage : a passage Question : one. Of c: Be brief . Hi . Hello . one.
    assert parts.rows() == [(3, 2), (7, 1), (8, 2), (0, 0)]


def test_token_counts_are_of_the_whole_row(words):
    counts = token_counts(ROWS, open_tokenizer(words))
    assert (counts.name, counts.to_list()) == ("tokens", [5, 8, 10, 0])


def test_tokenizer_of_a_file_is_called_by_name_and_digest(words):
    digest = hashlib.sha256(words.read_bytes()).hexdigest()
    assert open_tokenizer(words).name == f"words.json (sha256 {digest[:12]})"


def test_token_counts_of_no_rows_are_none(words):
    assert token_counts(TRAINING_SCHEMA.to_frame(), open_tokenizer(words)).dtype == pl.Int64


def test_token_counts_without_a_tokenizer_are_those_of_cl100k_base():
    counter = open_tokenizer()
    assert counter.name == "cl100k_base"
    # t|ik|token| is| great|!; and what looks like a special mark is
    # letters here.
    assert counter.counts(["tiktoken is great!", "", "<|endoftext|>"]) == [6, 0, 7]


@pytest.mark.parametrize("content", [None, "no JSON", '{"model": 1}'])
def test_tokenizer_that_is_none_is_refused_by_its_file(tmp_path, content):
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match=r"mine.json: .* Give a tokenizer.json"):
        open_tokenizer(file)


def test_length_statistics_are_of_lengths_that_rows_have():
    counts = pl.DataFrame(
        {"split": ["train"] * 100 + ["test"], "prompt": [*range(1, 101), 7], "response": [10] * 101}
    )
    told = length_statistics(counts)
    assert told.schema == LENGTH_SCHEMA
    assert told.rows() == [
        ("train", "row", 100, 6050, 11, 60.5, 61, 100, 109, 110),
        ("train", "prompt", 100, 5050, 1, 50.5, 51, 90, 99, 100),
        ("train", "response", 100, 1000, 10, 10.0, 10, 10, 10, 10),
        ("test", "row", 1, 17, 17, 17.0, 17, 17, 17, 17),
        ("test", "prompt", 1, 7, 7, 7.0, 7, 7, 7, 7),
        ("test", "response", 1, 10, 10, 10.0, 10, 10, 10, 10),
    ]


def test_export_without_a_counter_tells_no_lengths(tmp_path):
    made = exported(tmp_path, ROWS)
    assert (made.rows.tokenizer, made.rows.lengths.height) == ("", 0)
