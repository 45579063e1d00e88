"""The sidecar of an output: what made it, from what, and how long it took."""

import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import hdrpipe
from hdrpipe.files import atomic


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
        content_hash: "sha256:..." over what the output says.
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
    said = {
        "content_hash": content_hash,
        "stage": stage,
        "spec": dict(spec),
        "code": code,
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "peak_mib": peak_mib,
        "inputs": dict(inputs),
        "versions": _versions(),
    }
    atomic.write_json(sidecar, said)
    return sidecar


def _versions() -> dict[str, str]:
    """Versions of what computes; torch only where the stage has loaded it."""
    versions = {"hdrpipe": hdrpipe.__version__, "numpy": np.__version__, "python": platform.python_version()}
    torch = sys.modules.get("torch")
    return versions | ({"torch": str(torch.__version__)} if torch is not None else {})
