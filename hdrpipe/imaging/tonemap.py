"""Tone curves: the mu-law of losses and metrics, and pictures for people."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.camera import ldr_from_linear
from hdrpipe.quantities import MU, Picture, Plane

LUMA = (0.2126, 0.7152, 0.0722)
"""Weights of R, G, B in luminance (ITU-R BT.709)."""

KEY = 0.18
"""Display luminance of the median pixel: middle grey (Reinhard et al. 2002)."""

WHITE_PERCENTILE = 99.5
"""Share of pixels, in percent, that a display picture keeps below its white."""

COUNTED = 1_000_000
"""Pixels of a large picture that tell its exposure for a display."""

STRIP = 256
"""Rows of a display picture that are made at once: a large one whole would be held several times over."""

_SCALE = float(np.log1p(MU))


def mu_law(radiance: Any) -> Any:
    """Compress radiance: `log(1 + MU x) / log(1 + MU)` (Kalantari and Ramamoorthi 2017).

    Args:
        radiance: NumPy array or torch tensor, any shape, values >= 0 (differentiable in torch).

    Returns:
        Tone-mapped values, same kind, shape and dtype; [0, 1] maps onto [0, 1].
    """
    scaled = radiance * MU
    return (scaled.log1p() if hasattr(scaled, "log1p") else np.log1p(scaled)) / _SCALE


def inverse_mu_law(tonemapped: Any) -> Any:
    """Undo `mu_law`: `((1 + MU) ** y - 1) / MU`.

    Args:
        tonemapped: NumPy array or torch tensor, any shape, values >= 0.

    Returns:
        Radiance, same kind, shape and dtype.
    """
    scaled = tonemapped * _SCALE
    return (scaled.expm1() if hasattr(scaled, "expm1") else np.expm1(scaled)) / MU


def mu_law_slope(radiance: Any) -> Any:
    """Slope of `mu_law`: `MU / (log(1 + MU) (1 + MU x))`; what an error of radiance becomes after the mu-law.

    Args:
        radiance: NumPy array or torch tensor, any shape, values >= 0.
    """
    return MU / _SCALE / (1.0 + MU * radiance)


def luminance(picture: Picture) -> Plane:
    """BT.709 luminance (H, W) of a linear RGB picture (3, H, W)."""
    return np.tensordot(np.asarray(LUMA, picture.dtype), picture, 1)


def display(radiance: Picture) -> NDArray[np.uint8]:
    """Tone-map a picture for people: Reinhard's curve, exposed by percentiles (Reinhard et al. 2002, eq. 4).

    The median luminance becomes middle grey and the 99.5th percentile white; not a measure of anything.

    Args:
        radiance: linear radiance >= 0, (3, H, W).

    Returns:
        Display-coded RGB in 0..255, (H, W, 3).
    """
    exposure, white = _exposure(radiance)
    top = max(float(white * exposure), KEY)
    picture = np.empty((*radiance.shape[1:], 3), np.uint8)
    for start in range(0, len(picture), STRIP):
        rows = slice(start, start + STRIP)
        lit = radiance[:, rows].clip(0.0) * np.float32(exposure)
        curve = lit * (1.0 + lit / top**2) / (1.0 + lit)
        coded = ldr_from_linear(curve.clip(0.0, 1.0))
        picture[rows] = np.rint(coded * 255.0).astype(np.uint8).transpose(1, 2, 0)
    return picture


def display_light(radiance: Picture, peak: float) -> Picture:
    """Light for an HDR display, exposed as by `display`: linear up to 1, the white of an ordinary picture.

    Where the picture exceeds `peak`, all three channels of what is above 1 shrink by one factor, by Reinhard's curve
    for the strongest channel: the brightest light becomes `peak`, and colours stay.

    Args:
        radiance: linear radiance >= 0, (3, H, W).
        peak: brightest light that the display shows, > 1.

    Returns:
        Light (3, H, W), in [0, peak].
    """
    exposure, _ = _exposure(radiance)
    light = radiance.clip(0.0) * np.float32(exposure)
    most = (float(light.max()) - 1.0) / (peak - 1.0)
    if most <= 1.0:
        return light
    for start in range(0, light.shape[1], STRIP):
        rows = light[:, start : start + STRIP]
        strongest = rows.max(axis=0)
        above = np.maximum(strongest - 1.0, 0.0) / (peak - 1.0)
        rolled = np.minimum(strongest, 1.0) + (peak - 1.0) * above * (1.0 + above / most**2) / (1.0 + above)
        rows *= np.divide(rolled, strongest, out=np.ones_like(rolled), where=strongest > 1.0)
    return light


def _exposure(radiance: Picture) -> tuple[float, float]:
    """Factor that brings the median luminance to middle grey, and the luminance of `WHITE_PERCENTILE`."""
    thinned = max(1, round((radiance[0].size / COUNTED) ** 0.5))
    middle, white = np.percentile(luminance(radiance[:, ::thinned, ::thinned]), (50.0, WHITE_PERCENTILE))
    # a mostly black picture has a median of noise: do not lift it without end
    return KEY / max(middle, 0.01 * white, 1e-6), white


def heat(plane: Plane, top: float) -> NDArray[np.uint8]:
    """Paint a plane for people, black at 0 and pale yellow at `top` and above.

    Args:
        plane: finite values, (H, W).
        top: value of the brightest colour, > 0, in the plane's unit.

    Returns:
        RGB in 0..255, (H, W, 3).
    """
    levels = np.rint((plane / max(top, 1e-12)).clip(0.0, 1.0) * 255.0).astype(np.uint8)
    painted = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    return np.asarray(painted, np.uint8)
