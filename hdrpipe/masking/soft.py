"""Soft weights instead of masks: every pixel enters the loss, uncertain ones with less weight.

`w = 1 / (1 + (sigma / limit)^2)`: 1/2 at the limit, inverse to the variance far above it, as in least squares.
Hard masks leave out the saturated and moving areas, where labels matter most.
"""

import numpy as np

from hdrpipe.config.mask_options import SoftOptions as Options
from hdrpipe.masking.strategy import Masks, RoundMaps, SceneMaps, combine, keeping, patch_means, relative, sampled
from hdrpipe.quantities import Plane


def fit(maps: RoundMaps, options: Options) -> dict[str, float]:
    """Patch mean and sigma of weight 1/2, over all unlabelled scenes."""
    means, pixels = zip(*((patch_means(s.sigma).ravel(), sampled(s.sigma)) for s in maps.unlabelled), strict=True)
    return {
        "patch_limit": keeping(np.concatenate(means), options.half_patch),
        "pixel_limit": keeping(np.concatenate(pixels), options.half_pixel),
    }


def apply(scene: SceneMaps, statistics: dict[str, float], options: Options, level: str) -> Masks:
    """Weights of one scene; its masks are True where the weight of their level is 1/2 or more."""
    means = patch_means(scene.sigma)
    limits = statistics["patch_limit"], statistics["pixel_limit"]
    weight = combine(weights(means, limits[0]), weights(scene.sigma, limits[1]), level)
    scores = relative(means, limits[0]), relative(scene.sigma, limits[1])
    return Masks(scores[0], means <= limits[0], scores[1], scene.sigma <= limits[1], weight)


def weights(sigma: Plane, limit: float) -> Plane:
    """`limit^2 / (limit^2 + sigma^2)`; 1 where both are 0."""
    variance, half = np.square(sigma, dtype=np.float64), limit**2
    return np.where(variance > 0, half / np.maximum(variance + half, 1e-300), 1.0).astype(np.float32)
