"""Re-rendering augmentation: the burst that a camera would have taken of a pseudo label, or of a truth.

An error of the teacher then changes which scene is shown, not whether its label is right. Means of 2 x 2 pixels take
away most of the noise that the pseudo label kept. Half of the bursts are still; in the others all frames but the
reference are taken from a fraction of a pixel away and aligned, not quite: what a warp does to noise and detail.
Nothing moves in them.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d, pad

from hdrpipe.imaging.camera import ldr_from_linear
from hdrpipe.imaging.noise import noise
from hdrpipe.quantities import RERENDERED

STILL = 0.5
"""Probability that nothing was aligned."""

AWAY = 0.5
"""Largest shift of a frame along each axis before it is aligned, in pixels: warps interpolate no further."""

ERROR = 0.15
"""Standard deviation of what alignment leaves of it along each axis, in pixels."""


def rerender(
    radiance: Tensor, weight: Tensor, times: Tensor, level: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """A burst of half the size of a picture, its exact radiance, and its weight.

    Args:
        radiance: pseudo label or truth, (3, 2 h, 2 w); the shortest exposure clips at 1.
        weight: loss weight of its pixels in [0, 1], (2 h, 2 w).
        times: relative exposure times, (N,), the first 1; the reference is the middle frame.
        level: noise level of the burst (`imaging.noise_level`).
        rng: only source of the random numbers.

    Returns:
        Display-coded frames in [0, 1], (N, 3, h, w); radiance, (3, h, w); and weight, (h, w): the least of the pixels
        that are averaged.
    """
    content = reduced(radiance).clamp(min=0.0)
    away, error = rng.uniform(-AWAY, AWAY, (len(times), 2)), rng.normal(0.0, ERROR, (len(times), 2))
    still = rng.random() < STILL
    seeded = torch.Generator().manual_seed(int(rng.integers(2**31)))
    frames = []
    for number, time in enumerate(times):
        if still or number == len(times) // 2:
            frames.append(_taken(content, time, level, seeded))
        else:
            seen = _shifted(content, np.clip(away + error, -1.0, 1.0)[number])
            frames.append(_shifted(_taken(seen, time, level, seeded), -away[number]))
    return torch.stack(frames), content, -max_pool2d(-weight[None, None], RERENDERED)[0, 0]


def reduced(picture: Tensor) -> Tensor:
    """Means of 2 x 2 pixels of a picture (3, 2 h, 2 w): (3, h, w)."""
    return avg_pool2d(picture[None], RERENDERED)[0]


def _taken(radiance: Tensor, time: Tensor, level: float, seeded: torch.Generator) -> Tensor:
    """Display-coded frame of radiance (3, h, w), with noise of the level."""
    linear = radiance * time
    grain = torch.randn(linear.shape, generator=seeded) * noise(linear, 1.0, level).sqrt()
    return ldr_from_linear((linear + grain).clamp(0.0, 1.0))


def _shifted(picture: Tensor, shift: np.ndarray) -> Tensor:
    """The picture (3, h, w) seen from up to a pixel further down and right, interpolated; edges are repeated."""
    down, right = (torch.tensor([max(-s, 0.0), 1.0 - abs(s), max(s, 0.0)], dtype=picture.dtype) for s in shift)
    kernel = torch.outer(down, right).expand(len(picture), 1, 3, 3)
    return conv2d(pad(picture[None], (1, 1, 1, 1), mode="replicate"), kernel, groups=len(picture))[0]
