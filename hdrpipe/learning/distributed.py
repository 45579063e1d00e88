"""Data-parallel training in several processes, each with a share of every batch (torch.distributed).

In a single process, the usual case, every function here returns its input unchanged.
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
def process_group(device: torch.device) -> Iterator[None]:
    """Context with the process group of this training: NCCL on CUDA devices, else gloo.

    Raises:
        StoppedError: another process of the group ended; its own message gives the cause.
    """
    if share().size == 1:
        yield
        return
    cuda = device.type == "cuda"
    if cuda:
        torch.cuda.set_device(device)
    # on the CPU convolution gradients have another memory layout than their sum, which costs one copy
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    try:
        dist.init_process_group("nccl" if cuda else "gloo", device_id=device if cuda else None)
        yield
    except RuntimeError as error:
        if not _is_loss(error):
            raise
        traceback.clear_frames(error.__traceback__)  # frames hold the network of `data_parallel`
        raise StoppedError(
            "another process of this training has ended", hint="see the message of that process"
        ) from None
    finally:
        if dist.is_initialized():
            gc.collect()
            dist.destroy_process_group()


def _is_loss(error: RuntimeError) -> bool:
    """True for the error of a lost process; gloo has no exception type of its own."""
    return isinstance(error, dist.DistError) or "gloo" in str(error)


def data_parallel(net: nn.Module) -> nn.Module:
    """The network to call in training: its gradients are means over the processes, its weights start from rank 0's.

    Drop the last reference before `process_group` ends. Destroying a gloo group waits for its threads, which need the
    interpreter lock; torch releases the lock if Python holds the last reference to the group, but not if this network
    does.
    """
    return DistributedDataParallel(net) if dist.is_initialized() else net


def mean(values: Tensor) -> Tensor:
    """Mean over the processes of a tensor of any shape, without gradient."""
    if not dist.is_initialized():
        return values
    total = values.detach().clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def synchronised(losses: Mapping[str, Tensor], stopping: bool) -> tuple[dict[str, float], bool]:
    """Mean of each loss over the processes, and True if any was asked to stop; one sum, so that all decide alike."""
    values = list(losses.values())
    *means, stops = mean(torch.stack([*values, values[0].new_tensor(float(stopping))])).tolist()
    return dict(zip(losses, means, strict=True)), stops > 0


def wait() -> None:
    """Wait until every process has called this."""
    if dist.is_initialized():
        dist.barrier()
