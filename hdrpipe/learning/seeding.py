"""Seeds from a stable hash: the same words give the same numbers on every machine, in every process."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


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
