"""What every stage is given beside its files: where it runs, and how it says how far it is."""

import hashlib
import json
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from hdrpipe.files.provenance import origin, write_sidecar

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called with (done, total, note) as the work goes on."""


def silent(done: int, total: int, note: str) -> None:
    """A `Progress` that says nothing."""


@dataclass(frozen=True)
class Job:
    """One run of one stage.

    Args:
        stage: name of the stage.
        spec: the canonical JSON that the stage was given (`config.stage_spec`).
        code: fingerprint of the stage's code.
        progress: told how far the work is.
    """

    stage: str
    spec: str = "{}"
    code: str = ""
    progress: Progress = silent
    started: float = field(default_factory=time.time)

    def losses(self, done: int, total: int, losses: Mapping[str, float]) -> None:
        """A training step was done: its losses are the note."""
        self.progress(done, total, "  ".join(f"{name} {value:.4f}" for name, value in losses.items()))

    def origin(self, inputs: Mapping[str, str]) -> dict[str, Any]:
        """What a product of this job tells of its making."""
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
            seconds=time.time() - self.started,
            peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            inputs=dict(inputs),
        )
