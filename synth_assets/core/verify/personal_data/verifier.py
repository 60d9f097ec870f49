"""Personal data and secrets: samples that hold some are dropped, or redacted."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from pydantic import Field, field_validator

from synth_assets.core.completion import Message
from synth_assets.core.sample import Sample, history_text
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.personal_data.finding import SECRETS, Found, Kind, masked
from synth_assets.core.verify.personal_data.phones import plan_of
from synth_assets.core.verify.personal_data.redaction import EndlessRedactionError, Redaction
from synth_assets.core.verify.personal_data.scan import Scanner
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.errors import RecipeError

Column: TypeAlias = Literal["history", "context", "prompt", "response", "reference", "rejected"]

# In the order in which they are read, and placeholders counted.
_COLUMNS: tuple[Column, ...] = (
    "history",
    "context",
    "prompt",
    "response",
    "reference",
    "rejected",
)
_UNASKED = frozenset({Kind.IP_ADDRESS, Kind.MAC_ADDRESS})
_REGIONS = ("AU", "BE", "CH", "DE", "FR", "GB", "IN", "IT", "JP", "NL", "US")
_MOST_TOLD = 4


class PersonalData(Verifier):
    """No text of the sample has personal data or secrets, or they are redacted.

    Attributes:
        action: `drop` rejects the sample; `redact` puts placeholders into its texts.
        kinds: what is looked for; by default all but addresses of machines.
        fields: which texts are read.
        allow_examples: let pass what is reserved for documentation, and whoever is nobody:
            `example.com`, 555-0100, published test cards, 127.0.0.1.
        regions: ISO 3166 regions whose telephone numbers count as written at home, that is
            without `+`, and without a word for them before.
    """

    kind: Literal["personal_data"]
    action: Literal["drop", "redact"] = "drop"
    kinds: tuple[Kind, ...] = Field(
        default=tuple(kind for kind in Kind if kind not in _UNASKED), min_length=1
    )
    fields: tuple[Column, ...] = Field(default=_COLUMNS, min_length=1)
    allow_examples: bool = True
    regions: tuple[str, ...] = _REGIONS

    @field_validator("kinds", "fields")
    @classmethod
    def _once(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(values)) < len(values):
            raise ValueError("names one twice")
        return values

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """See the protocol; no file is needed.

        Raises:
            RecipeError: if a region has no numbering plan.
        """
        if unknown := [region for region in self.regions if plan_of(region) is None]:
            raise RecipeError(
                f"verifier personal_data: no telephone numbers are known of {', '.join(unknown)}. "
                "Give ISO 3166 codes such as DE or US under regions:."
            )
        scanner = Scanner(self.kinds, self.regions, examples=not self.allow_examples)
        match self.action:
            case "drop":
                return lambda sample: _dropped(self._texts(sample), scanner)
            case "redact":
                return lambda sample: self._redacted(sample, scanner)
            case _:
                assert_never(self.action)

    def _texts(self, sample: Sample) -> dict[str, str]:
        """Name -> text; the turns of the chat before are texts of their own."""
        texts: dict[str, str] = {}
        for column in _COLUMNS:
            if column not in self.fields:
                continue
            if column == "history":
                earlier = sample.earlier
                texts |= {_turn(number): turn.content for number, turn in enumerate(earlier, 1)}
            else:
                texts[column] = getattr(sample, column)
        return texts

    def _redacted(self, sample: Sample, scanner: Scanner) -> Verdict:
        texts = self._texts(sample)
        redaction = Redaction(scanner.find)
        try:
            changed = redaction.apply(texts)
        except EndlessRedactionError as endless:
            return Verdict.errored(str(endless))
        if changed == texts:
            return Verdict.accepted("no personal data, no secrets")
        revised = {
            column: changed[column]
            for column in self.fields
            if column != "history" and changed[column] != texts[column]
        }
        turns = [
            Message(turn.role, changed.get(_turn(number), turn.content))
            for number, turn in enumerate(sample.earlier, 1)
        ]
        if any(changed[name] != text for name, text in texts.items() if name.startswith(_TURN)):
            revised["history"] = history_text(turns)
        return Verdict.accepted(f"redacted: {_told(redaction.counts)}", revised=revised)


@dataclass(frozen=True)
class _Placed:
    """Something found, and the text it stands in."""

    name: str
    text: str
    found: Found

    def __str__(self) -> str:
        """What and where, masked."""
        shape = masked(self.found.kind, self.text[self.found.start : self.found.end])
        kind = self.found.kind.value.replace("_", " ")
        return f"{kind} {shape} in the {self.name} at {self.found.start}"


def _dropped(texts: Mapping[str, str], scanner: Scanner) -> Verdict:
    placed = list(_placed(texts, scanner))
    if not placed:
        return Verdict.accepted("no personal data, no secrets")
    secrets = [each for each in placed if each.found.kind in SECRETS]
    reason = Reason.SECRET if secrets else Reason.PERSONAL_DATA
    first = secrets or placed
    told = "; ".join(map(str, first[:_MOST_TOLD]))
    if len(placed) > _MOST_TOLD:
        told += f"; in all {_told(Counter(each.found.kind for each in placed))}"
    return Verdict.rejected(reason, told)


def _placed(texts: Mapping[str, str], scanner: Scanner) -> Iterator[_Placed]:
    for name, text in texts.items():
        for found in scanner.find(text):
            yield _Placed(name, text, found)


_TURN = "turn "


def _turn(number: int) -> str:
    return f"{_TURN}{number}"


def _told(counts: Counter[Kind]) -> str:
    return ", ".join(f"{kind.value} {count}" for kind, count in sorted(counts.items()))
