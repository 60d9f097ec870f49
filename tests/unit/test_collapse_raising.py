import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from synth_assets.core.collapse.canary import CanarySize
from synth_assets.core.collapse.halving import largest_that_passes
from synth_assets.core.collapse.raising import TRIAL_SCHEMA, Ending, Raised, raise_real_share
from synth_assets.core.collapse.restoring import real_rows_needed
from synth_assets.core.collapse.risk_index import THRESHOLDS, Component, Light, RiskIndex, Sign
from synth_assets.core.collapse.yard import Yard
from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.compose import compose
from synth_assets.core.schema import Origin, Reason
from synth_assets.core.stage import StageResult
from synth_assets.errors import MixtureInfeasibleError
from synth_assets.resources.collapse.raised import (
    RaisingRecord,
    composed_within_gates,
    raising_record,
)
from synth_assets.resources.frames import write_bytes, write_frame
from synth_assets.resources.home import Home
from tests.mixture_rows import candidates, plain_standing
from tests.samples import frame_of, real_row, synthetic_row

_SMALL = CanarySize(rows_on=100, generations=1)


def _mixture(**said: object) -> Mixture:
    return Mixture.model_validate({"id": "some", "rows": 100, "synthetic_share": 0.8, **said})


def _share(rows: pl.DataFrame) -> float:
    return rows.filter(pl.col("origin") == Origin.SYNTHETIC).height / rows.height


def _composing(samples: pl.DataFrame) -> Callable[[Mixture], StageResult]:
    return lambda mixture: compose(samples, mixture, plain_standing(samples))


def _red_above(share: float) -> Callable[[pl.DataFrame], RiskIndex]:
    """A judge whose loss grows with the share, and is red from one on."""

    def judge(rows: pl.DataFrame) -> RiskIndex:
        red = THRESHOLDS[Sign.LOSS].red
        return RiskIndex((Component(Sign.LOSS, red * _share(rows) / share),))

    return judge


def _raised(mixture: Mixture, samples: pl.DataFrame, red_from: float) -> Raised:
    return raise_real_share(mixture, _composing(samples), _red_above(red_from))


def test_real_share_ends_at_the_smallest_that_passes():
    mixture = _mixture(synthetic_share={"at_least": 0.2, "at_most": 0.8})
    raised = _raised(mixture, candidates(real=200, math__scholar=200), 0.45)
    assert raised.ending is Ending.RAISED
    assert _share(raised.result.kept) == pytest.approx(0.44)
    passing = [trial.share for trial in raised.trials if trial.passes]
    failing = [trial.share for trial in raised.trials if trial.is_red]
    assert (max(passing), min(failing)) == (0.44, 0.45)
    assert len(raised.trials) <= 8
    assert "Real rows were raised from 50% to 56%" in raised.told
    assert raised.frame.schema == TRIAL_SCHEMA
    assert raised.frame["real_rows"][0] == 50


def test_real_share_of_a_set_that_passes_is_not_touched():
    raised = _raised(_mixture(), candidates(real=50, math__scholar=100), 0.9)
    assert raised.ending is Ending.HELD
    assert len(raised.trials) == 1
    assert _share(raised.result.kept) == pytest.approx(0.8)


def test_real_share_fixed_by_the_mixture_is_refused_naming_the_bound():
    raised = _raised(_mixture(), candidates(real=200, math__scholar=200), 0.5)
    assert raised.ending is Ending.REFUSED
    assert len(raised.trials) == 1
    assert "the bound synthetic_share: 0.8 allows no fewer synthetic rows" in raised.told
    assert _share(raised.result.kept) == pytest.approx(0.8)


def test_real_share_that_is_red_down_to_the_bound_is_refused_saying_so():
    mixture = _mixture(synthetic_share={"at_least": 0.6, "at_most": 0.8})
    raised = _raised(mixture, candidates(real=60, math__scholar=200), 0.3)
    assert raised.ending is Ending.REFUSED
    assert "with 60% synthetic rows it is still red" in raised.told
    assert "synthetic_share: 0.6 to 0.8 allows no fewer" in raised.told
    assert [trial.share for trial in raised.trials[1:]] == [0.6]


def test_real_share_for_which_there_are_too_few_real_rows_is_refused_naming_what_lacks():
    mixture = _mixture(synthetic_share={"at_least": 0.0, "at_most": 0.8})
    raised = _raised(mixture, candidates(real=30, math__scholar=200), 0.5)
    assert raised.ending is Ending.REFUSED
    assert "with 70% synthetic rows it is still red" in raised.told
    assert "and with 69% no set can be made" in raised.told


def test_real_share_that_passes_though_the_bound_itself_cannot_be_met_is_found():
    mixture = _mixture(synthetic_share={"at_least": 0.0, "at_most": 0.8})
    raised = _raised(mixture, candidates(real=60, math__scholar=200), 0.55)
    assert raised.ending is Ending.RAISED
    assert _share(raised.result.kept) == pytest.approx(0.54)
    assert raised.trials[1].result is None


def test_real_share_of_a_mixture_that_cannot_be_composed_is_its_own_error():
    with pytest.raises(MixtureInfeasibleError):
        _raised(_mixture(), candidates(real=5, math__scholar=10), 0.5)


