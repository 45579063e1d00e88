"""Training state on disk in two alternating slots; training resumes from the newest valid one."""

import logging
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from hdrpipe.errors import DamagedError
from hdrpipe.files.locks import Lock, acquire
from hdrpipe.files.weights import load_weights, save_weights

SLOTS = ("a.safetensors", "b.safetensors")

PATIENCE = 20.0
"""Seconds to wait for a lock whose holder may be saving its state before it stops."""

log = logging.getLogger(__name__)


@dataclass
class State:
    """Everything needed to resume bit for bit; random numbers follow from the step."""

    step: int
    """Optimizer steps done."""
    tensors: dict[str, Tensor]
    history: list[dict[str, float]] = field(default_factory=list)


class StateStore:
    """Two slots in one folder, written in turn, so that one is valid if the other is damaged or half-written.

    Args:
        folder: folder of this training alone; made when first needed.
        key: identity of the work (spec, code, inputs). A state with another key is ignored and overwritten.
    """

    def __init__(self, folder: Path, key: str):
        self.folder, self.key = Path(folder), key
        self._next = 0

    def lock(self) -> Lock:
        """Lock this state against other trainings until the lock is released or this process ends.

        Raises:
            BusyError: another process, named in the message, trains on this state.
        """
        return acquire(self.folder.with_name(f"{self.folder.name}.lock"), "training", PATIENCE)

    def save(self, state: State) -> None:
        """Write to the older slot.

        Raises:
            CapacityError: the disk is full; the newer slot is untouched.
        """
        metadata = {"key": self.key, "step": state.step, "history": state.history}
        save_weights(self.folder / SLOTS[self._next], state.tensors, metadata)
        self._next = 1 - self._next

    def load(self) -> State | None:
        """The newest valid state with this key, or None.

        A damaged slot is logged if the other one is valid.

        Raises:
            DamagedError: a slot is damaged and none holds a valid state with this key.
        """
        valid: dict[int, State] = {}
        damaged: list[DamagedError] = []
        for slot, name in enumerate(SLOTS):
            try:
                state = self._read(self.folder / name)
            except DamagedError as error:
                damaged.append(error)
                continue
            if state:
                valid[slot] = state
        if damaged and not valid:
            raise DamagedError(
                f"no readable training state ({damaged[0].what})",
                self.folder,
                "delete this folder to train from the start",
            )
        if not valid:
            return None
        newest = max(valid, key=lambda slot: valid[slot].step)
        for error in damaged:
            log.warning("%s; resuming from step %d", error, valid[newest].step)
        self._next = 1 - newest
        return valid[newest]

    def clear(self) -> None:
        """Delete the folder, once the training is complete."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, path: Path) -> State | None:
        if not path.exists():
            return None
        tensors, metadata = load_weights(path)
        if metadata.get("key") != self.key:
            log.info("%s: ignored, state of a training with other settings, code or inputs", path)
            return None
        return State(_step(metadata, path), tensors, _history(metadata, path))


def _step(metadata: dict[str, Any], path: Path) -> int:
    step = metadata.get("step")
    if type(step) is not int or step < 0:
        raise DamagedError("training state has no step number", path)
    return step


def _history(metadata: dict[str, Any], path: Path) -> list[dict[str, float]]:
    history = metadata.get("history")
    if not isinstance(history, list) or not all(isinstance(row, dict) for row in history):
        raise DamagedError("training state has no history of losses", path)
    return history
