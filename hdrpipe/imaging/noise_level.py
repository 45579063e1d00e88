"""The noise level of a burst: how many times the variance of the standard camera (`imaging.noise`) its frames show.

Aligned frames of one scene differ by their noise, wherever both are well exposed and nothing moves: in most windows.
The median window therefore measures the noise, whatever a camera has done to it; motion and alignment errors could
only raise it. Texture could only raise what the reference alone shows. Of the two the lower one counts. A level that
the files state (DNG) counts like what the reference alone shows, and where nothing can be compared. What compression
hides from all of them is a level of its own (`imaging.compression`).

Cameras interpolate the mosaic of their sensor, which spreads noise over neighbouring pixels, and compression takes its
finest part away. Means of 2 x 2 pixels keep what is left: white noise has a quarter of its variance there, theirs more.
Both also make grey of noise that was each colour's own: the interpolation copies fine structure of one colour into the
others, and most JPEGs store colour at half the resolution.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.camera import ldr_from_linear, linear_from_ldr, radiance_from_ldr
from hdrpipe.imaging.denoise import mean_around
from hdrpipe.imaging.noise import noise, well_exposed
from hdrpipe.imaging.noise_model import NoiseModel, colour_products, noise_or_none
from hdrpipe.quantities import Frames

SIDE = 5
"""Side of the windows in which frames are compared, in pixels."""

WARPED = 1.9
"""Noise of frames as taken over what the difference to a warped one shows: interpolation takes noise away."""

SHARED = 2.2
"""Level of a burst over that of its single pixels, above which neighbours share their noise: frames that nothing warped
show up to `WARPED` times what each pixel has of its own, interpolated mosaics 2.4 to 60 times."""

TYPICAL = 0.1
"""Linear value at which the noise of the reference alone is compared with that of the standard camera."""

RANGE = (0.1, 100.0)
"""Levels that are believed."""

GREY_ALONE = (0.25, 0.5)
"""Grey fraction of the finest differences in flat windows of the reference from which noise begins to count as grey,
and counts. Texture leaves up to 0.2 there, JPEG and interpolation by gradients 0.6 and more."""

CROP = 256
"""Large pictures are looked at in windows of this side, in pixels,"""

CROPS = 3
"""of which there are so many along each axis."""


def noise_level(
    crops: Iterable[Frames],
    times: NDArray[Any],
    reference: int,
    stated: float | None = None,
    correlated: bool = False,
) -> float:
    """Factor on the standard noise variance, in `RANGE`; where nothing can be compared the stated one, or 1.

    Args:
        crops: display-coded frames of one or several parts of a burst, aligned, (N, 3, h, w) in [0, 1].
        times: relative exposure times, (N,).
        reference: index of the frame that the others are aligned to.
        stated: factor that the files state, see `stated_level`.
        correlated: True if neighbouring pixels may share their noise, as in pictures of cameras; what a renderer adds
            is white.
    """
    ratios, alone = [], []
    for crop in crops:
        ratios.append(_ratios(crop, np.asarray(times, np.float64), reference))
        alone.append(crop[reference : reference + 1])
    measured = np.concatenate(ratios) if ratios else np.zeros(0)
    level = WARPED * float(np.median(measured)) if measured.size else stated or 1.0
    if measured.size:
        limits = [limit for limit in (level_alone(alone, correlated), stated) if limit is not None]
        level = min([level, *(limits or [1.0])])  # nothing else tells noise from motion
    return float(np.clip(level, *RANGE))


def grey_fraction(crops: Iterable[Frames], times: NDArray[Any], reference: int) -> float:
    """Fraction of the noise variance that the three colours of a pixel have in common, in [0, 1].

    It is 0 where every colour has noise of its own, 1 where noise is grey, and 0 where nothing can be compared.
    Aligned frames tell it. Texture and motion are grey, too; so it only counts as far as flat windows of the reference
    are grey (`GREY_ALONE`). Arguments as in `noise_level`.
    """
    compared: list[NDArray[np.floating]] = [np.zeros((2, 0))]
    alone: list[NDArray[np.floating]] = [np.zeros((2, 0))]
    for crop in crops:
        compared.append(_products(crop, np.asarray(times, np.float64), reference))
        alone.append(colour_products(crop[reference]))
    fraction, flat = (_fraction(np.concatenate(windows, axis=1)) for windows in (compared, alone))
    low, high = GREY_ALONE
    counted = 1.0 if flat is None else min(max((flat - low) / (high - low), 0.0), 1.0)
    return counted * (fraction or 0.0)


def _fraction(windows: NDArray[np.floating]) -> float | None:
    """Median of the products over that of the squares, (2, K), in [0, 1]; None without windows."""
    if not windows.size:
        return None
    products, squares = (float(value) for value in np.median(windows, axis=1))
    return min(max(products / max(squares, 1e-12), 0.0), 1.0)


def level_of_model(model: NoiseModel) -> float:
    """Factor on the standard noise variance of a noise model, at a typical signal."""
    return float(model.variance(TYPICAL) / noise(TYPICAL, 1.0))


def stated_level(models: Iterable[NoiseModel | None]) -> float | None:
    """Median factor on the standard noise variance by what the files of a burst state; None if one states nothing."""
    levels = [None if model is None else level_of_model(model) for model in models]
    return None if None in levels else float(np.median(np.array(levels, np.float64)))


def crops_of(height: int, width: int) -> list[tuple[slice, slice]]:
    """Rows and columns of the parts of a picture that are looked at: all of a small one, a grid of a large one."""
    return list(product(_spans(height), _spans(width)))


def _spans(size: int) -> list[slice]:
    if size <= CROP * CROPS:
        return [slice(0, size)]
    starts = np.linspace(0, size - CROP, CROPS).astype(int)
    return [slice(int(start), int(start) + CROP) for start in starts]


def _ratios(ldr: Frames, times: NDArray[np.float64], reference: int) -> NDArray[np.floating]:
    """(K,) squared difference to the reference over its expected variance, of all windows that are well exposed."""
    ratios: list[NDArray[np.floating]] = [np.zeros(0)]
    for difference, expected, used in _compared(ldr, times, reference):
        squared, variance = (mean_around(values * used, SIDE) for values in (difference**2, expected))
        ratios.append((squared / np.maximum(variance, np.float32(1e-12)))[mean_around(used, SIDE) > 0.5])
    return np.concatenate(ratios)


def _products(ldr: Frames, times: NDArray[np.float64], reference: int) -> NDArray[np.floating]:
    """(2, K): means of the products of two colours' differences to the reference, and of their squares, in units of the
    expected noise, of all windows that are well exposed in all colours."""
    windows: list[NDArray[np.floating]] = [np.zeros((2, 0))]
    for difference, expected, exposed in _compared(ldr, times, reference):
        used = exposed.min(axis=0, keepdims=True)
        in_noise = difference * used / np.sqrt(np.maximum(mean_around(expected, SIDE), np.float32(1e-12)))
        squares = (in_noise**2).sum(axis=0, keepdims=True)
        products = in_noise.sum(axis=0, keepdims=True) ** 2 - squares  # twice the three products
        means = mean_around(np.concatenate([products / 6, squares / 3]), SIDE)
        windows.append(means[:, mean_around(used, SIDE)[0] > 0.5])
    return np.concatenate(windows, axis=1)


def _compared(
    ldr: Frames, times: NDArray[np.float64], reference: int
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
    """Of each other frame its difference to the reference, the variance that is expected of it, and 1 where both frames
    are well exposed, else 0, each (3, h, w)."""
    radiance = radiance_from_ldr(ldr, times)
    exposed = [well_exposed(frame, mean_around(frame, SIDE)) for frame in ldr]
    middle = radiance[reference]
    for index, other in enumerate(radiance):
        if index != reference:
            expected = (noise(middle, times[index]) + noise(middle, times[reference])).astype(np.float32)
            yield other - middle, expected, (exposed[index] & exposed[reference]).astype(np.float32)


def level_alone(frames: list[Frames], correlated: bool = False) -> float | None:
    """Level that frames as taken show, each (N, 3, h, w) in [0, 1]; None where it cannot be measured.

    If neighbouring pixels may share their noise, means of 2 x 2 pixels tell, too, by the white noise that would be.
    """
    models = [(noise_or_none(frames), 1.0)]
    if correlated and min(frames[0].shape[-2:]) >= 2:
        models.append((noise_or_none([_halved(frame) for frame in frames]), 4.0))
    return max((factor * level_of_model(model) for model, factor in models if model is not None), default=None)


def with_shared(alone: float, level: float) -> float:
    """Level of a burst where neighbours share their noise, which single pixels hide; else that of single pixels.

    The latter is the more exact one. Up to level 1 it is not told from motion, which raises the level so far.

    Args:
        alone: what single pixels show (`level_alone`).
        level: of the burst (`noise_level`), correlated.
    """
    return level if level > max(1.0, SHARED * alone) else alone


def _halved(ldr: Frames) -> Frames:
    """Frames of half the size whose pixels show the mean light of 2 x 2 pixels."""
    height, width = (side // 2 * 2 for side in ldr.shape[-2:])
    linear = linear_from_ldr(ldr[..., :height, :width])
    pairs = linear[..., ::2, :] + linear[..., 1::2, :]
    return ldr_from_linear((pairs[..., ::2] + pairs[..., 1::2]) / 4)
