"""Corruption augmentation: bursts that are harder to fuse while their target stays the same.

The reference only gets noise; the other exposures may also be jittered, replaced or given a ghost.
"""

import numpy as np
import torch
from torch import Tensor

from hdrpipe.imaging.camera import ldr_from_linear, linear_from_ldr

CHANCE = 0.3
"""Probability of each kind of corruption of a burst."""

BRIGHTER = 0.5
"""Largest jitter of an exposure in stops; exposures only get longer, so that clipped values stay clipped."""

NOISE = 2e-4
"""Largest variance of the added noise per unit of linear signal."""


def corrupt(frames: Tensor, times: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Jitter an exposure, replace a frame by the reference, insert a ghost, add noise: each with probability `CHANCE`.

    Args:
        frames: display-coded in [0, 1], (N, 3, h, w), ascending exposure, the reference in the middle.
        times: relative exposure times, (N,), the first 1.
        rng: only source of the random numbers.

    Returns:
        New frames and times, of the same shapes.
    """
    linear, times, middle = linear_from_ldr(frames), times.clone(), len(frames) // 2
    others = [index for index in range(len(frames)) if index != middle]
    jitter, drop, ghost, noise = rng.random(4) < CHANCE
    chosen, victim = int(rng.choice(others)), int(rng.choice(others))
    gain, variance = float(2.0 ** rng.uniform(0, BRIGHTER)), float(rng.uniform(0, NOISE))
    seeded = torch.Generator().manual_seed(int(rng.integers(2**31)))
    if jitter and chosen > middle:  # the shortest exposure is the unit of radiance
        linear[chosen] = (linear[chosen] * gain).clamp(0.0, 1.0)
        times[chosen] = times[chosen] * gain
    if ghost:
        linear[victim] = _ghost(linear[victim], rng)
    if drop:
        linear[victim] = (linear[middle] * times[victim] / times[middle]).clamp(0.0, 1.0)
    if noise:
        grain = torch.randn(linear.shape, generator=seeded) * (variance * linear).sqrt()
        linear = torch.where(linear < 1.0, (linear + grain).clamp(0.0, 1.0), linear)
    return ldr_from_linear(linear), times


def _ghost(frame: Tensor, rng: np.random.Generator) -> Tensor:
    """The frame (3, h, w) with a rectangle copied from elsewhere in it, like the ghost of a moving object."""
    height, width = frame.shape[-2:]
    tall, wide = int(rng.integers(height // 8, height // 3 + 1)), int(rng.integers(width // 8, width // 3 + 1))
    top, left = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
    elsewhere = frame.roll((int(rng.integers(1, height)), int(rng.integers(1, width))), (-2, -1))
    ghosted = frame.clone()
    ghosted[:, top : top + tall, left : left + wide] = elsewhere[:, top : top + tall, left : left + wide]
    return ghosted
