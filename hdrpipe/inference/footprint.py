"""Memory that inference takes per pixel, measured on a small picture."""

from typing import Any

import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

TRIAL = 96
"""Side of the trial picture: a multiple of what backbones ask for, large enough that constants do not show."""


class _Ledger(TorchDispatchMode):
    """Adds up the tensors that live at the same time while operations run; `peak` is the most, in bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.peak, self._live = 0, {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # the guard against torch.compile would import it, for seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                storage = leaf.untyped_storage()
                self._live[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self._live = {key: entry for key, entry in self._live.items() if not entry[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self._live.values()))
        return result


@torch.inference_mode()
def bytes_per_pixel(net: nn.Module, exposures: int) -> float:
    """Most bytes of tensors that live at once during inference of one burst, per pixel of the picture.

    Args:
        net: as `learning.tiles.predict` takes it.
        exposures: frames of a burst.
    """
    device = next(net.parameters()).device
    frames = torch.full((1, exposures, 3, TRIAL, TRIAL), 0.5, device=device)
    times = torch.tensor([[4.0**index for index in range(exposures)]], device=device)
    with _Ledger() as ledger:
        net.eval()(frames, times)
    return (ledger.peak + frames.nbytes) / TRIAL**2
