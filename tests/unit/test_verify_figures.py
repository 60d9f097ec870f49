"""Numbers of running text, spelled out or not, as claims that a passage must support."""

import pytest

from synth_assets.core.schema import Reason
from synth_assets.core.verify.claims.figures import figures
from synth_assets.core.verify.grounding import Grounding
from tests.samples import synthetic_row


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("three hundred soldiers", [300]),
        ("twelve hundred, one thousand two hundred and five", [1200, 1205]),
        ("twenty-five million forty-two", [25_000_042]),
        ("five, six and seven", [5, 6, 7]),
        ("nine nine nine", [9, 9, 9]),
        ("hundreds, one, a hundred, the second", []),
        ("two thousand five hundred kilometres, two hundred first", [2500, 201]),
        ("eleven and twelve", [11, 12]),
    ],
)
def test_figures_read_numbers_in_several_words(text: str, claims: list[int]) -> None:
    assert sorted(c.value for c in figures(text).claims if c.value) == sorted(claims)


def test_grounding_number_in_words_is_supported_by_its_digits() -> None:
    passage = "The fort held 300 soldiers and one thousand two hundred horses."
    grounding = Grounding(kind="grounding").prepare({})
    for answer, reason in (
        ("The fort held three hundred soldiers.", None),
        ("The fort held 1,200 horses.", None),
        ("The fort held four hundred soldiers.", Reason.UNSUPPORTED_NUMBER),
        ("The fort held two hundred horses.", Reason.UNSUPPORTED_NUMBER),
    ):
        row = synthetic_row("s", "What did the fort hold?", answer, context=passage)
        assert grounding(row).reason == reason, answer
