"""Base class of all settings, and the one line that a fault in them becomes."""

import difflib
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any, cast, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from hdrpipe.errors import UsageError

SHOULD = "Input should be "
"""Words that most messages of pydantic begin with; they are cut off."""

QUOTES = "put a name in quotes that YAML takes for a number, a truth or null"

LONGEST_VALUE = 200
"""Characters of a refused value that a message shows."""


class Spec(BaseModel):
    """Base of all settings: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _nulls(cls, mapping: Any) -> Any:
        """None for the word `null`, which Snakemake's `--config` hands on, where a field takes None."""
        if not isinstance(mapping, Mapping):
            return mapping
        given = cast(Mapping[str, Any], mapping)
        optional = {key for key, field in cls.model_fields.items() if type(None) in get_args(field.annotation)}
        return {key: None if value == "null" and key in optional else value for key, value in given.items()}


def validated(model: type[BaseModel], mapping: object, where: str) -> Any:
    """Validate a mapping; the first fault becomes one line that names key, value, allowed values and nearest match.

    Raises:
        UsageError: a key is unknown or missing, or a value is of a wrong type or out of range.
    """
    try:
        return model.model_validate(mapping)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        first, path = errors[0], _key(model, errors[0])
        key = ".".join([where, *path] if where else path)
        if first["type"] == "extra_forbidden":
            raise UsageError(f"unknown key{nearest(path[-1], _fields_at(model, path[:-1]))}", key) from None
        message = _either([_requirement(e) for e in errors if _key(model, e) == path])
        close = nearest(str(first["input"]), _literals(message)) if "'" in message else ""
        given = _at(mapping, path, first["input"])
        hint = QUOTES if any(e["type"] == "string_type" for e in errors) else ""
        raise UsageError(f"{message}, not {repr(given)[:LONGEST_VALUE]}{close.partition(';')[0]}", key, hint) from None


def nearest(name: str, names: Iterable[str]) -> str:
    """` (did you mean X?); allowed: ...` for a misspelt name."""
    names = sorted(names)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f" (did you mean {close[0]!r}?)" if close else ""
    return f"{guess}; allowed: {', '.join(names)}"


def _key(model: type[BaseModel], error: ErrorDetails) -> list[str]:
    """Path of the key at fault, as a user wrote it, with indices of lists; pydantic goes on with tags of its own."""
    path = [str(step) for step in error["loc"]]
    for depth in range(1, len(path)):
        if not _fields_at(model, path[:depth]):
            below = error["loc"][depth:]
            indices = takewhile(lambda step: isinstance(step, int), below if below[-1] != "[key]" else ())
            return [*path[:depth], *map(str, indices)]
    return path


def _requirement(error: ErrorDetails) -> str:
    match error["type"]:
        case "model_type" | "dict_type" | "model_attributes_type":
            return "must be a mapping of keys"
        case "tuple_type":
            return f"{SHOULD}a list"
        case "too_short" | "too_long":
            return error["msg"].replace("Tuple should", "The list should").partition(" after")[0]
        case _:
            return error["msg"].removeprefix("Value error, ")


def _either(requirements: list[str]) -> str:
    """Requirements of alternatives as one sentence."""
    return " or ".join([requirements[0], *(text.removeprefix(SHOULD) for text in dict.fromkeys(requirements[1:]))])


def _at(mapping: object, path: list[str], otherwise: Any) -> Any:
    """The value that was given at a path."""
    for step in path:
        if not isinstance(mapping, Mapping) or step not in mapping:
            return otherwise
        mapping = cast(Mapping[str, Any], mapping)[step]
    return cast(Any, mapping)


def _literals(message: str) -> list[str]:
    return message.split("'")[1::2]


def _fields_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """Keys of the nested model at `path`; none where a plain value lies there."""
    for step in path:
        annotation = model.model_fields[step].annotation if step in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
