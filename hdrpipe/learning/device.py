"""Where tensors live."""

import os

import torch

from hdrpipe.errors import UsageError

VARIABLE = "HDRPIPE_DEVICE"


def choose() -> torch.device:
    """The device named by HDRPIPE_DEVICE, else the first CUDA device, else the CPU.

    Raises:
        UsageError: the variable names no device, or one that is not there.
    """
    name = os.environ.get(VARIABLE, "")
    if not name:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UsageError(f"no usable device {name!r}", VARIABLE, "use cpu, cuda or cuda:K") from None
    return device
