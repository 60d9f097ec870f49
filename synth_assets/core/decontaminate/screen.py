"""The whole of decontamination: exact rules, finders, and a judge of what is not sure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from synth_assets.core.decontaminate.candidates import Candidate, CandidateJudge
from synth_assets.core.decontaminate.finders import FinderRules, Finders
from synth_assets.core.decontaminate.finding import Find, Method, Overlap
from synth_assets.core.decontaminate.sieve import Sieve, blocks
from synth_assets.core.embedding.protocol import Embedder
from synth_assets.core.schema import Split

_ORDER = {method: place for place, method in enumerate(Method)}


@dataclass(frozen=True)
class ScreenRules:
    """What is looked for.

    Attributes:
        run_words: source of benchmark items -> words in a run that gives them away, 13 for others.
        finders: of what is not there word for word.
    """

    run_words: Mapping[str, int] = field(default_factory=dict[str, int])
    finders: FinderRules = field(default_factory=FinderRules)


@dataclass(frozen=True)
class Located:
    """A row that shares something with an item.

    Attributes:
        row: its number.
        overlap: what it shares.
    """

    row: int
    overlap: Overlap


@dataclass(frozen=True)
class Screen:
    """Says of rows whether they may be trained on; build it with `Screen.build`.

    Attributes:
        sieve: of what is there word for word.
        finders: of what is not.
        judge: decides on what finders are not sure of; without one, their thresholds do.
    """

    sieve: Sieve
    finders: Finders
    judge: CandidateJudge | None = None

    @classmethod
    def build(
        cls,
        held_out: pl.DataFrame,
        benchmarks: pl.DataFrame,
        rules: ScreenRules | None = None,
        embedder: Embedder | None = None,
        judge: CandidateJudge | None = None,
    ) -> "Screen":
        """Learn the items of two frames of `SAMPLE_SCHEMA`; either may be empty.

        Args:
            held_out: rows that stand beside training rows; only copies of them are caught.
            benchmarks: items that must not be seen in any form.
            rules: what is looked for.
            embedder: see `Finders.build`.
            judge: asked about rows whose score is between the rule's `lower` and `upper`.
        """
        rules = rules or ScreenRules()
        looked_for = rules.finders
        if judge is None:
            # Nobody asks for what is below the threshold.
            rule = looked_for.rephrase
            sure = replace(rule, lower=rule.least, upper=max(rule.least, rule.upper))
            looked_for = replace(looked_for, rephrase=sure)
        sieve = Sieve.build(held_out, benchmarks, rules.run_words)
        return cls(sieve, Finders.build(benchmarks, looked_for, embedder), judge)

    def look(self, rows: Sequence[Sequence[str]]) -> list[Overlap | None]:
        """What each row shares with an item; none where it may pass.

        Args:
            rows: the texts of each row, such as prompt, response and context.
        """
        found: list[Overlap | None] = []
        for begin, end in blocks(rows):
            found += self._settled(rows[begin:end], self.seen(rows[begin:end]))
        return found

    def seen(self, rows: Sequence[Sequence[str]]) -> list[dict[Method, Overlap]]:
        """What each method sees in each row, by itself; no judge is asked."""
        seen: list[dict[Method, Overlap]] = [{} for _ in rows]
        for row, overlap in enumerate(self.sieve.look(rows)):
            if overlap is not None:
                seen[row][overlap.method] = overlap
        for find in self.finders.find(rows):
            known = seen[find.row]
            if find.method not in known or find.score > known[find.method].score:
                known[find.method] = self._overlap(find)
        return seen

    def _overlap(self, find: Find) -> Overlap:
        item = self.finders.item_ids[find.item]
        return Overlap(Split.BENCHMARK, item, find.detail, find.method, find.score)

    def _settled(
        self, rows: Sequence[Sequence[str]], seen: Sequence[Mapping[Method, Overlap]]
    ) -> list[Overlap | None]:
        settled = [_first(each) for each in seen]
        unsure = [at for at, overlap in enumerate(settled) if overlap and self._is_unsure(overlap)]
        if self.judge is None or not unsure:
            return settled
        prompts = dict(zip(self.finders.item_ids, self.finders.prompts, strict=True))
        asked: list[Candidate] = []
        for at in unsure:
            overlap = settled[at]
            assert overlap is not None
            asked.append(Candidate("\n\n".join(rows[at]), prompts[overlap.item_id]))
        for at, ruling in zip(unsure, self.judge.rule(asked), strict=True):
            overlap = settled[at]
            assert overlap is not None
            told = f"{overlap.evidence}; {ruling.detail}"
            settled[at] = (
                None
                if ruling.same is False
                else replace(overlap, evidence=told, trouble=ruling.trouble)
            )
        return settled

    def _is_unsure(self, overlap: Overlap) -> bool:
        return (
            overlap.method is Method.REPHRASED and overlap.score < self.finders.rephrase.rule.upper
        )


def contaminated(
    chunks: Iterable[tuple[Sequence[int], Sequence[Sequence[str]]]], screen: Screen
) -> Iterator[Located]:
    """Find the rows of any number of chunks that share something with an item.

    Memory is that of the screen and of one chunk, however many there are. What is said of a row
    does not depend on the other rows.

    Args:
        chunks: numbers of rows, and their texts; some thousands at a time are quickest.
        screen: what is kept out.
    """
    for numbers, rows in chunks:
        for number, overlap in zip(numbers, screen.look(rows), strict=True):
            if overlap is not None:
                yield Located(number, overlap)


def _first(seen: Mapping[Method, Overlap]) -> Overlap | None:
    return seen[min(seen, key=_ORDER.__getitem__)] if seen else None
