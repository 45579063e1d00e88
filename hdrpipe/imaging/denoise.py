"""Classical denoising of a merge whose noise is known: non-local means in the mu-law domain."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law
from hdrpipe.quantities import MU, Picture

REACH = 2
"""A pixel is averaged with those up to this far away along each axis; 3 and 5 bring nothing more."""

OFFSETS = tuple((down, across) for down in range(REACH + 1) for across in range(-REACH if down else 1, REACH + 1))
"""Rows and columns from a pixel to its neighbours within REACH: of two opposite ones the first."""

PATCH = 3
"""Side of the patches that are compared."""

SOFTNESS = 0.4
"""Decay of a weight once patches differ by more than noise; 0.15 to 0.6 differ by 0.1 dB."""

DEVIATION = (5e-4, 0.05)
"""Range of the noise's standard deviation in the mu-law domain: quantisation below, radiance near 0 above."""

NOISY = (16.0, 64.0)
"""Noise levels between which that range grows in proportion: shadows of sensitivities that high have as much noise."""

DARKEST = 1e-5
"""Radiance below which the slope of the mu-law is taken as constant."""


def non_local_means(radiance: Picture, variance: Picture, level: float = 1.0) -> Picture:
    """Average each pixel with neighbours whose patch differs by no more than noise (Buades et al. 2005).

    The difference of two patches is the mean over channels and patch of the squared difference over both variances;
    up to 1 it is noise, beyond it weights fall as `exp(-(q - 1) / SOFTNESS)`.

    Args:
        radiance: a merge in [0, 1], (3, H, W).
        variance: of its noise, same shape.
        level: noise level of the burst (`imaging.noise_level`).

    Returns:
        Radiance, (3, H, W).
    """
    tonemapped, squared = mu_law(radiance), deviation(radiance, variance, level) ** 2
    size = radiance.shape[1:]
    wide, wide_squared = (np.pad(x, ((0, 0), (REACH, REACH), (REACH, REACH)), "reflect") for x in (tonemapped, squared))
    total, weight = tonemapped.copy(), np.ones_like(tonemapped[:1])
    for down, across in OFFSETS:
        right, left = max(across, 0), max(-across, 0)
        larger = (size[0] + down, size[1] + right + left)
        here, there = (REACH - down, REACH - right), (REACH, REACH - left)
        distance = (cut(wide, here, larger) - cut(wide, there, larger)) ** 2
        distance /= cut(wide_squared, here, larger) + cut(wide_squared, there, larger)
        ratio = distance.mean(0, keepdims=True)
        # a pixel and its neighbour differ as the neighbour and the pixel do
        for corner, neighbour in (
            ((down, right), (REACH + down, REACH + across)),
            ((0, left), (REACH - down, REACH - across)),
        ):
            patch_weight = _patch_weight(cut(ratio, corner, size))
            total += patch_weight * cut(wide, neighbour, size)
            weight += patch_weight
    return inverse_mu_law(total / weight).astype(np.float32)


def cut(x: Any, corner: tuple[int, int], size: tuple[int, ...]) -> Any:
    """The part (..., h, w) of an array or tensor (..., H, W) whose first pixel is at `corner`, a view."""
    (top, left), (height, width) = corner, size
    return x[..., top : top + height, left : left + width]


def _patch_weight(ratio: Picture) -> Picture:
    """Weight of neighbours by the squared difference over its variance, (1, H, W)."""
    excess = mean_around(ratio, PATCH) - 1.0
    return np.exp(-excess.clip(0.0) / SOFTNESS)


def deviation(radiance: Picture, variance: Picture, level: float = 1.0) -> Picture:
    """Standard deviation of the noise in the mu-law domain, (3, H, W); signal and variance are local means."""
    light = np.maximum(mean_around(radiance, PATCH), DARKEST)
    slope = MU / ((1.0 + MU * light) * math.log1p(MU))
    largest = DEVIATION[1] * float(np.clip(level, *NOISY)) / NOISY[0]
    return (slope * np.sqrt(mean_around(variance, PATCH))).clip(DEVIATION[0], largest).astype(np.float32)


def mean_around(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Mean over the window around each pixel of (C, H, W), borders reflected."""
    means = np.empty(picture.shape, np.float32)
    for plane, mean in zip(picture, means, strict=True):  # planes stay planes: interleaved ones are slow to go on with
        mean[...] = cv2.blur(np.ascontiguousarray(plane), (side, side))
    return means
