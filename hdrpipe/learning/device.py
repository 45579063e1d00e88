"""Choice of the torch device of a process, with leases so that concurrent jobs get different GPUs."""

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
"""Environment variable; 1 makes CUDA use only bit-reproducible algorithms and refuse operations without one."""

POLL = 1.0
"""Seconds between two attempts to lease a device."""

log = logging.getLogger(__name__)


@cache
def choose() -> torch.device:
    """The device of this process, chosen once.

    In this order: the device named by HDRPIPE_DEVICE; the only visible CUDA device, if a scheduler restricted the
    process to it; a CUDA device that no other job of this machine leases, waiting for one if necessary; the CPU.

    Raises:
        UsageError: HDRPIPE_DEVICE names no usable device.
    """
    _set_algorithms()
    name = os.environ.get(VARIABLE, "")
    if name:
        return _named(name)
    if not torch.cuda.is_available():
        return torch.device("cpu")
    if scheduled(torch.cuda.device_count()):
        return torch.device("cuda", 0)
    index, _ = lease([str(torch.cuda.get_device_properties(i).uuid) for i in range(torch.cuda.device_count())])
    return torch.device("cuda", index)


def scheduled(visible: int) -> bool:
    """True if CUDA_VISIBLE_DEVICES, set by a scheduler or a person, leaves one visible device."""
    return visible == 1 and bool(os.environ.get("CUDA_VISIBLE_DEVICES"))


def lease(uuids: Sequence[str], folder: Path | None = None) -> tuple[int, Lock]:
    """Index and lock of a device that no other process of this machine leases; waits while all are leased.

    The lock is released when this process ends, also when it is killed.

    Args:
        uuids: UUIDs of the devices, by index.
        folder: folder of the lock files, common to all processes; None: the folder for temporary files.
    """
    folder = folder or Path(tempfile.gettempdir())
    reported = False
    while True:
        for index, uuid in enumerate(uuids):
            held = attempt(folder / f"hdrpipe-gpu-{uuid}.lock", "GPU")
            if held:
                return index, held
        if not reported:
            log.info("all %d devices are in use; waiting for one", len(uuids))
        reported = True
        time.sleep(POLL)


def fit_to(net: torch.nn.Module, device: torch.device) -> None:
    """Store a network's weights in the memory layout that is fastest on the device; values do not change."""
    if device.type == "cuda":
        net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _named(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UsageError(f"device {name!r} is not usable", VARIABLE, "use cpu, cuda or cuda:K") from None
    return device


def _set_algorithms() -> None:
    if os.environ.get(DETERMINISTIC) == "1":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True)
    else:
        torch.backends.cudnn.benchmark = True
