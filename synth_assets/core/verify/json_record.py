"""Records: one strict JSON object that obeys a schema and says nothing its text does not."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import Field

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.folding import clipped, folded, stands_in
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.quantities import MAX_DIGITS, lone_number, numbers_in
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.errors import RecipeError

if TYPE_CHECKING:
    from jsonschema_rs import Validator

Strict: TypeAlias = "bool | int | Decimal | str | list[Strict] | dict[str, Strict] | None"
"""A JSON value whose numbers are exact."""

MAX_CHARACTERS = 100_000
MAX_DEPTH = 32
_MAX_POWER = 400

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"|[][{}]', re.DOTALL)
_LEADING_ZERO = re.compile(r"-?0\d")


class MalformedJson(ValueError):
    """The text is not one strict JSON value; the message says why."""


@dataclass(frozen=True)
class _Leaf:
    """A text or number of a record, and the keys and indices that lead to it."""

    path: tuple[str, ...]
    value: str | int | Decimal


class JsonRecord(Verifier):
    """The response is a JSON object, valid by a schema, whose values stand in the context.

    Strict JSON: nothing around it (no code fence), no duplicate keys, no NaN or Infinity, at most
    100,000 characters and 32 levels. Texts are compared token for token without regard to case,
    white space and typography; numbers by value, so that 1200 is found in `1,200`, 8.50 in `8.5`,
    and 12 not in `125`. Numbers spelled out in words are not read.

    Attributes:
        schema_file: a JSON Schema in the recipe's folder; `format` is checked too. It may refer
            to nothing outside itself.
        values_in_text: each text and number of the record must stand in the sample's context;
            true, false, null and empty texts state nothing that could stand there.
        except_fields: keys whose values need not stand there, at any depth.
    """

    kind: Literal["json_record"]
    schema_file: str = Field(min_length=1)
    values_in_text: bool = True
    except_fields: tuple[str, ...] = ()

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """Compile the schema.

        Raises:
            RecipeError: if the schema file is missing or is no schema.
        """
        validator = _compiled(self.schema_file, files)

        def check(sample: Sample) -> Verdict:
            return self._check(sample, validator)

        return check

    def _check(self, sample: Sample, validator: "Validator") -> Verdict:
        try:
            record = strict_json(sample.response)
        except MalformedJson as fault:
            return Verdict.rejected(Reason.MALFORMED_JSON, str(fault))
        if not isinstance(record, dict):
            return Verdict.rejected(Reason.MALFORMED_JSON, "it is JSON, but no object")
        fault = next(iter(validator.iter_errors(record)), None)
        if fault is not None:
            where = clipped(".".join(map(str, fault.instance_path)) or "the record")
            return Verdict.rejected(
                Reason.SCHEMA_VIOLATION, f"{where}: {clipped(fault.message, 160)}"
            )
        if not self.values_in_text:
            return Verdict.accepted("valid by the schema")
        return self._grounded(record, sample.context)

    def _grounded(self, record: dict[str, Strict], context: str) -> Verdict:
        leaves = [
            leaf for leaf in _leaves(record, ()) if not set(leaf.path) & set(self.except_fields)
        ]
        text, numbers = folded(context), numbers_in(context)
        for leaf in leaves:
            if not _stated(leaf.value, text, numbers):
                where = clipped(".".join(leaf.path))
                told = f"{where}: {clipped(str(leaf.value))} does not stand in the text"
                return Verdict.rejected(Reason.VALUE_NOT_IN_TEXT, told)
        return Verdict.accepted(f"valid by the schema; {len(leaves)} values stand in the text")


def strict_json(text: str) -> Strict:
    """Parse one JSON value; numbers with a point or exponent become exact decimals.

    Raises:
        MalformedJson: for all that JsonRecord calls not strict.
    """
    if len(text) > MAX_CHARACTERS:
        raise MalformedJson(f"{len(text):,} characters; at most {MAX_CHARACTERS:,} are read")
    _refuse_depth(text)
    try:
        value: Strict = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_decimal,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as fault:
        told = f"{fault.msg} at line {fault.lineno}, column {fault.colno}"
        raise MalformedJson(told) from fault
    for leaf in _leaves(value, ()):
        if any(not _encodable(word) for word in (*leaf.path, str(leaf.value))):
            raise MalformedJson("it has half a surrogate pair, which is no character")
    return value


def _refuse_depth(text: str) -> None:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        token = match.group()
        depth += (token in "[{") - (token in "]}")
        if depth > MAX_DEPTH:
            raise MalformedJson(f"nested deeper than {MAX_DEPTH} levels")


def _object(pairs: list[tuple[str, Strict]]) -> dict[str, Strict]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise MalformedJson(f"the key {clipped(twice)} stands twice in one object")
    return found


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise MalformedJson(f"a number of more than {MAX_DIGITS} digits")
    return int(digits)


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as fault:
        raise MalformedJson("a number with an exponent beyond all bounds") from fault
    if len(text) > MAX_DIGITS or abs(value.adjusted()) > _MAX_POWER:
        raise MalformedJson(f"a number of more than {MAX_DIGITS} digits or beyond 1e{_MAX_POWER}")
    return value


def _refuse_constant(name: str) -> None:
    raise MalformedJson(f"{name} is no JSON")


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _leaves(value: Strict, path: tuple[str, ...]) -> Iterator[_Leaf]:
    match value:
        case dict():
            for key, item in value.items():
                yield from _leaves(item, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from _leaves(item, (*path, str(index)))
        case bool() | None:
            return
        case _:
            yield _Leaf(path, value)


def _stated(value: str | int | Decimal, text: str, numbers: frozenset[Fraction]) -> bool:
    if not isinstance(value, str):
        return Fraction(value) in numbers
    wording = folded(value)
    if not wording or stands_in(wording, text):
        return True
    number = lone_number(value)
    if number is None or number.text != wording or _LEADING_ZERO.match(wording):
        return False
    return number.value in numbers


def _compiled(name: str, files: Mapping[str, str]) -> "Validator":
    import jsonschema_rs

    if name not in files:
        raise RecipeError(
            f"verifier json_record: there is no file {name}. Files here: "
            f"{', '.join(sorted(files)) or 'none'}. Put the schema into the recipe's folder, or "
            "mend schema_file."
        )
    try:
        schema = strict_json(files[name])
    except MalformedJson as fault:
        raise RecipeError(f"{name}: not valid JSON: {fault}. Mend the syntax there.") from fault
    if not isinstance(schema, dict):
        raise RecipeError(f"{name}: a JSON Schema for records must be an object. Write {{...}}.")
    try:
        return jsonschema_rs.validator_for(schema, validate_formats=True, offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as fault:
        told = str(fault).partition("\n")[0]
        raise RecipeError(
            f"{name}: not a usable JSON Schema: {told}. Mend it; references may only point into "
            "the same file."
        ) from fault
