"""Means over the neighbours of each pixel, in torch: box means, and non-local means with known noise.

Training computes them in every step and inference for every tile. `tests/parity` holds them to plain versions.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from hdrpipe.imaging.denoise import OFFSETS, PATCH, REACH, SOFTNESS, cut

FARTHEST = -80.0
"""Exponent of the smallest weight: still smaller ones are denormal numbers, with which processors are slow."""

ROWS = 192
"""Rows that are worked on at once: what a step leaves for the next one then still lies in the processor's cache."""


def by_rows(compute: Callable[..., tuple[Tensor, ...]], pictures: tuple[Tensor, ...], reach: int) -> tuple[Tensor, ...]:
    """Apply `compute` to pictures strip by strip: the same values, in less time where they are large.

    Args:
        compute: from tensors (..., h, W) to tensors (..., h, W); looks `reach` rows up and down.
        pictures: arguments of it, (..., H, W).
        reach: rows that are computed beyond each strip and dropped.
    """
    height = pictures[0].shape[-2]
    if torch.compiler.is_compiling() or height <= ROWS:
        return compute(*pictures)
    strips = []
    for seen, kept in strips_of(height, reach):
        strips.append(tuple(x[..., kept, :] for x in compute(*(x[..., seen, :] for x in pictures))))
    return tuple(torch.cat(column, dim=-2) for column in zip(*strips, strict=True))


def strips_of(height: int, reach: int) -> Iterator[tuple[slice, slice]]:
    """Rows that are seen for each strip, and the strip's own rows among these."""
    for start in range(0, height, ROWS):
        stop, first = min(start + ROWS, height), max(0, start - reach)
        yield slice(first, min(stop + reach, height)), slice(start - first, stop - first)


def mean_around(picture: Tensor, side: int) -> Tensor:
    """Mean over the window of an odd `side` around each pixel of (B, C, H, W), borders reflected."""
    wide = F.pad(picture, [side // 2] * 4, mode="reflect")
    return _sums(_sums(wide, side, -2), side, -1).mul_(1.0 / side**2)


def non_local_means(picture: Tensor, squared: Tensor) -> Tensor:
    """Average each pixel with neighbours whose patch differs by no more than noise: `imaging.denoise` on batches.

    Args:
        picture: values in the mu-law domain, (B, 3, H, W).
        squared: variance of their noise, same shape.

    Returns:
        (B, 3, H, W).
    """
    size = picture.shape[-2:]
    wide, wide_squared = (F.pad(x, [REACH] * 4, mode="reflect") for x in (picture, squared))
    total, weight = picture.clone(), torch.ones_like(picture[:, :1])
    for down, across in OFFSETS:
        right, left = max(across, 0), max(-across, 0)
        larger = (size[0] + down, size[1] + right + left)
        here, there = (REACH - down, REACH - right), (REACH, REACH - left)
        ratio = (cut(wide, here, larger) - cut(wide, there, larger)).square_()
        ratio = ratio.div_(cut(wide_squared, here, larger) + cut(wide_squared, there, larger)).mean(1, keepdim=True)
        # a pixel and its neighbour differ as the neighbour and the pixel do
        for corner, neighbour in (
            ((down, right), (REACH + down, REACH + across)),
            ((0, left), (REACH - down, REACH - across)),
        ):
            patch_weight = _patch_weight(cut(ratio, corner, size))
            total.addcmul_(patch_weight, cut(wide, neighbour, size))
            weight.add_(patch_weight)
    return total.div_(weight)


def _patch_weight(ratio: Tensor) -> Tensor:
    """Weight of neighbours by the squared difference over its variance, (B, 1, H, W)."""
    return mean_around(ratio, PATCH).sub_(1.0).mul_(-1.0 / SOFTNESS).clamp_(FARTHEST, 0.0).exp_()


def _sums(x: Tensor, side: int, dim: int) -> Tensor:
    """Sums of `side` neighbours along an axis, which becomes shorter by `side - 1`."""
    length = x.shape[dim] - side + 1
    total = x.narrow(dim, 0, length) + x.narrow(dim, 1, length)
    for start in range(2, side):
        total += x.narrow(dim, start, length)
    return total
