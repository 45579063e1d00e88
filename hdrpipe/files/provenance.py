"""Provenance of an output (stage, settings, inputs, device, time): in its sidecar, and inside of HDF5 products."""

import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import hdrpipe
from hdrpipe.files import atomic


def origin(stage: str, spec: Mapping[str, Any], code: str, inputs: Mapping[str, str]) -> dict[str, Any]:
    """Provenance inside a product: nothing that differs from run to run on one machine.

    Args:
        stage: name of the stage that makes it.
        spec: the settings that the stage received, its seed among them.
        code: fingerprint of the code that runs.
        inputs: content hash of each input by its name, the teacher's weights among them.
    """
    return {"stage": stage, "spec": dict(spec), "code": code, "inputs": dict(inputs), "versions": _versions()}


def write_sidecar(
    path: Path | str,
    content_hash: str,
    *,
    stage: str,
    spec: Mapping[str, Any],
    code: str,
    started: float,
    seconds: float,
    peak_mib: int,
    inputs: Mapping[str, str],
) -> Path:
    """Write `path` + ".json" beside an output and return its path. It is an output for people, never an input.

    Args:
        path: the output.
        content_hash: "sha256:..." of the content of the output.
        stage: name of the stage that made it.
        spec: the settings that the stage received, its seed among them.
        code: fingerprint of the code that ran.
        started: when it began, in seconds since 1970 (UTC).
        seconds: how long it took.
        peak_mib: the most memory that the process held, in MiB.
        inputs: content hash of each input by its name.

    Raises:
        InputError: something cannot be written as JSON; CapacityError: no space left.
    """
    sidecar = Path(f"{path}.json")
    record = {
        **origin(stage, spec, code, inputs),
        "content_hash": content_hash,
        "device": _device(),
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "peak_mib": peak_mib,
    }
    atomic.write_json(sidecar, record)
    return sidecar


def _versions() -> dict[str, str]:
    """Versions of what computes; torch only where the stage has loaded it."""
    versions = {"hdrpipe": hdrpipe.__version__, "numpy": np.__version__, "python": platform.python_version()}
    torch = sys.modules.get("torch")
    return versions | ({"torch": str(torch.__version__)} if torch is not None else {})


def _device() -> str:
    """The GPU that the process has used, or "CPU" and its kind."""
    cuda = sys.modules.get("torch.cuda")
    if cuda is not None and cuda.is_initialized():
        return str(cuda.get_device_name())
    return f"CPU {platform.machine()}"
