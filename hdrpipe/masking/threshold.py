"""The paper's masks: sigma normalised to [0, 1] and kept below a threshold, patches first, then pixels.

arXiv 2511.12939: a patch is kept where its mean sigma, normalised over the whole set, is below tau_pa = 0.4; inside a
kept patch a pixel is kept where its normalised sigma is below tau_pi = 0.4. "Globally" is read as min-max over all
unlabelled patches of the round, and the pixels' scope as their own patch; both are options.
"""

from collections.abc import Iterable
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from hdrpipe.masking.contract import Masks, combine, patch_means, spread
from hdrpipe.quantities import PATCH, Plane

FLAT = 1e-12
"""A range of sigma below this is no range: everything scores 0, everything is kept."""


class Options(BaseModel):
    """Settings of the paper's masks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tau_patch: float = Field(0.4, gt=0, le=1, description="Patches with a normalised mean sigma below this are kept.")
    tau_pixel: float = Field(0.4, gt=0, le=1, description="Pixels with a normalised sigma below this are kept.")
    patch_scope: Literal["dataset", "image"] = Field(
        "dataset", description="Min and max of the patch scores over all unlabelled scenes, or over the scene."
    )
    pixel_scope: Literal["patch", "image"] = Field(
        "patch", description="Min and max of the pixel scores over their patch, or over the scene."
    )


def fit(sigmas: Iterable[Plane], options: Options) -> dict[str, float]:
    """Smallest and largest patch mean over all scenes.

    Args:
        sigmas: (H, W) maps of all unlabelled scenes, one after the other.
        options: unused here, part of the contract.
    """
    low, high = np.inf, -np.inf
    for sigma in sigmas:
        means = patch_means(sigma)
        low, high = min(low, float(means.min())), max(high, float(means.max()))
    return {"patch_low": low, "patch_high": high}


def apply(sigma: Plane, statistics: dict[str, float], options: Options, level: str) -> Masks:
    """Both masks of one scene; a mask is kept even where `level` does not use it, so that it can be looked at."""
    means = patch_means(sigma)
    low, high = statistics["patch_low"], statistics["patch_high"]
    if options.patch_scope == "image":
        low, high = float(means.min()), float(means.max())
    patch_score = _normalised(means, low, high)
    patch_mask = patch_score < options.tau_patch
    if options.pixel_scope == "image":
        pixel_score = _normalised(sigma, sigma.min(), sigma.max())
    else:
        rows, columns = (np.arange(0, side, PATCH) for side in sigma.shape)
        lows = np.minimum.reduceat(np.minimum.reduceat(sigma, rows, axis=0), columns, axis=1)
        highs = np.maximum.reduceat(np.maximum.reduceat(sigma, rows, axis=0), columns, axis=1)
        pixel_score = _normalised(sigma, spread(lows, sigma.shape), spread(highs, sigma.shape))
    pixel_mask = pixel_score < options.tau_pixel
    return Masks(patch_score, patch_mask, pixel_score, pixel_mask, combine(patch_mask, pixel_mask, level))


def _normalised(values: Plane, low, high) -> Plane:
    span = np.asarray(high, np.float64) - low
    score = np.where(span > FLAT, (values - low) / np.maximum(span, FLAT), 0.0)
    return np.clip(score, 0.0, 1.0).astype(np.float32)
