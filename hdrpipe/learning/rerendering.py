"""Re-rendering augmentation: the burst that a camera would have taken of a pseudo label.

An error of the teacher then changes which scene is shown, not whether its label is right. Means of 2 x 2 pixels take
away most of the noise that the pseudo label kept. What a re-rendered burst lacks is motion.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d

from hdrpipe.imaging.camera import ldr_from_linear
from hdrpipe.imaging.noise import noise

SCALE = 2
"""Pixels of a pseudo label along each side of a re-rendered one."""


def rerender(
    radiance: Tensor, weight: Tensor, times: Tensor, level: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """A burst of half the size of a pseudo label, its exact radiance, and its weight.

    Args:
        radiance: pseudo label, (3, SCALE h, SCALE w); the shortest exposure clips at 1.
        weight: loss weight of its pixels in [0, 1], (SCALE h, SCALE w).
        times: relative exposure times, (N,), the first 1.
        level: noise level of the burst (`imaging.noise_level`).
        rng: only source of the random numbers.

    Returns:
        Display-coded frames in [0, 1], (N, 3, h, w); radiance, (3, h, w); and weight, (h, w): the least of the pixels
        that are averaged.
    """
    content = avg_pool2d(radiance[None], SCALE)[0].clamp(min=0.0)
    linear = content * times[:, None, None, None]
    seeded = torch.Generator().manual_seed(int(rng.integers(2**31)))
    grain = torch.randn(linear.shape, generator=seeded) * noise(linear, 1.0, level).sqrt()
    frames = ldr_from_linear((linear + grain).clamp(0.0, 1.0))
    return frames, content, -max_pool2d(-weight[None, None], SCALE)[0, 0]
