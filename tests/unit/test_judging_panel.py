"""Judges over a recipe: agreement, and the lean of each."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_assets.core.judging.judgment import Judgment, Manner, Vote
from synth_assets.core.judging.lean import Lean
from synth_assets.core.judging.panel import PanelReport, panel_reports

FOR, TIE, AGAINST = Vote.FOR, Vote.TIE, Vote.AGAINST


def pair(sample: int, judge: str, vote: Vote | None, **other: object) -> Judgment:
    said = {FOR: ("A", "B"), AGAINST: ("B", "A"), TIE: ("tie", "tie"), None: ("A", "A")}[vote]
    given = {"said": said, "words": (50, 20), **other}
    return Judgment(f"s{sample:03}", Manner.PAIR, judge, vote=vote, **given)  # pyright: ignore[reportArgumentType]


def rating(sample: int, judge: str, score: int, words: int = 10, **other: object) -> Judgment:
    vote = FOR if score >= 4 else AGAINST
    return Judgment(
        f"s{sample:03}",
        Manner.RUBRIC,
        judge,
        vote=vote,
        score=float(score),
        ratings={"clarity": score},
        words=(words, 0),
        **other,  # pyright: ignore[reportArgumentType]
    )


def report(*judgments: Judgment) -> PanelReport:
    [found] = panel_reports(judgments)
    return found


def test_panel_of_nobody_has_no_report():
    assert panel_reports([]) == ()


def test_panel_reports_rubrics_and_pairs_apart():
    found = panel_reports([pair(1, "b", FOR), rating(1, "a", 5), pair(1, "a", AGAINST)])
    told = [(each.manner, [judge.judge for judge in each.judges]) for each in found]
    assert told == [(Manner.PAIR, ["a", "b"]), (Manner.RUBRIC, ["a"])]


def test_panel_of_judges_who_agree_has_alpha_one_and_one_who_does_not_stands_out():
    votes = [FOR, FOR, AGAINST, TIE]
    said = [pair(n, judge, vote) for n, vote in enumerate(votes) for judge in "abc"]
    found = report(*said)
    assert (found.samples, found.votes.value, found.votes.items) == (4, 1.0, 4)
    assert all(judge.with_others == Lean(4, 4) for judge in found.judges)

    stubborn = [pair(n, "d", FOR) for n in range(4)]
    *others, last = report(*said, *stubborn).judges
    assert last.with_others == Lean(2, 4)
    assert last.votes_for == Lean(4, 4)
    assert all(judge.with_others == Lean(4, 4) for judge in others)


def test_panel_counts_contradictions_as_no_vote_and_troubles_as_unread():
    lost = Judgment("s009", Manner.PAIR, "a", trouble="unparsable: no section")
    [judge] = report(pair(1, "a", FOR), pair(2, "a", None), lost).judges
    assert (judge.votes_for, judge.unread) == (Lean(1, 1), 1)
    assert judge.position is not None
    assert (judge.position.inconsistent, judge.position.to_first) == (Lean(1, 2), 1)
    assert judge.position.unread == 1


def test_panel_holds_length_against_what_the_others_say():
    """Judge `a` is for the longer one always; the others say every second time that it is not."""
    said = [pair(n, "a", FOR) for n in range(40)]
    for other in "bc":
        said += [pair(n, other, FOR if n % 2 else AGAINST) for n in range(40)]
    first, second, _ = report(*said).judges
    assert first.length is not None
    assert first.length.odds is not None
    assert first.length.longer == Lean(40, 40)
    assert first.length.odds.low > 1
    assert second.length is not None
    # What `a` and `c` do not agree on has no label.
    assert second.length.gold_longer.of == 20


def test_panel_of_ratings_tells_their_mean_alpha_and_lean_to_length():
    said = [rating(n, judge, 1 + n % 5, 10 * (1 + n % 5)) for n in range(20) for judge in "ab"]
    found = report(*said)
    assert found.ratings["clarity"].value == 1.0
    judge = found.judges[0]
    assert (judge.mean_rating, judge.length_correlation) == (3.0, pytest.approx(1.0))
    assert (judge.position, judge.length) == (None, None)
    [same] = report(*(rating(n, "a", 4, n) for n in range(5))).judges
    assert same.length_correlation is None


def test_panel_tells_a_judge_that_favours_its_own_family():
    rng = random.Random("kin")
    said: list[Judgment] = []
    for n in range(200):
        writer = "gpt" if n % 2 else "llama"
        right = rng.random() < 0.5
        kin = {"writer": writer}
        lenient = right or writer == "gpt"
        said.append(pair(n, "g", FOR if lenient else AGAINST, family="gpt", **kin))
        said.append(pair(n, "c", FOR if right else AGAINST, family="claude", **kin))
    claude, gpt = report(*said).judges
    assert gpt.own_family == Lean(100, 200)
    assert gpt.own_kin is not None
    assert gpt.own_kin.difference is not None
    assert gpt.own_kin.difference.low > 0.3
    # Nothing here is by its own family.
    assert (claude.own_family, claude.own_kin) == (Lean(0, 200), None)


def test_panel_does_not_hold_a_judge_against_others_of_its_family():
    said = [pair(n, judge, FOR, family="gpt", writer="gpt") for n in range(9) for judge in "ab"]
    assert [judge.own_kin for judge in report(*said).judges] == [None, None]


JUDGMENTS = st.lists(
    st.tuples(
        st.integers(0, 8),
        st.sampled_from("abc"),
        st.sampled_from([*Vote, None]),
        st.sampled_from(["gpt", "claude", None]),
    ),
    unique_by=lambda row: row[:2],
    max_size=27,
)


@given(JUDGMENTS, st.randoms())
def test_panel_does_not_depend_on_the_order_of_judgments(
    rows: list[tuple[int, str, Vote | None, str | None]], rng: random.Random
):
    said = [pair(n, judge, vote, family=kin, writer="gpt") for n, judge, vote, kin in rows]
    shuffled = list(said)
    rng.shuffle(shuffled)
    found = panel_reports(said)
    assert panel_reports(shuffled) == found
    for each in found:
        assert sum(judge.votes_for.of for judge in each.judges) == sum(
            row[2] is not None for row in rows
        )
