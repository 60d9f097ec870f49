"""Random mixtures that can be met, as a true selection keeps them, and random ones that cannot.

Candidates are kinds of rows, each with a number of them: one for whole rows, or some of a million.
"""

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

import polars as pl

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.mixture.new_rows import MoreRows
from synth_assets.core.schema import SAMPLE_SCHEMA, STANDING_SCHEMA

Row = Mapping[str, object]

FAMILIES = {"ada": "one", "bob": "one", "cleo": "two", "dan": "three", "eve": "three"}
_COLUMNS = ("recipe", "technique", "teacher", "attribute.topic", "difficulty", "licence")
_FINE = 1000
"""Shares are rounded to thousandths, away from the selection's."""


@dataclass(frozen=True)
class Problem:
    """Candidates, and a mixture.

    Attributes:
        samples: a row a kind, columns of `SAMPLE_SCHEMA`.
        standing: of each, columns of `STANDING_SCHEMA`.
        counts: how many rows of each kind there are.
        mixture: what is asked of them.
    """

    samples: pl.DataFrame
    standing: pl.DataFrame
    counts: tuple[int, ...]
    mixture: Mixture


def feasible(rng: random.Random, kinds: int, rows: int = 0, topics: int = 12) -> Problem:
    """A mixture whose bounds some true selection of the candidates keeps.

    Args:
        rng: what draws.
        kinds: kinds of rows.
        rows: in all; with none, one of each kind.
        topics: the most topics.
    """
    drawn = _kinds(rng, kinds, topics)
    shares = [rng.random() ** 2 + 0.01 for _ in drawn]
    counts = [max(1, floor(rows * share / sum(shares))) for share in shares]
    part = rng.random()
    chosen = [
        (kind, floor(count * min(1, 2 * part * rng.random())) if rows else rng.random() < part)
        for kind, count in zip(drawn, counts, strict=True)
    ]
    if not any(count for _, count in chosen):
        chosen = [(drawn[0], 1)]
    mixture = Mixture.model_validate(_kept_by(rng, [(kind, int(n)) for kind, n in chosen if n]))
    return Problem(_samples(drawn), _standing(drawn), tuple(counts), mixture)


def infeasible(rng: random.Random, kinds: int, rows: int = 0) -> Problem:
    """As a feasible one, with a bound or a size beyond what there is. Some few can be met yet."""
    made = feasible(rng, kinds, rows)
    said = made.mixture.model_dump(mode="json")
    there = sum(made.counts)
    topic = {"where": {"attribute.topic": "topic 0"}}
    match rng.randrange(4):
        case 0:
            said["rows"] = there + rng.randint(1, there)
        case 1:
            at_odds = [{**topic, "share": {"at_least": 0.6}}, {**topic, "share": {"at_most": 0.4}}]
            said["quotas"] = [*said["quotas"], *at_odds]
            said["rows"] = said["rows"] or 10
        case 2:
            wanted = {"where": {"attribute.topic": "never seen"}, "rows": {"at_least": 3}}
            said["quotas"] = [*said["quotas"], wanted]
        case _:
            said["distinct_teachers"] = {"at_least": 6, "least_share": 0.05}
    return replace(made, mixture=Mixture.model_validate(said))


def with_more(problem: Problem, more: MoreRows) -> Problem:
    """The problem with the rows that a mend asks for, one a kind."""
    added = [
        _new(f"new-{number}-{copy}", values)
        for number, (values, count) in enumerate(more.cells)
        for copy in range(count)
    ]
    return replace(
        problem,
        samples=pl.concat([problem.samples, _samples(added)]),
        standing=pl.concat([problem.standing, _standing(added)]),
        counts=(*problem.counts, *(1 for _ in added)),
    )


def _kinds(rng: random.Random, count: int, topics: int) -> list[Row]:
    """Kinds with skewed values in every column that bounds may mention."""
    values: dict[str, list[str]] = {
        "recipe": rng.sample(["math", "code", "logic", "chat", "law"], rng.randint(1, 5)),
        "teacher": rng.sample([*FAMILIES], rng.randint(1, 5)),
        "source": rng.sample(["docs", "forum", "books"], rng.randint(1, 3)),
        "attribute.topic": [f"topic {n}" for n in range(rng.randint(1, topics))],
        "licence": ["MIT", "Apache-2.0"],
    }
    weights = {name: [rng.random() ** 2 + 0.02 for _ in of] for name, of in values.items()}
    drawn = {name: rng.choices(of, weights[name], k=count) for name, of in values.items()}
    share = rng.random()
    return [
        _kind(rng, f"row-{n}", {name: of[n] for name, of in drawn.items()}, rng.random() < share)
        for n in range(count)
    ]


def _kind(rng: random.Random, name: str, drawn: Mapping[str, str], synthetic: bool) -> Row:
    recipe, teacher = (drawn["recipe"], drawn["teacher"]) if synthetic else ("", "")
    depth = rng.randint(1, 3) if synthetic else 0
    return {
        **drawn,
        "sample_id": name,
        "origin": "synthetic" if synthetic else "real",
        "recipe": recipe,
        "technique": f"by {recipe[0]}" if synthetic else "",
        "teacher": teacher,
        "family": FAMILIES.get(teacher, ""),
        "depth": depth,
        "own_voice": synthetic and rng.random() < 0.1,
        "difficulty": rng.choice([None, 1.0, 2.0, 3.0]),
    }


