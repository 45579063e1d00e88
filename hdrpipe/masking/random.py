"""Random masks at the coverage of the paper's masks: the uninformed control, for experiments only."""

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from hdrpipe.masking.matched import coverages
from hdrpipe.masking.strategy import Masks, RoundMaps, SceneMaps, combine, patch_means


class Options(BaseModel):
    """Settings of the random masks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    coverage_patch: float | None = Field(
        None, gt=0, le=1, description="Share of the patches to keep; without, as many as the paper's masks keep."
    )
    coverage_pixel: float | None = Field(
        None, gt=0, le=1, description="Share of the pixels to keep; without, as many as the paper's masks keep."
    )
    seed: int = Field(0, ge=0, description="Seed of the masks, beside the name of the scene.")


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
