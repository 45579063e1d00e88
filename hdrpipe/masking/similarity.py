"""Masks from the reference frame: a pseudo label is trusted where, re-exposed, it agrees with the reference.

After SMAE (Yan et al., CVPR 2023), which selects pseudo labels by similarity to the well-exposed reference; sigma is
not used. The disagreement of a pixel is the root of the squared difference over the noise variance of the reference,
both summed over the well-exposed values of a 5 x 5 window, because single pixels of the reference are too noisy. The
noise of a camera is seldom known, so disagreements are ranked instead of compared with a fixed limit.

A *pixel* whose whole window is black or clipped in the reference has no disagreement and is not trusted. A *patch* is
rated by its comparable pixels alone; without any it is not trusted. So with `level: patch` clipped lights in agreeing
surroundings are trained on, and at a pixel level they are learned from labelled scenes only.
"""

import numpy as np
from numpy.typing import NDArray

from hdrpipe.config.mask_options import SimilarityOptions as Options
from hdrpipe.errors import UsageError
from hdrpipe.imaging.camera import linear_from_ldr
from hdrpipe.imaging.denoise import mean_around
from hdrpipe.imaging.merge import WINDOW
from hdrpipe.imaging.noise import noise, well_exposed
from hdrpipe.masking.strategy import Masks, RoundMaps, SceneMaps, below, keeping, patch_means, sampled
from hdrpipe.quantities import Plane

UNSEEN = 1e30
"""Disagreement of pixels that cannot be compared: larger than any other, and finite."""


def fit(maps: RoundMaps, options: Options) -> dict[str, float]:
    """Largest disagreements of trusted patches and pixels, over all unlabelled scenes.

    Raises:
        UsageError: every reference is black or clipped everywhere, or frames are missing.
    """
    scenes = [disagreements(scene) for scene in maps.unlabelled]
    patches = np.concatenate([_comparable(means.ravel()) for _, means in scenes])
    pixels = np.concatenate([_comparable(sampled(plane)) for plane, _ in scenes])
    if not (patches.size and pixels.size):
        raise UsageError("every reference is black or clipped: nothing to compare pseudo labels with", "masks.strategy")
    return {
        "patch_limit": keeping(patches, options.coverage_patch),
        "pixel_limit": keeping(pixels, options.coverage_pixel),
    }


def apply(scene: SceneMaps, statistics: dict[str, float], options: Options, level: str) -> Masks:
    """Masks of one scene, from its disagreement with the reference."""
    plane, means = disagreements(scene)
    return below(plane, means, (statistics["patch_limit"], statistics["pixel_limit"]), level)


def disagreements(scene: SceneMaps) -> tuple[Plane, Plane]:
    """Difference of a pseudo label to the reference, in standard deviations of the reference's noise.

    Returns:
        Values of pixels (H, W), and means of the comparable pixels of patches (h, w); `UNSEEN` for those without any.

    Raises:
        UsageError: the scene has no frames.
    """
    if scene.evidence is None:
        raise UsageError("similarity masks need the frames of every scene", scene.name, "pass --scenes")
    pseudo_label, reference, time = scene.evidence
    counted = well_exposed(reference, mean_around(reference, WINDOW)).astype(np.float32)
    linear = linear_from_ldr(reference)
    difference = np.square(np.clip(pseudo_label * time, 0.0, 1.0) - linear) * counted
    expected = noise(linear, 1.0) * counted
    visible = _channel_sum(counted) > 0
    ratio = _channel_sum(difference) / np.where(visible, _channel_sum(expected), 1.0)
    plane = np.where(visible, np.sqrt(ratio.clip(0.0)), 0.0).astype(np.float32)
    fraction = patch_means(visible.astype(np.float32))
    means = np.where(fraction > 0, patch_means(plane) / np.where(fraction > 0, fraction, 1.0), UNSEEN)
    return np.where(visible, plane, UNSEEN).astype(np.float32), means.astype(np.float32)


def _channel_sum(values: NDArray) -> NDArray:
    """Sum over the channels of (3, H, W) of the means over a window."""
    return mean_around(values, WINDOW).sum(axis=0)


def _comparable(values: NDArray) -> NDArray:
    return values[values < UNSEEN]
