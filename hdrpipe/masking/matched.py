"""How much the paper's masks keep: what `random` and `oracle` keep too, so that only the choice differs."""

import numpy as np

from hdrpipe.masking import threshold
from hdrpipe.masking.strategy import RoundMaps, spread


def shares(maps: RoundMaps, keep_patch: float | None, keep_pixel: float | None) -> dict[str, float]:
    """Shares to keep at each level over all unlabelled scenes.

    Args:
        maps: of the round.
        keep_patch, keep_pixel: given shares; None takes what the paper's masks at tau 0.4 keep.

    Returns:
        `keep_patch`, a share of all patches; `keep_pixel`, of all pixels; `keep_inside`, of the pixels of kept patches:
        the two levels together keep `keep_patch * keep_inside`.
    """
    if keep_patch is not None and keep_pixel is not None:
        return {"keep_patch": keep_patch, "keep_pixel": keep_pixel, "keep_inside": keep_pixel}
    options = threshold.Options.model_validate({})
    statistics = threshold.fit(maps, options)
    counts = np.zeros(4)
    for scene in maps.unlabelled:
        made = threshold.apply(scene, statistics, options, "bilevel")
        wide = spread(made.patch_mask, made.pixel_mask.shape)
        counts += [wide.size, wide.sum(), made.pixel_mask.sum(), (wide & made.pixel_mask).sum()]
    size, patch, pixel, both = counts
    return {
        "keep_patch": patch / size if keep_patch is None else keep_patch,
        "keep_pixel": pixel / size if keep_pixel is None else keep_pixel,
        "keep_inside": both / max(patch, 1.0) if keep_pixel is None else keep_pixel,
    }
