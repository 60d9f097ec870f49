"""Texts too predictable or too surprising beside real ones."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from pydantic import ValidationError
from sklearn.metrics import roc_auc_score

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.perplexity import Perplexity
from synth_assets.core.verify.protocol import Together
from synth_assets.core.verify.stage import verify_samples
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.errors import RecipeError
from tests.samples import frame_of, real_row, synthetic_row

NAMES = ("Anna", "Ben", "Carla", "Dev", "Ella", "Finn", "Gita", "Hugo")
THINGS = ("apples", "pears", "books", "pens", "cups", "stamps")
ENDINGS = (
    "How many {a} and {b} are there in all?",
    "How many {a} does {n} have now?",
    "What does {n} have left if half of the {b} are sold?",
)


def problem(dice: random.Random) -> str:
    n, a, b = dice.choice(NAMES), *dice.sample(THINGS, 2)
    more = f" {dice.choice(NAMES)} gives away {dice.randint(2, 9)} of them." * dice.randint(0, 2)
    said = f"{n} has {dice.randint(2, 99)} {a} and buys {dice.randint(2, 50)} {b} at the market."
    return f"{said}{more} {dice.choice(ENDINGS).format(n=n, a=a, b=b)}"


def problems(count: int, seed: int) -> list[str]:
    dice = random.Random(seed)
    return [problem(dice) for _ in range(count)]


REAL = problems(700, 1)
LOOP = (
    "Anna has 12 apples and buys 30 pears at the market."
    + " Ben gives away 5 of them." * 9
    + (" How many apples and pears are there in all?")
)


@dataclass
class Rows:
    texts: Sequence[str]

    def rows(self, source: str) -> Sequence[Sample]:
        assert source == "people"
        return [real_row(str(n), text, text) for n, text in enumerate(self.texts)]


def verdicts(
    texts: Sequence[str], real: Sequence[str] = REAL, /, **parameters: Any
) -> list[Verdict]:
    verifier = Perplexity.model_validate({"kind": "perplexity", "source": "people", **parameters})
    check = verifier.prepare({}, Tools(real=Rows(real)))
    assert isinstance(check, Together)
    return list(check.check([synthetic_row(str(n), "?", text) for n, text in enumerate(texts)]))


def in_file(name: str, text: str, **parameters: Any) -> list[Verdict]:
    verifier = Perplexity.model_validate({"kind": "perplexity", "file": name, **parameters})
    check = verifier.prepare({name: text})
    assert isinstance(check, Together)
    return list(check.check([synthetic_row("a", REAL[0], REAL[0])]))


def test_perplexity_accepts_what_resembles_the_real_texts() -> None:
    found = verdicts(problems(300, 2))
    rejected = sum(verdict.outcome == VerdictOutcome.REJECTED for verdict in found)
    assert rejected <= 15
    assert all(verdict.score is not None and 0 <= verdict.score <= 1 for verdict in found)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Der Hund hat heute morgen die Katze des Nachbarn gesehen.", Reason.TOO_SURPRISING),
        ("qwx 8f!k zzzpl 99@@ vbnm xxqj wrtz", Reason.TOO_SURPRISING),
        ("Anna has 12 apples and buys 30 pears at the mar", Reason.TOO_SURPRISING),
        (
            "Anna has 12 apples and buys 30 pears at the marketâ€™s. " + REAL[0],
            Reason.TOO_SURPRISING,
        ),
        ("", Reason.TOO_SURPRISING),
        (LOOP, Reason.TOO_PREDICTABLE),
    ],
)
def test_perplexity_rejects_what_does_not(text: str, reason: Reason) -> None:
    [found] = verdicts([text])
    assert found.reason == reason
    assert found.score is not None
    assert found.score < 0.02
    assert "% of the real texts" in found.evidence


def test_perplexity_bounds_of_zero_and_one_reject_nothing_on_their_side() -> None:
    noise = "qwx 8f!k zzzpl 99@@"
    assert verdicts([LOOP], low=0)[0].outcome == VerdictOutcome.ACCEPTED
    assert [v.reason for v in verdicts([noise], high=1)] == [None]
    assert verdicts([noise], high=1, low=0.02)[0].outcome == VerdictOutcome.ACCEPTED


def test_perplexity_without_the_measure_of_endings_accepts_what_is_cut_off() -> None:
    cut = REAL[0].removesuffix("?")
    rest = ("words", "characters", "stretch", "repetition")
    assert verdicts([cut])[0].reason == Reason.TOO_SURPRISING
    assert verdicts([cut], measures=rest)[0].outcome == VerdictOutcome.ACCEPTED


@pytest.mark.parametrize("measure", ["words", "characters", "stretch", "repetition", "ending"])
def test_perplexity_by_one_measure_gives_verdicts(measure: str) -> None:
    found = verdicts([REAL[3], "Ж" * 40], measures=[measure])
    assert found[0].outcome == VerdictOutcome.ACCEPTED
    assert (found[1].reason is None) == (measure == "repetition" and found[1].reason is None)


def test_perplexity_gives_the_same_verdicts_again_and_in_any_order() -> None:
    from synth_assets.core.verify.perplexity import _yardstick

    texts = [*problems(20, 3), "noise 77 noise", ""]
    first = verdicts(texts)
    _yardstick.cache_clear()
    again = verdicts(texts[::-1], REAL[::-1])[::-1]
    assert [v.reason for v in again] == [v.reason for v in first]
    assert [v.score for v in again] == pytest.approx([v.score for v in first])


def test_perplexity_judges_the_field_it_is_told() -> None:
    verifier = Perplexity(kind="perplexity", source="people", field="prompt")
    rows = frame_of(
        synthetic_row("good", REAL[5], "nonsense zzqx"), synthetic_row("bad", "zzqx 9", REAL[5])
    )
    result = verify_samples(rows, "p", [verifier], {}, Tools(real=Rows(REAL)))
    assert result.stage.kept["sample_id"].to_list() == ["good"]
    assert result.stage.reasons == {"too_surprising": 1}


def test_perplexity_without_real_rows_at_hand_is_errored() -> None:
    check = Perplexity(kind="perplexity", source="people").prepare({}, NO_TOOLS)
    assert not isinstance(check, Together)
    assert check(synthetic_row("a", "?", REAL[0])).outcome == VerdictOutcome.ERRORED


def test_perplexity_with_too_few_real_texts_says_how_many_it_needs() -> None:
    with pytest.raises(RecipeError, match=r"source people has 300 .* need 500\. .* low: 0\.017"):
        verdicts([], REAL[:300])
    with pytest.raises(RecipeError, match="no bounds do with fewer than 200"):
        verdicts([], [*REAL[:150], *REAL[:150]])
    assert verdicts([], REAL[:300], low=0.017, high=0.983) == []
    assert Perplexity(kind="perplexity", source="p", low=0, high=0.999).needed == 5_000


def test_perplexity_reads_real_texts_from_the_recipes_files() -> None:
    lines = "\n\n".join(REAL)
    rows = "".join(f"{json.dumps({'response': text, 'n': 1})}\n" for text in REAL)
    assert in_file("real.txt", lines)[0].outcome == VerdictOutcome.ACCEPTED
    assert in_file("more/real.jsonl", rows)[0].outcome == VerdictOutcome.ACCEPTED


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("real.jsonl", '{"response": "a"}\n{"response"\n', "real.jsonl: line 2: not JSON"),
        ("real.jsonl", '\n{"answer": "a"}', "line 2: has no text under 'response'"),
        ("real.jsonl", "[1]", "line 1: has no text under"),
        ("real.jsonl", "[" * 100_000, "line 1: not JSON"),
        ("real.txt", "one\ntwo\n", "file real.txt has 2 different texts"),
    ],
)
def test_perplexity_file_that_is_wrong_names_line_and_mend(
    name: str, text: str, message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        in_file(name, text)


def test_perplexity_file_that_is_missing_names_those_there_are() -> None:
    verifier = Perplexity(kind="perplexity", file="real.txt")
    with pytest.raises(RecipeError, match=r"no file real\.txt\. Files here: a\.md"):
        verifier.prepare({"a.md": ""})


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"source": "a", "file": "b.txt"},
        {"file": "b.csv"},
        {"source": "a", "low": 0.5},
        {"source": "a", "high": 0.4},
        {"source": "a", "low": 0.0001},
        {"source": "a", "high": 0.9999},
        {"source": "a", "measures": []},
        {"source": "a", "measures": ["words", "words"]},
        {"source": "a", "field": "context"},
    ],
)
def test_perplexity_parameters_without_sense_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Perplexity.model_validate({"kind": "perplexity", **parameters})


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "1 " * 50_000,
        "(" * 100_000,
        "\U0001f600" * 100_000,
        "\ud800" * 1_000,
        "\0" * 1_000,
        "a\u0301\u202e\u200b" * 25_000,
        "\n" * 100_000,
        " " * 100_000,
    ],
)
def test_perplexity_hostile_text_is_rejected_in_well_under_a_second(text: str) -> None:
    verdicts([REAL[0]])
    started = process_time()
    [found] = verdicts([text])
    assert process_time() - started < 20
    assert found.outcome == VerdictOutcome.REJECTED


def area(good: list[Verdict], bad: list[Verdict]) -> float:
    scores = [-(verdict.score or 0.0) for verdict in (*good, *bad)]
    return float(roc_auc_score([0] * len(good) + [1] * len(bad), scores))


def test_perplexity_on_gsm8k_tells_real_questions_from_damaged_ones(shared_data: Path) -> None:
    train, test = (
        [
            json.loads(line)["question"]
            for line in (shared_data / "gsm8k" / name).read_text("utf-8").splitlines()
        ]
        for name in ("train.jsonl", "test.jsonl")
    )
    german = json.loads((shared_data / "xquad" / "xquad.de.A.json").read_text("utf-8"))["data"]
    dice = random.Random(4)
    test = test[:500]
    train = train[:3_000]
    good = verdicts(test, train)
    rejected = sum(verdict.outcome == VerdictOutcome.REJECTED for verdict in good) / len(good)
    assert 0.004 < rejected < 0.04
    damaged = {
        "shuffled": [" ".join(dice.sample(t.split(), len(t.split()))) for t in test],
        "random": ["".join(chr(dice.randrange(32, 127)) for _ in t) for t in test],
        "german": [p["context"][:240] for a in german for p in a["paragraphs"]],
        "mojibake": [t.replace(".", "â€¦", 1) for t in test],
        "loops": [
            f"{t} {' '.join(t.split()[-6:])}{(' ' + ' '.join(t.split()[-6:])) * 6}" for t in test
        ],
        "truncated": [t[: dice.randrange(len(t) // 3, len(t) - 9)] for t in test],
    }
    areas = {name: area(good, verdicts(texts, train)) for name, texts in damaged.items()}
    assert areas["shuffled"] > 0.99, areas
    assert areas["random"] > 0.999, areas
    assert areas["german"] > 0.999, areas
    assert areas["mojibake"] > 0.99, areas
    assert areas["loops"] > 0.99, areas
    assert areas["truncated"] > 0.98, areas
