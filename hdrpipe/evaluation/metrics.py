"""Scores of a prediction against the truth, by one protocol.

PSNR is that of one image, over all pixels and channels, with peak 1; a set of images is summed up by the mean of
their dB. Linear radiance is in "shortest exposure clips at 1". Truth is never clipped nor rescaled.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from hdrpipe.errors import InputError
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.quantities import Picture

NITS = 1000.0
"""Luminance that radiance 1 stands for in PU21, cd/m2: the peak of a common HDR display."""

PU21_BANDING_GLARE = (
    0.353487901,
    0.3734658629,
    8.277049286e-05,
    0.9062562627,
    0.09150303166,
    0.9099517204,
    596.3148142,
)
"""Parameters p1..p7 of the PU21 encoding, variant banding + glare (Mantiuk and Azimi, PCS 2021)."""

PU21_RANGE = (0.005, 10000.0)
"""Luminance range of the encoding, cd/m2."""

PU21_PEAK = 256.0
"""Peak of PSNR on encoded values: 100 cd/m2, the white of a standard display, encodes to about 256."""

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
"""Gaussian window of SSIM (Wang et al. 2004)."""


def psnr(a: NDArray, b: NDArray, peak: float = 1.0) -> float:
    """Peak signal-to-noise ratio in dB; infinite for equal arrays.

    Args:
        a: values of any shape.
        b: values of the same shape.
        peak: the signal's peak, in the unit of the arrays.

    Raises:
        InputError: the shapes differ.
    """
    _check_alike(a, b)
    error = float(np.mean(np.square(np.subtract(a, b, dtype=np.float64))))
    return float(10.0 * np.log10(peak**2 / error)) if error > 0 else float("inf")


def psnr_l(prediction: Picture, truth: Picture) -> float:
    """PSNR in dB of linear radiance, both (3, H, W)."""
    return psnr(prediction, truth)


def psnr_mu(prediction: Picture, truth: Picture) -> float:
    """PSNR in dB of mu-law radiance, both (3, H, W) and >= 0."""
    return psnr(_tonemapped(prediction), _tonemapped(truth))


def ssim_l(prediction: Picture, truth: Picture) -> float:
    """Structural similarity of linear radiance in [-1, 1], both (3, H, W); see `ssim`."""
    return ssim(prediction, truth)


def ssim_mu(prediction: Picture, truth: Picture) -> float:
    """Structural similarity of mu-law radiance in [-1, 1], both (3, H, W) and >= 0; see `ssim`."""
    return ssim(_tonemapped(prediction), _tonemapped(truth))


def ssim(a: NDArray, b: NDArray) -> float:
    """Structural similarity (Wang et al. 2004), as the field computes it in Python.

    Values are scaled by 255 and clipped, not rounded; the Gaussian window is 11 x 11 with sigma 1.5; only windows
    inside the picture count; the result is the mean of the channels.

    Args:
        a: values with peak 1, (3, H, W), H and W >= 11.
        b: values of the same shape.

    Raises:
        InputError: the shapes differ, or the picture is smaller than the window.
    """
    _check_alike(a, b)
    if min(a.shape[-2:]) < SSIM_WINDOW:
        raise InputError(f"a picture of {a.shape[-2]} x {a.shape[-1]}", "ssim", f"wanted at least {SSIM_WINDOW} pixels")
    mean: Any = structural_similarity(
        _levels(a),
        _levels(b),
        data_range=255.0,
        channel_axis=0,
        gaussian_weights=True,
        sigma=SSIM_SIGMA,
        use_sample_covariance=False,
    )
    return float(mean)


def pu21_psnr(prediction: Picture, truth: Picture) -> float:
    """PSNR in dB, peak 256, of PU21-encoded RGB (Mantiuk and Azimi 2021), radiance 1 standing for 1,000 cd/m2."""
    return psnr(pu21(prediction), pu21(truth), PU21_PEAK)


def pu21(radiance: NDArray) -> NDArray[np.float64]:
    """Encode radiance perceptually uniformly: PU21 banding + glare (Mantiuk and Azimi, PCS 2021).

    Args:
        radiance: linear radiance of any shape, 1 standing for 1,000 cd/m2; clipped to the encoding's range.

    Returns:
        Encoded values from 0 to 420 at radiance 1, same shape, float64.
    """
    p1, p2, p3, p4, p5, p6, p7 = PU21_BANDING_GLARE
    powered = np.clip(np.asarray(radiance, np.float64) * NITS, *PU21_RANGE) ** p4
    return np.maximum(p7 * (((p1 + p2 * powered) / (1.0 + p3 * powered)) ** p5 - p6), 0.0)


def scores(prediction: Picture, truth: Picture) -> dict[str, float]:
    """All measures of one picture: psnr_l, psnr_mu and pu21_psnr in dB, ssim_l, ssim_mu in [-1, 1].

    Args:
        prediction: radiance (3, H, W); clamped to [0, 1] first, as the protocol says.
        truth: radiance >= 0, (3, H, W), never clipped.

    Raises:
        InputError: the shapes differ, or the picture is smaller than 11 pixels.
    """
    clamped = prediction.clip(0.0, 1.0)
    measures = (psnr_l, psnr_mu, ssim_l, ssim_mu, pu21_psnr)
    return {measure.__name__: measure(clamped, truth) for measure in measures}


def _tonemapped(radiance: Picture) -> NDArray[np.float64]:
    """Mu-law in float64, so that the metric adds no rounding of its own."""
    return mu_law(np.asarray(radiance, np.float64))


def _levels(picture: NDArray) -> NDArray[np.float64]:
    return np.clip(np.asarray(picture, np.float64) * 255.0, 0.0, 255.0)


def _check_alike(a: NDArray, b: NDArray) -> None:
    if a.shape != b.shape:
        raise InputError(f"shapes {a.shape} and {b.shape} differ", "metrics", "compare pictures of one size")
