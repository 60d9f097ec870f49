"""Records: one strict JSON object that obeys a schema and says nothing its text does not."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import BaseModel, Field, ValidationError, model_validator

from synth_assets.core.sample import Sample
from synth_assets.core.schema import Reason, Verdict
from synth_assets.core.verify.protocol import Check, Verifier
from synth_assets.core.verify.reading.fenced import only_block
from synth_assets.core.verify.reading.folding import clipped, folded, stands_in
from synth_assets.core.verify.reading.quantities import MAX_DIGITS, lone_number, numbers_in
from synth_assets.core.verify.tools import NO_TOOLS, Tools
from synth_assets.errors import RecipeError, TechniqueError

if TYPE_CHECKING:
    from jsonschema_rs import Validator

Strict: TypeAlias = "bool | int | Decimal | str | list[Strict] | dict[str, Strict] | None"
"""A JSON value whose numbers are exact."""

MAX_CHARACTERS = 100_000
MAX_DEPTH = 32
_MAX_POWER = 400

# A string that is never closed is taken to its end, or the search would begin anew at each quote.
_STRING_OR_BRACKET = re.compile(r'"(?>(?:[^"\\]|\\.?)*)"?|[][{}]', re.DOTALL)
_LEADING_ZERO = re.compile(r"-?0\d")


class MalformedJson(ValueError):
    """The text is not one strict JSON value; the message says why."""


@dataclass(frozen=True)
class _Leaf:
    """A text or number of a record, and the keys and indices that lead to it."""

    path: tuple[str, ...]
    value: str | int | Decimal


@dataclass(frozen=True)
class _Record:
    """An object, and how it was come by; `how` is empty where the response is strict JSON."""

    value: dict[str, Strict]
    how: Literal["", "fenced", "mended"] = ""


_Violation: TypeAlias = "Callable[[dict[str, Strict]], str]"
"""What a record has that its form does not allow; nothing where it is of the form."""


class JsonRecord(Verifier):
    """The response is a JSON object, valid by a schema, whose values stand in the context.

    Strict JSON: nothing around it (no code fence), no duplicate keys, no NaN or Infinity, at most
    100,000 characters and 32 levels. Texts are compared token for token without regard to case,
    white space and typography; numbers by value, so that 1200 is found in `1,200`, 8.50 in `8.5`,
    and 12 not in `125`. Numbers spelled out in words are not read.

    Attributes:
        schema_file: a JSON Schema in the recipe's folder; `format` is checked too. It may refer
            to nothing outside itself.
        pydantic: a Pydantic model instead, `package.module:Model`, held to strictly: no text is
            taken for a number. Its module is imported, and its validators run.
        allow_fence: one code fence may stand around the record, and nothing else; the evidence
            says so.
        repair: loose syntax is mended as long as no word, number or bracket changes; the row then
            has the mended JSON, `"json": "mended"` among its attributes, and the evidence says so.
        values_in_text: each text and number of the record must stand in the sample's context;
            true, false, null and empty texts state nothing that could stand there.
        except_fields: keys whose values need not stand there, at any depth.
    """

    kind: Literal["json_record"]
    schema_file: str | None = Field(default=None, min_length=1)
    pydantic: str | None = Field(default=None, pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    allow_fence: bool = False
    repair: bool = False
    values_in_text: bool = True
    except_fields: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> "JsonRecord":
        if (self.schema_file is None) == (self.pydantic is None):
            raise ValueError("give either `schema_file` or `pydantic`")
        return self

    def prepare(self, files: Mapping[str, str], tools: Tools = NO_TOOLS) -> Check:
        """Compile the schema, or import the model.

        Raises:
            RecipeError: if the schema file is missing or is no schema, or the model does not
                import.
        """
        if self.schema_file is not None:
            violation = _by_schema(_compiled(self.schema_file, files))
        elif tools.models is not None:
            violation = _by_model(tools.models.model(self.pydantic or ""))
        else:
            return _no_models
        return lambda sample: self._check(sample, violation)

    def _check(self, sample: Sample, violation: _Violation) -> Verdict:
        try:
            record = self._record(sample.response)
        except MalformedJson as fault:
            return Verdict.rejected(Reason.MALFORMED_JSON, str(fault))
        if told := violation(record.value):
            return Verdict.rejected(Reason.SCHEMA_VIOLATION, told)
        verdict = (
            self._grounded(record.value, sample.context)
            if self.values_in_text
            else Verdict.accepted("valid by the schema")
        )
        if not record.how or verdict.reason is not None:
            return verdict
        if record.how == "fenced":
            return Verdict.accepted(f"in a code fence; {verdict.evidence}")
        attributes = json.dumps({**sample.drawn, "json": record.how}, ensure_ascii=False)
        return Verdict.accepted(
            f"its syntax was mended; {verdict.evidence}",
            revised={"response": _written(record.value), "attributes": attributes},
        )

    def _record(self, text: str) -> _Record:
        block = only_block(text) if self.allow_fence else None
        try:
            if block is not None and block.language in ("", "json"):
                return _Record(_object_of(strict_json(block.text)), "fenced")
            return _Record(_object_of(strict_json(text)))
        except MalformedJson:
            if not self.repair:
                raise
        # It builds on this module.
        from synth_assets.core.techniques.lenient_json import read_object

        return _Record(read_object(text).value, "mended")

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


def _no_models(sample: Sample) -> Verdict:
    return Verdict.errored("nobody here imports Pydantic models; verify where `synth` does")


def _object_of(value: Strict) -> dict[str, Strict]:
    if not isinstance(value, dict):
        raise MalformedJson("it is JSON, but no object")
    return value


def _by_schema(validator: "Validator") -> _Violation:
    def violation(record: dict[str, Strict]) -> str:
        fault = next(iter(validator.iter_errors(record)), None)
        if fault is None:
            return ""
        where = clipped(".".join(map(str, fault.instance_path)) or "the record")
        return f"{where}: {clipped(fault.message, 160)}"

    return violation


def _by_model(model: type[BaseModel]) -> _Violation:
    def violation(record: dict[str, Strict]) -> str:
        try:
            model.model_validate_json(_written(record), strict=True)
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_context=False)[0]
            where = clipped(".".join(map(str, first["loc"])) or "the record")
            return f"{where}: {clipped(first['msg'], 160)}"
        except Exception as exc:  # a user's validator may raise anything
            raise TechniqueError(
                f"The Pydantic model {model.__qualname__}: a validator raised "
                f"{type(exc).__name__}: {exc}. Mend it; for a wrong value raise ValueError."
            ) from exc
        return ""

    return violation


def _written(value: Strict) -> str:
    """JSON text of a value, its keys in their order and its numbers with the digits they had."""
    match value:
        case dict():
            inner = (f"{_written(key)}: {_written(item)}" for key, item in value.items())
            return f"{{{', '.join(inner)}}}"
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case Decimal():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


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
