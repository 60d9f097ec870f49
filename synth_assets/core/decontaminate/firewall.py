"""The firewall: what a training row must not share with real rows that are kept out.

Two kinds of rows are kept out. *Benchmark* items must not be seen in any form, so their prompts
are known by their word n-grams (13 words as in GPT-3, Brown et al., 2020, arXiv:2005.14165,
appendix C). *Held-out* rows stand beside training rows of the same kind, which share templates
and stock phrases by nature; only the row itself, or its response, is kept out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import polars as pl

from synth_assets.core.decontaminate.finding import Method, Overlap
from synth_assets.core.fingerprint import content_hash
from synth_assets.core.ngrams import ngrams, words
from synth_assets.core.schema import Split

LONG_RUN = 13
SHORT_RUN = 8
_EVIDENCE_CHARACTERS = 200
_RUNS_AT_ONCE = 100_000


def is_telling(text: str) -> bool:
    """Whether a text is long enough (8 words) to be evidence by itself.

    Two rows that both answer «Yes» are not copies of each other.
    """
    return len(words(text)) >= SHORT_RUN


@dataclass(frozen=True)
class Firewall:
    """Knows the items kept out; build it with `Firewall.build`.

    Compared are normalised texts (see `fingerprint.normalised`). Caught is:

    - of any item: its prompt and response together, or its response if of 8 words or more;
    - of a benchmark item, besides: its prompt; and of its prompt any run of 13 words, or of as
      many as its benchmark says; of a prompt that is shorter, but of 8 words or more, any run of
      8; a still shorter prompt only where it is the whole text, punctuation aside.

    Not caught: rephrased and translated items, see `finders`. Of 1,319 rephrased GSM8K test items
    word 8-grams find 83 and 13-grams none.

    `overlap` states the rule. Of millions of rows `sieve.Sieve` says in no time for which of them
    it has to be asked.

    Attributes:
        rows: split -> (hash of prompt, hash of response) -> item.
        texts: split -> hash of a text that is caught by itself -> item.
        runs: length in words -> run -> benchmark item; longer ones first.
        short_prompts: words of a whole benchmark prompt that is too short for runs -> item.
    """

    rows: Mapping[Split, Mapping[tuple[str, str], str]]
    texts: Mapping[Split, Mapping[str, str]]
    runs: Mapping[int, Mapping[str, str]]
    short_prompts: Mapping[str, str]

    @classmethod
    def build(
        cls,
        held_out: pl.DataFrame,
        benchmarks: pl.DataFrame,
        run_words: Mapping[str, int] | None = None,
    ) -> "Firewall":
        """Learn the items of two frames of `SAMPLE_SCHEMA`; either may be empty.

        Args:
            held_out: rows that stand beside training rows.
            benchmarks: items that must not be seen.
            run_words: source of benchmark items -> words in a run that gives them away; 13 for
                sources that are not named.
        """
        rows: dict[Split, dict[tuple[str, str], str]] = {}
        texts: dict[Split, dict[str, str]] = {}
        for split, frame in ((Split.BENCHMARK, benchmarks), (Split.HELD_OUT, held_out)):
            rows[split], texts[split] = {}, {}
            for item, prompt, response, _ in _items(frame):
                asked, answered = content_hash(prompt), content_hash(response)
                rows[split].setdefault((asked, answered), item)
                if is_telling(response):
                    texts[split].setdefault(answered, item)
                if split is Split.BENCHMARK and prompt.strip():
                    texts[split].setdefault(asked, item)
        lengths = run_words or {}
        runs: dict[int, dict[str, str]] = {}
        short_prompts: dict[str, str] = {}
        for item, prompt, _, source in _items(benchmarks):
            tokens = words(prompt)
            length = run_length(len(tokens), lengths.get(source, LONG_RUN))
            if length:
                known = runs.setdefault(length, {})
                for run in ngrams(tokens, length):
                    known.setdefault(run, item)
            elif tokens:
                short_prompts.setdefault(" ".join(tokens), item)
        longest_first = dict(sorted(runs.items(), reverse=True))
        return cls(rows, texts, longest_first, short_prompts)

    def overlap(self, texts: Sequence[str]) -> Overlap | None:
        """What the texts of one row share with an item; None if the row may pass.

        Args:
            texts: prompt, response and context of a sample, or the fields of a seed, in any order.

        Returns:
            The first overlap found: benchmarks before held-out rows, whole texts before runs,
            longer runs before shorter ones.
        """
        hashes = [content_hash(text) for text in texts]
        return (
            self._same_text(Split.BENCHMARK, texts, hashes)
            or self._shared_run(texts)
            or self._same_text(Split.HELD_OUT, texts, hashes)
        )

    def look(self, rows: Sequence[Sequence[str]]) -> list[Overlap | None]:
        """What each of several rows shares with an item, see `overlap`."""
        return [self.overlap(texts) for texts in rows]

    def _same_text(
        self, split: Split, texts: Sequence[str], hashes: Sequence[str]
    ) -> Overlap | None:
        for text, digest in zip(texts, hashes, strict=True):
            if item := self.texts[split].get(digest):
                return Overlap(split, item, f"the same text: {excerpt(text)}")
        for pair in permutations(range(len(hashes)), 2):
            if item := self.rows[split].get((hashes[pair[0]], hashes[pair[1]])):
                both = " / ".join(excerpt(texts[index]) for index in pair)
                return Overlap(split, item, f"the same prompt and response: {both}")
        return None

    def _shared_run(self, texts: Sequence[str]) -> Overlap | None:
        for text in texts:
            tokens = words(text)
            whole = " ".join(tokens) if len(tokens) < SHORT_RUN else ""
            if item := self.short_prompts.get(whole):
                told = f"the same words: {excerpt(text)}"
                return Overlap(Split.BENCHMARK, item, told, Method.RUN)
            for length, known in self.runs.items():
                for run in _runs(tokens, length):
                    if item := known.get(run):
                        told = f"shared run of {length} words: {excerpt(run)}"
                        return Overlap(Split.BENCHMARK, item, told, Method.RUN)
        return None


def run_length(words_of_prompt: int, asked: int) -> int:
    """Words in the runs that a prompt is known by; 0 where it is known as a whole only.

    Args:
        words_of_prompt: how long it is.
        asked: what its benchmark says.
    """
    if words_of_prompt >= asked:
        return asked
    return SHORT_RUN if words_of_prompt >= SHORT_RUN else 0


def excerpt(text: str) -> str:
    """Text for evidence: white space folded, 200 characters at most."""
    folded = " ".join(text[: 20 * _EVIDENCE_CHARACTERS].split())
    if len(folded) <= _EVIDENCE_CHARACTERS:
        return folded
    return f"{folded[: _EVIDENCE_CHARACTERS - 1]}…"


def _runs(tokens: Sequence[str], length: int) -> Iterator[str]:
    # Of a text of millions of words not all runs at once.
    for start in range(0, len(tokens), _RUNS_AT_ONCE):
        yield from ngrams(tokens[start : start + _RUNS_AT_ONCE + length - 1], length)


def _items(frame: pl.DataFrame) -> list[tuple[str, str, str, str]]:
    # Sorted, so that of several items with one text always the same is named.
    return sorted(frame.select("sample_id", "prompt", "response", "source").iter_rows())
