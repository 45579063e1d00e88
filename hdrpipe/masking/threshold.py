"""The paper's masks: thresholds on sigma normalised to [0, 1], at the level of patches, then of pixels.

arXiv 2511.12939: a patch is kept where its mean sigma, normalised over the whole set, is below tau_pa = 0.4; inside a
kept patch a pixel is kept where its normalised sigma is below tau_pi = 0.4. "Globally" is read as min-max over all
unlabelled patches of the round, and the pixels' scope as their own patch; both are options.
"""

import numpy as np

from hdrpipe.config.mask_options import ThresholdOptions as Options
from hdrpipe.masking.strategy import Masks, RoundMaps, SceneMaps, combine, patch_means
from hdrpipe.quantities import PATCH, Plane

FLAT = 1e-12
"""Range of sigma below which a map counts as constant: all scores are 0 and all pixels are trusted."""

CROP = 128 // PATCH
"""Side of the paper's training crops of 128 pixels, in patches."""


def fit(maps: RoundMaps, options: Options) -> dict[str, float]:
    """Smallest and largest patch mean over all unlabelled scenes; 0 and 1 for scopes that do not use them."""
    if options.patch_scope != "dataset":
        return {"patch_low": 0.0, "patch_high": 1.0}
    low, high = np.inf, -np.inf
    for scene in maps.unlabelled:
        means = patch_means(scene.sigma)
        low, high = min(low, float(means.min())), max(high, float(means.max()))
    return {"patch_low": low, "patch_high": high}


def apply(scene: SceneMaps, statistics: dict[str, float], options: Options, level: str) -> Masks:
    """Masks of one scene; both are returned even if `level` uses only one, for inspection."""
    sigma, means = scene.sigma, patch_means(scene.sigma)
    low, high = statistics["patch_low"], statistics["patch_high"]
    if options.patch_scope == "image":
        low, high = means.min(), means.max()
    elif options.patch_scope == "crop":
        low, high = _tiles(means, CROP)
    patch_score = _normalised(means, low, high)
    patch_mask = patch_score < options.tau_patch
    low, high = (sigma.min(), sigma.max()) if options.pixel_scope == "image" else _tiles(sigma, PATCH)
    pixel_score = _normalised(sigma, low, high)
    pixel_mask = pixel_score < options.tau_pixel
    return Masks(patch_score, patch_mask, pixel_score, pixel_mask, combine(patch_mask, pixel_mask, level))


def _tiles(values: Plane, side: int) -> tuple[Plane, Plane]:
    """Smallest and largest value of the tile that each value lies in, both in the shape of `values`."""
    starts = [np.arange(0, size, side) for size in values.shape]
    extremes = []
    for extreme in (np.minimum, np.maximum):
        tiles = extreme.reduceat(extreme.reduceat(values, starts[0], axis=0), starts[1], axis=1)
        whole = np.repeat(np.repeat(tiles, side, axis=0), side, axis=1)
        extremes.append(whole[: values.shape[0], : values.shape[1]])
    return extremes[0], extremes[1]


def _normalised(values: Plane, low, high) -> Plane:
    span = np.asarray(high, np.float64) - low
    score = np.where(span > FLAT, (values - low) / np.maximum(span, FLAT), 0.0)
    return np.clip(score, 0.0, 1.0).astype(np.float32)
