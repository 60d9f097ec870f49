"""YAML as people write it: safe, small, without surprises, and with line numbers in errors."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from synth_assets.core.config.names import NAME_PATTERN
from synth_assets.errors import ConfigurationError

MAX_CHARACTERS = 200_000
MAX_DEPTH = 20
# What all that is refused of events needs: signs, escapes, odd line breaks, a line that begins far
# to the right (a level takes a column, and one more where a list stands below its key), brackets.
_MAY_BE_BOMB = re.compile(r"[&*!\\\r\x85\u2028\u2029\ud800-\udfff]|^[ \t?:-]{10}", re.M)
_FEW_BRACKETS = 5

M = TypeVar("M", bound=BaseModel)

# libyaml reads ten times faster; PyYAML falls back to Python where it was built without.
_Safe: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):
    """YAML 1.2's few scalar types: `no`, `on`, `1:30`, `010` and dates are the text they show."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


_SCALARS = {
    "null": (r"^(?:~|null|)$", ["~", "n", ""]),
    "bool": (r"^(?:true|false)$", ["t", "f"]),
    "int": (r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    "float": (r"^[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?$", list("-+0123456789")),
}
for _kind, (_pattern, _first) in _SCALARS.items():
    _tag = f"tag:yaml.org,2002:{_kind}"
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)  # pyright: ignore[reportUnknownMemberType]


@dataclass(frozen=True)
class YamlText:
    """A parsed document that still knows where its parts stand.

    Attributes:
        label: how the file is called in messages.
        value: plain Python data.
        root: the node tree, for line numbers.
    """

    label: str
    value: Any
    root: yaml.Node

    def line_of(self, path: Sequence[str | int]) -> int:
        """The 1-based line of the deepest part that `path` reaches."""
        return self._reach(path)[0]

    def shown(self, path: Sequence[str | int]) -> str:
        """`path` as its author would write it: without steps that stand in no document."""
        return self._reach(path)[1]

    def _reach(self, path: Sequence[str | int]) -> tuple[int, str]:
        """Follow `path`; pydantic puts tags of unions between the keys, which are passed over."""
        node, line, shown = self.root, self.root.start_mark.line, ""
        for step in path:
            found = _child(node, step)
            if found is not None:
                line, node = found
                shown += f"[{step}]" if isinstance(step, int) else f".{step}"
        return line + 1, shown.lstrip(".")


def parse_yaml(text: str, label: str, error: type[ConfigurationError]) -> YamlText:
    """Parse one YAML document into plain data.

    Refused besides malformed YAML: more than 200,000 characters, nesting deeper than 20,
    anchors and aliases (they allow exponential expansion), tags, duplicate keys, lone surrogates,
    numbers beyond a float's range, other than one document.

    Raises:
        ConfigurationError: of the class `error`, naming the line.
    """
    if len(text) > MAX_CHARACTERS:
        raise error(
            f"{label}: {len(text):,} characters; at most {MAX_CHARACTERS:,} are read. "
            "Move data into a seeds file."
        )
    try:
        if _MAY_BE_BOMB.search(text) or text.count("[") + text.count("{") > _FEW_BRACKETS:
            _refuse_bombs(text, label, error)
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            raise error(f"{label}: empty. Write at least the required keys.")
        value = _value(root, label, error)
    except (yaml.YAMLError, ValueError) as exc:
        raise error(f"{label}: {_told(exc, text)}") from exc
    return YamlText(label, value, root)


def validated(model: type[M], document: YamlText, error: type[ConfigurationError]) -> M:
    """Validate a parsed document against a model.

    Raises:
        ConfigurationError: of the class `error`, naming file, line, key and mend for each fault.
    """
    try:
        return model.model_validate(document.value)
    except ValidationError as exc:
        faults = [_fault(document, item) for item in exc.errors()]
        shown = "\n  ".join(faults[:10])
        more = f"\n  and {len(faults) - 10} more" if len(faults) > 10 else ""
        raise error(f"{document.label}: {len(faults)} fault(s):\n  {shown}{more}") from exc


