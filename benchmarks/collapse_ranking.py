"""Whether the canary ranks sets as a small GPT does: `python -m benchmarks.collapse_ranking`.

Eight sets of up to 3,000 rows each, of real rows and rows that harm in ways known beforehand:
`kinds`, each harmed otherwise, or `doses`, a growing share of which an n-gram wrote. A GPT of two
layers is trained on each, and the canary run on each, with several seeds; both are measured by
real rows that none holds. Real are GSM8K's questions, or responses of Alpaca or GPTeacher. Needs
torch; each finding is kept in a file, so that a run that was interrupted goes on.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from statistics import fmean
from time import process_time

import numpy as np
from numpy.typing import NDArray

from benchmarks.real_rows import DATA
from synth_assets.core.collapse.canary import SHARPENED, CanarySize, run_canary
from synth_assets.core.collapse.risk_index import Sign, harm_of, risk_of
from synth_assets.core.collapse.students import NgramStudents
from synth_assets.core.collapse.yard import Yard
from synth_assets.core.language_model.ngram import PLAIN

_ROWS, _READ = 3_000, 600
_SHORT, _ASIDE = 60, 450
_PARAGRAPH = 250
_RESAMPLES = 2_000
_DOSES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)
_TOLD = {
    "to order by": "harm",
    "by frequency": "by_frequency",
    "loss": "loss",
    "risk index": "risk",
}
"""What the canary tells -> what it is kept as."""


@dataclass(frozen=True)
class KnownSet:
    """A training set and which of its rows are real."""

    texts: list[str]
    is_real: list[bool]


def questions(name: str) -> list[str]:
    """GSM8K's questions of one part."""
    lines = (DATA / "gsm8k" / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


@dataclass(frozen=True)
class Corpus:
    """Real rows to make sets of, others to measure by, and some of another kind."""

    train: list[str]
    test: list[str]
    other: list[str]


@cache
def corpus_of(name: str) -> Corpus:
    """GSM8K's questions beside wikitext2, or responses of Alpaca or GPTeacher beside the former."""
    if name == "gsm8k":
        lines = (DATA / "wikitext2" / "valid.txt").read_text("utf-8").splitlines()
        other = [line.strip()[:_PARAGRAPH] for line in lines if len(line) > _PARAGRAPH]
        return Corpus(questions("train"), questions("test")[:_READ], other)
    pattern = {"alpaca": "alpaca_5000.json", "gpteacher": "roleplay-*.json"}[name]
    [path] = (DATA / name).glob(pattern)
    texts = dict.fromkeys(row["output"].strip() for row in json.loads(path.read_text("utf-8")))
    long = [text for text in texts if len(text) > _SHORT]
    return Corpus(long[:-_ASIDE], long[-_ASIDE:], questions("train"))


@dataclass(frozen=True)
class Trial:
    """What is measured.

    Attributes:
        corpus: `gsm8k`, `alpaca` or `gpteacher`.
        sets: `kinds` or `doses`.
    """

    corpus: str
    sets: str


@cache
def known_sets(seed: int, trial: Trial) -> dict[str, KnownSet]:
    """The eight sets, drawn by a seed; real rows beside them are what none of them holds."""
    rng = np.random.default_rng(seed)
    train = corpus_of(trial.corpus).train
    rows = min(_ROWS, len(train) * 2 // 3)
    half = rows // 2
    real = [train[place] for place in rng.permutation(len(train))[: rows + half]]
    own, others = real[:rows], real[rows:]
    writer = NgramStudents().fit(others)
    plain = writer.write(rng, rows, PLAIN, None)
    if trial.sets == "doses":
        return {f"{share:.0%} written by an n-gram": _mixed(own, plain, share) for share in _DOSES}
    words = [text.split(" ") for text in others]
    shuffled = [" ".join(rng.permutation(each)) for each in words]
    return {
        "real rows alone": KnownSet(own, [True] * rows),
        "30 % written by an n-gram": _mixed(own, plain, 0.3),
        "70 % written by an n-gram": _mixed(own, plain, 0.7),
        "50 % the same, sharpened": _mixed(own, writer.write(rng, half, SHARPENED, None), 0.5),
        "half as many real rows, each twice": KnownSet(own[:half] * 2, [True] * (2 * half)),
        "50 % copies of ten rows": _mixed(own, others[:10] * (half // 10), 0.5),
        "50 % with their words shuffled": _mixed(own, shuffled, 0.5),
        "50 % of another kind": _mixed(own, corpus_of(trial.corpus).other[:half], 0.5),
    }


def _mixed(real: Sequence[str], synthetic: Sequence[str], share: float) -> KnownSet:
    count = round(share * len(real))
    some = [synthetic[place % len(synthetic)] for place in range(count)]
    left = len(real) - count
    return KnownSet([*real[:left], *some], [True] * left + [False] * count)


def by_canary(seed: int, name: str, trial: Trial) -> dict[str, float]:
    """What the canary says of a set."""
    known = known_sets(seed, trial)[name]
    taken = set(known.texts)
    pool = [text for text in corpus_of(trial.corpus).train if text not in taken]
    yard = Yard.of(corpus_of(trial.corpus).test)
    started = process_time()
    report = run_canary(known.texts, known.is_real, pool, yard, size=CanarySize(seed=seed))
    spent = process_time() - started
    index = risk_of(report)
    signs = {each.sign: each.value for each in index.components}
    told = {
        "harm": harm_of(report),
        "loss": signs[Sign.LOSS],
        "by_frequency": signs[Sign.BY_FREQUENCY],
    }
    return {**told, "risk": index.value, "cpu_s": spent}


def by_gpt(seed: int, name: str, trial: Trial) -> dict[str, float]:
    """What a GPT needs for the test rows after it, bits a byte."""
    import torch

    from synth_assets.core.collapse.gpt_students import GptStudents

    torch.set_num_threads(1)
    started = process_time()
    students = GptStudents.of(corpus_of(trial.corpus).train)
    student = students.fit(known_sets(seed, trial)[name].texts, seed)
    loss = Yard.of(corpus_of(trial.corpus).test).loss(student).value
    return {"loss": loss, "cpu_s": process_time() - started}


def found(
    kept: Path, trial: Trial, seeds: Sequence[int], part: int, parts: int
) -> list[dict[str, object]]:
    """All findings, those of earlier runs among them; of every so many sets, one is measured."""
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    done = {(row["seed"], row["set"], row["by"]) for row in rows}
    for seed in seeds:
        for name in list(known_sets(seed, trial))[part::parts]:
            for by, measure in (("canary", by_canary), ("gpt", by_gpt)):
                if (seed, name, by) not in done:
                    told = measure(seed, name, trial)
                    rows.append({"seed": seed, "set": name, "by": by, **told})
                    with kept.open("a") as file:
                        file.write(json.dumps(rows[-1]) + "\n")
    return rows


@dataclass(frozen=True)
class Agreement:
    """Spearman's rank correlation, with intervals of 95 %.

    Attributes:
        value: of the means over seeds.
        over_seeds: the interval when seeds are drawn again, of either student by itself.
        over_sets: when sets are drawn again, too.
    """

    value: float
    over_seeds: tuple[float, float]
    over_sets: tuple[float, float]


def agreement(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Agreement:
    """How alike two rank sets; one row a seed, one column a set."""
    rng = np.random.default_rng(0)
    of_seeds, of_sets = list[float](), list[float]()
    for _ in range(_RESAMPLES):
        one, other = (
            each[rng.integers(0, len(each), len(each))].mean(0) for each in (ours, theirs)
        )
        of_seeds.append(_spearman(one, other))
        drawn = rng.integers(0, len(one), len(one))
        if len(set(drawn.tolist())) > 2:
            of_sets.append(_spearman(one[drawn], other[drawn]))
    return Agreement(_spearman(ours.mean(0), theirs.mean(0)), _middle(of_seeds), _middle(of_sets))


def _spearman(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(one, other).statistic)


def _middle(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def page(rows: Sequence[dict[str, object]]) -> str:
    """The findings as Markdown."""
    names = list(dict.fromkeys(str(row["set"]) for row in rows))
    full = [
        seed
        for seed in sorted({int(str(row["seed"])) for row in rows})
        if sum(row["seed"] == seed for row in rows) == 2 * len(names)
    ]

    def table(by: str, what: str) -> NDArray[np.float64]:
        told = {(row["seed"], row["set"]): row[what] for row in rows if row["by"] == by}
        return np.array([[told[seed, name] for name in names] for seed in full], np.float64)

    gpt = table("gpt", "loss")
    ours = {told: table("canary", kept) for told, kept in _TOLD.items()}
    lines = [
        f"{len(names)} sets, {len(full)} seeds, means.",
        "",
        f"| set | GPT, bits a byte | {' | '.join(ours)} |",
        f"| --- | ---: |{' ---: |' * len(ours)}",
    ]
    for place in np.argsort(gpt.mean(0)).tolist():
        values = " | ".join(f"{each[:, place].mean():+.3f}" for each in ours.values())
        lines.append(f"| {names[place]} | {gpt[:, place].mean():.3f} | {values} |")
    lines.append("")
    for what, measured in ours.items():
        told = agreement(measured, gpt)
        lines.append(
            f"Spearman's rank correlation of the canary's figure {what!r} with the GPT's loss: "
            f"{told.value:.2f} (over seeds {told.over_seeds[0]:.2f} to {told.over_seeds[1]:.2f}, "
            f"over sets too {told.over_sets[0]:.2f} to {told.over_sets[1]:.2f})."
        )
    if len(full) > 1:
        alone = [_spearman(one, other) for one, other in combinations(gpt, 2)]
        lines.append(f"Of the GPT's losses of one seed with those of another: {fmean(alone):.2f}.")
    spent = [f"{by} {table(by, 'cpu_s').mean():.0f}" for by in ("canary", "gpt")]
    lines.append(f"CPU seconds a set: {', '.join(spent)}.")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", choices=("gsm8k", "alpaca", "gpteacher"), default="gsm8k")
    parser.add_argument("--sets", choices=("kinds", "doses"), default="kinds")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--part", type=int, default=0, help="of --parts processes, from 0")
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--kept", type=Path, help="by default collapse_ranking_CORPUS_SETS.jsonl")
    said = parser.parse_args()
    kept = said.kept or Path(f"collapse_ranking_{said.corpus}_{said.sets}.jsonl")
    print(page(found(kept, Trial(said.corpus, said.sets), said.seeds, said.part, said.parts)))


if __name__ == "__main__":
    main()
