"""Mixtures: named policies that compose a training set."""

from functools import cached_property

from pydantic import Field

from synth_assets.core.config.names import Name, Written, partition_key
from synth_assets.core.config.sources import Share
from synth_assets.core.fingerprint import fingerprint


class Mixture(Written):
    """One entry of `mixtures.yaml`.

    Attributes:
        rows: size of the training set; with none, as many as the candidates and bounds allow.
        synthetic_share: share of synthetic rows; met within one row.
        teacher_cap: largest share of the synthetic rows that one teacher may have written.
        recipes: which recipes take part; with none, all.
        sources: which real-data sources take part; with none, all.
        seed: of the choice among equals.
    """

    id: Name
    description: str = ""
    rows: int | None = Field(default=None, ge=1)
    synthetic_share: Share
    teacher_cap: float = Field(default=1.0, gt=0, le=1)
    recipes: tuple[Name, ...] | None = None
    sources: tuple[Name, ...] | None = None
    seed: int = 0

    @cached_property
    def version(self) -> str:
        """Eight digits of the fingerprint of everything but the description."""
        return fingerprint(self.model_dump(mode="json", exclude={"description"}))[:8]

    @property
    def key(self) -> str:
        """Partition key of its training set."""
        return partition_key(self.id, self.version)


class MixturesFile(Written):
    """A `mixtures.yaml`."""

    mixtures: tuple[Mixture, ...]
