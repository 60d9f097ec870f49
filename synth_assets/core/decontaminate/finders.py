"""What n-grams of 13 words cannot see of a benchmark: copies with changes, and other words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from synth_assets.core.decontaminate.elements import Lexicon
from synth_assets.core.decontaminate.finding import FINDERS, Find, Method
from synth_assets.core.decontaminate.keying import Sources
from synth_assets.core.decontaminate.rephrased import RephraseFinder, RephraseRule
from synth_assets.core.decontaminate.templates import TemplateFinder, TemplateRule
from synth_assets.core.embedding.protocol import Embedder


@dataclass(frozen=True)
class FinderRules:
    """What is looked for, and what it takes.

    Attributes:
        template: of near and perturbed copies.
        rephrase: of items in other words.
        by_source: source of items -> methods that look for them; all for sources not named.
    """

    template: TemplateRule = field(default_factory=TemplateRule)
    rephrase: RephraseRule = field(default_factory=RephraseRule)
    by_source: Mapping[str, Sequence[Method]] = field(default_factory=dict[str, Sequence[Method]])

    def methods(self, source: str) -> frozenset[Method]:
        """Those that look for the items of a source."""
        return frozenset(self.by_source.get(source, FINDERS))


@dataclass(frozen=True)
class Finders:
    """Finds items of benchmarks in texts. Not for several threads at once.

    Attributes:
        item_ids: `sample_id` of each item.
        prompts: of each.
        methods: that look for each.
        lexicon: reads texts.
        template: finder of near and perturbed copies.
        rephrase: finder of items in other words.
    """

    item_ids: tuple[str, ...]
    prompts: tuple[str, ...]
    methods: tuple[frozenset[Method], ...]
    lexicon: Lexicon
    template: TemplateFinder
    rephrase: RephraseFinder

    @classmethod
    def build(
        cls,
        benchmarks: pl.DataFrame,
        rules: FinderRules | None = None,
        embedder: Embedder | None = None,
    ) -> "Finders":
        """Learn the items of a frame of `SAMPLE_SCHEMA`; it may be empty.

        Args:
            benchmarks: items; looked for are their prompts, and the programs in their responses.
            rules: what is looked for.
            embedder: makes vectors of items and of texts that may hold one; without it, words and
                numbers decide.
        """
        rules = rules or FinderRules()
        # Sorted, so that of several items with one text always the same is named.
        columns = benchmarks.select("sample_id", "prompt", "response", "source").sort("sample_id")
        rows = [row for row in columns.iter_rows() if rules.methods(row[3])]
        prompts = [row[1] for row in rows]
        lexicon = Lexicon(Lexicon.vocabulary_of(prompts))
        return cls(
            tuple(row[0] for row in rows),
            tuple(prompts),
            tuple(rules.methods(row[3]) for row in rows),
            lexicon,
            TemplateFinder.of(lexicon.read(prompts), rules.template),
            RephraseFinder.of(lexicon, prompts, [row[2] for row in rows], rules.rephrase, embedder),
        )

    def find(self, rows: Sequence[Sequence[str]]) -> list[Find]:
        """The items that each row may hold; of each of its texts and methods the best first.

        Args:
            rows: the texts of each row. They are searched one by one; but a program may stand in
                another text than what is asked of it.
        """
        if not self.item_ids:
            return []
        texts = [text for row in rows for text in row]
        owners = [at for at, row in enumerate(rows) for _ in row]
        elements = self.lexicon.read(texts)
        sources = Sources(texts, rows, owners)
        found = [*self.template.find(elements), *self.rephrase.find(elements, sources)]
        found = [replace(each, row=owners[each.row]) for each in found]
        return [each for each in found if each.method in self.methods[each.item]]
