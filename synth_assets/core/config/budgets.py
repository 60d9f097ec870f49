"""Budgets: `budgets.yaml` says how much may be spent, in US dollars and in tokens."""

from pydantic import Field, model_validator

from synth_assets.core.config.names import Name, Written


class Cap(Written):
    """The most that may be spent; what is not given is not capped.

    Attributes:
        usd: US dollars.
        tokens: prompt and completion tokens together.
    """

    usd: float | None = Field(default=None, ge=0, le=1_000_000)
    tokens: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _something(self) -> "Cap":
        if self.usd is None and self.tokens is None:
            raise ValueError("give `usd`, `tokens` or both")
        return self


class Budgets(Written):
    """A `budgets.yaml`. A call must fit under every cap that concerns it.

    Budgets are no identity: raising one buys nothing again.

    Attributes:
        all: over everything the ledger ever paid for.
        run: for each run.
        recipes: recipe id -> for all versions of that recipe.
        teachers: teacher id -> for all that goes to that teacher.
        automatic: for what backfills that nobody asked for buy in a day; without it none is made.
    """

    all: Cap | None = None
    run: Cap | None = None
    recipes: dict[Name, Cap] = Field(default_factory=dict)
    teachers: dict[Name, Cap] = Field(default_factory=dict)
    automatic: Cap | None = None

    def over(self, other: "Budgets") -> "Budgets":
        """These budgets where they say something, else the other's."""
        return Budgets(
            all=self.all or other.all,
            run=self.run or other.run,
            recipes={**other.recipes, **self.recipes},
            teachers={**other.teachers, **self.teachers},
            automatic=self.automatic or other.automatic,
        )
