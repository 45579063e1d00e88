"""A file in a wing is a choice in the config; its options are the pydantic class `Options` in that file."""

import ast
import difflib
import importlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from hdrpipe.errors import UsageError

WINGS = ("datasets", "masking", "models")
ROOT = Path(__file__).parent


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


def filled(schema: dict[str, Any] | None, options: dict[str, Any], where: str) -> dict[str, Any]:
    """Options of a plug-in with its defaults, checked against its committed schema without importing it.

    Raises:
        UsageError: the schema is missing; or an option is unknown, of a wrong type or out of range.
    """
    if schema is None:
        raise UsageError("the schema of this plug-in is missing", where, "run `hdrpipe schema`")
    properties: dict[str, Any] = schema.get("properties", {})
    unknown = [key for key in options if key not in properties]
    if unknown:
        raise UsageError(f"unknown key{nearest(unknown[0], properties)}", f"{where}.{unknown[0]}")
    for error in Draft202012Validator(schema).iter_errors(options):  # pyright: ignore[reportUnknownMemberType]
        key = ".".join([where, *(str(part) for part in error.absolute_path)])
        raise UsageError(f"{error.message}{_allowed(error.schema)}", key)
    return {key: options.get(key, field.get("default")) for key, field in properties.items()}


def _allowed(schema: Any) -> str:
    words = {"minimum": ">=", "maximum": "<=", "exclusiveMinimum": ">", "exclusiveMaximum": "<", "enum": "one of"}
    parts = [f"{sign} {schema[word]}" for word, sign in words.items() if word in schema]
    return f"; allowed: {' and '.join(parts)}" if parts else ""


def validated(model: type[BaseModel], mapping: Mapping[str, Any], where: str) -> Any:
    """Validate a mapping; the first fault becomes one line that names key, value, allowed values and nearest match."""
    try:
        return model.model_validate(dict(mapping))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = [str(part) for part in first["loc"]]
        key = ".".join([where, *path]) if where else ".".join(path)
        if first["type"] == "extra_forbidden":
            known = _fields_at(model, path[:-1])
            raise UsageError(f"unknown key{nearest(path[-1], known)}", key) from None
        message = first["msg"].removeprefix("Value error, ")
        close = nearest(str(first["input"]), _literals(message)) if first["type"] == "literal_error" else ""
        raise UsageError(f"{message}, not {first['input']!r}{close.partition(';')[0] if close else ''}", key) from None


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean X?); allowed: ...` for a misspelt name."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    guess = f" (did you mean {close[0]!r}?)" if close else ""
    return f"{guess}; allowed: {', '.join(known)}"


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
