"""R16: memory runs out in some tile, or in all."""

import numpy as np
import pytest
import torch

from hdrpipe.errors import CapacityError, Exit
from hdrpipe.inference.tiles import SMALLEST, Inference, Tiling, in_tiles
from hdrpipe.models.network import build

TIMES = [1.0, 4.0, 16.0]


class Failing:
    """An inference that runs out of memory once, in its k-th tile, and always above a size."""

    def __init__(self, inner, k, largest, error):
        self.inner, self.k, self.largest, self.error, self.calls = inner, k, largest, error, 0

    def __call__(self, window):
        self.calls += 1
        if self.calls == self.k or max(window.shape[-2:]) > self.largest:
            raise self.error
        return self.inner(window)


ERRORS = [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory"), torch.cuda.OutOfMemoryError()]


each_error = pytest.mark.parametrize(
    "error", [ERRORS[0], *(pytest.param(error, marks=pytest.mark.slow) for error in ERRORS[1:])], ids=repr
)


@pytest.fixture(scope="module")
def scene():
    torch.manual_seed(0)
    net = build({"backbone": "merge_net", "options": {"channels": 4}, "output": "merge", "exposures": 3})
    frames = (np.random.default_rng(0).random((3, 3, 300, 330)) * 65535).astype(np.uint16)
    return Inference(net, TIMES, 1.0), frames


TILES = 9
"""Tiles of 128 pixels in the scene."""


@pytest.mark.parametrize("k", [1, 2, 5, TILES, *(pytest.param(k, marks=pytest.mark.slow) for k in (3, 4, 6, 7, 8))])
@each_error
def test_the_tile_halves_and_the_result_is_that_of_the_smaller_tile(scene, k, error, count):
    inner, frames = scene
    failing = Failing(inner, k, 10_000, error)
    found, sigma = in_tiles(failing, frames, Tiling(128, 24, 2))
    wanted, wanted_sigma = in_tiles(inner, frames, Tiling(64, 24, 2))
    assert failing.calls == k + 30
    assert np.array_equal(found, wanted)
    assert np.array_equal(sigma, wanted_sigma)
    count("R16")


@each_error
def test_when_no_tile_fits_the_setting_is_named(scene, error, count):
    inner, frames = scene
    with pytest.raises(CapacityError, match="--memory: out of memory") as caught:
        in_tiles(Failing(inner, 0, SMALLEST // 2, error), frames, Tiling(256, 24, 2, "--memory"))
    assert caught.value.code == Exit.CAPACITY
    count("R16")


def test_another_fault_is_not_taken_for_a_lack_of_memory(scene):
    inner, frames = scene
    with pytest.raises(RuntimeError, match="shape"):
        in_tiles(Failing(inner, 1, 10_000, RuntimeError("shape mismatch")), frames, Tiling(128, 24, 2))
