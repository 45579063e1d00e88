"""Old names of config keys and values, accepted until version 0.2 and replaced before anything reads them."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from hdrpipe.errors import UsageError

KEYS = {
    "student.physics_weight": "consistency_weight",
    "data.options.lab": "source",
    "data.options.lab_noise": "source_noise",
    "data.options.lab_motion": "source_motion",
    "masks.options.keep_patch": "coverage_patch",
    "masks.options.keep_pixel": "coverage_pixel",
    "masks.options.share_patch": "risk_patch",
    "masks.options.share_pixel": "risk_pixel",
}
"""Old key with its path -> last word of the new one, which lies beside it."""

VALUES = {
    ("teacher.average", "moves"): "tta",
    ("student.labelled_augmentation", "harder"): "corrupted",
    ("student.unlabelled_augmentation", "harder"): "corrupted",
    ("choose.rule", "kept-risk"): "selective-risk",
}
"""(key, old value) -> new value."""

OVERLAYS = ("study.arms", "study.regimes")
"""Keys whose values are configs by name."""


def renamed(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The config, or any part of one, with new names for old ones.

    Raises:
        UsageError: a key stands there under both of its names.
    """
    return _renamed(mapping, "", "")


def old_names(mapping: Mapping[str, Any]) -> str:
    """One line that names every old name in a config and the new one; empty if there is none."""
    changes = list(_changes(mapping, "", ""))
    return f"config: {', '.join(changes)}; old names are accepted until version 0.2" if changes else ""


def _renamed(mapping: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    new: dict[str, Any] = {}
    for name, value, path, full in _entries(mapping, key, where):
        now = KEYS.get(path, name)
        if now != name and now in mapping:
            raise UsageError(
                f"is the old name of `{_beside(full, now)}`, which is set too", full, "set the new one only"
            )
        new[now] = (
            _renamed(cast(Mapping[str, Any], value), path, full) if isinstance(value, Mapping) else _value(path, value)
        )
    return new


def _changes(mapping: Mapping[str, Any], key: str, where: str) -> Iterator[str]:
    for _, value, path, full in _entries(mapping, key, where):
        if path in KEYS:
            yield f"`{full}` is now `{_beside(full, KEYS[path])}`"
        if isinstance(value, Mapping):
            yield from _changes(cast(Mapping[str, Any], value), path, full)
        elif _value(path, value) != value:
            yield f"`{full}: {value}` is now `{_value(path, value)}`"


def _entries(mapping: Mapping[str, Any], key: str, where: str) -> Iterator[tuple[str, Any, str, str]]:
    """Name, value, path without the arm or regime that it stands in, and full path of every entry."""
    for name, value in mapping.items():
        path = "" if key in OVERLAYS else f"{key}.{name}".lstrip(".")
        yield name, value, path, f"{where}.{name}".lstrip(".")


def _value(path: str, value: Any) -> Any:
    return VALUES.get((path, value), value) if isinstance(value, str) else value


def _beside(path: str, name: str) -> str:
    return f"{path.rpartition('.')[0]}.{name}"
