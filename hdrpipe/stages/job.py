"""One job: the stage, its settings and code, its progress, and the provenance that it writes beside its outputs."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from hdrpipe.files.provenance import origin, write_sidecar
from hdrpipe.files.system import peak_bytes

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called with (done, total, note) as the work goes on."""


def silent(done: int, total: int, note: str) -> None:
    """A `Progress` that reports nothing."""


@dataclass(frozen=True)
class Job:
    """One run of one stage.

    Args:
        stage: name of the stage.
        spec: the canonical JSON that the stage was given (`config.stage_spec`).
        code: fingerprint of the stage's code.
        progress: called as the work goes on.
        started: when it began, in seconds since 1970 (UTC).
        clock: the same on the clock that nobody sets.
    """

    stage: str
    spec: str = "{}"
    code: str = ""
    progress: Progress = silent
    started: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.monotonic)

    def losses(self, done: int, total: int, losses: Mapping[str, float]) -> None:
        """Report a training step, with its losses as the note."""
        self.progress(done, total, "  ".join(f"{name} {value:.4f}" for name, value in losses.items()))

    def origin(self, inputs: Mapping[str, str]) -> dict[str, Any]:
        """Provenance that a product of this job holds: stage, settings, code, inputs, versions."""
        return origin(self.stage, json.loads(self.spec), self.code, inputs)

    def record(self, out: Path, inputs: Mapping[str, str], content_hash: str = "") -> None:
        """Write the provenance of one output beside it; the content hash of plain files is that of their bytes."""
        content_hash = content_hash or "sha256:" + hashlib.sha256(out.read_bytes()).hexdigest()
        write_sidecar(
            out,
            content_hash,
            stage=self.stage,
            spec=json.loads(self.spec),
            code=self.code,
            started=self.started,
            seconds=time.monotonic() - self.clock,
            peak_mib=peak_bytes() >> 20,
            inputs=dict(inputs),
        )
