"""How well the verifier `quality` tells labelled answers apart, and whether its threshold holds.

`python -m benchmarks.verify_quality` prints the tables of docs/verifiers/quality.md and draws
docs/images/quality-curves.png. Real texts are read from the folder that `SYNTH_TEST_DATA` names.
Features and regularisation were chosen by out-of-fold scores of the halves that are learnt from.
"""

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.labelled_answers import LabelledSet, labelled_sets
from benchmarks.real_rows import DATA
from benchmarks.timing import run_process, table
from synth_assets.core.quality.classifier import learnt
from synth_assets.core.quality.example import Example
from synth_assets.core.quality.features import features_of
from synth_assets.core.quality.threshold import Curve, Cut
from synth_assets.core.sample import Sample
from synth_assets.core.verify.protocol import Check
from synth_assets.core.verify.quality import Quality

_PICTURE = Path(__file__).parent.parent / "docs" / "images" / "quality-curves.png"
_TARGET = 0.95
_TRIALS = 500
_WHOLE_TRIALS = 20
_LABELS = 500


@dataclass(frozen=True)
class _Measured:
    """What was learnt from one half, and the other half scored with it."""

    of: LabelledSet
    margins: NDArray[np.float64]
    chances: NDArray[np.float64]
    good: NDArray[np.bool_]
    cut: Cut | None

    @property
    def accepted(self) -> NDArray[np.bool_]:
        if self.cut is None:
            return np.zeros(len(self.good), dtype=bool)
        return self.margins >= self.cut.score


def measure() -> str:
    """Measure, draw the picture and return Markdown."""
    sets = labelled_sets()
    measured = [_measured(each) for each in sets]
    _draw(measured)
    parts = [
        table(
            ["examples", "labelled by", "learnt from", "held out", "AUC", "ECE",
             "accepted at 0.95", "their precision", "recall"],
            [_row(each) for each in measured],
        ),
        _pairs(measured),
        "Rules for the threshold, scores given:\n\n" + _rules(measured),
        "The whole verifier, learning anew in each trial:\n\n" + _whole(sets),
        _speed(sets),
        _processors(),
    ]  # fmt: skip
    return "\n\n".join(parts)


def _measured(each: LabelledSet) -> _Measured:
    found = learnt(each.learnt)
    margins = np.array(
        [found.model.margin(features_of(row.prompt, row.response)) for row in each.held_out]
    )
    chances = np.array([found.calibration.chance(margin) for margin in margins])
    good = np.array([row.accepted for row in each.held_out])
    cut = Curve.of(found.margins, found.accepted, 0.95).safe(_TARGET)
    return _Measured(each, margins, chances, good, cut)


def _row(found: _Measured) -> list[str]:
    passed = found.accepted
    head = [
        found.of.name,
        found.of.labels,
        f"{len(found.of.learnt):,}",
        f"{len(found.good):,}",
        f"{roc_auc_score(found.good, found.margins):.3f}",
        f"{_calibration_error(found.chances, found.good):.3f}",
    ]
    if found.cut is None:
        return [*head, "no safe threshold", "", ""]
    return [
        *head,
        f"{passed.sum():,}",
        f"{found.good[passed].mean():.3f}",
        f"{passed[found.good].mean():.2f}",
    ]


def _calibration_error(chances: NDArray[np.float64], good: NDArray[np.bool_]) -> float:
    """The expected calibration error over ten bins of equal size."""
    order = np.array_split(np.argsort(chances, kind="stable"), 10)
    gaps = [abs(chances[at].mean() - good[at].mean()) * len(at) for at in order if len(at)]
    return float(sum(gaps) / len(good))


def _pairs(measured: Sequence[_Measured]) -> str:
    [found] = [each for each in measured if each.of.name.startswith("preferred")]
    by_prompt: dict[str, dict[bool, float]] = {}
    for row, margin in zip(found.of.held_out, found.margins, strict=True):
        by_prompt.setdefault(row.prompt, {})[row.accepted] = margin
    pairs = [each for each in by_prompt.values() if len(each) == 2]
    right = sum(each[True] > each[False] for each in pairs)
    longer = [
        {row.accepted: len(row.response) for row in found.of.held_out if row.prompt == prompt}
        for prompt, each in by_prompt.items()
        if len(each) == 2
    ]
    by_length = sum(each[True] > each[False] for each in longer)
    return (
        f"Of {len(pairs)} held-out pairs it prefers what people preferred in {right} "
        f"({right / len(pairs):.0%}); the longer answer is right in {by_length}."
    )


def _rules(measured: Sequence[_Measured]) -> str:
    """Draw 500 labels from scored rows, choose a cut, look at its precision on the others."""
    rows: list[list[str]] = []
    for found in measured:
        if len(found.good) <= 2 * _LABELS:
            continue
        dice = np.random.default_rng(20261121)
        tries = {name: [0, 0, 0.0] for name in ("observed", "bound")}
        for _ in range(_TRIALS):
            order = dice.permutation(len(found.good))
            here, rest = order[:_LABELS], order[_LABELS:]
            if not found.good[here].any():
                continue
            curve = Curve.of(found.margins[here], found.good[here], 0.95)
            cuts = (("observed", curve.observed(_TARGET)), ("bound", curve.safe(_TARGET)))
            for name, cut in cuts:
                if cut is not None and (passed := found.margins[rest] >= cut.score).any():
                    tries[name][0] += 1
                    tries[name][1] += found.good[rest][passed].mean() < _TARGET
                    tries[name][2] += passed[found.good[rest]].mean()
        rows.append([found.of.name, *(_tries(each, _TRIALS) for each in tries.values())])
    return table(["scores of", "the lowest cut with 0.95 observed", "by the lower bound"], rows)


