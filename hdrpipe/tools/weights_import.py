"""Import of published checkpoints as weights files. Only tensors are loaded; nothing in a checkpoint is executed."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy._core.multiarray import scalar  # pyright: ignore[reportAttributeAccessIssue]
from torch import Tensor

from hdrpipe.config import plugins
from hdrpipe.config.spec import nearest
from hdrpipe.errors import InputError, UsageError
from hdrpipe.files.weights import save_weights
from hdrpipe.models.network import HdrNet, build
from hdrpipe.quantities import MU
from hdrpipe.randomness import seeded

Tensors: TypeAlias = Mapping[str, Tensor]

EXPOSURES = 3
"""Frames of a burst that the published networks were trained on."""

AVERAGES = ("params_ema", "state_dict_ema", "model_ema", "ema")
"""Keys under which training scripts store averaged weights, which give better pictures: they go first."""

WRAPPERS = (*AVERAGES, "state_dict", "model_state_dict", "model", "net", "network", "params")
"""Keys under which training scripts store the weights, beside epoch and optimizer."""

PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
"""Prefixes of the names in checkpoints of parallel training, of compiled networks and of Lightning."""

LIGHTNING = "pytorch-lightning_version"
"""Key of Lightning's checkpoints, which may hold losses with weights beside the network."""

SCALARS = [
    (scalar, "numpy.core.multiarray.scalar"),  # its name before NumPy 2
    scalar,
    np.dtype,
    *(type(np.dtype(code)) for code in "?bBhHiIlLqQefd"),
]
"""Types of NumPy's numbers and truth values, which scripts store as scores and steps; none holds other objects."""


def architectures() -> dict[str, re.Pattern[str]]:
    """Backbones with published weights -> pattern of the tensors in their state dicts that are not needed."""
    patterns = {
        name: getattr(plugins.load("models", name), "PUBLIC_EXTRAS", None) for name in plugins.BUILT_IN["models"]
    }
    return {name: re.compile(pattern) for name, pattern in patterns.items() if pattern is not None}


def import_weights(checkpoint: Path, architecture: str, out: Path) -> tuple[str, str]:
    """Write a published checkpoint as a weights file, with an untrained judge.

    Returns its content hash, and the key of the averaged weights if these were taken, else ''.

    Args:
        checkpoint: a `.pth` file written by torch: a state dict, or a dict that contains one.
        architecture: one of `architectures()`.
        out: the weights file (.safetensors).

    Raises:
        UsageError: an unknown architecture.
        InputError: not a checkpoint of tensors, of another architecture, or with values that are not finite.
    """
    extras = architectures()
    if architecture not in extras:
        raise UsageError(f"unknown architecture {architecture!r}{nearest(architecture, extras)}", "--arch")
    tensors, averages = tensors_of(read_checkpoint(checkpoint), checkpoint)
    net = _published(architecture)
    expected = net.backbone.state_dict()
    named = {name: value for name, value in tensors.items() if not extras[architecture].search(name)}
    if _shapes(named) != _shapes(expected):
        raise _misfit(tensors, named, expected, architecture, checkpoint)
    broken = next((name for name, value in named.items() if not torch.isfinite(value).all()), None)
    if broken:
        raise InputError(f"{broken} holds values that are not finite", checkpoint)
    net.backbone.load_state_dict(named)
    metadata = {"model": _model(architecture), "role": "imported", "source": checkpoint.name, "judge": "untrained"}
    metadata |= {"steps": 0, "averaged": 0, "mu": MU, "exposure": "min-ev"}
    return save_weights(out, net.state_dict(), metadata), averages


def read_checkpoint(path: Path) -> Any:
    """Contents of a checkpoint: tensors, plain containers and NumPy's numbers only.

    Raises:
        InputError: no such file, not written by torch, damaged, or with other objects, which are never loaded.
    """
    try:
        with torch.serialization.safe_globals(SCALARS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError("no such file", path) from None
    except pickle.UnpicklingError as error:
        foreign = re.search(r"(?:GLOBAL|global) ([\w.]+)", str(error))
        if foreign:
            what = f"contains objects other than tensors ({foreign[1]}), which are never loaded"
            raise InputError(what, path, "save only its state_dict()") from None
        raise InputError("this is not a checkpoint written by torch, or it is damaged", path) from None
    except MemoryError:
        raise
    except Exception:  # foreign bytes: the parser has no closed list of what it raises
        raise InputError("this is not a checkpoint written by torch, or it is damaged", path) from None


def tensors_of(saved: Any, where: Path) -> tuple[dict[str, Tensor], str]:
    """Tensors of a state dict, taken out of its wrapper, without the prefixes of training scripts.

    Averaged weights are taken where there are some; their key is returned too, else ''.

    Raises:
        InputError: there are no tensors.
    """
    lightning = isinstance(saved, Mapping) and LIGHTNING in saved
    taken = ""
    for key in WRAPPERS:
        if isinstance(saved, Mapping) and isinstance(saved.get(key), Mapping):
            saved, taken = saved[key], key
            break
    tensors = {str(k): v for k, v in saved.items() if isinstance(v, Tensor)} if isinstance(saved, Mapping) else {}
    if not tensors:
        keys = ", ".join(map(str, list(saved)[:5])) if isinstance(saved, Mapping) else type(saved).__name__
        raise InputError(f"there is no state dict in this file, only {keys or 'nothing'}", where)
    if lightning:
        tensors = _networks(tensors)
    while prefix := next((p for p in PREFIXES if all(name.startswith(p) for name in tensors)), ""):
        tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors, taken if taken in AVERAGES else ""


def _networks(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those of a Lightning module that have the first of PREFIXES that any has; all where none has one."""
    prefix = next((p for p in PREFIXES if any(name.startswith(p) for name in tensors)), "")
    return {name: value for name, value in tensors.items() if name.startswith(prefix)}


def _model(architecture: str) -> dict[str, Any]:
    options = plugins.options("models", architecture, {}).model_dump(mode="json")
    return {"backbone": architecture, "options": options, "output": "sigmoid", "exposures": EXPOSURES}


def _published(architecture: str) -> HdrNet:
    """Network as published; the judge, which no checkpoint has, gets the same initial weights in every import."""
    with seeded(0, "weights"):
        return build(_model(architecture))


def _shapes(tensors: Tensors) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in tensors.items()}


def _misfit(tensors: Tensors, named: Tensors, expected: Tensors, architecture: str, where: Path) -> InputError:
    """Error for a checkpoint of another architecture: names that one, or the first tensor that differs."""
    for other, extras in architectures().items():
        needed = {name: value for name, value in tensors.items() if not extras.search(name)}
        if _shapes(needed) == _shapes(_published(other).backbone.state_dict()):
            hint = f"import it as --arch {other}"
            return InputError(f"this is a checkpoint of {other}, not of {architecture}", where, hint)
    theirs, ours = _shapes(named), _shapes(expected)
    name = min(name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name))
    shapes = [str(tensors.get(name, "missing")) for tensors in (theirs, ours)]
    what = f"this is not a checkpoint of {architecture}: {name} has shape {shapes[0]}, not {shapes[1]}"
    return InputError(what, where)
