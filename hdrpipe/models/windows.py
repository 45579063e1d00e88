"""Partition of a picture's tokens into windows, with the attention masks of cyclically shifted windows.

Shift and partition are one gather along the tokens. Index and masks depend on the size alone and are cached.
"""

from functools import lru_cache
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

FORBIDDEN = -100.0
"""Value added to the attention between tokens that only the cyclic shift put into one window (Liu et al. 2021)."""

CACHED_SIZES = 8
"""Number of sizes in the cache: those of a picture's tiles, or of crops and whole validation scenes."""


class Windows(NamedTuple):
    """Token order for one picture size; windows with the same mask are adjacent."""

    order: Tensor
    """(H W,) index of each token in the picture, window by window."""
    back: Tensor
    """(H W,) the inverse of `order`."""
    groups: tuple[tuple[int, int, Tensor | None], ...]
    """(first window, last + 1, mask to add to the attention (window^2, window^2) or None) of each group of windows."""


@lru_cache(maxsize=CACHED_SIZES)
@torch.inference_mode(False)  # a tensor first made in inference mode could not be used in training
def windows(height: int, width: int, side: int, shift: int, device: torch.device) -> Windows:
    """Windows of a picture rolled up and left by `shift` pixels.

    Args:
        height: rows, a multiple of `side`.
        width: columns, likewise.
        side: side of a window.
        shift: 0, or less than `side`; then the last windows of each axis hold two strips that are not neighbours.
        device: device of the index.
    """
    pixels = torch.arange(height * width).view(height, width).roll((-shift, -shift), (0, 1))
    grid = _partition(pixels, side)
    rows, columns = height // side, width // side
    last_row, last_column = torch.arange(rows) == rows - 1, torch.arange(columns) == columns - 1
    kind = (2 * last_row[:, None] + last_column[None, :]).flatten() if shift else torch.zeros(rows * columns).long()
    by_kind = torch.sort(kind, stable=True)
    order = grid[by_kind.indices].flatten()
    groups, start = [], 0
    for value, count in enumerate(torch.bincount(kind, minlength=4).tolist()):
        if count:
            groups.append((start, start + count, _mask(side, shift, value).to(device) if value else None))
        start += count
    return Windows(order.to(device), torch.argsort(order).to(device), tuple(groups))


@lru_cache(maxsize=CACHED_SIZES)
@torch.inference_mode(False)
def relative_index(side: int, device: torch.device) -> Tensor:
    """Row of the bias table for each pair of tokens of a window, (side^2, side^2) in [0, (2 side - 1)^2)."""
    axis = torch.arange(side)
    down, right = (plane.flatten() for plane in torch.meshgrid(axis, axis, indexing="ij"))
    dy, dx = (plane[:, None] - plane[None, :] + side - 1 for plane in (down, right))
    return (dy * (2 * side - 1) + dx).to(device)


def _partition(plane: Tensor, side: int) -> Tensor:
    height, width = plane.shape
    return plane.view(height // side, side, width // side, side).transpose(1, 2).reshape(-1, side * side)


def _mask(side: int, shift: int, kind: int) -> Tensor:
    """Attention mask of the windows in the last row (2), the last column (1) or both (3)."""
    second = torch.arange(side) >= side - shift
    row, column = second & bool(kind & 2), second & bool(kind & 1)
    region = (2 * row[:, None] + column[None, :]).flatten()
    return torch.where(region[:, None] == region[None, :], 0.0, FORBIDDEN)


def permuted(x: Tensor, order: Tensor, back: Tensor) -> Tensor:
    """`x[:, order]`, given the inverse permutation `back` for its gradient."""
    return cast(Tensor, _Permute.apply(x, order, back))


class _Permute(torch.autograd.Function):
    """Reorder dimension 1 by a permutation; its gradient is the inverse gather, not a slow scatter."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, order: Tensor, back: Tensor) -> Tensor:
        """`x[:, order]`, given the inverse `back` too."""
        ctx.save_for_backward(order, back)
        return x.index_select(1, order)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The gradient in the order of the input."""
        return gradients[0].index_select(1, ctx.saved_tensors[1]), None, None
