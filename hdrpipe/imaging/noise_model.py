"""The noise of a camera, measured on its pictures: variance of a linear value x in [0, 1] is `shot * x + read`.

Flat windows of single exposures show it: the variance of a high-pass residual against the mean. Texture adds to that
variance and never takes from it, so a low quantile of the flattest windows is used, corrected for what a quantile of
pure noise would be. Black and clipped windows are left out, because clipping takes part of the noise away.
"""

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.errors import InputError
from hdrpipe.imaging.camera import ldr_from_linear, linear_from_ldr
from hdrpipe.imaging.noise import noise
from hdrpipe.quantities import Frames, Picture

WINDOW = 8
"""Side of a window in pixels."""

HIGH_PASS = np.outer([1.0, -2.0, 1.0], [1.0, -2.0, 1.0]).astype(np.float32) / 6.0
"""Kernel whose output has the variance of white noise and no response to planes (Immerkaer 1996)."""

FREEDOM = WINDOW**2 / 3.78
"""Degrees of freedom of the residual's variance in a window: neighbouring residuals are correlated, and the squares of
the kernel's autocorrelation sum to 3.78."""

FLAT = 0.3
"""Share of the windows of similar brightness that count as flat: those of the smallest slope."""

QUANTILE = 0.3
"""Quantile of the variances of flat windows that is taken for the noise."""

CORRECTION = 0.7954680171614769
"""That quantile of chi-squared with so many degrees of freedom over its mean; SciPy takes half a second to import."""

BINS_PER_OCTAVE = 2
"""Groups of windows of similar brightness for each factor of 2."""

FAR_FROM_BLACK = 4.0
"""Standard deviations of the noise between black and the mean of a group that counts: closer ones are clipped."""

LEAST = 8
"""Fewest flat windows of a group that counts."""

DARKEST = 1e-4
"""Mean linear value below which a window is not used."""

BLACK, CLIPPED = 0.02, 0.97
"""Display-coded limits: windows with a value beyond them may have lost a part of their noise to clipping."""


class NoiseModel(NamedTuple):
    """Noise of one camera at one sensitivity."""

    shot: float
    """Variance per unit of linear signal."""
    read: float
    """Variance at black, quantisation included."""

    def variance(self, linear: NDArray | float) -> NDArray | float:
        """Noise variance of linear values in [0, 1], of the same shape."""
        return self.shot * linear + self.read


def measured_noise(bursts: Iterable[Frames]) -> NoiseModel:
    """Noise model of a camera from display-coded frames as taken (not warped), each burst (N, 3, H, W) in [0, 1].

    Raises:
        InputError: too few flat windows between black and clipped.
    """
    windows = [_windows(linear_from_ldr(plane), plane) for frames in bursts for frame in frames for plane in frame]
    mean, variance, slope = np.concatenate(windows, axis=1) if windows else np.zeros((3, 0))
    groups = _flat_groups(mean, variance, slope)
    if len(groups) < 2:
        raise InputError("too few flat windows between black and clipped to measure noise", "noise", "give more bursts")
    return _line(np.array(groups))


def noise_or_none(bursts: Iterable[Frames]) -> NoiseModel | None:
    """Noise model as by `measured_noise`; None where too few windows are flat between black and clipped."""
    try:
        return measured_noise(bursts)
    except InputError:
        return None


def with_noise(ldr: Frames, source: NoiseModel, target: NoiseModel, rng: np.random.Generator) -> Frames:
    """Frames of one camera as another, noisier one would have taken them.

    The missing variance is added in linear light, by means of 3 x 3 pixels, so that the noise that is there already
    does not decide how much comes on top; where the target is quieter nothing is added.

    Args:
        ldr: display-coded frames as taken, (N, 3, H, W) in [0, 1].
        source: noise model of these frames.
        target: noise model to reach.
        rng: what is drawn depends on it alone.

    Returns:
        Display-coded frames in [0, 1], same shape.
    """
    linear = linear_from_ldr(ldr)
    means = np.stack([[cv2.blur(plane, (3, 3)) for plane in frame] for frame in linear])
    missing = np.maximum(target.variance(means) - source.variance(means), 0.0)
    grain = rng.standard_normal(linear.shape, np.float32) * np.sqrt(missing).astype(np.float32)
    return ldr_from_linear((linear + grain).clip(0.0, 1.0))


