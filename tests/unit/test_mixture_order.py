import polars as pl

from synth_assets.core.config.mixtures import Curriculum
from synth_assets.core.mixture.draws import draws
from synth_assets.core.mixture.order import order_rows
from tests.samples import frame_of, synthetic_row


def ordered(rows, order, seed=0):
    samples = frame_of(*rows).with_columns(copy=pl.lit(1, pl.Int64))
    return samples[order_rows(samples, order, seed)]


def with_difficulty(levels):
    return [
        synthetic_row(f"row-{n}", f"p{n}", "r", difficulty=level) for n, level in enumerate(levels)
    ]


def test_order_by_difficulty_grows():
    found = ordered(with_difficulty([3.0, 1.0, 2.0, 1.5] * 5), Curriculum(by="difficulty"))
    assert found["difficulty"].is_sorted()


def test_order_spreads_rows_of_unknown_difficulty_over_the_whole():
    found = ordered(with_difficulty([float(n) for n in range(500)] + [None] * 500),
                    Curriculum(by="difficulty"))  # fmt: skip
    thirds = [found[part * 250 : (part + 1) * 250]["difficulty"].null_count() for part in range(4)]
    assert all(100 < nulls < 150 for nulls in thirds)
    assert found["difficulty"].drop_nulls().is_sorted()


def test_order_with_replay_puts_a_share_of_each_tenth_off():
    found = ordered(with_difficulty([float(n) for n in range(1000)]),
                    Curriculum(by="difficulty", replay=0.2))  # fmt: skip
    levels = found["difficulty"].to_list()
    early_ones = [place for place, level in enumerate(levels) if level < 100]
    late = [place for place in early_ones if place >= 80]
    assert len(late) == 20
    assert max(late) > 900
    assert sorted(levels) == [float(n) for n in range(1000)]


def test_order_by_prerequisite_puts_lessons_in_order_and_parents_first():
    rows = [
        synthetic_row(f"l{n}", f"p{n}", "r", attributes=f'{{"lesson": {lesson}}}')
        for n, lesson in enumerate([3, 1, 2, 2])
    ]
    rows += [
        synthetic_row("deepest", "p", "r", parent_ids=("deeper",)),
        synthetic_row("deeper", "p", "r", parent_ids=("l0", "gone")),
    ]
    for seed in range(5):
        ids = ordered(rows, Curriculum(by="prerequisite"), seed)["sample_id"].to_list()
        lessons = [name for name in ids if name.startswith("l")]
        assert (lessons[0], set(lessons[1:3]), lessons[3]) == ("l1", {"l2", "l3"}, "l0")
        assert ids.index("l0") < ids.index("deeper") < ids.index("deepest")


def test_order_by_prerequisite_with_replay_still_puts_parents_first():
    rows = [synthetic_row("r0", "p", "r", attributes='{"lesson": 1}')]
    for n in range(1, 60):
        told = f'{{"lesson": {n}}}'
        row = synthetic_row(f"r{n}", "p", "r", parent_ids=(f"r{n - 1}",), attributes=told)
        rows.append(row)
    order = Curriculum(by="prerequisite", replay=0.5)
    ids = ordered(rows, order)["sample_id"].to_list()
    assert ids == [f"r{n}" for n in range(60)]


def test_order_by_depth_grows():
    rows = [synthetic_row(f"r{n}", "p", "r") for n in range(6)]
    samples = frame_of(*rows).with_columns(
        copy=pl.lit(1, pl.Int64), synthetic_depth=pl.Series([3, 1, 0, 2, 0, 1])
    )
    found = samples[order_rows(samples, Curriculum(by="depth"), 0)]
    assert found["synthetic_depth"].to_list() == [0, 0, 1, 1, 2, 3]


def test_order_of_a_circle_of_parents_ends():
    rows = [
        synthetic_row("a", "p", "r", parent_ids=("b",)),
        synthetic_row("b", "p", "r", parent_ids=("a",)),
    ]
    assert sorted(ordered(rows, Curriculum(by="prerequisite"))["sample_id"]) == ["a", "b"]


def test_draws_are_the_same_everywhere():
    found = draws(pl.Series(["a", "", "行"]), 7, "draw").tolist()
    assert found == [1771585126362185538, 9040391484939369724, 11392648958784685115]


def test_draws_of_a_slice_are_those_of_its_rows():
    names = pl.Series([f"row-{n}" for n in range(10)])
    assert draws(names[4:7], 1, "x").tolist() == draws(names, 1, "x")[4:7].tolist()


def test_draws_are_even():
    found = draws(pl.Series([f"row-{n}" for n in range(10_000)]), 0, "draw")
    counts = [int(((found >> 60) == part).sum()) for part in range(16)]
    assert all(550 < count < 700 for count in counts)
