"""A file in a wing is a choice in the config; its options are the pydantic class `Options` in that file."""

import ast
import contextlib
import difflib
import importlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as SchemaError
from jsonschema.validators import extend
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hdrpipe.config.documents import from_yaml
from hdrpipe.errors import UsageError

WINGS = ("datasets", "masking", "models")
ROOT = Path(__file__).parents[1]
SHOULD = "Input should be "
"""How pydantic begins most of its sentences."""

QUOTES = "put a name in quotes that YAML takes for a number, a truth or null"

LONGEST_VALUE = 200
"""Characters of a refused value that a message shows."""


def _defines_options(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.ClassDef) and node.name == "Options" for node in tree.body)


@cache
def choices(wing: str) -> tuple[str, ...]:
    """Names of the plug-ins of a wing, found without importing any of them."""
    return tuple(sorted(p.stem for p in (ROOT / wing).glob("[!_]*.py") if _defines_options(p)))


@cache
def says(wing: str, name: str, flag: str) -> bool:
    """Whether a plug-in's file says `flag = True` at its top level, found without importing it."""
    tree = ast.parse((ROOT / wing / f"{name}.py").read_text(encoding="utf-8"))
    said = [node for node in tree.body if isinstance(node, ast.Assign)]
    return any(isinstance(t, ast.Name) and t.id == flag and _is_true(node) for node in said for t in node.targets)


def _is_true(node: ast.Assign) -> bool:
    return isinstance(node.value, ast.Constant) and node.value.value is True


def load(wing: str, name: str) -> ModuleType:
    """Import one plug-in.

    Raises:
        UsageError: the wing has no plug-in of that name.
    """
    if name not in choices(wing):
        raise UsageError(f"unknown choice {name!r}{nearest(name, choices(wing))}", wing)
    return importlib.import_module(f"hdrpipe.{wing}.{name}")


def options(wing: str, name: str, mapping: Mapping[str, Any]) -> Any:
    """The `Options` of a plug-in, filled and checked.

    Raises:
        UsageError: an option is unknown, of a wrong type or out of range.
    """
    return validated(load(wing, name).Options, mapping, f"{wing}.{name}")


def validated(model: type[BaseModel], mapping: Mapping[str, Any], where: str) -> Any:
    """Validate a mapping; the first fault becomes one line that names key, value, allowed values and nearest match."""
    try:
        return model.model_validate(dict(mapping))
    except ValidationError as error:
        errors = error.errors(include_url=False)
        first, path = errors[0], _key(model, errors[0])
        key = ".".join([where, *path] if where else path)
        if first["type"] == "extra_forbidden":
            known = _fields_at(model, path[:-1])
            raise UsageError(f"unknown key{nearest(path[-1], known)}", key) from None
        message = _either([_wanted(e) for e in errors if _key(model, e) == path])
        close = nearest(str(first["input"]), _literals(message)) if "'" in message else ""
        given = _at(mapping, path, first["input"])
        hint = QUOTES if any(e["type"] == "string_type" for e in errors) else ""
        raise UsageError(f"{message}, not {repr(given)[:LONGEST_VALUE]}{close.partition(';')[0]}", key, hint) from None


