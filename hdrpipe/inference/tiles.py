"""Inference of whole scenes, tile by tile where they are large."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hdrpipe.errors import CapacityError, NonFiniteError, is_memory
from hdrpipe.imaging.burst import unit_floats
from hdrpipe.imaging.compression import compression_level
from hdrpipe.imaging.tonemap import inverse_mu_law
from hdrpipe.learning.batches import Array, level_of
from hdrpipe.models.network import Prediction
from hdrpipe.quantities import Frames, Picture, Plane

TILE = 512
"""Side of a tile in pixels: larger frames are cut, so that memory does not grow with the picture."""

HALO = 24
"""Pixels around a tile that are computed and cropped."""

SMALLEST = 64
"""Below this side a tile is mostly halo: out of memory is then final."""

LEAST = 3
"""Networks and merges look two pixels beyond each border, by reflection: a side needs one pixel more than that."""

log = logging.getLogger(__name__)


def predict(
    net: nn.Module, frames: Array, times: Any, quality: int = 0, tile: int | None = None, halo: int | None = None
) -> tuple[Picture, Plane]:
    """Radiance and sigma of one burst; out of memory halves the tile and starts over.

    Args:
        net: gives `tonemapped` and `sigma`; its `multiple` places the tiles; its `tile` and `halo`, if any, are theirs.
        frames: (N, 3, H, W), integers over their dtype's range or floats in [0, 1]; sliced tile by tile.
        times: relative exposure times, (N,).
        quality: JPEG quality of the frames, 1 to 100; 0 where they were never compressed.
        tile: side of what one pass keeps, in pixels; a frame that fits is one pass; None: as the net says, or TILE.
        halo: context around it that is computed and cropped; None: as the net says, or HALO.

    Returns:
        Radiance in [0, 1], (3, H, W); sigma in the mu-law domain, (H, W).

    Raises:
        CapacityError: the smallest tile does not fit into memory.
        NonFiniteError: see `Inference`.
    """
    side = tile or getattr(net, "tile", None) or TILE
    level = level_of(frames, times, frames.shape[0] // 2) + compression_level(quality)
    return in_tiles(
        Inference(net, times, level),
        frames,
        Tiling(side, halo or halo_of(net), getattr(net, "multiple", 1)),
    )


def halo_of(net: nn.Module) -> int:
    """Pixels around a tile that a network needs: as it says, or HALO."""
    return getattr(net, "halo", None) or HALO


@dataclass(frozen=True)
class Tiling:
    """Settings by which a frame is cut into tiles.

    `tile`, `halo` as `predict` has them; tiles start at multiples of `multiple`; `setting` is what a person can change
    when memory runs out; so many `workers` compute a tile each at the same time and share the threads of the process.
    """

    tile: int = TILE
    halo: int = HALO
    multiple: int = 1
    setting: str = "tile"
    workers: int = 1


class Inference:
    """A network on windows of a burst: frames (N, 3, h, w) in [0, 1] -> radiance (3, h, w), sigma (h, w).

    `level` is the noise level of the whole burst, so that tiles fit together.

    Called, it raises NonFiniteError where a value is infinite or NaN: huge weights can be finite and of no use.
    """

    def __init__(self, net: nn.Module, times: Any, level: float):
        self.net = net.eval().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.device = next(net.parameters()).device
        self.times = torch.tensor(np.asarray(times)[None], dtype=torch.float32, device=self.device)
        self.level = torch.tensor([level], dtype=torch.float32, device=self.device)

    @torch.inference_mode()
    def __call__(self, frames: Frames) -> tuple[Picture, Plane]:
        prediction = self.net(self.tensor(frames), self.times, self.level)
        check_finite(prediction)
        radiance = inverse_mu_law(prediction.tonemapped[0].clamp(0.0, 1.0))
        return radiance.cpu().numpy(), prediction.sigma[0, 0].cpu().numpy()

    def tensor(self, frames: Frames) -> Tensor:
        """Frames (N, 3, h, w) as a batch of one on the network's device."""
        return torch.from_numpy(frames[None]).to(self.device)


