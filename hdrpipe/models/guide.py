"""The classical merge as a network's starting point: `imaging.merge.denoised`, in torch, on batches.

A network with the `merge` output learns what to add to it, so that it begins where the best classical method ends.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from hdrpipe.imaging.denoise import DARKEST, DEVIATION, PATCH, REACH, SOFTNESS
from hdrpipe.imaging.merge import CLIPPING, TRUSTED, WINDOW
from hdrpipe.imaging.noise import noise
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.quantities import MU


class Start(NamedTuple):
    """What is known before anything is learned, each (B, 3, H, W) in the mu-law domain."""

    merged: Tensor
    """Noise-optimal merge of what fits the reference."""
    denoised: Tensor
    """The same after non-local means."""
    deviation: Tensor
    """Standard deviation of the noise in `merged`, > 0."""


@torch.no_grad()
def start(radiance: Tensor, ldr: Tensor, times: Tensor) -> Start:
    """The classical merge, denoised.

    Args:
        radiance: (B, N, 3, H, W).
        ldr: (B, N, 3, H, W) in [0, 1].
        times: relative exposure times, (B, N).
    """
    radiance_merged, variance = merge(radiance, ldr, times)
    merged, deviation = mu_law(radiance_merged), noise_deviation(radiance_merged, variance)
    return Start(merged, _non_local_means(merged, deviation.square()), deviation)


def merge(radiance: Tensor, ldr: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    """Radiance of `imaging.merge.rejecting` and the variance of its noise, both (B, 3, H, W); arguments as `start`."""
    middle = radiance.shape[1] // 2
    reference, t = radiance[:, middle], times[:, :, None, None, None]
    own = noise(reference, t[:, middle])
    unclipped = _fade(ldr[:, middle], CLIPPING)
    total, weight = _filled(radiance, ldr, middle) / own, 1.0 / own
    known = unclipped / own + (1.0 - unclipped) / noise(radiance[:, 0], t[:, 0])
    for index in range(radiance.shape[1]):
        if index != middle:
            variance = noise(reference, t[:, index])
            usable = _fade(ldr[:, index], TRUSTED) * unclipped
            counted = (usable > 0).to(radiance.dtype)
            difference = (radiance[:, index] - reference).square() * counted
            added = usable * _fit(difference, (variance + own) * counted) / variance
            total, weight, known = total + added * radiance[:, index], weight + added, known + added
    return total / weight, 1.0 / known


def noise_deviation(radiance: Tensor, variance: Tensor) -> Tensor:
    """Standard deviation of noise in the mu-law domain, by local means of radiance and variance (B, 3, H, W)."""
    slope = MU / ((1.0 + MU * mean_around(radiance, PATCH).clamp_min(DARKEST)) * math.log1p(MU))
    return (slope * mean_around(variance, PATCH).sqrt()).clamp(*DEVIATION)


def mean_around(picture: Tensor, side: int) -> Tensor:
    """Mean over the window around each pixel of (B, C, H, W), borders reflected."""
    return F.avg_pool2d(F.pad(picture, [side // 2] * 4, mode="reflect"), side, stride=1)


def _non_local_means(picture: Tensor, squared: Tensor) -> Tensor:
    height, width = picture.shape[-2:]
    wide, wide_squared = (F.pad(x, [REACH] * 4, mode="reflect") for x in (picture, squared))
    total, weight = torch.zeros_like(picture), torch.zeros_like(picture[:, :1])
    for down in range(2 * REACH + 1):
        for across in range(2 * REACH + 1):
            window = (..., slice(down, down + height), slice(across, across + width))
            apart = (picture - wide[window]).square() / (squared + wide_squared[window])
            excess = mean_around(apart.mean(1, keepdim=True), PATCH) - 1.0
            share = torch.exp(-excess.clamp_min(0.0) / SOFTNESS)
            total, weight = total + share * wide[window], weight + share
    return total / weight


def _filled(radiance: Tensor, ldr: Tensor, middle: int) -> Tensor:
    """The reference; where a channel clips, the shorter exposures, never darker than what clipped."""
    filled = radiance[:, 0]
    for index in range(1, middle + 1):
        own = _fade(ldr[:, index], CLIPPING)
        filled = own * radiance[:, index] + (1.0 - own) * torch.maximum(filled, radiance[:, index])
    return filled


def _fade(ldr: Tensor, span: tuple[float, float]) -> Tensor:
    low, high = span
    return ((high - ldr) / (high - low)).clamp(0.0, 1.0)


def _fit(difference: Tensor, variance: Tensor) -> Tensor:
    """How well each pixel fits the reference, (B, 1, H, W) in (0, 1]; the worst channel decides."""
    excess = mean_around(difference, WINDOW) / (mean_around(variance, WINDOW) + 1e-12) - 1.0
    return torch.exp(-excess.clamp_min(0.0).amax(dim=1, keepdim=True))