def filled(schema: Mapping[str, Any] | None, mapping: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Options checked against the JSON schema of a plug-in, which is not imported, and filled with their defaults.

    Raises:
        UsageError: the schema is missing; or an option is unknown, of a wrong type or out of range.
    """
    if schema is None:
        raise UsageError("the schema of this plug-in is missing", where, "run `hdrpipe schema`")
    properties: dict[str, Any] = schema.get("properties", {})
    unknown = [key for key in mapping if key not in properties]
    if unknown:
        raise UsageError(f"unknown key{nearest(unknown[0], properties)}", f"{where}.{unknown[0]}")
    whole = {key: typed(field, mapping.get(key, field.get("default"))) for key, field in properties.items()}
    for error in cast(Iterator[SchemaError], CHECKER(schema).iter_errors(whole)):  # pyright: ignore[reportUnknownMemberType]
        part = cast(dict[str, Any], error.schema)
        names = choices_of(part)
        guess = nearest(str(error.instance), names).partition(";")[0] if names else ""
        allowed = allowed_values(part) if "properties" not in part else ""
        key = ".".join([where, *(str(step) for step in error.absolute_path)])
        hint = QUOTES if part.get("type") == "string" and not isinstance(error.instance, str) else ""
        raise UsageError(f"{error.message}{guess}{f'; allowed: {allowed}' if allowed else ''}", key, hint)
    return whole


def typed(schema: Mapping[str, Any], value: Any) -> Any:
    """A value as its schema wants it: Snakemake's `--config` hands on nested numbers, truths and null as strings."""
    if isinstance(value, list):
        items = schema.get("items")
        return [typed(items, v) for v in cast(list[Any], value)] if isinstance(items, Mapping) else value
    kinds = {part.get("type") for part in (schema, *schema.get("anyOf", ()))}
    if not isinstance(value, str) or not kinds - {None, "string"}:
        return value
    if value == "null" and "null" in kinds:
        return None
    if "string" in kinds:
        return value
    with contextlib.suppress(ValueError):
        return from_yaml(value)
    return value


def choices_of(schema: Mapping[str, Any]) -> list[str]:
    """Words that a schema allows, those of its alternatives included."""
    return [str(v) for part in (schema, *schema.get("anyOf", ())) for v in part.get("enum", ())]


def allowed_values(schema: Mapping[str, Any], quote: str = "") -> str:
    """What a schema allows, in words: choices, or a type with its bounds."""
    if "enum" in schema:
        return ", ".join(f"{quote}{value}{quote}" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(allowed_values(option, quote) for option in schema["anyOf"])
    if "const" in schema:
        return f"{quote}{schema['const']}{quote}"
    limits = [f"{sign} {schema[word]}" for word, sign in SIGNS.items() if word in schema]
    return " ".join([schema.get("type", ""), *limits]).strip()


SIGNS = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
    "multipleOf": "multiple of",
}


def _ascending(_: Any, wanted: bool, value: Any, schema: Any) -> Iterator[SchemaError]:
    numbers = isinstance(value, list) and all(isinstance(v, int | float) for v in cast(list[Any], value))
    if wanted and numbers and not all(low < high for low, high in pairwise(value)):
        yield SchemaError(f"{value!r} does not ascend")


def _multiples(_: Any, pairs: Mapping[str, str], value: Any, schema: Any) -> Iterator[SchemaError]:
    for key, of in pairs.items():
        whole = isinstance(value[key], int) and isinstance(value[of], int) and value[of] > 0
        if whole and value[key] % value[of]:
            yield SchemaError(f"{key} {value[key]} is not a multiple of {of} {value[of]}")


CHECKER = extend(Draft202012Validator, {"ascending": _ascending, "multiples": _multiples})
"""Knows two words beside those of JSON schema: a list that ascends; options that are multiples of others."""


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean X?); allowed: ...` for a misspelt name."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    guess = f" (did you mean {close[0]!r}?)" if close else ""
    return f"{guess}; allowed: {', '.join(known)}"


def _key(model: type[BaseModel], error: ErrorDetails) -> list[str]:
    """The key of a fault, as a user wrote it: pydantic goes on with tags of alternatives and places in lists."""
    path = [str(part) for part in error["loc"]]
    for depth in range(1, len(path)):
        known = _fields_at(model, path[:depth])
        if not known:
            return path[:depth]
    return path


def _wanted(error: ErrorDetails) -> str:
    if error["type"] in {"model_type", "dict_type"}:
        return "must be a mapping of keys"
    if error["type"] == "tuple_type":
        return f"{SHOULD}a list"
    return error["msg"].removeprefix("Value error, ")


def _either(wanted: list[str]) -> str:
    """What alternatives ask for, as one sentence."""
    return " or ".join([wanted[0], *(text.removeprefix(SHOULD) for text in dict.fromkeys(wanted[1:]))])


def _at(mapping: Any, path: list[str], otherwise: Any) -> Any:
    """The value that was given at a path."""
    for part in path:
        if not isinstance(mapping, Mapping) or part not in mapping:
            return otherwise
        mapping = cast(Mapping[str, Any], mapping)[part]
    return mapping


def _literals(message: str) -> list[str]:
    return message.split("'")[1::2]


def _fields_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """Keys that a nested model knows at `path`."""
    for part in path:
        annotation = model.model_fields[part].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
