"""Masks from the true error at the coverage of the paper's masks: an upper bound for experiments, not for real use.

Reads the truth of unlabelled scenes, which no other strategy and no other stage before the evaluation does.
"""

import numpy as np

from hdrpipe.config.mask_options import OracleOptions as Options
from hdrpipe.errors import UsageError
from hdrpipe.masking.matched import coverages
from hdrpipe.masking.strategy import Masks, RoundMaps, SceneMaps, below, keeping, patch_means, sampled, spread
from hdrpipe.quantities import Plane


def fit(maps: RoundMaps, options: Options) -> dict[str, float]:
    """Largest errors to trust over all unlabelled scenes: of patches, of pixels, of pixels inside trusted patches."""
    coverage = coverages(maps, options.coverage_patch, options.coverage_pixel)
    means = [patch_means(np.square(_error(scene))).ravel() for scene in maps.unlabelled]
    patch_limit = keeping(np.concatenate(means), coverage["coverage_patch"])
    everywhere, inside = [], []
    for scene in maps.unlabelled:
        error = _error(scene)
        kept = spread(patch_means(np.square(error)) <= patch_limit, (error.shape[0], error.shape[1]))
        everywhere.append(sampled(error))
        inside.append(sampled(error)[sampled(kept)])
    return {
        **coverage,
        "patch_limit": patch_limit,
        "pixel_limit": keeping(np.concatenate(everywhere), coverage["coverage_pixel"]),
        "inside_limit": keeping(np.concatenate(inside), coverage["coverage_inside"]),
    }


def apply(scene: SceneMaps, statistics: dict[str, float], options: Options, level: str) -> Masks:
    """Masks of one scene, from its true error."""
    error = _error(scene)
    limit = statistics["inside_limit" if level == "bilevel" else "pixel_limit"]
    return below(error, patch_means(np.square(error)), (statistics["patch_limit"], limit), level)


def _error(scene: SceneMaps) -> Plane:
    if scene.error is None:
        raise UsageError("oracle masks need the truth of every scene", scene.name, "pass --kept-truths")
    return scene.error
