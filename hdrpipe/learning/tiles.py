"""Inference of whole scenes, tile by tile where they are large."""

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from hdrpipe.errors import CapacityError
from hdrpipe.imaging.tonemap import inverse_mu_law
from hdrpipe.learning.batches import Array, unit_floats
from hdrpipe.quantities import Picture, Plane

TILE = 512
"""Side of a tile in pixels: larger frames are cut, so that memory does not grow with the picture."""

HALO = 24
"""Pixels around a tile that are computed and cropped."""

SMALLEST = 64
"""Below this side a tile is mostly halo: out of memory is then final."""

log = logging.getLogger(__name__)


def predict(net: nn.Module, frames: Array, times: Any, tile: int = TILE, halo: int = HALO) -> tuple[Picture, Plane]:
    """Radiance and sigma of one burst; out of memory halves the tile and starts over.

    Args:
        net: gives `tonemapped` and `sigma`; its `multiple` places the tiles.
        frames: (N, 3, H, W), integers over their dtype's range or floats in [0, 1]; sliced tile by tile.
        times: relative exposure times, (N,).
        tile: side of what one pass keeps, in pixels; a frame that fits is one pass.
        halo: context around it that is computed and cropped.

    Returns:
        Radiance in [0, 1], (3, H, W); sigma in the mu-law domain, (H, W).

    Raises:
        CapacityError: the smallest tile does not fit into memory.
    """
    net.eval()
    while True:
        try:
            return _predict(net, frames, times, tile, halo)
        except (RuntimeError, MemoryError) as error:
            if not _is_memory(error):
                raise
        if tile // 2 < SMALLEST:
            raise CapacityError(f"out of memory at tiles of {tile} pixels", "tile", "free memory or use another device")
        tile //= 2
        log.warning("out of memory: tiles of %d pixels from here on", tile)


@torch.inference_mode()
def _predict(net: nn.Module, frames: Array, times: Any, tile: int, halo: int) -> tuple[Picture, Plane]:
    height, width = frames.shape[-2:]
    device = next(net.parameters()).device
    seconds = torch.tensor(np.asarray(times)[None], dtype=torch.float32, device=device)
    radiance, sigma = np.empty((3, height, width), np.float32), np.empty((height, width), np.float32)
    multiple: int = getattr(net, "multiple", 1)
    rows, columns = spans(height, tile, halo, multiple), spans(width, tile, halo, multiple)
    for (inner_y, outer_y), (inner_x, outer_x) in ((y, x) for y in rows for x in columns):
        window = torch.from_numpy(unit_floats(frames[..., outer_y, outer_x])[None]).to(device)
        found = net(window, seconds)
        kept = (0, slice(None), _within(inner_y, outer_y), _within(inner_x, outer_x))
        radiance[:, inner_y, inner_x] = inverse_mu_law(found.tonemapped[kept].clamp(0.0, 1.0)).cpu().numpy()
        sigma[inner_y, inner_x] = found.sigma[kept][0].cpu().numpy()
    return radiance, sigma


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


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    return "can't allocate memory" in str(error) or "not enough memory" in str(error)
