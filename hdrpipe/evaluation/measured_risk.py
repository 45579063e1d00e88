"""Measured risk: the squared error of a fusion on the frames of a burst, without its truth.

Noise z, as strong as that of the reference x, splits it into two pictures whose noise is independent: `x + A z`, which
is fused in its place, and `x - z / A`, which is not seen (recorrupted-to-recorrupted: Pang et al. 2021). For a fusion f
of the first and the second as the target y

    E (f - y)^2 = error^2 + Var y,

and Var y is known, so the error can be measured wherever the reference is neither near black nor clipped. It is that
of a reference with 1 + A^2 times its noise. What the noise model is wrong by is an error of all fusions alike:
differences between fusions of one burst are exact up to chance.
"""

import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.camera import ldr_from_linear, linear_from_ldr
from hdrpipe.imaging.denoise import mean_around
from hdrpipe.imaging.noise import well_exposed
from hdrpipe.imaging.noise_model import NoiseModel
from hdrpipe.imaging.tonemap import mu_law_slope
from hdrpipe.quantities import Picture

A = 0.7
"""Share of the added noise: less of it leaves a noisier target, more of it fuses a noisier reference."""

NOISE_WINDOW, WINDOW = 3, 7
"""Sides of the windows, in pixels, whose mean stands for the signal: where noise is added, and where the slope of the
mu-law is taken. That of a prediction, or of a single pixel, would follow the noise."""


ABOVE_BLACK = 3.0
"""Standard deviations of its noise by which a signal must exceed black: below, the camera cuts noise off at 0, and what
is left has another mean and less variance than the model says."""


class Target(NamedTuple):
    """Second part of the reference, with which a fusion of the first is compared.

    Attributes:
        radiance: of the second picture, (3, H, W); negative values are part of its noise.
        variance: of the noise of `radiance`, same shape.
        slope: of the mu-law at the local mean of the reference, same shape.
        measured: (H, W), False where the reference is black, clipped or within `ABOVE_BLACK` of black in a channel.
    """

    radiance: Picture
    variance: Picture
    slope: Picture
    measured: NDArray[np.bool_]


def split(reference: Picture, time: float, noise: NoiseModel) -> tuple[Picture, Target]:
    """The reference in its two parts: the one to fuse, display-coded in [0, 1], and the one to compare with.

    The added noise depends on the reference alone: fusions of one burst, and rounds, are compared with the same.

    Args:
        reference: as the camera took it, not warped: display-coded, (3, H, W) in [0, 1].
        time: its exposure time relative to the shortest one.
        noise: variance of its linear values.
    """
    rng = np.random.default_rng(zlib.crc32(reference.tobytes()))
    linear = linear_from_ldr(reference)
    variance = np.asarray(noise.variance(mean_around(linear, NOISE_WINDOW)), np.float32)
    added = rng.standard_normal(linear.shape, np.float32) * np.sqrt(variance)
    signal = mean_around(linear, WINDOW)
    above_black = signal > ABOVE_BLACK * np.sqrt(np.asarray(noise.variance(signal)))
    target = Target(
        radiance=(linear - added / np.float32(A)) / np.float32(time),
        variance=variance * np.float32((1.0 + 1.0 / A**2) / time**2),
        slope=mu_law_slope(signal / np.float32(time)),
        measured=(well_exposed(reference, mean_around(reference, WINDOW)) & above_black).all(axis=0),
    )
    return ldr_from_linear((linear + np.float32(A) * added).clip(0.0, 1.0)), target


def measured_risk(prediction: Picture, target: Target) -> Picture:
    """Squared error of every value in the mu-law domain, to first order, (3, H, W); 0 where it is not measured.

    A single value tells nothing: it has the noise of the target and may be negative. Means over many values count.

    Args:
        prediction: radiance of the fusion of the first part, (3, H, W).
        target: the second part.
    """
    excess = (prediction - target.radiance) ** 2 - target.variance
    return (target.slope**2 * excess * target.measured).astype(np.float32)
