"""Exact augmentation: flips, quarter turns and one permutation of the colour channels.

What is drawn is kept apart from how it is applied, so that frames, target and weight of one sample move together.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Move:
    """One drawn augmentation; the default leaves everything as it is."""

    vertical: bool = False
    horizontal: bool = False
    turns: int = 0
    """Quarter turns, counter-clockwise."""
    channels: tuple[int, int, int] = (0, 1, 2)
    """Channel i of the result is channel `channels[i]` of the source."""


def weak(rng: np.random.Generator) -> Move:
    """For labelled samples: vertical flip and quarter turns (arXiv 2511.12939)."""
    return Move(vertical=bool(rng.integers(2)), turns=int(rng.integers(4)))


def strong(rng: np.random.Generator) -> Move:
    """For unlabelled samples: colour shuffle, horizontal flip and quarter turns (arXiv 2511.12939)."""
    first, second, third = (int(channel) for channel in rng.permutation(3))
    return Move(horizontal=bool(rng.integers(2)), turns=int(rng.integers(4)), channels=(first, second, third))


DRAWS = {"weak": weak, "strong": strong, "harder": strong}


def move_plane(move: Move, plane: Tensor) -> Tensor:
    """Apply the geometry of a move to (..., H, W); square planes keep their size."""
    if move.vertical:
        plane = plane.flip(-2)
    if move.horizontal:
        plane = plane.flip(-1)
    return torch.rot90(plane, move.turns, (-2, -1)) if move.turns else plane


def move_picture(move: Move, picture: Tensor) -> Tensor:
    """Apply a move to (..., 3, H, W): geometry and colour."""
    if move.channels != (0, 1, 2):
        picture = picture.index_select(-3, torch.tensor(move.channels, device=picture.device))
    return move_plane(move, picture)
