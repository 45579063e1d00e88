"""Settings as plain mappings: flattened to dotted keys, and compared."""

from collections.abc import Mapping
from typing import Any


def flattened(mapping: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`; an empty mapping stays one value."""
    flat: dict[str, Any] = {}
    for key, value in mapping.items():
        if isinstance(value, Mapping) and value:
            flat.update(flattened(value, f"{above}{key}."))
        else:
            flat[f"{above}{key}"] = value
    return flat


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """(dotted key, value in `first`, value in `second`) where they differ; None where a side lacks the key."""
    a, b = flattened(first), flattened(second)
    return [(key, a.get(key), b.get(key)) for key in sorted({*a, *b}) if a.get(key) != b.get(key)]


def merged(slices: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Slices of one config put together, section by section; a key that several hold has one value in all of them."""
    whole: dict[str, Any] = {}
    for piece in slices:
        for key, value in piece.items():
            if isinstance(value, Mapping) and isinstance(whole.get(key), Mapping):
                whole[key] = {**whole[key], **value}
            else:
                whole[key] = value
    return whole
