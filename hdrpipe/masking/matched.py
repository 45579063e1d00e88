"""Coverage of the paper's masks, which `random` and `oracle` reproduce so that only the selection differs."""

import numpy as np

from hdrpipe.masking import threshold
from hdrpipe.masking.strategy import RoundMaps, spread


def coverages(maps: RoundMaps, keep_patch: float | None, keep_pixel: float | None) -> dict[str, float]:
    """Fractions to keep at each level over all unlabelled scenes.

    Args:
        maps: maps of the round.
        keep_patch, keep_pixel: fractions from the config; None takes those of the paper's masks at tau 0.4.

    Returns:
        `keep_patch`: fraction of all patches; `keep_pixel`: of all pixels; `keep_inside`: of pixels in kept patches.
        Both levels together keep `keep_patch * keep_inside`.
    """
    if keep_patch is not None and keep_pixel is not None:
        return {"keep_patch": keep_patch, "keep_pixel": keep_pixel, "keep_inside": keep_pixel}
    options = threshold.Options.model_validate({})
    statistics = threshold.fit(maps, options)
    counts = np.zeros(4)
    for scene in maps.unlabelled:
        masks = threshold.apply(scene, statistics, options, "bilevel")
        patches = spread(masks.patch_mask, masks.pixel_mask.shape)
        counts += [patches.size, patches.sum(), masks.pixel_mask.sum(), (patches & masks.pixel_mask).sum()]
    size, patch, pixel, both = counts
    return {
        "keep_patch": patch / size if keep_patch is None else keep_patch,
        "keep_pixel": pixel / size if keep_pixel is None else keep_pixel,
        "keep_inside": both / max(patch, 1.0) if keep_pixel is None else keep_pixel,
    }
