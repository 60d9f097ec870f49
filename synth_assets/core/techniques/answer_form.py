"""The form of a JSON answer: its schema, how it is asked for, and how an answer is held to it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, PydanticUserError, ValidationError

from synth_assets.core.completion import Completion, Message, Request
from synth_assets.core.config.teachers import ResponseFormat
from synth_assets.core.schema import Reason
from synth_assets.core.techniques.lenient_json import json_text, read_object
from synth_assets.core.verify.json_record import MalformedJson, Strict, strict_json
from synth_assets.errors import RecipeError, TechniqueError

if TYPE_CHECKING:
    from jsonschema_rs import Validator

ASKED = (
    "Answer with one JSON object and nothing else: no words around it, no code fence. It must be "
    "valid by this JSON schema:"
)
ASKED_AGAIN = (
    "That answer cannot be used: {problem}. Answer the same request again, with one JSON object "
    "and nothing else, valid by the JSON schema."
)
"""Part of what is sent, and so of a recipe's version: a change of a word buys answers again."""

_BEYOND_STRICT = frozenset(
    {"allOf", "default", "dependentRequired", "dependentSchemas", "else", "if", "not", "oneOf"}
    | {"patternProperties", "prefixItems", "then"}
)
"""What providers refuse in a schema that they are to enforce."""

_ANY_OBJECT = '{"type":"json_object"}'
_MAX_REFERENCES = 8
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Answered:
    """The fields of an answer that a technique asked for.

    Attributes:
        texts: field -> text; what is no text in the JSON is canonical JSON here.
        completion: where they stand.
        mended: whether something stood around the JSON, or its syntax was mended.
    """

    texts: Mapping[str, str]
    completion: Completion
    mended: bool = False

    def __getitem__(self, name: str) -> str:
        return self.texts[name]


@dataclass(frozen=True)
class Fault:
    """Why an answer is not of its form."""

    reason: Reason
    problem: str


@dataclass(frozen=True)
class AnswerForm:
    """What the answers to one prompt must be.

    Attributes:
        name: what the provider is told the schema is called.
        schema: the JSON schema as text, its keys in the order of its author: models write the
            fields of an answer in that order.
        validator: the schema, compiled.
        model: a Pydantic model that answers must pass too, for validators of its own.
    """

    name: str
    schema: str
    validator: "Validator" = field(repr=False, compare=False)
    model: type[BaseModel] | None = None

    @classmethod
    def of_file(cls, label: str, name: str, text: str, needed: Sequence[str]) -> "AnswerForm":
        """Read a schema file of a recipe.

        Args:
            label: the recipe's folder, as messages call it.
            name: of the file.
            text: of the file.
            needed: fields that the technique reads.

        Raises:
            RecipeError: if it is no usable schema, or does not require what is needed.
        """
        where = f"{label}: {name}"
        try:
            strict_json(text)
        except MalformedJson as fault:
            raise RecipeError(f"{where}: not valid JSON: {fault}. Mend it there.") from fault
        return cls._of(where, PurePosixPath(name).stem, json.loads(text), needed, None)

    @classmethod
    def of_model(
        cls, label: str, name: str, model: type[BaseModel], needed: Sequence[str]
    ) -> "AnswerForm":
        """Take the schema of a Pydantic model, called `package.module:Model`.

        Raises:
            RecipeError: if it has no usable schema, or does not require what is needed.
        """
        where = f"{label}: {name}"
        try:
            schema = model.model_json_schema()
        except PydanticUserError as exc:
            told = str(exc).partition("\n")[0]
            raise RecipeError(
                f"{where}: has no JSON schema: {told} Give it fields that JSON can say."
            ) from exc
        return cls._of(where, name.partition(":")[2], schema, needed, model)

    @classmethod
    def _of(
        cls,
        where: str,
        name: str,
        schema: object,
        needed: Sequence[str],
        model: type[BaseModel] | None,
    ) -> "AnswerForm":
        if not isinstance(schema, dict):
            raise RecipeError(f"{where}: a JSON schema for answers is an object. Write {{...}}.")
        said = cast("dict[str, Any]", schema)
        validator = _compiled(where, said)
        _refuse_missing(where, said, needed)
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:64] or "answer"
        return cls(plain, text, validator, model)

    def asked(self, request: Request, how: ResponseFormat) -> Request:
        """The request, asking for JSON the way its teacher takes it.

        With `schema` the schema is sent as `response_format`, to be enforced where it is closed
        (every object lists all its properties as required and allows no others), which is what
        providers ask of an enforced one. With `object` JSON is asked for, and the schema stands
        in the prompt; with `none`, or `auto` that nobody resolved, it stands there alone.
        """
        match how:
            case "schema":
                return replace(request, response_format=self._schema_format)
            case "object":
                return replace(self._asked_in_prompt(request), response_format=_ANY_OBJECT)
            case _:
                return self._asked_in_prompt(request)

    def asked_again(self, request: Request, answer: str, problem: str) -> Request:
        """The request that follows a faulty answer: the chat so far, and what is wrong.

        Its step is `.../again`. The schema is told where only `response_format` told it, since a
        server may have passed over that.
        """
        said = ASKED_AGAIN.format(problem=problem)
        if self.schema not in request.messages[-1].content:
            said = f"{said}\n\n{self.schema}"
        chat = (*request.messages, Message("assistant", answer), Message("user", said))
        return replace(request, messages=chat, step=f"{request.step}/again", fallbacks=())

    def read(self, completion: Completion, names: Sequence[str]) -> Answered | Fault:
        """Read the named fields of an answer, after holding it to schema and model.

        Raises:
            TechniqueError: if a validator of the Pydantic model fails with an error of its own.
        """
        try:
            found = read_object(completion.text)
        except MalformedJson as fault:
            return Fault(Reason.MALFORMED_JSON, str(fault))
        if problem := self._violation(found.value):
            return Fault(Reason.SCHEMA_VIOLATION, problem)
        texts = {name: _plain(found.value.get(name)) for name in names}
        if empty := [name for name, said in texts.items() if not said]:
            return Fault(Reason.SCHEMA_VIOLATION, f"{', '.join(empty)}: must not be empty")
        return Answered(texts, completion, found.mended)

    @cached_property
    def _schema_format(self) -> str:
        schema: dict[str, Any] = json.loads(self.schema)
        told = {"name": self.name, "schema": schema, "strict": _is_enforceable(schema)}
        return _text({"type": "json_schema", "json_schema": told})

    def _asked_in_prompt(self, request: Request) -> Request:
        *before, last = request.messages
        told = Message(last.role, f"{last.content}\n\n{ASKED}\n\n{self.schema}")
        return replace(request, messages=(*before, told))

    def _violation(self, value: dict[str, Strict]) -> str:
        fault = next(iter(self.validator.iter_errors(value)), None)
        if fault is not None:
            where = _short(".".join(map(str, fault.instance_path)) or "the object")
            return f"{where}: {_short(fault.message)}"
        if self.model is None:
            return ""
        try:
            self.model.model_validate_json(json_text(value))
        except ValidationError as exc:
            # Its links hold Pydantic's version, which must not become part of a request.
            first = exc.errors(include_url=False, include_context=False)[0]
            where = _short(".".join(map(str, first["loc"])) or "the object")
            return f"{where}: {_short(first['msg'])}"
        except Exception as exc:
            raise TechniqueError(
                f"The Pydantic model {self.model.__qualname__}: a validator raised "
                f"{type(exc).__name__}: {exc}. Mend it; for a wrong value raise ValueError."
            ) from exc
        return ""


