"""Random masks at the coverage of the paper's masks: the uninformed control, for experiments only."""

import numpy as np

from hdrpipe.config.mask_options import RandomOptions as Options
from hdrpipe.masking.matched import coverages
from hdrpipe.masking.strategy import Masks, RoundMaps, SceneMaps, combine, patch_means


def fit(maps: RoundMaps, options: Options) -> dict[str, float]:
    """Fractions to keep; see `hdrpipe.masking.matched`."""
    return coverages(maps, options.coverage_patch, options.coverage_pixel)


def apply(scene: SceneMaps, statistics: dict[str, float], options: Options, level: str) -> Masks:
    """Masks of one scene, seeded by its name and the option `seed`, independent of sigma."""
    rng = np.random.default_rng([options.seed, *scene.name.encode()])
    patches = rng.random(patch_means(scene.sigma).shape, np.float32)
    pixels = rng.random(scene.sigma.shape, np.float32)
    patch_mask = patches < statistics["coverage_patch"]
    pixel_mask = pixels < statistics["coverage_inside" if level == "bilevel" else "coverage_pixel"]
    return Masks(patches, patch_mask, pixels, pixel_mask, combine(patch_mask, pixel_mask, level))