def _fault(document: YamlText, item: ErrorDetails) -> str:
    path = item["loc"]
    where = document.shown(path)
    if item["type"] == "missing":
        where = f"{where}.{path[-1]}".lstrip(".")
    match item["type"]:
        case "extra_forbidden":
            told = "is no known key. Remove it, or mend its spelling."
        case "missing":
            told = "is missing. Add it."
        case "string_type":
            told = "must be text. Put it in quotes."
        case "string_pattern_mismatch" if item.get("ctx", {}).get("pattern") == NAME_PATTERN:
            told = (
                "must be a name: lower case letters, digits, `_` and `-`, a letter first, at most "
                "63. Rename it."
            )
        case "model_type" | "model_attributes_type" | "dict_type":
            told = "must hold `key: value` lines. Indent them under it."
        case "tuple_type":
            told = "must be a list. Write `[a, b]`, or a line `- a` for each."
        case _:
            said = item["msg"].removeprefix("Value error, ").replace("Tuple should", "List should")
            told = f"is not right: {_printable(said)}."
    return f"line {document.line_of(path)}: `{_printable(where) or 'the document'}` {told}"


def _refuse_bombs(text: str, label: str, error: type[ConfigurationError]) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise error(f"{label}: line {line}: anchors and aliases are not read. Write it out.")
        if tag := getattr(event, "tag", None):
            raise error(f"{label}: line {line}: the tag {tag} is not read. Remove it.")
        if isinstance(event, yaml.ScalarEvent) and re.search(r"[\ud800-\udfff]", event.value):
            raise error(f"{label}: line {line}: half of a surrogate pair. Write the character.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise error(
                    f"{label}: line {line}: nested deeper than {MAX_DEPTH} levels. Flatten it."
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _value(node: yaml.Node, label: str, error: type[ConfigurationError]) -> Any:  # noqa: ANN401
    """What a node says; PyYAML's own way through constructors by tag takes thrice the time."""
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, label, error)
    if isinstance(node, yaml.SequenceNode):
        return [_value(each, label, error) for each in node.value]
    match node.tag:
        case "tag:yaml.org,2002:null":
            return None
        case "tag:yaml.org,2002:bool":
            return node.value == "true"
        case "tag:yaml.org,2002:int":
            return int(node.value)
        case "tag:yaml.org,2002:float":
            return _finite(node)
        case _:
            return node.value


def _mapping(node: yaml.MappingNode, label: str, error: type[ConfigurationError]) -> dict[Any, Any]:
    lines: dict[str, int] = {}
    found: dict[Any, Any] = {}
    for key, item in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(
                "while constructing a mapping", node.start_mark, "a key is no text", key.start_mark
            )
        line = key.start_mark.line + 1
        if key.value in lines:
            raise error(
                f"{label}: line {line}: the key `{_printable(key.value)}` stands on line "
                f"{lines[key.value]} already. Keep one."
            )
        lines[key.value] = line
        found[_value(key, label, error)] = _value(item, label, error)
    return found


def _finite(node: yaml.Node) -> float:
    """JSON has no infinities, so `1e999` is an error."""
    value = float(node.value)
    if not math.isfinite(value):
        raise yaml.constructor.ConstructorError(
            None, None, f"{node.value} is too large", node.start_mark
        )
    return value


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    """The line where a part begins, with its key, and the part."""
    if isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            if key.value == str(step):
                return key.start_mark.line, item
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line, item
    return None


def _told(exc: Exception, text: str) -> str:
    """A parser's complaint as line, problem, mend."""
    if isinstance(exc, yaml.MarkedYAMLError) and exc.problem_mark is not None:
        problem = ", ".join(part for part in (exc.problem, exc.context) if part)
        line = min(exc.problem_mark.line, text.rstrip("\n").count("\n")) + 1
        return f"line {line}: not valid YAML: {problem}. Mend the syntax there."
    if isinstance(exc, yaml.reader.ReaderError):
        line = text.count("\n", 0, exc.position) + 1
        return f"line {line}: a character that YAML does not allow. Remove it."
    return f"not valid YAML: {_printable(str(exc))}. Mend the syntax there."


def _printable(text: str) -> str:
    flat = " ".join(text.split())[:300]
    return flat if flat.isprintable() else json.dumps(flat)
