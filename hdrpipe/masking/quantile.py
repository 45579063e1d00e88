"""Masks of fixed coverage: the patches and pixels of smallest sigma, by rank.

Ranks do not depend on the scale of sigma, while one outlier sets that of the paper's min-max normalisation.
"""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from hdrpipe.masking.strategy import Masks, RoundMaps, SceneMaps, below, keeping, patch_means, sampled, spread
from hdrpipe.quantities import PATCH, Plane


class Options(BaseModel):
    """Settings of the quantile masks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    coverage_patch: float = Field(
        0.8, gt=0, le=1, description="Share of the patches to keep: those of smallest mean sigma."
    )
    coverage_pixel: float = Field(0.8, gt=0, le=1, description="Share of the pixels to keep: those of smallest sigma.")
    widen: float = Field(
        0.0, ge=0, le=1, description="Added to both shares with each round, up to 1: a curriculum, the surest first."
    )
    patch_scope: Literal["dataset", "image"] = Field(
        "dataset", description="Share of the patches of all unlabelled scenes, or of each scene."
    )
    pixel_scope: Literal["dataset", "image", "patch"] = Field(
        "dataset", description="Share of the pixels of all unlabelled scenes, of each scene, or of each patch."
    )


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
