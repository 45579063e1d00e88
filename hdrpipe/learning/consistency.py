"""What a burst says of itself: two targets that need no label, for where no pseudo label is trusted.

In the manner of FSHDR (Prabhakar et al., CVPR 2021) and SelfHDR (Zhang et al., ICLR 2024): the reference tells the
structure where it is well exposed, and what the aligned exposures agree on tells the colour.

Both are compared with the prediction after a mean over 5 x 5 pixels. The exposures are noisy, and the network reads
that very noise: asked for each of their pixels, it would learn to hand the noise on. The mean is taken of radiance,
where noise averages out, and the difference after the mu-law, so that it counts like one of L^r; display code would do
that too, but with a slope without end at 0. Where the reference is well exposed, clipping the prediction as a sensor
does could only hide an error from its gradient; without it the same predictions have no error.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from hdrpipe.imaging.camera import radiance_from_ldr
from hdrpipe.imaging.merge import NOISE_QUANTILE, WINDOW
from hdrpipe.imaging.noise import CLIPPED, noise, well_exposed
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law

AGREE = 2.0
"""Squared difference over noise up to which an exposure fits the reference: windows of noise alone stay below it."""

BRIGHTER = 1.05
"""What a shorter exposure must show beyond the level at which the reference clips: a lost frame, which the reference
stands in for (`disturb`), shows just that level."""

NOTHING = 1e-12
"""A share of pixels below this is none."""


def gaps(tonemapped: Tensor, frames: Tensor, times: Tensor, doubt: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """How far predictions are from what their bursts say, and the weight of each value.

    Args:
        tonemapped: predictions, (B, 3, H, W).
        frames: display-coded frames in [0, 1] on the reference, (B, N, 3, H, W), the reference in the middle.
        times: relative exposure times, (B, N).
        doubt: 1 where no pseudo label is trusted, 0 where it is, (B, H, W).

    Returns:
        `reexposed`: from the reference, where it is well exposed; `colour`: from `agreeing_merge`, where exposures
        agree. Each a pair of (B, 3, H, W): absolute differences of local means after the mu-law, and weights in [0, 1].
    """
    middle = frames.shape[1] // 2
    targets = {
        "reexposed": (radiance_from_ldr(frames, times)[:, middle], _exposed(frames)[:, middle]),
        "colour": agreeing_merge(frames, times),
    }
    predicted = inverse_mu_law(tonemapped)
    found: dict[str, tuple[Tensor, Tensor]] = {}
    for name, (radiance, told) in targets.items():
        weight = doubt[:, None] * told
        means = (_weighted(picture, weight) for picture in (predicted, radiance))
        first, second = (mu_law(mean.clamp_min(0.0)) for mean in means)
        found[name] = ((first - second).abs(), weight)
    return found


@torch.no_grad()
def agreeing_merge(frames: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    """Mean radiance of the well-exposed values that fit the reference, weighted by their inverse noise.

    Where the reference clips, a shorter exposure fits if it is at least as bright as what clipped.

    Args:
        frames, times: see `gaps`.

    Returns:
        Radiance, and whether any value is known, both (B, 3, H, W).
    """
    radiance, exposed, middle = radiance_from_ldr(frames, times), _exposed(frames), frames.shape[1] // 2
    t = times[:, :, None, None, None]
    total, weight = torch.zeros_like(radiance[:, 0]), torch.zeros_like(radiance[:, 0])
    for index in range(frames.shape[1]):
        usable = exposed[:, index]
        if index != middle:
            above = (frames[:, middle] < CLIPPED) | (radiance[:, index] * t[:, middle] > BRIGHTER)
            usable = usable & above & _agree(radiance, exposed, times, index)
        share = usable / noise(radiance[:, middle], t[:, index])
        total, weight = total + share * radiance[:, index], weight + share
    known = weight > 0
    return total / torch.where(known, weight, 1.0), known


def _agree(radiance: Tensor, exposed: Tensor, times: Tensor, index: int) -> Tensor:
    """Where an exposure fits the reference, (B, 1, H, W); the worst channel decides.

    The darker of the two is clipped as the brighter was. A quarter of all windows is taken to differ by noise alone, as
    in `imaging.merge.adaptive`: that tells how much noisier this camera is.
    """
    middle = radiance.shape[1] // 2
    dark, bright = min(index, middle), max(index, middle)
    t = times[:, :, None, None, None]
    shown = torch.minimum(radiance[:, dark], 1.0 / t[:, bright])
    apart = (shown - radiance[:, bright]).square()
    expected = noise(radiance[:, bright], t[:, dark]) + noise(radiance[:, bright], t[:, bright])
    both = (exposed[:, dark] & exposed[:, bright]).to(apart.dtype)
    compared = _around(both) > NOTHING
    ratio = _around(apart * both) / _around(expected * both).clamp_min(NOTHING)
    ratio = torch.where(compared, ratio, torch.nan).flatten(1)
    noisier = torch.nanquantile(ratio, NOISE_QUANTILE, dim=1).nan_to_num(1.0).clamp_min(1.0)
    excess = _around(apart) / _around(expected) / noisier[:, None, None, None]
    return excess.amax(dim=1, keepdim=True) <= AGREE


def _exposed(frames: Tensor) -> Tensor:
    around = _around(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
    return well_exposed(frames, around)


def _weighted(picture: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean over the window around each pixel of (B, 3, H, W); 0 where nothing weighs."""
    return _around(weight * picture) / _around(weight).clamp_min(NOTHING)


def _around(values: Tensor) -> Tensor:
    """Mean over the window around each pixel of (B, C, H, W), as far as it lies inside."""
    return F.avg_pool2d(values, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False)
