"""Masks with absolute limits: patches by their measured risk, pixels by sigma that the measured risk calibrates.

The risk of a patch is measured without truth (`hdrpipe.evaluation.measured_risk`) where the reference is neither black
nor clipped; elsewhere the calibrated sigma stands in. Limits are errors, not ranks: labels of a good teacher are kept
whole, those of a bad one dropped.
"""

import numpy as np

from hdrpipe.config.mask_options import MeasuredOptions as Options
from hdrpipe.errors import UsageError
from hdrpipe.masking.strategy import Masks, RoundMaps, SceneMaps, below, patch_means, temperature

ENOUGH = 0.25
"""Fraction of a patch that must be measured for its risk to count."""


def fit(maps: RoundMaps, options: Options) -> dict[str, float]:
    """Temperature: the factor on sigma by which it fits the risk measured on the unlabelled scenes.

    Raises:
        UsageError: nothing is measured.
    """
    factor = temperature(scene.measured for scene in maps.unlabelled)
    if factor is None:
        hint = "set `teacher.risk: true`, and see that references are neither black, clipped nor compressed"
        raise UsageError("nothing is measured, so there is no risk to mask by", "masks.strategy", hint)
    return {"temperature": factor}


def apply(scene: SceneMaps, statistics: dict[str, float], options: Options, level: str) -> Masks:
    """Masks of one scene; a patch that is not measured counts by the root mean square of its calibrated sigma."""
    sigma = statistics["temperature"] * scene.sigma
    risk = patch_means(np.square(sigma))
    if scene.measured is not None:
        risk = np.where(scene.measured.fraction > ENOUGH, scene.measured.risk, risk)
    return below(sigma, np.sqrt(np.maximum(risk, 0.0)), (options.rmse_patch, options.rmse_pixel), level)
