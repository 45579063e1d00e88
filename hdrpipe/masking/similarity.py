"""Masks that ask the reference: a pseudo label is trusted where it, exposed as the reference was, agrees with it.

In the manner of SMAE (Yan et al., CVPR 2023), which chooses pseudo labels by their likeness to the reference where that
is well exposed. Sigma is not asked. The disagreement of a pixel is the root of the squared difference over the
reference's noise, both summed over the well-exposed values of a 5 x 5 window: the reference is noisy itself, and one
pixel of it says little. As the noise of a camera is seldom known, disagreements are ranked, not held to a limit.

Where the reference is black or clipped, a window through, there is nothing to agree with, so such a *pixel* is not
trusted. A *patch* is judged by what can be seen of it, and stands for the rest; one of which nothing can be seen is not
trusted. So `level: patch` teaches clipped lights whose surroundings agree, and a pixel level leaves them to the labels.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from hdrpipe.errors import UsageError
from hdrpipe.imaging.camera import linear_from_ldr
from hdrpipe.imaging.denoise import mean_around
from hdrpipe.imaging.merge import WINDOW
from hdrpipe.imaging.noise import noise, well_exposed
from hdrpipe.masking.strategy import Masks, RoundMaps, SceneMaps, below, keeping, patch_means, sampled
from hdrpipe.quantities import Plane

NEEDS_FRAMES = True

UNSEEN = 1e30
"""Disagreement where the reference shows nothing: more than any other, and still a number."""


class Options(BaseModel):
    """Settings of the similarity masks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep_patch: float = Field(
        0.8, gt=0, le=1, description="Share of the patches to keep, of those in which the reference shows anything."
    )
    keep_pixel: float = Field(
        0.8, gt=0, le=1, description="Share of the pixels to keep, of those where the reference is well exposed."
    )


def fit(maps: RoundMaps, options: Options) -> dict[str, float]:
    """The largest disagreements to keep, of patches and of pixels, over all unlabelled scenes.

    Raises:
        UsageError: no reference shows anything, or the frames are not there.
    """
    found = [disagreements(scene) for scene in maps.unlabelled]
    patches = np.concatenate([_seen(means.ravel()) for _, means in found])
    pixels = np.concatenate([_seen(sampled(plane)) for plane, _ in found])
    if not (patches.size and pixels.size):
        raise UsageError("every reference is black or clipped: nothing to compare pseudo labels with", "masks.strategy")
    return {"patch_limit": keeping(patches, options.keep_patch), "pixel_limit": keeping(pixels, options.keep_pixel)}


def apply(scene: SceneMaps, statistics: dict[str, float], options: Options, level: str) -> Masks:
    """Both masks of one scene, from its disagreement with the reference."""
    plane, means = disagreements(scene)
    return below(plane, means, (statistics["patch_limit"], statistics["pixel_limit"]), level)


def disagreements(scene: SceneMaps) -> tuple[Plane, Plane]:
    """How far a pseudo label is from the reference, in standard deviations of the reference's noise.

    Returns:
        Of each pixel (H, W); and the mean of each patch (h, w) over what can be seen of it. `UNSEEN` without any.

    Raises:
        UsageError: the scene comes without its frames.
    """
    if scene.evidence is None:
        raise UsageError("similarity needs the frames of every scene", scene.name, "pass --scenes")
    pseudo_label, reference, time = scene.evidence
    counted = well_exposed(reference, mean_around(reference, WINDOW)).astype(np.float32)
    linear = linear_from_ldr(reference)
    apart = np.square(np.clip(pseudo_label * time, 0.0, 1.0) - linear) * counted
    expected = noise(linear, 1.0) * counted
    visible = _summed(counted) > 0
    ratio = _summed(apart) / np.where(visible, _summed(expected), 1.0)
    plane = np.where(visible, np.sqrt(ratio.clip(0.0)), 0.0).astype(np.float32)
    share = patch_means(visible.astype(np.float32))
    means = np.where(share > 0, patch_means(plane) / np.where(share > 0, share, 1.0), UNSEEN)
    return np.where(visible, plane, UNSEEN).astype(np.float32), means.astype(np.float32)


def _summed(values: NDArray) -> NDArray:
    """Sum over the channels of (3, H, W) of the means over a window."""
    return mean_around(values, WINDOW).sum(axis=0)


def _seen(values: NDArray) -> NDArray:
    return values[values < UNSEEN]