def _new(name: str, values: Row) -> Row:
    real = values["origin"] == "real"
    blank = {"technique": "", "licence": "", "family": "", "own_voice": False, "difficulty": None}
    told = {key: value for key, value in values.items() if value is not None}
    return {
        **blank,
        "source": values["group"] if real else "",
        "recipe": "" if real else values["group"],
        "teacher": "" if real else "somebody",
        "attribute.topic": None,
        **told,
        "depth": int(str(told.get("depth", 0 if real else 1)).split(".")[0]),
        "sample_id": name,
    }


def _samples(kinds: Sequence[Row]) -> pl.DataFrame:
    empty = {name: [] if kind == pl.List(pl.String) else "" for name, kind in SAMPLE_SCHEMA.items()}
    unknown = {"score": None, "position": 0}
    rows = [
        {
            **empty,
            **unknown,
            **{name: kind[name] for name in kind if name in SAMPLE_SCHEMA},
            "prompt": f"prompt of {kind['sample_id']}",
            "response": "response",
            "attributes": json.dumps({"topic": kind["attribute.topic"]}),
            "synthetic_depth": kind["depth"],
            "content_hash": kind["sample_id"],
        }
        for kind in kinds
    ]
    return pl.DataFrame(rows, SAMPLE_SCHEMA)


def _standing(kinds: Sequence[Row]) -> pl.DataFrame:
    told = ("sample_id", "family", "depth", "own_voice")
    rows = [{**{name: kind[name] for name in told}, "reason": None, "detail": ""} for kind in kinds]
    return pl.DataFrame(rows, STANDING_SCHEMA)


@dataclass(frozen=True)
class _Selection:
    """Kinds, and how many rows of each are taken."""

    rows: Sequence[tuple[Row, int]]

    @property
    def size(self) -> int:
        return sum(count for _, count in self.rows)

    def of(self, origin: str) -> "_Selection":
        return _Selection([each for each in self.rows if origin in ("all", each[0]["origin"])])

    def counts(self, column: str) -> Counter[object]:
        found: Counter[object] = Counter()
        for kind, count in self.rows:
            found[kind[column]] += count
        return found

    def share(self, count: int) -> Fraction:
        return Fraction(count, self.size) if self.size else Fraction(0)


def _kept_by(rng: random.Random, chosen: Sequence[tuple[Row, int]]) -> dict[str, object]:
    """Bounds that a selection keeps."""
    every = _Selection(chosen)
    written = every.of("synthetic")
    share, slack = every.share(written.size), rng.choice([0, 0, Fraction(1, 20)])
    own = written.share(written.counts("own_voice")[True])
    said: dict[str, object] = {
        "id": "mix",
        "rows": rng.choice([every.size, None]),
        "synthetic_share": {"at_least": _down(share - slack), "at_most": _up(share + slack)},
        "own_voice": _up(own),
        "seed": rng.randrange(5),
        "quotas": [_quota(rng, every) for _ in range(rng.randint(0, 4))],
    }
    if written.size == every.size:
        said["pure_synthetic_because"] = "there are no others"
    if not written.size:
        return said
    teachers = written.counts("teacher")
    if rng.random() < 0.6:
        said["teacher_cap"] = _up(written.share(max(teachers.values())))
    if rng.random() < 0.4:
        said["family_cap"] = _up(written.share(max(written.counts("family").values())))
    if rng.random() < 0.4:
        least = _down(written.share(min(teachers.values())))
        said["distinct_teachers"] = {"at_least": len(teachers), "least_share": least}
    if rng.random() < 0.5:
        said["max_depth"] = max(int(str(kind["depth"])) for kind, _ in written.rows)
    return said


def _quota(rng: random.Random, every: _Selection) -> dict[str, object]:
    column, of = rng.choice(_COLUMNS), rng.choice(["all", "synthetic", "real"])
    whole = every.of(of)
    values = sorted((v for v in every.counts(column) if v not in ("", None)), key=str)
    if not values:
        return {"where": {"origin": "real"}, "rows": {"at_most": every.size}}
    if rng.random() < 0.3:
        counts = whole.counts(column)
        most = max(counts[value] for value in values)
        return {"each": column, "of": of, "share": {"at_most": _up(whole.share(most))}}
    wanted = rng.sample(values, rng.randint(1, len(values)))
    where: dict[str, object] = {column: wanted}
    if column == "difficulty" and rng.random() < 0.5:
        least = float(str(wanted[0]))
        where = {column: {"at_least": least}}
        wanted = [value for value in values if float(str(value)) >= least]
    if rng.random() < 0.3:
        count = sum(every.counts(column)[value] for value in wanted)
        return {"where": where, "rows": {"at_least": max(0, count - 2), "at_most": count + 1}}
    share = whole.share(sum(whole.counts(column)[value] for value in wanted))
    return {"where": where, "of": of, "share": {"at_least": _down(share), "at_most": _up(share)}}


def _down(share: Fraction) -> float:
    return max(0, floor(share * _FINE)) / _FINE


def _up(share: Fraction) -> float:
    return min(_FINE, max(1, ceil(share * _FINE))) / _FINE
