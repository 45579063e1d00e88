"""Storage of arrays in a product, and the content hash, which does not depend on how the file is laid out."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from hdrpipe.files.product.schema import FORMAT, Field, Schema

TILE = 128
"""Side of a chunk in pixels: about one training crop."""


def array_entry(array: np.ndarray, unit: str) -> dict[str, Any]:
    """Entry of one array in the content hash: type, shape, unit and sha256 of its little-endian bytes."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return {
        "dtype": little.dtype.str,
        "shape": list(array.shape),
        "unit": unit,
        "sha256": hashlib.sha256(little.data.cast("B")).hexdigest(),
    }


def content_hash(schema: Schema, attributes: Mapping[str, Any], scenes: Mapping[str, Mapping[str, Any]]) -> str:
    """Return "sha256:..." over kind, version, attributes and scenes, in any order.

    Args:
        schema: the schema of the product.
        attributes: root attributes as plain values.
        scenes: for each scene its "attributes" and its "fields", the latter as `array_entry` gives them.
    """
    content = {
        "format": FORMAT,
        "kind": schema.kind,
        "version": schema.version,
        "attributes": attributes,
        "scenes": scenes,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()


def stored_as(field: Field, array: np.ndarray) -> np.ndarray:
    """Return `array` as its field is kept, where that only costs precision; other types stay as they are."""
    dtype = np.dtype(field.dtype)
    if dtype.kind == "f" and array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            array = array.astype(dtype, copy=False)
    elif dtype == np.uint8 and array.dtype == np.bool_:
        array = array.astype(dtype)
    if field.clear_bits and array.dtype == np.float32:
        half, mask = np.uint32(1 << (field.clear_bits - 1)), np.uint32(2**32 - (1 << field.clear_bits))
        rounded = ((array.view(np.uint32) + half) & mask).view(np.float32)
        array = np.where(np.isfinite(array), rounded, array)
    return np.ascontiguousarray(array)


def chunk_shape(field: Field, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Chunks of one exposure, all channels and TILE x TILE pixels, so that a training crop touches few."""
    sizes = zip(field.dims, shape, strict=True)
    return tuple(1 if dim == "N" else size if isinstance(dim, int) else min(size, TILE) for dim, size in sizes)


def coordinates(schema: Schema, names: Iterable[str]) -> dict[str, Field]:
    """Coordinates of a scene that has these fields."""
    dims = {dim for name in names for dim in schema.fields[name].dims}
    return {name: axis for name, axis in schema.coordinates.items() if axis.dims[0] in dims}


def decoded(value: Any) -> Any:
    """Return what the HDF5 library gives for an attribute as a plain Python value."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, np.ndarray) and value.dtype.kind in "SO":
        return [item.decode("utf-8") if isinstance(item, bytes) else str(item) for item in value.tolist()]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
