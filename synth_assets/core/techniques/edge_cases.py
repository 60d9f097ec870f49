"""Many examples of rare things: a space of cases, filled cell by cell until each has its quota.

Plans that only draw what is rare lose it again: hard cells fail more often, and nobody sees it.
So quotas here are for what is accepted, and later rounds go to the emptiest cells first. After
CheckList (Ribeiro et al., 2020, arXiv:2005.04118), which tests capability by capability, and the
attributed prompts of AttrPrompt (Yu et al., 2023, arXiv:2306.15895). We differ: combinations may
be forbidden or conditional, and a judge may say whether a sample shows the case it was asked for.
"""

import itertools
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

from pydantic import Field, model_validator

from synth_assets.core.config.names import Name
from synth_assets.core.draws.attributes import AttributeSpace, Combination, Variation
from synth_assets.core.fingerprint import exact_hash
from synth_assets.core.novelty.deck import Deck
from synth_assets.core.sample import Sample, Seed
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.filling import Cell, Filling
from synth_assets.core.techniques.prompt import Prompt
from synth_assets.core.techniques.protocol import (
    Draft,
    Growth,
    Production,
    Round,
    Slot,
    Start,
    Technique,
    Unusable,
)
from synth_assets.core.techniques.structured import ask_fields
from synth_assets.core.techniques.unseen import field_of
from synth_assets.core.techniques.verdicts import verdict_in
from synth_assets.errors import RecipeError

_LIKELY_SHARE = 0.8
_VERDICTS = {"yes": True, "true": True, "no": False, "false": False}