def _compiled(where: str, schema: dict[str, Any]) -> "Validator":
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(schema, validate_formats=True, offline=True)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as fault:
        told = str(fault).partition("\n")[0]
        raise RecipeError(
            f"{where}: not a usable JSON schema: {told}. Mend it; references may only point into "
            "the same file."
        ) from fault


def _refuse_missing(where: str, schema: dict[str, Any], needed: Sequence[str]) -> None:
    top = schema
    for _ in range(_MAX_REFERENCES):
        if "$ref" not in top:
            break
        top = _referred(schema, str(top["$ref"]))
    required, properties = top.get("required", ()), top.get("properties", {})
    if missing := [name for name in needed if name not in required or name not in properties]:
        raise RecipeError(
            f"{where}: the technique reads {', '.join(missing)} of each answer, which the schema "
            "does not require. Add it to properties and to required, or in Pydantic as a field "
            "without a default."
        )


def _referred(schema: dict[str, Any], reference: str) -> dict[str, Any]:
    found: Any = schema
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found.get(step, {}) if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _is_enforceable(schema: Mapping[str, Any]) -> bool:
    """Whether providers enforce it (OpenAI's «Structured Outputs», supported schemas)."""
    at_top = schema.get("type") == "object" and not {"anyOf", "$ref"} & schema.keys()
    return at_top and _is_closed(schema)


def _is_closed(node: object) -> bool:
    if not isinstance(node, dict):
        return False
    said = cast("dict[str, Any]", node)
    if _BEYOND_STRICT & said.keys():
        return False
    properties: dict[str, Any] = said.get("properties", {})
    if properties or said.get("type") == "object":
        if said.get("additionalProperties") is not False:
            return False
        if set(said.get("required", ())) != set(properties):
            return False
    inner = [*properties.values(), *said.get("anyOf", ())]
    inner += [*said.get("$defs", {}).values(), *said.get("definitions", {}).values()]
    inner += [said["items"]] if "items" in said else []
    return all(_is_closed(part) for part in inner)


def _short(said: str) -> str:
    flat = " ".join(said[: 2 * _SHOWN_CHARACTERS].split())
    return flat if len(flat) <= _SHOWN_CHARACTERS else f"{flat[: _SHOWN_CHARACTERS - 1]}…"


def _plain(value: Strict) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json_text(value)


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
