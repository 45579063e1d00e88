"""Random tries: a sample in `make test`, all of them in `make test-all`, repeatable by their seed."""

import os
import random

import pytest

# Workers of one session inherit the seed from the process that starts them.
SEED = int(os.environ.setdefault("HDRPIPE_SEED", str(random.randrange(10**6))))


def tries(sample, whole):
    """Numbers of the tries as a parametrisation `number`: those from `sample` on are slow."""
    numbers = [pytest.param(k, marks=[pytest.mark.slow] if k >= sample else []) for k in range(whole)]
    return pytest.mark.parametrize("number", numbers)


def dice(*words):
    """A random generator for one try; its seed is what a failure should print."""
    return random.Random(f"{SEED} {words}")
