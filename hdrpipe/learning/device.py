"""Where tensors live, and which of several GPUs is this process's own."""

import logging
import os
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch

from hdrpipe.errors import UsageError
from hdrpipe.files.locks import Lock, attempt

VARIABLE = "HDRPIPE_DEVICE"

DETERMINISTIC = "HDRPIPE_DETERMINISTIC"
"""Set to 1, CUDA uses only algorithms that give the same bits each time, and refuses those that cannot."""

POLL = 1.0
"""Seconds between two looks for a free device."""

log = logging.getLogger(__name__)
_leases: list[Lock] = []


@cache
def choose() -> torch.device:
    """The device of this process, chosen once.

    The one named by HDRPIPE_DEVICE; else the only CUDA device that is visible, which a scheduler has then chosen; else
    a CUDA device that no other job of this machine leases, waiting for one if need be; else the CPU.

    Raises:
        UsageError: the variable names no device, or one that is not there.
    """
    _set_algorithms()
    name = os.environ.get(VARIABLE, "")
    if name:
        return _named(name)
    if not torch.cuda.is_available():
        return torch.device("cpu")
    if scheduled(torch.cuda.device_count()):
        return torch.device("cuda", 0)
    index, held = lease([str(torch.cuda.get_device_properties(i).uuid) for i in range(torch.cuda.device_count())])
    _leases.append(held)
    return torch.device("cuda", index)


def scheduled(visible: int) -> bool:
    """Whether a scheduler, or a person, has given this process the one device that it sees."""
    return visible == 1 and bool(os.environ.get("CUDA_VISIBLE_DEVICES"))


def lease(uuids: Sequence[str], folder: Path | None = None) -> tuple[int, Lock]:
    """Index of a device that no other process of this machine leases; waits for one if all are taken.

    The lease is a lock that ends with this process, however it ends.

    Args:
        uuids: of the devices, in their order.
        folder: of the lock files, the same for all who share the devices.
    """
    folder = folder or Path(tempfile.gettempdir())
    told = False
    while True:
        for index, uuid in enumerate(uuids):
            held = attempt(folder / f"hdrpipe-gpu-{uuid}.lock", "GPU")
            if held:
                return index, held
        if not told:
            log.info("all %d devices are in use; waiting for one", len(uuids))
        told = True
        time.sleep(POLL)


def fit_to(net: torch.nn.Module, device: torch.device) -> None:
    """Lay out a network's weights as convolutions of the device like them; values stay as they are."""
    if device.type == "cuda":
        net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _named(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UsageError(f"no usable device {name!r}", VARIABLE, "use cpu, cuda or cuda:K") from None
    return device


def _set_algorithms() -> None:
    if os.environ.get(DETERMINISTIC) == "1":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True)
    else:
        torch.backends.cudnn.benchmark = True