def _windows(linear: NDArray, coded: NDArray) -> NDArray:
    """(3, K): mean, variance of the residual and slope of the windows of one plane (H, W) that are neither black nor
    clipped."""
    plane = np.ascontiguousarray(linear, dtype=np.float32)
    residual = cv2.filter2D(plane, -1, HIGH_PASS, borderType=cv2.BORDER_REFLECT_101)
    smooth = cv2.GaussianBlur(plane, (0, 0), 2.0)
    slope = cv2.Sobel(smooth, -1, 1, 0) ** 2 + cv2.Sobel(smooth, -1, 0, 1) ** 2
    inside = _tiled((coded <= BLACK) | (coded >= CLIPPED)).max(axis=(1, 3)) == 0
    statistics = [_tiled(values).mean(axis=(1, 3))[inside] for values in (plane, residual**2, slope)]
    return np.stack(statistics).astype(np.float64)


def colour_products(ldr: Picture) -> NDArray[np.float64]:
    """(2, K): mean products of two colours' residuals, and of their squares, in units of the standard camera's noise.

    Args:
        ldr: a frame as taken, display-coded, (3, H, W) in [0, 1].

    Returns:
        One column for each flat window that is neither black nor clipped in any colour: those of the smallest squares.
    """
    linear = np.ascontiguousarray(linear_from_ldr(ldr), dtype=np.float32)
    residuals = np.stack([cv2.filter2D(plane, -1, HIGH_PASS, borderType=cv2.BORDER_REFLECT_101) for plane in linear])
    squares = (residuals**2).sum(axis=0)
    products = residuals.sum(axis=0) ** 2 - squares  # twice the three products
    lost = np.asarray(((ldr <= BLACK) | (ldr >= CLIPPED)).any(axis=0))
    inside = _tiled(lost).max(axis=(1, 3)) == 0
    mean, product, square = (
        _tiled(x).mean(axis=(1, 3))[inside] for x in (linear.mean(axis=0), products / 6, squares / 3)
    )
    windows = np.stack([product, square]) / noise(mean, 1.0)
    return windows[:, windows[1] <= np.quantile(windows[1], FLAT)] if windows.size else windows


def _tiled(plane: NDArray) -> NDArray:
    """(h, WINDOW, w, WINDOW): the whole windows of a plane (H, W)."""
    rows, columns = (side // WINDOW for side in plane.shape)
    return plane[: rows * WINDOW, : columns * WINDOW].reshape(rows, WINDOW, columns, WINDOW)


def _flat_groups(mean: NDArray, variance: NDArray, slope: NDArray) -> list[tuple[float, float, int]]:
    """(mean, noise variance, windows) of every group of similar brightness with enough flat windows."""
    group = np.floor(BINS_PER_OCTAVE * np.log2(np.maximum(mean, DARKEST) / DARKEST)).astype(int)
    groups = []
    for number in np.unique(group[mean > DARKEST]):
        inside = group == number
        flat = inside & (slope <= np.quantile(slope[inside], FLAT))
        if flat.sum() >= LEAST:
            noise = float(np.quantile(variance[flat], QUANTILE)) / CORRECTION
            if mean[flat].mean() > FAR_FROM_BLACK * noise**0.5:
                groups.append((float(mean[flat].mean()), noise, int(flat.sum())))
    return groups


def _line(groups: NDArray) -> NoiseModel:
    """Line with coefficients >= 0 through (mean, variance), by relative errors; groups far above it are texture."""
    from scipy.optimize import nnls  # a second to import, which most bursts do not need

    used = groups[groups[:, 1] > 0]
    shot = read = 0.0
    for _ in range(3):
        mean, variance, count = used.T
        weight = np.sqrt(count) / variance
        (shot, read), _ = nnls(np.stack([mean * weight, weight], axis=1), variance * weight)
        close = groups[:, 1] < 1.3 * (shot * groups[:, 0] + read)
        if close.sum() < 2:
            break
        used = groups[close & (groups[:, 1] > 0)]
    return NoiseModel(float(shot), float(read))