def test_real_share_without_anything_to_measure_by_stays():
    samples = candidates(real=50, math__scholar=100)
    raised = raise_real_share(_mixture(), _composing(samples), lambda _: None)
    assert raised.ending is Ending.NOT_MEASURED
    assert raised.result.kept.height == 100


# --- with a canary as the judge ------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Home:
    """A home with real rows, and held-out ones."""
    lines = (shared_data / "gsm8k" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["question"] for line in lines[:520]]
    rows = [real_row(f"r{place}", text, "") for place, text in enumerate(texts)]
    found = Home(tmp_path_factory.mktemp("home"))
    write_frame(found.asset("real_data"), frame_of(*rows[:400]))
    write_frame(found.asset("held_out_real"), frame_of(*rows[400:]))
    return found


def _template_copies(home: Home) -> pl.DataFrame:
    real = pl.read_parquet(str(home.asset("real_data")))
    copies = [
        synthetic_row(f"s{n}", f"Ann has {n} apples. She eats {n % 7} of them. How many?", "")
        for n in range(200)
    ]
    return pl.concat([real, frame_of(*copies)])


def _gated(**said: object) -> Mixture:
    gates = {"raise_real_share": True, "canary": "block"}
    return _mixture(rows=200, gates=gates, **said)


def test_set_of_template_copies_passes_only_after_its_real_rows_are_raised(home: Home):
    mixture = _gated(synthetic_share={"at_least": 0.0, "at_most": 0.5})
    samples = _template_copies(home)
    told: list[str] = []
    made = composed_within_gates(home, mixture, _composing(samples), told.append, _SMALL)
    record = raising_record(home, mixture.key)
    assert record is not None
    assert record.ending == "raised"
    assert record.trials[0]["light"] == Light.RED
    assert 0 < _share(made.kept) < 0.3
    final = [trial for trial in record.trials if trial["synthetic_share"] == _share(made.kept)]
    assert [trial["light"] != Light.RED for trial in final] == [True]
    assert made.decisions["partition"].unique().to_list() == [mixture.key]
    assert made.decisions.filter(reason=Reason.BEYOND_TARGET).height == samples.height - 200
    assert told[-1] == record.told


def test_set_of_template_copies_whose_bounds_forbid_it_stays_with_the_reason(home: Home):
    mixture = _gated(synthetic_share=0.5)
    samples = _template_copies(home)
    made = composed_within_gates(home, mixture, _composing(samples), print, _SMALL)
    record = raising_record(home, mixture.key)
    assert record is not None
    assert record.ending == "refused"
    assert "synthetic_share: 0.5 allows no fewer" in record.told
    assert _share(made.kept) == pytest.approx(0.5)


def test_set_composed_without_the_gate_leaves_no_record_of_an_earlier_one(home: Home):
    plain = _mixture(rows=200, synthetic_share=0.5)
    record = home.root / "evidence" / "real_share" / f"{plain.key}.json"
    write_bytes(record, b'{"ending": "refused", "told": "No.", "tried": []}')
    assert raising_record(home, plain.key) == RaisingRecord("refused", "No.", ())
    composed_within_gates(home, plain, _composing(_template_copies(home)), print, _SMALL)
    assert raising_record(home, plain.key) is None


def test_real_rows_in_place_of_copies_are_counted_until_no_sign_is_red(home: Home):
    real = pl.read_parquet(str(home.asset("real_data")))["prompt"].to_list()
    yard = Yard.of(pl.read_parquet(str(home.asset("held_out_real")))["prompt"].to_list())
    rows, marks = [*real[:100], *["Yes, I can."] * 100], [True] * 100 + [False] * 100
    found = real_rows_needed(rows, marks, real, yard, _SMALL)
    assert found.synthetic_share is not None
    assert 0 <= found.synthetic_share < 0.3
    assert found.real_rows == 100 - round(200 * found.synthetic_share)
    assert f"{found.real_rows} more real rows in place of synthetic ones" in found.told


def test_real_rows_that_are_not_there_cannot_restore(home: Home):
    real = pl.read_parquet(str(home.asset("real_data")))["prompt"].to_list()[:100]
    yard = Yard.of(pl.read_parquet(str(home.asset("held_out_real")))["prompt"].to_list())
    rows, marks = [*real, *["Yes, I can."] * 2], [True] * 100 + [False] * 2
    found = real_rows_needed(rows, marks, real, yard, _SMALL)
    assert (found.synthetic_share, found.real_rows, found.tried) == (None, 0, 0)


# --- by halves -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fails_from", "too_small_below", "found"),
    [(50, 0, 49), (50, 30, 49), (0, 0, None), (200, 0, 99), (20, 30, None), (1, 0, 0)],
)
def test_halving_finds_the_largest_that_passes(
    fails_from: int, too_small_below: int, found: int | None
):
    tried: list[int] = []

    def passes(number: int) -> bool | None:
        tried.append(number)
        return None if number < too_small_below else number < fails_from

    assert largest_that_passes(0, 99, passes) == found
    assert len(tried) <= 8


def test_halving_of_nothing_finds_nothing():
    assert largest_that_passes(3, 2, lambda _: True) is None
