"""How well the verifier `perplexity` tells real texts from damaged ones.

`python -m benchmarks.verify_perplexity` prints the tables of docs/verifiers/perplexity.md and draws
docs/images/perplexity-roc.png. Real texts are read from the folder that `SYNTH_TEST_DATA` names.
The measures were chosen on the last 2,473 rows of GSM8K's training questions and solutions, and on
wikitext2. How they are put together, what a score is beyond the last real text, and how many real
texts are read were settled with figures of the first four corpora at hand, GSM8K's test part among
them. The docstrings were first measured when all that was settled.
"""

import json
import os
import random
import re
import string
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from benchmarks.timing import table
from synth_assets.core.fingerprint import exact_hash
from synth_assets.core.language_model.ngram import Decoding, NgramModel
from synth_assets.core.language_model.vocabulary import Tokens
from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.perplexity import Perplexity
from synth_assets.core.verify.protocol import Together
from synth_assets.core.verify.tools import Tools
from synth_assets.resources.sources.docstrings import stdlib_docstrings

_ROOT = Path(__file__).parent.parent
_PICTURE = _ROOT / "docs" / "images" / "perplexity-roc.png"
_SPEECH_WORDS = 20

_BOILERPLATE = (
    "As an AI language model, I do not have personal opinions or feelings.",
    "Please let me know if you have any further questions.",
    "I hope this helps!",
    "We use cookies to improve your experience on our website.",
    "Click here to subscribe to our newsletter.",
    "All rights reserved.",
    "By continuing to browse this site you agree to our terms of service.",
    "It is important to note that results may vary.",
    "In conclusion, there are many factors to consider.",
    "Thank you for reaching out to us today.",
    "Our team is dedicated to providing the best possible service.",
    "Sign up now and get 10% off your first order.",
    "This content is for informational purposes only and should not be considered advice.",
    "Feel free to ask if you need anything else.",
    "Overall, this is a testament to the rich tapestry of human experience.",
    "Read more about this topic in our latest blog post.",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
    "Share this article with your friends on social media.",
    "I apologize for any confusion my previous response may have caused.",
    "Please consult a qualified professional before making any decision.",
)

_Damage = Callable[[str, random.Random], str]


@dataclass(frozen=True)
class _Corpus:
    """Human texts: those the verifier learns from, and those that are held out."""

    name: str
    real: Sequence[str]
    held_out: Sequence[str]
    by_models: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