def _tries(found: Sequence[float], trials: int) -> str:
    chosen, missed, recall = found
    told = f"{missed / trials:.1%} of trials miss"
    return f"{told}; a threshold in {chosen / trials:.0%}, recall {recall / max(chosen, 1):.2f}"


def _whole(sets: Sequence[LabelledSet]) -> str:
    rows: list[list[str]] = []
    for each in sets:
        if each.name not in (
            "XSTest: complies or refuses",
            "mixture: text-davinci-003, answer to another",
        ):
            continue
        examples = [*each.learnt, *each.held_out]
        labels = _LABELS if len(examples) > 2 * _LABELS else len(examples) // 2
        dice = random.Random(20261121)
        tries = {name: [0, 0, 0.0] for name in ("observed", "bound")}
        for _ in range(_WHOLE_TRIALS):
            dice.shuffle(examples)
            found = learnt(examples[:labels])
            rest = examples[labels : labels + 1_500]
            margins = np.array(
                [found.model.margin(features_of(row.prompt, row.response)) for row in rest]
            )
            good = np.array([row.accepted for row in rest])
            curve = Curve.of(found.margins, found.accepted, 0.95)
            cuts = (("observed", curve.observed(_TARGET)), ("bound", curve.safe(_TARGET)))
            for name, cut in cuts:
                if cut is not None and (passed := margins >= cut.score).any():
                    tries[name][0] += 1
                    tries[name][1] += good[passed].mean() < _TARGET
                    tries[name][2] += passed[good].mean()
        told = [_tries(found, _WHOLE_TRIALS) for found in tries.values()]
        rows.append([each.name, f"{labels}", *told])
    return table(
        ["examples", "learnt from", "the lowest cut with 0.95 observed", "by the lower bound"], rows
    )


def _speed(sets: Sequence[LabelledSet]) -> str:
    [found] = [each for each in sets if each.name.endswith("text-davinci-003, any")]
    check = _check(found.learnt)
    path = DATA / "gsm8k" / "train.jsonl"
    samples = [
        Sample.real("s", 0, row["question"], row["answer"], "MIT")
        for row in map(json.loads, path.read_text("utf-8").splitlines()[:5_000])
    ]
    started = time.process_time()
    check(samples[0])
    first = time.process_time() - started
    started = time.process_time()
    for sample in samples:
        check(sample)
    each = (time.process_time() - started) / len(samples)
    return (
        f"{each * 1e6:.0f} µs a row of GSM8K; {first:.1f} s of CPU to learn from "
        f"{len(found.learnt):,} examples."
    )


def _check(examples: Sequence[Example]) -> Check:
    lines = "\n".join(json.dumps(vars(each)) for each in examples)
    verifier = Quality(kind="quality", examples_file="e.jsonl", without_threshold="accept")
    return verifier.prepare({"e.jsonl": lines})


def _processors() -> str:
    """Whether an older processor, in its libraries' eyes, comes to the same margins."""
    if os.uname().machine != "x86_64":
        return "Not an x86-64 machine; other processors were not tried."
    program = (
        "from benchmarks.labelled_answers import labelled_sets;"
        "from synth_assets.core.quality.classifier import learnt;"
        "from synth_assets.core.fingerprint import exact_hash;"
        "import sys, pathlib;"
        "found = learnt(labelled_sets()[0].learnt);"
        "pathlib.Path(sys.argv[1]).write_text(exact_hash(repr(found.margins)))"
    )
    digests: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for environment in (
            {},
            {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F"},
        ):
            out = Path(folder) / "digest"
            run_process([sys.executable, "-c", program, str(out)], environment)
            digests.append(out.read_text())
    same = "the same" if len(set(digests)) == 1 else "OTHER"
    return f"As a processor without AVX2: {same} margins."


def _draw(measured: Sequence[_Measured]) -> None:
    mpl.use("agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 5.6), dpi=100, layout="constrained")
    axes = figure.subplots()
    shown = [each for each in measured if "replies of people, " not in each.of.name]
    for place, found in enumerate(shown):
        cuts = [cut for cut in Curve.of(found.margins, found.good, 0.95).cuts if cut.accepted >= 20]
        line = axes.plot(
            [cut.recall for cut in cuts],
            [cut.precision for cut in cuts],
            label=f"{found.of.name} ({found.good.mean():.0%} good)",
            color=f"C{place % 10}",
            linestyle="-" if place < 10 else "--",
            linewidth=1.3,
        )
        passed = found.accepted
        if passed.any():
            axes.plot(passed[found.good].mean(), found.good[passed].mean(), "o",
                      color=line[0].get_color())  # fmt: skip
    axes.axhline(_TARGET, color="grey", linewidth=0.8, linestyle=":")
    axes.set(xlim=(0, 1.01), ylim=(0.35, 1.01), xlabel="recall of good answers, held out",
             ylabel="precision (dotted: the target; dots: the threshold chosen)")  # fmt: skip
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", fontsize=7)
    figure.savefig(_PICTURE)


if __name__ == "__main__":
    print(measure())
