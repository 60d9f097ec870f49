"""Which failures are found, and what is taken for one.

Run by `python -m benchmarks.verify_failure_modes`; it prints the tables of docs/verifiers.

Rows are the two thirds of each source that nothing was tuned on. Mixtures inject each failure into
one row in twenty of those it fits; precision counts every other row that is found as wrong, though
some of the real rows do fail so.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.failure_injections import injections, pools
from benchmarks.real_rows import Row, real_rows
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failure_modes import FailureModes
from synth_assets.core.verify.protocol import Check

_SEED = 20_811
_SHARE = 20
_EXAMPLES = "examples.jsonl"
_OFF = {
    name: False
    for name in (
        "generic_leaks", "refusals", "ai_disclaimers", "truncation", "repetition", "placeholders",
        "role_markers", "copied_examples", "empty_politeness",
    )
}  # fmt: skip
ALONE: dict[str, dict[str, object]] = {
    "leaks": {"generic_leaks": True},
    "refusals": {"refusals": True},
    "ai_disclaimers": {"ai_disclaimers": True},
    "role_markers": {"role_markers": True},
    "repetition": {"repetition": True},
    "placeholders": {"placeholders": True},
    "empty_politeness": {"empty_politeness": True},
    "truncation": {"truncation": True},
    "links": {"links": True},
    "slop": {"slop": True},
    "language": {"language": "en"},
    "copied_examples": {"copied_examples": True, "examples_file": _EXAMPLES},
}


@dataclass(frozen=True)
class Found:
    """How a check did on a mixture.

    Attributes:
        injected: rows with the failure.
        found: of them.
        wrong: other rows that were found.
    """

    injected: int
    found: int
    wrong: int

    @property
    def recall(self) -> float:
        """Share of the injected that is found."""
        return self.found / max(self.injected, 1)

    @property
    def precision(self) -> float:
        """Share of the found that was injected."""
        return self.found / max(self.found + self.wrong, 1)


def check_of(files: dict[str, str], **parameters: object) -> Check:
    """A check of one mode alone, or as its parameters say."""
    said = {"kind": "failure_modes", **_OFF, **parameters}
    return FailureModes.model_validate(said).prepare(files)


def sample_of(row: Row, response: str | None = None) -> Sample:
    """A row as verifiers see it; plain text answers a request for it."""
    prompt = row.prompt.strip() or "Write a paragraph of an encyclopedia about this subject."
    return Sample.real(row.source, 0, prompt, row.response if response is None else response, "")


def english(rows: Sequence[Row]) -> list[Row]:
    """Without the rows of OpenAssistant in other languages."""
    frequent = {"the", "of", "and", "to", "is", "a", "in"}
    return [
        row for row in rows
        if row.source != "oasst" or len(frequent & set(row.response.lower().split())) >= 3
    ]  # fmt: skip


def mixture(rows: Sequence[Row], mode: str, tuning: list[Row]) -> Iterator[tuple[Sample, bool]]:
    """Rows, with a failure in one of twenty; the same for the same seed."""
    rng = random.Random(f"{_SEED}/{mode}")
    inject = injections(pools(tuning))[mode]
    for row in rows:
        made = inject(row, rng) if rng.randrange(_SHARE) == 0 else None
        yield sample_of(row, made), made is not None


def measured(mixed: Iterable[tuple[Sample, bool]], check: Check) -> Found:
    """Let a check judge a mixture."""
    counts = Counter((failed, check(sample).reason is not None) for sample, failed in mixed)
    return Found(counts[True, True] + counts[True, False], counts[True, True], counts[False, True])


def examples_of(tuning: list[Row]) -> dict[str, str]:
    """The file of examples that copies are drawn from."""
    drawn = pools(tuning).examples
    return {_EXAMPLES: "\n".join(json.dumps({"answer": text}) for text in drawn)}


def _print_mixtures(rows: list[Row], tuning: list[Row], files: dict[str, str]) -> None:
    print("\n| mode | injected | recall | precision, at worst |\n| --- | --- | --- | --- |")
    for mode in injections(pools(tuning)):
        of = english(rows) if mode == "language" else rows
        got = measured(mixture(of, mode, tuning), check_of(files, **ALONE[mode]))
        print(f"| `{mode}` | {got.injected:,} | {got.recall:.1%} | {got.precision:.1%} |")


def _print_alarms(rows: list[Row], files: dict[str, str]) -> None:
    print(
        f"\n{len(rows):,} rows as they are\n"
        "| mode | people | models | sources |\n| --- | --- | --- | --- |"
    )
    people = sum(row.by == "people" for row in rows)
    print(f"| rows | {people:,} | {len(rows) - people:,} | |")
    for mode, parameters in ALONE.items():
        check = check_of(files, **parameters)
        of = english(rows) if mode == "language" else rows
        hits = [row for row in of if check(sample_of(row)).reason is not None]
        by = Counter("people" if row.by == "people" else "models" for row in hits)
        told = ", ".join(
            f"{name} {n}" for name, n in Counter(r.source for r in hits).most_common(4)
        )
        print(f"| `{mode}` | {by['people']} | {by['models']} | {told} |")


def _print_curves(rows: list[Row], tuning: list[Row]) -> None:
    print("\n| repetition: max_share | recall | false alarms |\n| --- | --- | --- |")
    for share in (0.2, 0.3, 0.4, 0.5, 0.6, 0.8):
        limits = {"max_share": share, "min_repeats": 50, "min_loop_words": 500,
                  "max_line_share": 1.0, "min_zlib_ratio": 0.0}  # fmt: skip
        _print_point(rows, tuning, "repetition", f"{share}", {"repetition": limits})
    print("\n| repetition: min_zlib_ratio | recall | false alarms |\n| --- | --- | --- |")
    for ratio in (0.1, 0.16, 0.2, 0.25, 0.3, 0.35):
        limits = {"max_share": 1.0, "min_repeats": 50, "min_loop_words": 500,
                  "max_line_share": 1.0, "min_zlib_ratio": ratio}  # fmt: skip
        _print_point(rows, tuning, "repetition", f"{ratio}", {"repetition": limits})
    print("\n| repetition: min_repeats | recall | false alarms |\n| --- | --- | --- |")
    for repeats in (2, 3, 4, 6, 10):
        _print_point(
            rows, tuning, "repetition", f"{repeats}", {"repetition": {"min_repeats": repeats}}
        )
    print("\n| truncation | recall | false alarms |\n| --- | --- | --- |")
    every = {"fences": False, "brackets": "off", "hanging": False, "habit": False}
    whole = {"fences": True, "brackets": "text", "hanging": True, "habit": True}
    for name, said in (
        ("brackets", {"brackets": "text"}),
        ("and hanging", {"brackets": "text", "hanging": True}),
        ("and habit: as it comes", whole),
        ("and long_line: 20", {**whole, "long_line": 20}),
        ("and long_line: 10", {**whole, "long_line": 10}),
    ):
        _print_point(rows, tuning, "truncation", name, {"truncation": {**every, **said}})
    print("\n| copied_examples: min_words | recall | false alarms |\n| --- | --- | --- |")
    for words in (6, 8, 12, 16, 24):
        said = {"copied_examples": {"min_words": words}, "examples_file": _EXAMPLES}
        _print_point(rows, tuning, "copied_examples", f"{words}", said)


def _print_point(
    rows: list[Row], tuning: list[Row], mode: str, name: str, parameters: dict[str, object]
) -> None:
    got = measured(mixture(rows, mode, tuning), check_of(examples_of(tuning), **parameters))
    share = got.wrong / (len(rows) - got.injected)
    print(f"| {name} | {got.recall:.1%} | {got.wrong} ({share:.2%}) |")


def _print_slop(rows: list[Row]) -> None:
    print(
        "\n| slop: confidence, min_phrases | people | GPT-4 role-plays | ChatGPT | davinci |\n"
        "| --- | --- | --- | --- | --- |"
    )
    groups = {
        "people": [row for row in rows if row.by == "people"],
        "gpt": [row for row in rows if row.source == "gpteacher"],
        "chat": [row for row in rows if row.by == "chatgpt"],
        "davinci": [row for row in rows if row.source == "alpaca"],
    }
    for confidence, least in (
        (0.9, 1),
        (0.99, 2),
        (0.999, 2),
        (0.999, 3),
        (0.99999, 3),
        (0.99999, 4),
    ):
        check = check_of({}, slop={"confidence": confidence, "min_phrases": least})
        shares = [
            sum(check(sample_of(row)).reason is Reason.SLOP for row in of) / len(of)
            for of in groups.values()
        ]
        print(f"| {confidence}, {least} | " + " | ".join(f"{share:.2%}" for share in shares) + " |")


def _timed(check: Check, samples: Sequence[Sample]) -> float:
    """Microseconds of processor time a row, the best of five."""
    check(samples[0])
    taken: list[float] = []
    for _ in range(5):
        started = time.process_time()
        for sample in samples:
            check(sample)
        taken.append(time.process_time() - started)
    return min(taken) / len(samples) * 1e6


def _print_speed(rows: list[Row], files: dict[str, str]) -> None:
    samples = [sample_of(row) for row in rows if row.source == "gsm8k"]
    words = sum(len(f"{s.prompt} {s.response}".split()) for s in samples) / len(samples)
    print(
        f"\n{len(samples):,} rows of GSM8K, {words:.0f} words\n"
        "| mode | microseconds a row |\n| --- | --- |"
    )
    for mode, parameters in ALONE.items():
        check = check_of(files if mode == "copied_examples" else {}, **parameters)
        print(f"| `{mode}` alone | {_timed(check, samples):.0f} |")
    every = {"links": True, "slop": True, "language": "en", "examples_file": _EXAMPLES}
    for name, more in (("as it comes", {}), ("all modes", every)):
        verifier = FailureModes.model_validate({"kind": "failure_modes", **more})
        print(f"| {name} | {_timed(verifier.prepare(files), samples):.0f} |")


def main() -> None:
    """Print the tables of the page."""
    every = real_rows()
    rows = [row for row in every if not row.tuning]
    tuning = [row for row in every if row.tuning]
    files = examples_of(tuning)
    _print_alarms(rows, files)
    _print_mixtures(rows, tuning, files)
    _print_curves(rows, tuning)
    _print_slop(rows)
    _print_speed(rows, files)


if __name__ == "__main__":
    main()
