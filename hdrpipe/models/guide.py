"""The classical merge as a network's starting point: `imaging.merge.rejecting`, in torch, on batches.

A network with the `merge` output learns what to add to it, so that it begins where the best classical method ends.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from hdrpipe.imaging.merge import CLIPPING, READ_NOISE, SHOT_NOISE, TRUSTED, WINDOW


@torch.no_grad()
def guide(radiance: Tensor, ldr: Tensor, times: Tensor) -> Tensor:
    """Noise-optimal merge of what fits the reference.

    Args:
        radiance: (B, N, 3, H, W).
        ldr: (B, N, 3, H, W) in [0, 1].
        times: relative exposure times, (B, N).

    Returns:
        Radiance, (B, 3, H, W).
    """
    middle = radiance.shape[1] // 2
    reference, t = radiance[:, middle], times[:, :, None, None, None]
    own = _noise(reference, t[:, middle])
    unclipped = _fade(ldr[:, middle], CLIPPING)
    total, weight = _filled(radiance, ldr, middle) / own, 1.0 / own
    for index in range(radiance.shape[1]):
        if index != middle:
            variance = _noise(reference, t[:, index])
            usable = _fade(ldr[:, index], TRUSTED) * unclipped
            counted = (usable > 0).to(radiance.dtype)
            difference = (radiance[:, index] - reference).square() * counted
            added = usable * _fit(difference, (variance + own) * counted) / variance
            total, weight = total + added * radiance[:, index], weight + added
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


def _noise(radiance: Tensor, time: Tensor) -> Tensor:
    return SHOT_NOISE * radiance / time + READ_NOISE / time**2


def _fit(difference: Tensor, variance: Tensor) -> Tensor:
    """How well each pixel fits the reference, (B, 1, H, W) in (0, 1]; the worst channel decides."""
    excess = _window_mean(difference) / (_window_mean(variance) + 1e-12) - 1.0
    return torch.exp(-excess.clamp_min(0.0).amax(dim=1, keepdim=True))


def _window_mean(picture: Tensor) -> Tensor:
    return F.avg_pool2d(F.pad(picture, [WINDOW // 2] * 4, mode="reflect"), WINDOW, stride=1)
