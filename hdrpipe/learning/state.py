"""Training state on disk, kept twice: the newest valid of two is what training goes on from."""

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
"""Seconds that a training which was told to stop may take to save its state, before the next one gives up waiting."""

log = logging.getLogger(__name__)


@dataclass
class State:
    """Everything that training needs to go on bit for bit; the random numbers follow from the step."""

    step: int
    """Optimizer steps done."""
    tensors: dict[str, Tensor]
    history: list[dict[str, float]] = field(default_factory=list)


class StateStore:
    """Two slots in one folder, written in turn, so that a damaged or half-written one leaves the other.

    Args:
        folder: of this training alone; made when first needed.
        key: identity of the work (spec, code, inputs). A state of another key is not this work's and is overwritten.
    """

    def __init__(self, folder: Path, key: str):
        self.folder, self.key = Path(folder), key
        self._next = 0

    def lock(self) -> Lock:
        """Keep other trainings off this state until the lock is released or this process ends.

        Raises:
            BusyError: another process trains on this state; says which.
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
        """The newest valid state of this key, or None where there is none.

        A damaged slot beside a valid one is reported in the log.

        Raises:
            DamagedError: there are states, and none can be read.
        """
        found: dict[int, State] = {}
        damaged: list[DamagedError] = []
        for slot, name in enumerate(SLOTS):
            try:
                state = self._read(self.folder / name)
            except DamagedError as error:
                damaged.append(error)
                continue
            if state:
                found[slot] = state
        if damaged and not found:
            raise DamagedError(
                f"no readable training state ({damaged[0].what})", self.folder, "delete this folder to train anew"
            )
        if not found:
            return None
        newest = max(found, key=lambda slot: found[slot].step)
        for error in damaged:
            log.warning("%s; going on from step %d", error, found[newest].step)
        self._next = 1 - newest
        return found[newest]

    def clear(self) -> None:
        """Delete the folder: the work is done."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, path: Path) -> State | None:
        if not path.exists():
            return None
        tensors, metadata = load_weights(path)
        if metadata.get("key") != self.key:
            log.info("%s: state of other work, not used", path)
            return None
        return State(_step(metadata, path), tensors, list(metadata["history"]))


def _step(metadata: dict[str, Any], path: Path) -> int:
    step = metadata.get("step")
    if not isinstance(step, int):
        raise DamagedError("training state without a step", path)
    return step
