"""Weak and strong augmentation: flips, quarter turns and a permutation of the colour channels, all without resampling.

A transform is drawn once for a sample and applied to its frames, target and weight alike.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Transform:
    """One drawn augmentation; the default is the identity."""

    vertical: bool = False
    horizontal: bool = False
    turns: int = 0
    """Quarter turns, counter-clockwise."""
    channels: tuple[int, int, int] = (0, 1, 2)
    """Channel i of the result is channel `channels[i]` of the source."""


def weak(rng: np.random.Generator) -> Transform:
    """Draw for a labelled sample: vertical flip and quarter turns (arXiv 2511.12939)."""
    return Transform(vertical=bool(rng.integers(2)), turns=int(rng.integers(4)))


def strong(rng: np.random.Generator) -> Transform:
    """Draw for an unlabelled sample: channel permutation, horizontal flip, quarter turns (arXiv 2511.12939)."""
    first, second, third = (int(channel) for channel in rng.permutation(3))
    return Transform(horizontal=bool(rng.integers(2)), turns=int(rng.integers(4)), channels=(first, second, third))


DRAWS = {"weak": weak, "strong": strong, "corrupted": strong, "rerendered": strong}


def transform_plane(transform: Transform, plane: Tensor) -> Tensor:
    """Apply flips and turns to (..., H, W); square planes keep their size."""
    if transform.vertical:
        plane = plane.flip(-2)
    if transform.horizontal:
        plane = plane.flip(-1)
    return torch.rot90(plane, transform.turns, (-2, -1)) if transform.turns else plane


def transform_picture(transform: Transform, picture: Tensor) -> Tensor:
    """Apply flips, turns and the channel permutation to (..., 3, H, W)."""
    if transform.channels != (0, 1, 2):
        picture = picture.index_select(-3, torch.tensor(transform.channels, device=picture.device))
    return transform_plane(transform, picture)
