"""Published checkpoints to weights files of ours. Tensors alone are read: nothing in a checkpoint is executed."""

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import torch
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

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "params")
"""Keys under which trainers put the weights, beside epoch and optimizer."""

PREFIX = "module."
"""What parallel training puts before every name."""


def architectures() -> dict[str, re.Pattern[str]]:
    """Backbones with published weights -> what else their public state dicts hold and nobody needs."""
    found = {name: getattr(plugins.load("models", name), "PUBLIC_EXTRAS", None) for name in plugins.BUILT_IN["models"]}
    return {name: re.compile(pattern) for name, pattern in found.items() if pattern is not None}


def import_weights(checkpoint: Path, architecture: str, out: Path) -> str:
    """Write a published checkpoint as a weights file, with an untrained judge, and return its content hash.

    Args:
        checkpoint: a `.pth` that torch saved: a state dict, bare or wrapped.
        architecture: one of `architectures()`.
        out: the weights file (.safetensors).

    Raises:
        UsageError: an unknown architecture.
        InputError: not a checkpoint of tensors, or one of another architecture, or with values that are not finite.
    """
    known = architectures()
    if architecture not in known:
        raise UsageError(f"unknown choice {architecture!r}{nearest(architecture, known)}", "--arch")
    found = tensors_of(read_checkpoint(checkpoint), checkpoint)
    net = _published(architecture)
    wanted = net.backbone.state_dict()
    named = {name: value for name, value in found.items() if not known[architecture].search(name)}
    if _shapes(named) != _shapes(wanted):
        raise _misfit(found, named, wanted, architecture, checkpoint)
    broken = next((name for name, value in named.items() if not torch.isfinite(value).all()), None)
    if broken:
        raise InputError(f"{broken} holds values that are not finite", checkpoint)
    net.backbone.load_state_dict(named)
    metadata = {"model": _model(architecture), "role": "imported", "source": checkpoint.name, "judge": "untrained"}
    return save_weights(out, net.state_dict(), {**metadata, "steps": 0, "averaged": 0, "mu": MU, "exposure": "min-ev"})


def read_checkpoint(path: Path) -> Any:
    """What torch saved, tensors and plain containers only.

    Raises:
        InputError: no such file, not torch's, damaged, or it holds other objects, which are never loaded.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError("no such file", path) from None
    except pickle.UnpicklingError as error:
        foreign = re.search(r"(?:GLOBAL|global) ([\w.]+)", str(error))
        if foreign:
            what = f"holds more than tensors ({foreign[1]}), which is never loaded"
            raise InputError(what, path, "save its state_dict() alone") from None
        raise InputError("is no checkpoint that torch saved, or is damaged", path) from None
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        raise InputError("is no checkpoint that torch saved, or is damaged", path) from None


def tensors_of(saved: Any, where: Path) -> dict[str, Tensor]:
    """The tensors of a state dict, out of its wrapper and without `module.`.

    Raises:
        InputError: there are none.
    """
    for key in WRAPPERS:
        if isinstance(saved, Mapping) and isinstance(saved.get(key), Mapping):
            saved = saved[key]
            break
    found = {str(k): v for k, v in saved.items() if isinstance(v, Tensor)} if isinstance(saved, Mapping) else {}
    if not found:
        keys = ", ".join(map(str, list(saved)[:5])) if isinstance(saved, Mapping) else type(saved).__name__
        raise InputError(f"holds no state dict, but {keys or 'nothing'}", where)
    while all(name.startswith(PREFIX) for name in found):
        found = {name.removeprefix(PREFIX): value for name, value in found.items()}
    return found


def _model(architecture: str) -> dict[str, Any]:
    options = plugins.options("models", architecture, {}).model_dump(mode="json")
    return {"backbone": architecture, "options": options, "output": "sigmoid", "exposures": EXPOSURES}


def _published(architecture: str) -> HdrNet:
    """The published form of a network; the judge, which no checkpoint has, is the same in every import."""
    with seeded(0, "weights"):
        return build(_model(architecture))


def _shapes(tensors: Tensors) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in tensors.items()}


def _misfit(found: Tensors, named: Tensors, wanted: Tensors, architecture: str, where: Path) -> InputError:
    """What to say of a checkpoint that does not fit: whose it is, or what differs."""
    for other, extras in architectures().items():
        needed = {name: value for name, value in found.items() if not extras.search(name)}
        if _shapes(needed) == _shapes(_published(other).backbone.state_dict()):
            hint = f"import it as --arch {other}"
            return InputError(f"is a checkpoint of {other}, not of {architecture}", where, hint)
    theirs, ours = _shapes(named), _shapes(wanted)
    name = min(name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name))
    told = [str(part.get(name, "missing")) for part in (theirs, ours)]
    return InputError(f"is no checkpoint of {architecture}: {name} is {told[0]} there, {told[1]} here", where)
