"""Reproducible random numbers: seeds from a stable hash, and per-sample draws independent of how a batch is split."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
from torch import Tensor

_positions: ContextVar[tuple[Sequence[int], int] | None] = ContextVar("batch_positions", default=None)


def seed_of(*words: int | str) -> int:
    """63-bit seed from words, for example `seed_of(0, "labelled", step)`."""
    digest = hashlib.sha256(json.dumps(words).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(*words: int | str) -> np.random.Generator:
    """NumPy generator seeded by `seed_of`."""
    return np.random.default_rng(seed_of(*words))


@contextmanager
def seeded(*words: int | str) -> Iterator[None]:
    """Context in which torch's global generator is seeded by `seed_of`; its state is restored afterwards.

    Use it to build a network, whose initial weights are drawn from the global generator.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed_of(*words))
        yield


@contextmanager
def batch_positions(positions: Sequence[int], total: int) -> Iterator[None]:
    """Context in which the samples seen by a network are those at `positions` of a batch of `total`."""
    token = _positions.set((positions, total))
    try:
        yield
    finally:
        _positions.reset(token)


def per_sample(samples: int, device: torch.device) -> Tensor:
    """Uniform numbers in [0, 1), one a sample, (samples,), from torch's global generator.

    Inside `batch_positions` numbers are drawn for the whole batch and those at the positions are returned.
    """
    positions, total = _positions.get() or (range(samples), samples)
    drawn = torch.rand(total, device=device)
    return drawn if len(positions) == total else drawn[torch.tensor(positions, device=device)]
