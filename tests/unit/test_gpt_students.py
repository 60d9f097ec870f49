from importlib.util import find_spec

import numpy as np
import pytest

from synth_assets.core.collapse.rarity import Tail
from synth_assets.core.language_model.byte_pairs import END, BytePairs
from synth_assets.core.language_model.ngram import Decoding
from synth_assets.errors import ConfigurationError
from synth_assets.resources.collapse.student_kinds import students_of

_TEXTS = [f"Ada has {n} red apples and eats {n % 7} of them." for n in range(60)]


def test_byte_pairs_of_any_text_are_that_text():
    pairs = BytePairs.of(_TEXTS, size=300)
    for text in ("Ada eats.", "Ünïcode \N{SNOWMAN}\ttab\n", ""):
        encoded = pairs.encode([text])
        assert encoded.ids[-1] == END
        assert pairs.decode(encoded.ids.tolist()) == text


def test_byte_pairs_know_the_word_that_each_belongs_to():
    pairs = BytePairs.of(_TEXTS, size=300)
    encoded = pairs.encode(["Ada sees", "zebras"])
    assert encoded.starts.tolist()[0] == 0
    assert encoded.words[0] == 0
    # Words are `Ada`, ` sees`, the end, `zebras`, the end.
    assert sorted(set(encoded.words.tolist())) == [0, 1, 2, 3, 4]
    assert encoded.words[encoded.starts].tolist() == [0, 3]


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
def test_gpt_without_torch_is_refused_naming_the_extra():
    with pytest.raises(ConfigurationError, match=r"synth-assets\[torch\]"):
        students_of("gpt", 3, _TEXTS)


def test_gpt_learns_reads_in_windows_and_writes_the_same_again():
    pytest.importorskip("torch", reason="torch is an extra")
    from synth_assets.core.collapse.gpt_students import GptStudents
    from synth_assets.core.language_model.gpt import GptShape

    shape = GptShape(layers=1, width=16, heads=2, context=16, tokens=12_000)
    students = GptStudents(BytePairs.of(_TEXTS, size=300), shape)
    student, again = students.fit(_TEXTS, 1), students.fit(_TEXTS, 1)
    long = " ".join(_TEXTS[:5])
    bits = student.surprise([_TEXTS[0], long]).bits
    assert bits.tolist() == again.surprise([_TEXTS[0], long]).bits.tolist()
    # Texts are read one by one as in company, and what it saw is less surprising than noise.
    assert student.surprise([_TEXTS[0]]).bits[0] == pytest.approx(bits[0], rel=1e-4)
    assert bits[0] < student.surprise([_TEXTS[0][::-1]]).bits[0]
    read = student.read([_TEXTS[0], long], Tail(frozenset({" red"})))
    assert read.bits == pytest.approx(bits, rel=1e-4)
    assert read.rare is not None
    assert read.rare.tokens.tolist() == [1.0, 5.0]
    assert (read.rare.bits < read.bits).all()
    wrote = student.write(np.random.default_rng(3), 4, Decoding(best_of=2), None)
    assert wrote == again.write(np.random.default_rng(3), 4, Decoding(best_of=2), None)
    assert len(set(wrote)) > 1
