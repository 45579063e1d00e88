"""Coverage of the paper's masks, which `random` and `oracle` reproduce so that only the selection differs."""

import numpy as np

from hdrpipe.masking import threshold
from hdrpipe.masking.strategy import RoundMaps, spread


def coverages(maps: RoundMaps, coverage_patch: float | None, coverage_pixel: float | None) -> dict[str, float]:
    """Fractions to keep at each level over all unlabelled scenes.

    Args:
        maps: maps of the round.
        coverage_patch, coverage_pixel: fractions from the config; None takes those of the paper's masks at tau 0.4.

    Returns:
        `coverage_patch`: fraction of all patches; `coverage_pixel`: of all pixels; `coverage_inside`: of the pixels in
        kept patches.
        Both levels together keep `coverage_patch * coverage_inside`.
    """
    if coverage_patch is not None and coverage_pixel is not None:
        return {"coverage_patch": coverage_patch, "coverage_pixel": coverage_pixel, "coverage_inside": coverage_pixel}
    options = threshold.Options.model_validate({})
    statistics = threshold.fit(maps, options)
    counts = np.zeros(4)
    for scene in maps.unlabelled:
        masks = threshold.apply(scene, statistics, options, "bilevel")
        patches = spread(masks.patch_mask, masks.pixel_mask.shape)
        counts += [patches.size, patches.sum(), masks.pixel_mask.sum(), (patches & masks.pixel_mask).sum()]
    size, patch, pixel, both = counts
    return {
        "coverage_patch": patch / size if coverage_patch is None else coverage_patch,
        "coverage_pixel": pixel / size if coverage_pixel is None else coverage_pixel,
        "coverage_inside": both / max(patch, 1.0) if coverage_pixel is None else coverage_pixel,
    }
