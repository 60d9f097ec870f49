import pytest

from synth_assets.core.export.turns import asked, earlier, passage
from synth_assets.errors import StageContractError
from tests.samples import frame_of, real_row


@pytest.mark.parametrize(
    ("context", "prompt", "turn"),
    [
        ("Ann came.", "Who?", "Passage:\nAnn came.\n\nQuestion: Who?"),
        ("Ann came. ", "Read this:\n\nANN  came.", "Read this:\n\nANN  came."),
        ("ﬁne Straße", "So: FINE STRASSE!", "So: FINE STRASSE!"),
        (" \n\u2003", "Who?", "Who?"),
        ("", "Who?", "Who?"),
    ],
)
def test_asked_has_the_passage_unless_the_prompt_holds_it(context, prompt, turn):
    rows = frame_of(real_row("z", "q", "r"), real_row("a", prompt, "r", context=context))
    assert asked(rows).to_list() == ["q", turn]


def test_passage_is_told_where_the_prompt_lacks_it():
    held = real_row("a", "Ann came. Who?", "Ann.", context="Ann came.")
    lacking = real_row("b", "Who?", "Ann.", context="Ann came.")
    assert passage(frame_of(held, lacking)).to_list() == ["", "Ann came."]


def test_earlier_of_half_a_surrogate_pair_has_the_replacement_character():
    halved = '[{"role": "user", "content": "a\\ud83d b\\ud83d\\ude00\\uDC00"}]'
    rows = frame_of(real_row("a", "p", "r"), real_row("b", "p", "r", history=halved))
    assert earlier(rows).to_list() == [[], [{"role": "user", "content": "a\ufffd b😀\ufffd"}]]


@pytest.mark.parametrize(
    "history",
    ['{"role": "user"}', "[5]", "nonsense", '[{"role": "user", "content": "\\ud800"}, 5]'],
)
def test_earlier_of_what_is_no_list_of_turns_is_refused(history):
    with pytest.raises(StageContractError, match="no list of turns"):
        earlier(frame_of(real_row("a", "p", "r", history=history)))


@pytest.mark.parametrize("history", ['[{"role": "user"}]', "[null]", "null"])
def test_earlier_of_a_turn_without_text_names_the_row(history):
    with pytest.raises(StageContractError, match="row-7: a turn of its history"):
        earlier(frame_of(real_row("row-7", "p", "r", history=history)))
