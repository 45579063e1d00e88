"""One training in several processes, each with a share of every batch: what they tell one another.

Where there is one process, which is the rule, everything here gives back what it got.
"""

import gc
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from hdrpipe.config.batch_share import share
from hdrpipe.errors import StoppedError


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Inside, the processes of this training are a group: over NCCL on CUDA devices, else over gloo.

    Raises:
        StoppedError: another process has ended; what ended it is that one's to tell.
    """
    if share().size == 1:
        yield
        return
    cuda = device.type == "cuda"
    if cuda:
        torch.cuda.set_device(device)
    # what convolutions make on the CPU is laid out otherwise than its sum, which costs a copy and nothing else
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    try:
        dist.init_process_group("nccl" if cuda else "gloo", device_id=device if cuda else None)
        yield
    except RuntimeError as error:
        if not _is_loss(error):
            raise
        traceback.clear_frames(error.__traceback__)  # they hold the network that `learning` gave
        raise StoppedError("another process of this training has ended", hint="see its message") from None
    finally:
        if dist.is_initialized():
            gc.collect()
            dist.destroy_process_group()


def _is_loss(error: RuntimeError) -> bool:
    """Whether a process was lost; gloo has no exception of its own."""
    return isinstance(error, dist.DistError) or "gloo" in str(error)


def learning(net: nn.Module) -> nn.Module:
    """The network to call in training: its gradients are means over the processes, which start from the first one's.

    Let go of it before `joined` ends: what ends a gloo group waits for its threads, and they for the interpreter's
    lock, which torch gives free if the group's last holder is Python, and keeps if it is this network.
    """
    return DistributedDataParallel(net) if dist.is_initialized() else net


def mean(values: Tensor) -> Tensor:
    """Mean over the processes of a tensor of any shape; carries no gradient."""
    if not dist.is_initialized():
        return values
    total = values.detach().clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def agreed(losses: Mapping[str, Tensor], stopping: bool) -> tuple[dict[str, float], bool]:
    """Mean of each loss over the processes, and whether any of them is to stop: one sum, so that all decide alike."""
    values = [value.detach() for value in losses.values()]
    *means, asked = mean(torch.stack([*values, values[0].new_tensor(float(stopping))])).tolist()
    return dict(zip(losses, means, strict=True)), asked > 0


def wait() -> None:
    """Wait until every process is here."""
    if dist.is_initialized():
        dist.barrier()
