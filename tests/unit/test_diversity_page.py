import re
from pathlib import Path

from synth_assets.core.diversity.floors import FLOORS
from synth_assets.core.diversity.metrics import DiversityMetric, spec_of

PAGE = (Path(__file__).parents[2] / "docs" / "diversity.md").read_text(encoding="utf-8")
CELLS = [line.strip("|").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
METRICS = {row[0].strip(" `"): row for row in CELLS if len(row) == 6}
ON_FLOORS = {row[0].strip(" `"): row for row in CELLS if len(row) == 4}


def test_page_of_diversity_tells_every_metric_in_the_order_of_the_enum():
    assert list(METRICS) == [metric.value for metric in DiversityMetric]


def test_page_of_diversity_says_how_each_interval_is_found():
    for metric in DiversityMetric:
        assert METRICS[metric][4] == spec_of(metric).resampling, metric


def test_page_of_diversity_has_the_floors_that_are_checked():
    assert list(ON_FLOORS) == [metric.value for metric in FLOORS]
    for metric, floor in FLOORS.items():
        _, told, side, _ = ON_FLOORS[metric]
        number = float(re.match(r"[\d.]+", told)[0])
        assert (number / 100 if "%" in told else number) == floor.tolerance, metric
        assert ("%" in told) is floor.is_share, metric
        assert side in floor.side, metric
