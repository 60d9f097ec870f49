"""What terms have against a use, and which of them cannot stand in one set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from synth_assets.core.config.mixtures import Mixture
from synth_assets.core.config.terms import Answer
from synth_assets.core.flywheel.history import folded
from synth_assets.core.judging.families import family_of
from synth_assets.core.terms.licences import UNSTATED, Terms

_ASKED = {
    "training": "the training of other models",
    "competing": "the training of models that compete with it",
    "commercial": "commercial use",
    "sharing": "giving on what is made of it",
}


@dataclass(frozen=True)
class Statement:
    """Terms, and who states them.

    Attributes:
        who: a teacher, a source, a recipe, for people.
        terms: what they say.
    """

    who: str
    terms: Terms

    @property
    def told(self) -> str:
        """Licence and who states it, as the subject of a sentence."""
        terms = self.terms
        if terms.because:
            own = f"with terms of its own ({terms.because})"
            return f"licence {terms.licence} of {self.who}, {own},"
        if terms.licence == UNSTATED:
            return f"{self.who}, which states no licence,"
        if not terms.source:
            return f"licence {terms.licence} of {self.who}, which is not known here,"
        return f"licence {terms.licence} of {self.who}"


@dataclass(frozen=True)
class Purpose:
    """What a set is for.

    Attributes:
        name: of the mixture, for people.
        commercial: whether for gain; then the student is taken to compete with every provider.
        publish: whether it is given to others.
        family: of the student.
    """

    name: str
    commercial: bool
    publish: bool
    family: str

    @classmethod
    def of(cls, mixture: Mixture) -> "Purpose":
        """What a mixture says of it."""
        stated = mixture.student.family if mixture.student else ""
        family = family_of(stated) or folded(stated)
        return cls(mixture.id, mixture.use == "commercial", mixture.publish, family)

    @property
    def told(self) -> str:
        """For people."""
        use = "commercial use" if self.commercial else "research"
        return f"{self.name} is for {use}{' and to be published' if self.publish else ''}"

    def objections(self, terms: Terms) -> tuple[str, ...]:
        """What terms have against it, in words; nothing where they allow it."""
        asked = ["training"]
        if self.commercial:
            asked += ["competing", "commercial"]
        if self.publish:
            asked.append("sharing")
        return tuple(filter(None, (self._objection(terms, name) for name in asked)))

    def _objection(self, terms: Terms, name: str) -> str:
        answer: Answer = getattr(terms, name)
        if terms.family and terms.family == self.family and name in ("training", "competing"):
            return ""
        if answer is Answer.FORBIDDEN:
            return f"forbids {_ASKED[name]}"
        # What is unstated may be tried, and neither sold nor given away.
        if answer is Answer.UNSTATED and (self.commercial or self.publish):
            return f"does not say that it allows {_ASKED[name]}"
        return ""

    def barred(self, statement: Statement) -> str:
        """Why rows under a statement may not take part; empty where they may."""
        against = " and ".join(self.objections(statement.terms))
        return f"{statement.told} {against}; {self.told}" if against else ""


def conflict_among(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The fewest statements under which one set cannot be given on; none where it can.

    Who shares alike names the licences under which what is made of the rows may be given on. A
    set needs one that all of them name; and where they let it be used for gain, nothing else of
    the set may forbid that.
    """
    every = sorted(dict.fromkeys(statements), key=lambda each: (each.terms.licence, each.who))
    alike = [each for each in every if each.terms.share_alike]
    for one in alike:
        for other in every:
            if one.terms.commercial is Answer.ALLOWED and (
                other.terms.commercial is Answer.FORBIDDEN
            ):
                return (one, other)
    for size in range(2, len(alike) + 1):
        for some in combinations(alike, size):
            if not _shared(some):
                return some
    return ()


def _shared(statements: Sequence[Statement]) -> frozenset[str]:
    first, *others = (each.terms.share_alike for each in statements)
    return first.intersection(*others)
