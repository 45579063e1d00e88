"""Random numbers of layers, one for each sample: the same ones however many processes share a batch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

_placed: ContextVar[tuple[Sequence[int], int] | None] = ContextVar("placed", default=None)


@contextmanager
def placed(places: Sequence[int], total: int) -> Iterator[None]:
    """Inside, the samples that a network sees are those at `places` of a batch of `total`."""
    token = _placed.set((places, total))
    try:
        yield
    finally:
        _placed.reset(token)


def per_sample(samples: int, device: torch.device) -> Tensor:
    """A uniform number in [0, 1) for each sample, (samples,), from torch's own state.

    Where the samples are `placed` in a batch, numbers are drawn for all of it, and theirs are taken.
    """
    places, total = _placed.get() or (range(samples), samples)
    drawn = torch.rand(total, device=device)
    return drawn if len(places) == total else drawn[torch.tensor(places, device=device)]
