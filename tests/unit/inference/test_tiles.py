"""Tiled inference equals inference of the whole."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from hdrpipe.errors import CapacityError
from hdrpipe.inference.load import SHIPPED, stored
from hdrpipe.inference.tiles import HALO, Inference, Tiling, halo_of, in_tiles, predict, spans


@pytest.mark.parametrize(("size", "tile", "halo"), [(100, 32, 8), (64, 64, 8), (65, 64, 24), (7, 64, 8)])
def test_kept_parts_cover_the_axis_once(size, tile, halo):
    kept = [index for inner, _ in spans(size, tile, halo, 2) for index in range(inner.start, inner.stop)]
    assert kept == list(range(size))
    for inner, outer in spans(size, tile, halo, 2):
        assert outer.start % 2 == 0
        assert outer.start <= inner.start
        assert outer.stop >= inner.stop


def test_tiles_show_no_seam(net):
    frames = (np.random.default_rng(0).random((3, 3, 150, 130)) * 65535).astype(np.uint16)
    whole, sigma = predict(net, frames, [1, 4, 16])
    tiled, tiled_sigma = predict(net, frames, [1, 4, 16], tile=64, halo=48)
    assert np.abs(whole - tiled).max() < 1e-5
    assert np.abs(sigma - tiled_sigma).max() < 1e-5


def test_a_halo_that_a_network_names_is_used_and_is_enough():
    """Nothing beyond it reaches a pixel: the shipped network's tiles are its whole picture but for rounding."""
    net = stored(SHIPPED).net
    frames = np.random.default_rng(1).random((3, 3, 150, 130)).astype(np.float32)
    whole, sigma = predict(net, frames, [1, 4, 16])
    tiled, tiled_sigma = predict(net, frames, [1, 4, 16], tile=64)
    assert halo_of(net) == 16 < HALO
    assert np.abs(whole - tiled).max() < 1e-6
    assert np.abs(sigma - tiled_sigma).max() < 1e-6
    short, _ = predict(net, frames, [1, 4, 16], tile=64, halo=4)
    assert np.abs(whole - short).max() > 1e-6


@pytest.fixture
def threads():
    """Four threads of torch, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield 4
    torch.set_num_threads(before)


def test_tiles_side_by_side_are_those_of_one_after_the_other(threads):
    net = stored(SHIPPED).net
    frames = np.random.default_rng(2).random((3, 3, 200, 260)).astype(np.float32)
    shared, done = set(), []

    class Watched(Inference):
        def __call__(self, window):
            shared.add((threading.current_thread().name, torch.get_num_threads()))
            return super().__call__(window)

    compute = Watched(net, [1.0, 4.0, 16.0], 1.0)
    tiling = Tiling(64, 16, 2)
    in_tiles(compute, frames, tiling)
    assert shared == {("MainThread", threads)}
    torch.set_num_threads(threads // 2)  # as many as each has side by side: other numbers of threads round otherwise
    alone = in_tiles(compute, frames, tiling)
    torch.set_num_threads(threads)
    shared.clear()
    both = in_tiles(compute, frames, replace(tiling, workers=2), lambda *counts: done.append(counts[:2]))
    assert all(np.array_equal(one, other) for one, other in zip(alone, both, strict=True))
    assert done == [(count, 20) for count in range(1, 21)]
    assert {count for _, count in shared} == {threads // 2}
    assert len(shared) == 2
    assert torch.get_num_threads() == threads


def test_an_error_of_one_tile_ends_all(threads):
    calls = []

    def fails(window):
        calls.append(window.shape)
        if len(calls) > 1:  # the others take longer than it takes to give them up
            time.sleep(0.05)
        raise ValueError("of this tile")

    with pytest.raises(ValueError, match="of this tile"):
        in_tiles(fails, np.zeros((3, 3, 640, 640), np.float32), Tiling(64, 8, workers=2))
    assert len(calls) < 100


def test_out_of_memory_halves_the_tile_and_ends_in_one_line(net):
    class Greedy(torch.nn.Module):
        multiple = 2

        def __init__(self, largest):
            super().__init__()
            self.net, self.largest, self.sizes = net, largest, []

        def forward(self, frames, times, level):
            self.sizes.append(max(frames.shape[-2:]))
            if self.sizes[-1] > self.largest:
                raise MemoryError
            return self.net(frames, times, level)

    frames = (np.random.default_rng(0).random((3, 3, 200, 200)) * 65535).astype(np.uint16)
    found, _ = predict(Greedy(180), frames, [1, 4, 16], tile=256, halo=24)
    assert np.abs(found - predict(net, frames, [1, 4, 16], tile=128, halo=24)[0]).max() < 1e-6
    with pytest.raises(CapacityError, match="out of memory"):
        predict(Greedy(10), frames, [1, 4, 16], tile=256, halo=24)


@pytest.mark.parametrize(("wanted", "passes"), [(None, 2), (600, 1)])
def test_a_network_that_looks_far_is_given_larger_tiles(net, monkeypatch, wanted, passes):
    seen = []
    forward = net.forward
    monkeypatch.setattr(net, "tile", wanted, raising=False)
    monkeypatch.setattr(net, "forward", lambda frames, *more: seen.append(frames.shape) or forward(frames, *more))
    predict(net, np.zeros((3, 3, 16, 540), np.uint16), [1, 4, 16])
    assert len(seen) == passes
