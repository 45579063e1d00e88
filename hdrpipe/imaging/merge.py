"""Classical merges: a burst in, radiance on the reference out. They are what a learned method is measured against.

Every merge returns radiance (3, H, W) in "shortest exposure clips at 1" and expects frames on the reference; the ones
that are not robust to motion ghost where frames differ.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.compression import compression_level
from hdrpipe.imaging.denoise import mean_around, non_local_means
from hdrpipe.imaging.noise import noise
from hdrpipe.imaging.noise_level import crops_of, noise_level
from hdrpipe.imaging.opencv_merge import debevec, robertson
from hdrpipe.quantities import Picture

CLIPPING = (0.85, 0.97)
"""Display-coded values between which a frame fades out. Unprocessed frames could be used up to 0.99 (0.1 dB), but soft
shoulders, JPEG and interpolation pull clipped values as far down as that (2 to 12 dB)."""

WINDOW = 5
"""Side of the window over which a difference is compared with its noise, in pixels."""


def reference_only(burst: Burst) -> Picture:
    """Radiance of the reference alone: no ghosts, but clipped highlights and noisy shadows."""
    return burst.radiance[burst.reference]


def low_exposure_fill(burst: Burst) -> Picture:
    """The reference; where a channel of it clips, fade to the shorter exposures.

    A clipped value still says that the scene is at least as bright, so no fill may be darker than it: most fills from
    misaligned frames are caught by that.
    """
    radiance = burst.radiance
    filled = radiance[0]
    for index in range(1, burst.reference + 1):
        unclipped = _fade(burst.ldr[index], CLIPPING)
        filled = unclipped * radiance[index] + (1.0 - unclipped) * np.maximum(filled, radiance[index])
    return filled


def triangle(burst: Burst) -> Picture:
    """Mean radiance weighted by distance from the ends of the range (Debevec and Malik 1997, in linear radiance).

    The shortest frame keeps its weight in the lights and the longest in the shadows, where nobody knows better
    (Kalantari and Ramamoorthi 2017).
    """
    weights = 1.0 - np.abs(2.0 * burst.ldr - 1.0)
    weights[0] = np.where(burst.ldr[0] > 0.5, 1.0, weights[0])
    weights[-1] = np.where(burst.ldr[-1] < 0.5, 1.0, weights[-1])
    weights += np.float32(1e-6)  # a pixel may be black in the shortest and clipped in the longest frame
    return (weights * burst.radiance).sum(0) / weights.sum(0)


def rejecting(burst: Burst) -> Picture:
    """Noise-optimal merge that leaves out what does not fit the reference, for the noise level of the burst.

    Start from `low_exposure_fill`. Add every other frame with the inverse of its noise variance as weight, times
    `exp(1 - q)` where q, the squared difference to the reference over the variance that noise explains, both summed
    over a 5 x 5 window, exceeds 1 in any channel. Clipped pixels neither add nor count.
    """
    return measured(burst)[0]


def measured(burst: Burst) -> tuple[Picture, Picture]:
    """The merge of `rejecting` and the variance of its noise: high where only short exposures fit the reference."""
    level = level_of(burst)
    reference = burst.radiance[burst.reference]
    own_variance = _noise(reference, burst.times[burst.reference], level)
    total, weight = low_exposure_fill(burst) / own_variance, 1.0 / own_variance
    unclipped = _fade(burst.ldr[burst.reference], CLIPPING)
    # where the reference clips, the shortest frame stands in
    precision = unclipped / own_variance + (1.0 - unclipped) / _noise(burst.radiance[0], burst.times[0], level)
    for index, radiance in enumerate(burst.radiance):
        if index == burst.reference:
            continue
        variance = _noise(reference, burst.times[index], level)
        usable = _fade(burst.ldr[index], CLIPPING) * unclipped
        counted = usable > 0
        explained = mean_around((variance + own_variance) * counted, WINDOW)
        ratio = mean_around((radiance - reference) ** 2 * counted, WINDOW) / (explained + np.float32(1e-12))
        added = usable * np.exp(-(ratio - 1.0).clip(0.0).max(0, keepdims=True)) / variance
        total, weight, precision = total + added * radiance, weight + added, precision + added
    return np.divide(total, weight, dtype=np.float32), np.divide(1.0, precision, dtype=np.float32)


def level_of(burst: Burst) -> float:
    """The noise level by which a burst is merged: the one it was given, or that of its frames, which lie on the
    reference; and that of its compression."""
    hidden = compression_level(burst.quality)
    if burst.noise_level is not None:
        return burst.noise_level + hidden
    crops = (burst.ldr[(..., *crop)] for crop in crops_of(*burst.ldr.shape[-2:]))
    return noise_level(crops, burst.times, burst.reference) + hidden


def denoised(burst: Burst) -> Picture:
    """`rejecting`, then non-local means: the weights of the merge tell how much noise is left in each pixel."""
    return non_local_means(*measured(burst), level_of(burst))


MERGES: dict[str, Callable[[Burst], Picture]] = {
    "reference_only": reference_only,
    "low_exposure_fill": low_exposure_fill,
    "triangle": triangle,
    "rejecting": rejecting,
    "denoised": denoised,
    "debevec": debevec,
    "robertson": robertson,
}
"""Every merge to radiance, by name."""


def _fade(ldr: NDArray[np.float32], span: tuple[float, float]) -> NDArray[np.float32]:
    """1 below the span, 0 above it, linear between."""
    low, high = span
    return ((high - ldr) / (high - low)).clip(0.0, 1.0)


def _noise(radiance: Picture, time: float, level: float) -> Picture:
    """Noise variance of radiance measured with one exposure time."""
    return noise(radiance, time, level).astype(np.float32)