class _Rows:
    """Gives the verifier its real rows."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._samples = [_sample(text) for text in texts]

    def rows(self, source: str) -> Sequence[Sample]:
        """All of them, whatever the source is called."""
        return self._samples


def measure() -> str:
    """Measure, draw the picture and return Markdown."""
    folder = Path(os.environ.get("SYNTH_TEST_DATA") or _ROOT.parent / "shared" / "data")
    corpora = _corpora(folder)
    german = _german(folder)
    curves: dict[str, dict[str, NDArray[np.float64]]] = {}
    rows: dict[str, list[str]] = {"held-out human texts": []}
    alone: dict[str, list[str]] = {}
    speeds: list[list[str]] = []
    for corpus in corpora:
        judge = _judge(corpus.real)
        started = time.process_time()
        judge(corpus.held_out[:1])
        fitted = time.process_time() - started
        started = time.process_time()
        good = judge(corpus.held_out)
        each = (time.process_time() - started) / len(corpus.held_out)
        mean = np.mean([len(text) for text in corpus.held_out])
        speeds.append([corpus.name, f"{len(corpus.real):,}", f"{len(corpus.held_out):,}",
                       f"{mean:.0f}", f"{fitted:.1f}", f"{each * 1e6:.0f}"])  # fmt: skip
        rows["held-out human texts"].append(f"{_told(good)}")
        dice = random.Random(20261121)
        bad = {
            name: [damage(t, dice) for t in corpus.held_out] for name, damage in _damages(german)
        }
        bad |= {name: list(texts) for name, texts in corpus.by_models.items()}
        judged = {name: judge(texts) for name, texts in bad.items()}
        curves[corpus.name] = {"good": _scores(good), **{k: _scores(v) for k, v in judged.items()}}
        for name, verdicts in judged.items():
            auc = _auc(good, verdicts)
            rows.setdefault(name, ["" for _ in rows["held-out human texts"][:-1]])
            rows[name].append(f"{auc:.3f} ({_rejected(verdicts):.1%})")
        for name in rows:
            rows[name] += [""] * (len(rows["held-out human texts"]) - len(rows[name]))
        if corpus is corpora[0]:
            alone = _alone(corpus, bad)
    _draw(curves)
    names = [corpus.name for corpus in corpora]
    return "\n\n".join(
        [
            table(["", *names], [[name, *cells] for name, cells in rows.items()]),
            table(
                ["GSM8K questions", *_SUBSETS], [[name, *cells] for name, cells in alone.items()]
            ),
            table(["", "real", "held out", "characters", "fit, CPU s", "µs a text"], speeds),
            _model_table(folder),
        ]
    )


_SUBSETS: dict[str, tuple[str, ...]] = {
    "words": ("words",),
    "characters": ("characters",),
    "both": ("words", "characters"),
    "all five": ("words", "characters", "stretch", "repetition", "ending"),
}


def _alone(corpus: _Corpus, bad: dict[str, list[str]]) -> dict[str, list[str]]:
    """Area under the curve by measures."""
    found: dict[str, list[str]] = {name: [] for name in bad}
    for measures in _SUBSETS.values():
        judge = _judge(corpus.real, measures=measures)
        good = judge(corpus.held_out)
        for name, texts in bad.items():
            found[name].append(f"{_auc(good, judge(texts)):.3f}")
    return found


def _judge(real: Sequence[str], **parameters: object) -> Callable[[Sequence[str]], list[Verdict]]:
    verifier = Perplexity.model_validate({"kind": "perplexity", "source": "real", **parameters})
    check = verifier.prepare({}, Tools(real=_Rows(real)))
    assert isinstance(check, Together)
    return lambda texts: list(check.check([_sample(text) for text in texts]))


def _sample(text: str) -> Sample:
    return Sample.real("real", 0, "", text, "MIT")


def _scores(verdicts: Sequence[Verdict]) -> NDArray[np.float64]:
    return np.array([1.0 if verdict.score is None else verdict.score for verdict in verdicts])


def _auc(good: Sequence[Verdict], bad: Sequence[Verdict]) -> float:
    """How often a damaged text has a lower score than a good one; ties count half."""
    labels = np.r_[np.zeros(len(good)), np.ones(len(bad))]
    return float(roc_auc_score(labels, -np.r_[_scores(good), _scores(bad)]))


def _rejected(verdicts: Sequence[Verdict], reason: Reason | None = None) -> float:
    hits = [v.reason is not None if reason is None else v.reason == reason for v in verdicts]
    return sum(hits) / len(hits)


def _told(good: Sequence[Verdict]) -> str:
    low = _rejected(good, Reason.TOO_PREDICTABLE)
    return f"rejected: {low:.1%} low, {_rejected(good, Reason.TOO_SURPRISING):.1%} high"


def _corpora(folder: Path) -> list[_Corpus]:
    train, test = (_lines(folder / "gsm8k" / f"{name}.jsonl") for name in ("train", "test"))
    models = _lines(folder / "gsm8k" / "example_model_solutions.A.jsonl")
    by_models = {
        name: [
            said["solution"].replace("\nA: ", "\n#### ")
            for row in models
            for said in row.values()
            if isinstance(said, dict) and said["is_correct"] == correct
        ]
        for name, correct in (("solutions of models, wrong", False), ("the same, right", True))
    }
    text = (folder / "wikitext2" / "valid.txt").read_text(encoding="utf-8")
    paragraphs = [line.strip() for line in text.splitlines() if len(line.split()) >= _SPEECH_WORDS]
    text = (folder / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8")
    speeches = [each.partition("\n")[2].strip() for each in text.split("\n\n")]
    speeches = [speech for speech in speeches if len(speech.split()) >= _SPEECH_WORDS]
    return [
        _Corpus("GSM8K questions", *([row["question"] for row in rows] for rows in (train, test))),
        _Corpus(
            "GSM8K solutions",
            *([row["answer"] for row in rows] for rows in (train, test)),
            by_models,
        ),
        _Corpus("wikitext2 paragraphs", *_parted(paragraphs)),
        _Corpus("Shakespeare's speeches", *_parted(speeches)),
        _Corpus(
            "Python's docstrings", *_parted([e.response for e in stdlib_docstrings(120, 2_000)])
        ),
    ]


def _parted(texts: Sequence[str]) -> list[list[str]]:
    """Three quarters and one quarter, by hash."""
    ordered = sorted(set(texts), key=exact_hash)
    cut = 3 * len(ordered) // 4
    return [ordered[:cut], ordered[cut:]]


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _german(folder: Path) -> list[list[str]]:
    data = json.loads((folder / "xquad" / "xquad.de.A.json").read_text(encoding="utf-8"))["data"]
    return [part["context"].split() for article in data for part in article["paragraphs"]]


def _damages(german: list[list[str]]) -> list[tuple[str, _Damage]]:
    def other_language(text: str, dice: random.Random) -> str:
        words, wanted = dice.choice(german), len(text.split())
        first = dice.randrange(max(1, len(words) - wanted))
        return " ".join(words[first : first + wanted])

    return [
        ("shuffled words", _shuffled),
        ("random characters", _random_characters),
        ("every tenth letter another", _noisy),
        ("another language (XQuAD de)", other_language),
        ("mojibake", _mojibake),
        ("repetition loop", _loop),
        ("boilerplate", _boilerplate),
        ("truncated", _truncated),
        ("other numbers", _other_numbers),
    ]


def _shuffled(text: str, dice: random.Random) -> str:
    words = text.split()
    dice.shuffle(words)
    return " ".join(words)


def _random_characters(text: str, dice: random.Random) -> str:
    return "".join(dice.choice(f"{string.ascii_letters}{string.digits}     .,?") for _ in text)


def _noisy(text: str, dice: random.Random) -> str:
    return "".join(
        dice.choice(string.ascii_lowercase) if c.isalpha() and dice.random() < 0.1 else c
        for c in text
    )


def _mojibake(text: str, dice: random.Random) -> str:
    """Typographic marks and some accents in UTF-8, read as Windows-1252; one at least a text."""
    typeset = text.replace("'", "\u2019").replace(" - ", " \u2013 ").replace("$", "\u20ac")
    words = re.sub(r'"([^"]*)"', "\u201c\\1\u201d", typeset).split(" ")
    accents = str.maketrans("aeiou", "\u00e1\u00e9\u00ed\u00f3\u00fa")
    words = [word.translate(accents) if dice.random() < 0.04 else word for word in words]
    if " ".join(words).isascii():
        words[dice.randrange(len(words))] += "\u2019s"
    return " ".join(words).encode().decode("cp1252", "replace")


def _loop(text: str, dice: random.Random) -> str:
    """From somewhere on, the same 3 to 8 words again and again; once to twice as long."""
    words, size = text.split(), dice.randint(3, 8)
    first = dice.randrange(max(1, len(words) - size))
    cycle, looped = words[first : first + size], words[: first + size]
    while len(looped) < len(words) * dice.uniform(1, 2):
        looped += cycle
    return " ".join(looped)


def _boilerplate(text: str, dice: random.Random) -> str:
    wanted = max(2, round(len(text.split()) / 10))
    return " ".join(dice.sample(_BOILERPLATE, min(wanted, len(_BOILERPLATE))))


def _truncated(text: str, dice: random.Random) -> str:
    words = text.split(" ")
    return " ".join(words[: max(1, int(len(words) * dice.uniform(0.3, 0.9)))])


def _other_numbers(text: str, dice: random.Random) -> str:
    """Each number another with as many digits: a fluent text that may well be wrong."""
    return re.sub(r"\d+", lambda m: "".join(dice.choice("123456789") for _ in m[0]), text)


def _model_table(folder: Path) -> str:
    """The language model itself: how it predicts, and what becomes of it fed on its own texts."""
    train, test = (
        [str(row["question"]) for row in _lines(folder / "gsm8k" / f"{name}.jsonl")]
        for name in ("train", "test")
    )
    rows: list[list[str]] = []
    for name, size, order, tokens in (
        ("words, trigrams", 4_000, 3, Tokens.WORDS),
        ("words, 4-grams", 1_500, 4, Tokens.WORDS),
        ("characters, 6-grams", 4_000, 6, Tokens.CHARACTERS),
    ):
        started = time.process_time()
        model = NgramModel.fit(train[:size], order, tokens)
        fitted = time.process_time() - started
        started = time.process_time()
        found = model.surprise(test)
        scored = len(test) / (time.process_time() - started)
        rows.append([name, f"{size:,}", f"{found.bits.sum() / found.bytes.sum():.3f}",
                     f"{fitted:.2f}", f"{scored:,.0f}"])  # fmt: skip
    lines = [table(["model", "questions", "held-out bits a byte", "fit, CPU s", "texts/s"], rows)]
    for name, decoding in (("plain", Decoding()), ("best of 2", Decoding(best_of=2))):
        rng, texts = np.random.default_rng(0), train[:4_000]
        said: list[str] = []
        started = time.process_time()
        for _ in range(6):
            model = NgramModel.fit(texts, 3)
            found = model.surprise(test)
            said.append(f"{found.bits.sum() / found.bytes.sum():.2f}")
            texts = model.sample(rng, 4_000, decoding=decoding)
        spent = time.process_time() - started
        lines.append(f"Generations 0 to 5, {name}: {', '.join(said)} ({spent:.1f} CPU s)")
    return "\n\n".join(lines)


def _draw(curves: dict[str, dict[str, NDArray[np.float64]]]) -> None:
    mpl.use("agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7.6), dpi=100, layout="constrained")
    panels = figure.subplots(2, 3, sharex=True, sharey=True).flat
    styles = [(f"C{place % 10}", "-" if place < 10 else "--") for place in range(20)]
    for axes, (corpus, scores) in zip(panels, curves.items(), strict=False):
        good = scores["good"]
        for (color, line), (name, bad) in zip(styles, list(scores.items())[1:], strict=False):
            labels = np.r_[np.zeros(len(good)), np.ones(len(bad))]
            false, true, _ = roc_curve(labels, -np.r_[good, bad], drop_intermediate=False)
            axes.step(false, true, line, where="post", label=name, color=color, linewidth=1.4)
        axes.axvline(0.02, color="grey", linewidth=0.8, linestyle=":")
        axes.set(xscale="log", xlim=(0.002, 1), ylim=(0, 1.02), title=corpus)
        axes.grid(alpha=0.3)
    figure.supxlabel(
        "held-out human texts rejected (dotted: the bounds 0.01 and 0.99)", fontsize=10
    )
    figure.supylabel("damaged texts rejected", fontsize=10)
    figure.axes[5].axis("off")
    figure.axes[5].legend(*figure.axes[1].get_legend_handles_labels(), loc="center")
    figure.savefig(_PICTURE)


if __name__ == "__main__":
    print(measure())
