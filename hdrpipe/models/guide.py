"""Classical merge as the starting point of a network: `imaging.merge.denoised` in torch, on batches.

A network with the `merge` output learns a correction of it, so that training starts at the best classical method.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from hdrpipe.imaging.denoise import DARKEST, DEVIATION, NOISY, PATCH, REACH
from hdrpipe.imaging.merge import CLIPPING, WINDOW
from hdrpipe.imaging.noise import noise
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.models.means import by_rows, mean_around, non_local_means
from hdrpipe.quantities import MU

SEEN = WINDOW // 2 + PATCH // 2 + REACH + PATCH // 2
"""Pixels to each side of one that its denoised value depends on: merge, its noise, neighbours and their patches."""


class Start(NamedTuple):
    """Classical merge and its noise, each (B, 3, H, W); all but `variance` in the mu-law domain."""

    merged: Tensor
    """Noise-optimal merge of the values that fit the reference."""
    denoised: Tensor
    """`merged` after non-local means."""
    deviation: Tensor
    """Standard deviation of the noise in `merged`, > 0."""
    level: Tensor
    """Noise level of the bursts, (B, 1, 1, 1)."""
    variance: Tensor
    """Variance of the noise in the radiance of `merged`, pixel by pixel."""


@torch.no_grad()
def start(radiance: Tensor, ldr: Tensor, times: Tensor, level: Tensor, reference: int | None = None) -> Start:
    """Classical merge, its denoised form and its noise.

    Args:
        radiance: (B, N, 3, H, W).
        ldr: (B, N, 3, H, W) in [0, 1].
        times: relative exposure times, (B, N).
        level: noise levels (`imaging.noise_level`), (B,).
        reference: index of the reference; None takes the middle one.
    """
    factor = level[:, None, None, None]

    def of_rows(radiance: Tensor, ldr: Tensor) -> tuple[Tensor, ...]:
        radiance_merged, variance = merge(radiance, ldr, times, factor, reference)
        merged, deviation = mu_law(radiance_merged), noise_deviation(radiance_merged, variance, factor)
        return merged, non_local_means(merged, deviation.square()), deviation, variance

    merged, denoised, deviation, variance = by_rows(of_rows, (radiance, ldr), SEEN)
    return Start(merged, denoised, deviation, factor, variance)


def merge(
    radiance: Tensor, ldr: Tensor, times: Tensor, level: Tensor, reference: int | None = None
) -> tuple[Tensor, Tensor]:
    """Radiance of `imaging.merge.rejecting` and its noise variance, both (B, 3, H, W).

    Arguments as in `start`, but `level` is (B, 1, 1, 1).
    """
    middle = radiance.shape[1] // 2 if reference is None else reference
    seen, t = radiance[:, middle], times[:, :, None, None, None]
    own_variance = noise(seen, t[:, middle], level)
    unclipped = _fade(ldr[:, middle], CLIPPING)
    total, weight = _filled(radiance, ldr, middle) / own_variance, 1.0 / own_variance
    precision = unclipped / own_variance + (1.0 - unclipped) / noise(radiance[:, 0], t[:, 0], level)
    for index in range(radiance.shape[1]):
        if index != middle:
            variance = noise(seen, t[:, index], level)
            usable = _fade(ldr[:, index], CLIPPING) * unclipped
            counted = usable.sign()  # 1 where it is usable at all
            difference = (radiance[:, index] - seen).square() * counted
            added = usable * _agreement(difference, (variance + own_variance) * counted) / variance
            total, weight, precision = total + added * radiance[:, index], weight + added, precision + added
    return total / weight, 1.0 / precision


def noise_deviation(radiance: Tensor, variance: Tensor, level: Tensor) -> Tensor:
    """Noise standard deviation in the mu-law domain, from local means of radiance and variance (B, 3, H, W).

    `level` holds noise levels, (B, 1, 1, 1).
    """
    return deviation_at(mean_around(radiance, PATCH), mean_around(variance, PATCH), level)


def deviation_at(radiance: Tensor, variance: Tensor, level: Tensor) -> Tensor:
    """Noise standard deviation in the mu-law domain at a radiance, any shape; noise levels broadcast."""
    slope = MU / ((1.0 + MU * radiance.clamp_min(DARKEST)) * math.log1p(MU))
    largest = level.clamp(*NOISY) * (DEVIATION[1] / NOISY[0])
    return torch.minimum((slope * variance.sqrt()).clamp_min(DEVIATION[0]), largest)


def _filled(radiance: Tensor, ldr: Tensor, middle: int) -> Tensor:
    """The reference; where a channel clips, the shorter exposures, never darker than the clipped value."""
    filled = radiance[:, 0]
    for index in range(1, middle + 1):
        unclipped = _fade(ldr[:, index], CLIPPING)
        filled = unclipped * radiance[:, index] + (1.0 - unclipped) * torch.maximum(filled, radiance[:, index])
    return filled


def _fade(ldr: Tensor, span: tuple[float, float]) -> Tensor:
    low, high = span
    return ((high - ldr) / (high - low)).clamp(0.0, 1.0)


def _agreement(difference: Tensor, variance: Tensor) -> Tensor:
    """Weight in (0, 1] by agreement with the reference, (B, 1, H, W); the worst channel decides."""
    excess = mean_around(difference, WINDOW) / (mean_around(variance, WINDOW) + 1e-12) - 1.0
    return torch.exp(-excess.clamp_min(0.0).amax(dim=1, keepdim=True))
