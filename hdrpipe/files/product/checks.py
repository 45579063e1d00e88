"""Checks of a scene of a product, the same when it is written and when it is read."""

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hdrpipe.files.product.schema import Attribute, Field, Schema
from hdrpipe.terminal import printable

NAME_LENGTH = 100
"""Longest scene name in characters."""

ARRAY_BYTES = 4 * 2**30
"""Largest array that a reader allocates: far above any scene, far below what a forged header may claim."""

RESERVED = frozenset({"NX_class", "default", "format", "kind", "version", "complete", "content_hash", "provenance"})
"""Attributes that belong to the file format."""

Value = str | int | float | bool | list[str] | list[int] | list[float]

_TYPES: dict[str, tuple[type, bool]] = {
    "str": (str, False),
    "int": (int, False),
    "float": (float, False),
    "bool": (bool, False),
    "strs": (str, True),
    "ints": (int, True),
    "floats": (float, True),
}


class Fault(Exception):  # noqa: N818
    """A broken rule, in words; writers and readers turn it into their own error."""


@contextlib.contextmanager
def prefixed(where: str) -> Iterator[None]:
    """Say where a Fault was met."""
    try:
        yield
    except Fault as fault:
        raise Fault(f"{where} {fault}") from None


def check_scene_name(name: str) -> None:
    """Raise Fault unless `name` can be one component of a path in the product and on disk."""
    printed = ascii(name[:NAME_LENGTH])
    if not name or len(name) > NAME_LENGTH:
        raise Fault(f"has a scene name {printed} of {len(name)} characters, wanted 1 to {NAME_LENGTH}")
    if "/" in name or "\\" in name or ".." in name or name == "." or not printable(name):
        raise Fault(f"has a scene name {printed} with a slash, '..' or a character that does not print")


def check_fields(names: set[str], schema: Schema) -> None:
    """Raise Fault unless exactly the fields of the schema are there, optional ones perhaps not."""
    missing = sorted(name for name, field in schema.fields.items() if not field.optional and name not in names)
    if missing:
        raise Fault(f"lacks the field '{missing[0]}'")
    unknown = sorted(names - set(schema.fields))
    if unknown:
        raise Fault(f"has a field {unknown[0]!a} that the schema of '{schema.kind}' does not know")


def check_layout(field: Field, dtype: np.dtype, shape: tuple[int, ...], sizes: dict[str, int]) -> None:
    """Raise Fault unless type and shape fit; `sizes` collects what the words in `dims` stand for in this scene."""
    if dtype != np.dtype(field.dtype):
        raise Fault(f"has type {dtype}, wanted {np.dtype(field.dtype)}")
    layout = f"({', '.join(map(str, field.dims))})"
    if len(shape) != len(field.dims) or min(shape) < 1:
        raise Fault(f"has shape {shape}, wanted {layout}")
    for dim, size in zip(field.dims, shape, strict=True):
        expected = dim if isinstance(dim, int) else sizes.setdefault(dim, size)
        if size != expected:
            raise Fault(f"has shape {shape}, wanted {layout} with {dim} = {expected} as elsewhere in the scene")
    claimed = dtype.itemsize * int(np.prod(shape, dtype=object))
    if claimed > ARRAY_BYTES:
        raise Fault(f"has shape {shape}, which claims {claimed / 2**30:.0f} GiB")


def check_values(field: Field, array: np.ndarray) -> None:
    """Raise Fault if a value is NaN, infinite or outside the range of the field."""
    if array.dtype.kind == "f":
        if _surely_within(field, array):
            return
        if np.isnan(array).any():
            raise Fault("holds NaN")
        if np.isinf(array).any():
            raise Fault("holds an infinite value")
    low, high = array.min(), array.max()
    if field.low is not None and low < field.low:
        negative = "a negative value, " if field.low == 0 else ""
        raise Fault(f"holds {negative}{low}, below its range, which begins at {field.low}")
    if field.high is not None and high > field.high:
        raise Fault(f"holds {high}, above its range, which ends at {field.high}")


def _surely_within(field: Field, array: np.ndarray) -> bool:
    """One fast pass: as unsigned integers, floats >= 0 keep their order, and negative ones, infinity and NaN lie above.

    False means only that the slow pass must decide: -0.0 is fine and comes here as large.
    """
    if field.low != 0 or not array.flags.c_contiguous:
        return False
    top = np.finfo(array.dtype).max if field.high is None else field.high
    bits = np.dtype(f"u{array.dtype.itemsize}")
    return bool(array.view(bits).max() <= np.array(top, array.dtype).view(bits))


def unreserved(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that do not belong to the file format."""
    return {name: value for name, value in attributes.items() if name not in RESERVED}


def check_attributes(given: Mapping[str, Any], declared: Mapping[str, Attribute]) -> dict[str, Value]:
    """Return `given` as plain Python values of the declared types; Fault if one is missing, reserved or unstorable."""
    missing, taken = sorted(set(declared) - set(given)), sorted(RESERVED & set(given))
    if missing:
        raise Fault(f"lacks the attribute '{missing[0]}'")
    if taken:
        raise Fault(f"has an attribute '{taken[0]}', a name that the format keeps for itself")
    plain = {name: _plain(name, value) for name, value in sorted(given.items())}
    return {n: _typed(n, value, declared[n].type) if n in declared else value for n, value in plain.items()}


def _plain(name: str, value: Any) -> Value:
    """`value` without NumPy types; numbers of one list share one type, so that the file gives back the same list."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, tuple | list):
        items = [_scalar(name, item) for item in value]
        kinds = {type(item) for item in items}
        if kinds == {int, float}:
            return [float(item) for item in items]
        if len(kinds) > 1 or bool in kinds:
            raise Fault(f"has an attribute '{name}' that mixes types in a list")
        return items  # pyright: ignore[reportReturnType]
    return _scalar(name, value)


def _scalar(name: str, value: Any) -> str | int | float | bool:
    if isinstance(value, np.generic):
        value = value.item()
    fits = (
        isinstance(value, bool)
        or (isinstance(value, int) and -(2**63) <= value < 2**63)
        or (isinstance(value, float) and math.isfinite(value))
        or (isinstance(value, str) and _storable(value))
    )
    if not fits:
        raise Fault(f"has an attribute '{name}' that cannot be stored: {ascii(value)[:60]}")
    return value


def _storable(text: str) -> bool:
    """Files pad texts with NUL, so none may be inside; lone surrogates have no UTF-8."""
    try:
        return b"\0" not in text.encode("utf-8")
    except UnicodeEncodeError:
        return False


def _typed(name: str, value: Value, type_name: str) -> Value:
    kind, many = _TYPES[type_name]
    if kind is float:
        value = [_floated(item) for item in value] if isinstance(value, list) else _floated(value)  # pyright: ignore
    items = value if isinstance(value, list) else [value]
    if isinstance(value, list) != many or any(type(item) is not kind for item in items):
        raise Fault(f"has an attribute '{name}' that is {ascii(value)[:60]}, wanted {type_name}")
    return value


def _floated(item: Any) -> Any:
    return float(item) if type(item) is int else item