def check_finite(prediction: Prediction) -> None:
    """Raise NonFiniteError where a value of a prediction is infinite or NaN."""
    extremes = (extreme for plane in prediction for extreme in plane.aminmax())  # NaN where a value is; read only once
    if not all(math.isfinite(extreme) for extreme in extremes):
        hint = "its weights are of no use: choose another one, or train it anew"
        raise NonFiniteError("a network gave values that are not finite", hint=hint)


def in_tiles(
    compute: Callable[[Frames], tuple[Picture, Plane]],
    frames: Array,
    tiling: Tiling,
    progress: Callable[[int, int, str], None] = lambda done, total, note: None,
) -> tuple[Picture, Plane]:
    """Radiance and sigma that `compute` gives for a burst, tile by tile; out of memory halves the tile and starts over.

    Args:
        compute: see `Inference`; may use all of the window, of which the halo is dropped.
        frames: as `predict`.
        tiling: how the frame is cut.
        progress: called with (tiles done, tiles, "").

    Raises:
        CapacityError: the smallest tile does not fit into memory; names `tiling.setting`.
    """
    tile = tiling.tile
    while True:
        try:
            return _assembled(compute, frames, replace(tiling, tile=tile), progress)
        except (RuntimeError, MemoryError) as error:
            if not is_memory(error):
                raise
        if tile // 2 < SMALLEST:
            hint = "free memory or use another device"
            raise CapacityError(f"out of memory at tiles of {tile} pixels", tiling.setting, hint)
        tile //= 2
        log.warning("out of memory: tiles of %d pixels from here on", tile)


def _assembled(compute, frames: Array, tiling: Tiling, progress) -> tuple[Picture, Plane]:
    height, width = frames.shape[-2:]
    radiance, sigma = np.empty((3, height, width), np.float32), np.empty((height, width), np.float32)
    rows, columns = (spans(size, tiling.tile, tiling.halo, tiling.multiple) for size in (height, width))

    def fill(spans_of_tile: tuple[tuple[slice, slice], tuple[slice, slice]]) -> None:
        (inner_y, outer_y), (inner_x, outer_x) = spans_of_tile
        tile_radiance, tile_sigma = compute(_at_least(unit_floats(frames[..., outer_y, outer_x]), LEAST))
        kept = (_within(inner_y, outer_y), _within(inner_x, outer_x))
        radiance[:, inner_y, inner_x] = tile_radiance[(slice(None), *kept)]
        sigma[inner_y, inner_x] = tile_sigma[kept]

    tiles = list(product(rows, columns))
    with side_by_side(min(tiling.workers, len(tiles))) as each:
        for done, _ in enumerate(each(fill, tiles), 1):
            progress(done, len(tiles), "")
    return radiance, sigma


@contextmanager
def side_by_side(workers: int) -> Iterator[Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]]:
    """A `map` that makes so many calls at the same time, on as many torch threads as the process has; an error ends it.

    One call on one thread each is faster than all threads on one call after the other: much of a tile's work is too
    small to share, or is not torch's.
    """
    if workers < 2:
        yield map
        return
    threads = max(torch.get_num_threads() // workers, 1)
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(threads,)) as pool:
        yield pool.map


def _at_least(window: Frames, side: int) -> Frames:
    """The window, its last row and column repeated where it is smaller than `side`."""
    missing = [max(side - size, 0) for size in window.shape[-2:]]
    return np.pad(window, [(0, 0), (0, 0), *((0, more) for more in missing)], "edge") if any(missing) else window


def spans(size: int, tile: int, halo: int, multiple: int) -> list[tuple[slice, slice]]:
    """Cut one axis: (what is kept, what is computed), both in pixels of the axis.

    Kept parts cover the axis once. Computed parts start at multiples of `multiple`, as a whole frame does, and reach
    at least `halo` beyond the kept part where the axis allows.
    """
    if size <= tile:
        return [(slice(0, size), slice(0, size))]
    step = max(tile // multiple, 1) * multiple
    return list(_cut(size, step, halo, multiple))


def _cut(size: int, step: int, halo: int, multiple: int) -> Iterator[tuple[slice, slice]]:
    for start in range(0, size, step):
        stop = min(start + step, size)
        outer = max(0, (start - halo) // multiple * multiple)
        yield slice(start, stop), slice(outer, min(size, stop + halo))


def _within(inner: slice, outer: slice) -> slice:
    return slice(inner.start - outer.start, inner.stop - outer.start)
