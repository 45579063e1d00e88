"""Random numbers that repeat: seeds from a stable hash, and draws of layers that depend on no sharing of a batch."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
from torch import Tensor

_placed: ContextVar[tuple[Sequence[int], int] | None] = ContextVar("placed", default=None)


def seed_of(*words: int | str) -> int:
    """A 63-bit seed from words, for example `seed_of(0, "labelled", step)`."""
    digest = hashlib.sha256(json.dumps(words).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(*words: int | str) -> np.random.Generator:
    """A NumPy generator that depends on the words alone."""
    return np.random.default_rng(seed_of(*words))


@contextmanager
def seeded(*words: int | str) -> Iterator[None]:
    """Torch's random numbers depend on the words alone inside; the state outside is left as it was.

    Use it around the building of a network, whose initial weights are drawn from torch's own state.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed_of(*words))
        yield


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
