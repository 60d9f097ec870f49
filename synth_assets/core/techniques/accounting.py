"""What draws, plans and coverage ask of a technique beside its samples; each has an answer."""

from collections.abc import Iterable, Mapping, Sequence

from synth_assets.core.config.names import Written
from synth_assets.core.draws.attributes import Combination, Variation
from synth_assets.core.sample import Sample
from synth_assets.core.techniques.filling import Filling


class Accounted(Written):
    """Of these a technique answers those that concern it; see `protocol.Technique`."""

    @property
    def own_variations(self) -> Mapping[str, Variation]:
        """Attributes that belong to the technique; they are drawn before the recipe's."""
        return {}

    @property
    def own_never(self) -> Sequence[Combination]:
        """Combinations of these that no sample has."""
        return ()

    @property
    def most_calls(self) -> Mapping[str, int]:
        """Step -> most requests of one planned sample, where there may be more than one."""
        return {}

    @property
    def not_applied(self) -> Sequence[str]:
        """Rules of the method that do not hold as the recipe has it, in words; for plans."""
        return ()

    def expected(self, wanted: int) -> int:
        """How many samples are likely to be planned for so many wanted, for estimates."""
        return wanted

    # What coverage asks of a technique, beside what a recipe draws.

    def gives_rows(self, drawn: Mapping[str, str]) -> bool:
        """Whether a planned sample with these attributes is for rows, not to plan others alone."""
        return True

    def own_choices(self, files: Mapping[str, str]) -> Mapping[str, Mapping[str, float]]:
        """Attribute of rows that the technique chooses by weight -> value -> weight.

        Args:
            files: file name -> text of the recipe.
        """
        return {}

    @property
    def told_attributes(self) -> Sequence[str]:
        """Attributes of rows that a teacher chooses, of few values; nobody plans their shares."""
        return ()

    def filling(
        self,
        kept: Iterable[Sample],
        wanted: int,
        accepted: Iterable[Sample] = (),
        planned: int = 0,
    ) -> Filling | None:
        """How full the technique's own cells are; none where it has no such quotas.

        Args:
            kept: what is left of its samples.
            wanted: how many samples the recipe asks for.
            accepted: what the verifiers accepted; by it cells were given up.
            planned: how many samples were planned, from the first position on.
        """
        return None
