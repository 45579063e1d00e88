"""Datasets, mask strategies and backbones: built in, installed with an entry point, or the path of a Python file.

The options of the built-in ones are classes of this room, so that a config is checked without importing torch. Any
other plug-in is imported for its class `Options`.
"""

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from hdrpipe.config.dataset_options import DATASET_OPTIONS
from hdrpipe.config.mask_options import MASK_OPTIONS
from hdrpipe.config.model_options import MODEL_OPTIONS
from hdrpipe.config.spec import Spec, nearest, validated
from hdrpipe.errors import UsageError

PACKAGE = Path(__file__).parents[1]

BUILT_IN: dict[str, Mapping[str, type[Spec]]] = {
    "datasets": DATASET_OPTIONS,
    "masking": MASK_OPTIONS,
    "models": MODEL_OPTIONS,
}
"""Wing -> name of a plug-in in `hdrpipe/WING` -> its options; other packages use entry points of `hdrpipe.WING`."""


def choices(wing: str) -> tuple[str, ...]:
    """Names of the built-in and the installed plug-ins of a wing."""
    return tuple(sorted({*BUILT_IN[wing], *_installed(wing)}))


def load(wing: str, name: str, where: str = "") -> ModuleType:
    """Import one plug-in.

    Args:
        wing: `datasets`, `masking` or `models`.
        name: one of `choices`, or a path that ends in `.py`.
        where: config key, for errors.

    Raises:
        UsageError: there is no such plug-in, or its file cannot be imported.
    """
    if name in BUILT_IN[wing]:
        return importlib.import_module(f"hdrpipe.{wing}.{name}")
    if name.endswith(".py"):
        return _imported(name, where or wing)
    if name in _installed(wing):
        return _installed(wing)[name].load()
    raise UsageError(f"unknown choice {name!r}{nearest(name, choices(wing))}, or the path of a .py file", where or wing)


def options(wing: str, name: str, mapping: Mapping[str, Any] | Spec, section: str = "", key: str = "") -> Any:
    """The `Options` of a plug-in, filled with their defaults and checked; `section` and `key` of the config in errors.

    Raises:
        UsageError: there is no such plug-in; or an option is unknown, of a wrong type or out of range.
    """
    where = f"{section}.{key}" if section else wing
    options_class = BUILT_IN[wing].get(name) or getattr(load(wing, name, where), "Options", None)
    if not (isinstance(options_class, type) and issubclass(options_class, Spec)):
        raise UsageError(f"{name} has no class `Options` that derives from `hdrpipe.config.spec.Spec`", where)
    return validated(options_class, mapping, f"{section}.options" if section else f"{wing}.{name}")


def source(wing: str, name: str) -> Path:
    """The Python file of a plug-in, as `load` finds it."""
    if name in BUILT_IN[wing]:
        return PACKAGE / wing / f"{name}.py"
    return Path(str(load(wing, name).__file__))


def _installed(wing: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"hdrpipe.{wing}")}


@cache
def _imported(name: str, where: str) -> ModuleType:
    path = Path(name).expanduser().resolve()
    module_name = f"hdrpipe_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UsageError(f"there is no file {name}", where)
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{name} cannot be imported: {type(error).__name__}: {error}", where) from error
    return module