class EdgeCases(Technique):
    """Requests of a planned sample: `write`, then `check`, if there is one.

    `write` sees the seed's fields, the attributes of `space` (those that are not drawn are empty)
    and what was drawn besides. It answers with `query`, what the student is asked, and
    `handling`, the right answer. `check` sees `query` and `handling` too; its `verdict` is yes
    where they show the case that was asked for, with a `reason`.

    Attributes:
        space: attribute -> values, as `variations` are written, but without files.
        never: forbidden combinations.
        context: the input that handlings rest on. It becomes the sample's context, and answers
            have a third section, `rule`: its sentence that decides, which is the reference.
        at_once: most samples a round.
        rounds: most rounds; none, as many as it takes until each cell has its quota or is given up.
        give_up_after: a cell that brings nothing for so many rounds in a row is given up; the
            last of its failures names it.
    """

    name: ClassVar[str] = "edge_cases"
    fields: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "write": ("query", "handling"),
        "check": ("verdict", "reason"),
    }

    write: Prompt
    check: Prompt | None = None
    space: dict[Name, Variation] = Field(min_length=1)
    never: tuple[Combination, ...] = ()
    context: str = ""
    at_once: int = Field(default=200, ge=1, le=100_000)
    rounds: int | None = Field(default=None, ge=1, le=1_000_000)
    give_up_after: int = Field(default=3, ge=1)

    @model_validator(mode="after")
    def _is_a_space(self) -> "EdgeCases":
        if filed := [name for name, each in self.space.items() if each.file is not None]:
            raise ValueError(f"space: {filed[0]} names a file; write its values here")
        try:
            self.cells.shares()
        except RecipeError as exc:
            raise ValueError(str(exc).replace("variations", "space")) from exc
        return self

    @property
    def own_variations(self) -> Mapping[str, Variation]:
        """See the protocol."""
        return self.space

    @property
    def own_never(self) -> Sequence[Combination]:
        """See the protocol."""
        return self.never

    @cached_property
    def cells(self) -> AttributeSpace:
        """The space, checked."""
        return AttributeSpace.of("technique", self.space, self.never, {})

    def expected(self, wanted: int) -> int:
        """See the protocol: four of five come in."""
        return math.ceil(wanted / _LIKELY_SHARE)

    def grow(self, seeds: Sequence[Seed], wanted: int) -> Growth:
        """Rounds until every cell has its quota or is given up."""
        filling = self._empty(wanted)
        deck = Deck(_seed_id, seeds)
        for _ in self._turns():
            chosen = filling.next_cells(self.at_once)
            if not chosen:
                break
            starts = [Start(deck.deal(1)[0], self._drawn(cell)) for cell in chosen]
            last = {c for c in chosen if filling.failed.get(c, 0) == self.give_up_after - 1}
            came = yield Round(starts, {}, self._producer(frozenset(last)))
            filling = filling.after(chosen, map(self.cell_of, came))
        return {}

    def filling(
        self,
        kept: Iterable[Sample],
        wanted: int,
        accepted: Iterable[Sample] = (),
        planned: int = 0,
    ) -> Filling:
        """See the protocol: the rounds are gone through again, with what came of each."""
        filling = self._empty(wanted)
        came = sorted((sample.position, self.cell_of(sample)) for sample in accepted)
        first = 0
        for _ in self._turns():
            chosen = filling.next_cells(self.at_once)
            if not chosen or first + len(chosen) > planned:
                break
            start, end = (bisect_left(came, (at,)) for at in (first, first + len(chosen)))
            filling = filling.after(chosen, [cell for _, cell in came[start:end]])
            first += len(chosen)
        return replace(filling, accepted=Counter(map(self.cell_of, kept)))

    def _empty(self, wanted: int) -> Filling:
        shares = self.cells.shares()
        quotas = quotas_of(shares, wanted)
        return Filling(
            quotas,
            give_up_after=self.give_up_after,
            without_quota=len(shares) - len(quotas),
        )

    def _turns(self) -> Iterator[int]:
        return itertools.count() if self.rounds is None else iter(range(self.rounds))

    def cell_of(self, sample: Sample) -> Cell:
        """The cell that a sample was asked for."""
        drawn = sample.drawn
        return tuple(
            (each.name, str(drawn[each.name]))
            for each in self.cells.attributes
            if each.name in drawn
        )

    def produce(self, slot: Slot) -> Production:
        """Write a case, and let it be checked."""
        names = (*self.fields["write"], *(("rule",) if self.context else ()))
        # Outside of a round nothing is drawn of the space.
        inputs = {**dict.fromkeys(self.space, ""), **slot.inputs}
        context = field_of(inputs, self.context, "context") if self.context else ""
        written = yield from ask_fields(slot, self.write, inputs, "write", names)
        if isinstance(written, Unusable):
            return written
        if self.check is not None:
            shown = {**inputs, "query": written["query"], "handling": written["handling"]}
            names = self.fields["check"]
            checked = yield from ask_fields(slot, self.check, shown, "check", names)
            if isinstance(checked, Unusable):
                return checked
            said = verdict_in(checked["verdict"], _VERDICTS)
            if said is None:
                told = f"<verdict> is neither yes nor no: {checked['verdict'][:40]!r}"
                return Unusable(Reason.UNPARSABLE, told)
            if not _VERDICTS[said]:
                told = f"the judge does not see the case: {checked['reason'][:300]}"
                return Unusable(Reason.WRONG_KIND, told)
        return Draft(
            prompt=written["query"],
            response=written["handling"],
            context=context,
            reference=written["rule"] if self.context else "",
            mended=written.mended,
        )

    def _drawn(self, cell: Cell) -> dict[str, str]:
        return {**dict.fromkeys(self.space, ""), **dict(cell)}

    def _producer(self, last: frozenset[Cell]) -> Callable[[Slot], Production]:
        def made(slot: Slot) -> Production:
            found = yield from self.produce(slot)
            cell = tuple((n, slot.drawn[n]) for n in self.space if n in slot.drawn)
            if isinstance(found, Unusable) and cell in last:
                told = ", ".join(f"{name} {value}" for name, value in cell)
                given_up = f"given up unless another brings one: {told}"
                return Unusable(found.reason, f"{found.detail}; {given_up}", found.label)
            return found

        return made


def quotas_of(shares: Mapping[Cell, float], wanted: int) -> dict[Cell, int]:
    """So many samples in whole numbers, by largest remainders; cells that get none are left out.

    Where there are more cells than samples, which of equal ones get one follows from their hash.
    """
    exact = {cell: share * wanted for cell, share in shares.items()}
    quotas = {cell: math.floor(count) for cell, count in exact.items()}
    left = wanted - sum(quotas.values())
    # Rounded, so that equal shares are equal however their products came about.
    rests = {cell: round(quotas[cell] - count, 9) for cell, count in exact.items()}
    for cell in sorted(exact, key=lambda cell: (rests[cell], exact_hash(repr(cell))))[:left]:
        quotas[cell] += 1
    return {cell: count for cell, count in quotas.items() if count}


def _seed_id(seed: Seed) -> str:
    return seed.seed_id
