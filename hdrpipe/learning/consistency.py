"""Self-supervised consistency losses for pixels whose pseudo label is masked out: re-exposure and colour.

After FSHDR (Prabhakar et al., CVPR 2021) and SelfHDR (Zhang et al., ICLR 2024): the well-exposed reference is the
target for structure, the merge of the exposures that agree with it the target for colour.

Target and prediction are compared as means over 5 x 5 pixels, because the network sees the noise of the very frames
that the targets come from: pixel by pixel it would learn to copy the noise. The mean is taken of radiance, where noise
averages out; the difference after the mu-law, the scale of L^r (a display gamma has an infinite slope at 0). The
prediction is not clipped as a sensor would: where the reference is well exposed that only hides errors from the
gradient.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from hdrpipe.imaging.camera import radiance_from_ldr
from hdrpipe.imaging.merge import WINDOW
from hdrpipe.imaging.noise import CLIPPED, noise, well_exposed
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law

AGREEMENT = 2.0
"""Largest ratio of squared difference to noise variance at which an exposure agrees with the reference; windows that
differ by noise alone stay below it."""

BRIGHTER = 1.05
"""Factor by which a shorter exposure must exceed the clipping level of the reference to agree with a clipped pixel; a
dropped frame that the reference replaces (`corruption.corrupt`) stays at the level itself."""

NOISE_QUANTILE = 0.25
"""The quarter of windows that fits best is taken to differ by noise alone: it sets the noise of a frame, upwards."""

EPSILON = 1e-12
"""A smaller mean of weights counts as zero, and divisors are kept above it."""


def residuals(tonemapped: Tensor, frames: Tensor, times: Tensor, untrusted: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Differences between predictions and the two consistency targets, with the weight of each value.

    Args:
        tonemapped: predictions, (B, 3, H, W).
        frames: display-coded frames in [0, 1], aligned to the reference in the middle, (B, N, 3, H, W).
        times: relative exposure times, (B, N).
        untrusted: 1 - weight of the pseudo label, in [0, 1], (B, H, W).

    Returns:
        `reexposed`: to the reference, where it is well exposed; `colour`: to `agreeing_merge`, where it has a value.
        Each a pair of (B, 3, H, W): absolute differences of local means after the mu-law, and weights in [0, 1].
    """
    middle = frames.shape[1] // 2
    targets = {
        "reexposed": (radiance_from_ldr(frames, times)[:, middle], _well_exposed(frames)[:, middle]),
        "colour": agreeing_merge(frames, times),
    }
    predicted = inverse_mu_law(tonemapped)
    results: dict[str, tuple[Tensor, Tensor]] = {}
    for name, (radiance, reliable) in targets.items():
        weight = untrusted[:, None] * reliable
        means = (_weighted_mean(picture, weight) for picture in (predicted, radiance))
        first, second = (mu_law(mean.clamp_min(0.0)) for mean in means)
        results[name] = ((first - second).abs(), weight)
    return results


@torch.no_grad()
def agreeing_merge(frames: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    """Mean radiance of the well-exposed values that agree with the reference, weighted by inverse noise variance.

    Where the reference clips, a shorter exposure agrees if it is brighter than the clipping level (`BRIGHTER`).

    Args:
        frames, times: see `residuals`.

    Returns:
        Radiance, and True where at least one exposure contributes, both (B, 3, H, W).
    """
    radiance, exposed, middle = radiance_from_ldr(frames, times), _well_exposed(frames), frames.shape[1] // 2
    t = times[:, :, None, None, None]
    total, weight = torch.zeros_like(radiance[:, 0]), torch.zeros_like(radiance[:, 0])
    for index in range(frames.shape[1]):
        usable = exposed[:, index]
        if index != middle:
            above = (frames[:, middle] < CLIPPED) | (radiance[:, index] * t[:, middle] > BRIGHTER)
            usable = usable & above & _agreeing(radiance, exposed, times, index)
        inverse_variance = usable / noise(radiance[:, middle], t[:, index])
        total, weight = total + inverse_variance * radiance[:, index], weight + inverse_variance
    covered = weight > 0
    return total / torch.where(covered, weight, 1.0), covered


def _agreeing(radiance: Tensor, exposed: Tensor, times: Tensor, index: int) -> Tensor:
    """Pixels where an exposure agrees with the reference in every channel, (B, 1, H, W).

    The darker frame is clipped where the brighter one was. The best quarter of all windows is taken to differ by noise
    alone, which gives the noise of the camera relative to the model.
    """
    middle = radiance.shape[1] // 2
    dark, bright = min(index, middle), max(index, middle)
    t = times[:, :, None, None, None]
    clipped = torch.minimum(radiance[:, dark], 1.0 / t[:, bright])
    difference = (clipped - radiance[:, bright]).square()
    expected = noise(radiance[:, bright], t[:, dark]) + noise(radiance[:, bright], t[:, bright])
    both = (exposed[:, dark] & exposed[:, bright]).to(difference.dtype)
    compared = _window_mean(both) > EPSILON
    ratio = _window_mean(difference * both) / _window_mean(expected * both).clamp_min(EPSILON)
    ratio = torch.where(compared, ratio, torch.nan).flatten(1)
    noisier = torch.nanquantile(ratio, NOISE_QUANTILE, dim=1).nan_to_num(1.0).clamp_min(1.0)
    excess = _window_mean(difference) / _window_mean(expected) / noisier[:, None, None, None]
    return excess.amax(dim=1, keepdim=True) <= AGREEMENT


def _well_exposed(frames: Tensor) -> Tensor:
    around = _window_mean(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
    return well_exposed(frames, around)


def _weighted_mean(picture: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean over the window around each pixel of (B, 3, H, W); 0 where all weights are 0."""
    return _window_mean(weight * picture) / _window_mean(weight).clamp_min(EPSILON)


def _window_mean(values: Tensor) -> Tensor:
    """Mean over the window around each pixel of (B, C, H, W); windows are cut at the border."""
    return F.avg_pool2d(values, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False)
