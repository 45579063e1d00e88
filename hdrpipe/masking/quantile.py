"""Masks of fixed coverage: the patches and pixels of smallest sigma, by rank.

Ranks do not depend on the scale of sigma, while one outlier sets that of the paper's min-max normalisation.
"""

import numpy as np

from hdrpipe.config.mask_options import QuantileOptions as Options
from hdrpipe.masking.strategy import Masks, RoundMaps, SceneMaps, below, keeping, patch_means, sampled, spread
from hdrpipe.quantities import PATCH, Plane


def fit(maps: RoundMaps, options: Options) -> dict[str, float]:
    """Fractions to keep in this round, and the patch mean and sigma that keep them over all unlabelled scenes."""
    means, pixels = zip(*((patch_means(s.sigma).ravel(), sampled(s.sigma)) for s in maps.unlabelled), strict=True)
    wider = options.widen * (maps.round - 1)
    patch, pixel = min(1.0, options.coverage_patch + wider), min(1.0, options.coverage_pixel + wider)
    return {
        "coverage_patch": patch,
        "coverage_pixel": pixel,
        "patch_limit": keeping(np.concatenate(means), patch),
        "pixel_limit": keeping(np.concatenate(pixels), pixel),
    }


def apply(scene: SceneMaps, statistics: dict[str, float], options: Options, level: str) -> Masks:
    """Masks of one scene; values equal to the limit are trusted."""
    means = patch_means(scene.sigma)
    patch_limit, pixel_limit = statistics["patch_limit"], statistics["pixel_limit"]
    if options.patch_scope == "image":
        patch_limit = keeping(means, statistics["coverage_patch"])
    if options.pixel_scope == "image":
        pixel_limit = keeping(scene.sigma, statistics["coverage_pixel"])
    elif options.pixel_scope == "patch":
        pixel_limit = _patch_limits(scene.sigma, statistics["coverage_pixel"])
    return below(scene.sigma, means, (patch_limit, pixel_limit), level)


def _patch_limits(sigma: Plane, fraction: float) -> Plane:
    """Limit for each pixel from the quantile within its patch, (H, W)."""
    rows, columns = (range(0, side, PATCH) for side in sigma.shape)
    limits = [[keeping(sigma[y : y + PATCH, x : x + PATCH], fraction) for x in columns] for y in rows]
    return spread(np.array(limits, np.float32), (sigma.shape[0], sigma.shape[1]))
