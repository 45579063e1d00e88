"""Masks with absolute limits on sigma, fitted on labelled scenes to bound the squared error of trusted pixels.

The loss of a scene under a limit is the fraction of its squared error at pixels whose sigma does not exceed the limit;
it is in [0, 1] and monotone in the limit. `conformal` is conformal risk control (Angelopoulos et al. 2022, eq. 4): the
largest limit with `(n R + 1) / (n + 1)` below the chosen fraction, R the mean loss over n labelled scenes. It bounds
the expected loss of one more *exchangeable* scene *that the teacher was not trained on*. Labelled scenes used for
training violate that, and unlabelled scenes may come from another domain: the bound is a cautious heuristic, and a
coarse one at n = 5. `empirical` omits the correction.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hdrpipe.config.mask_options import CalibratedOptions as Options
from hdrpipe.errors import UsageError
from hdrpipe.masking.strategy import Masks, RoundMaps, SceneMaps, below, patch_means, sampled
from hdrpipe.quantities import Plane

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Sorted values of a scene, and the cumulative fraction of its squared error up to each."""


def fit(maps: RoundMaps, options: Options) -> dict[str, float]:
    """Largest limits whose bound on the labelled scenes is met, and the risk (mean loss) at those limits.

    Raises:
        UsageError: too few labelled scenes for any limit to meet the conformal bound; the hint names what suffices.
    """
    patches, pixels = [], []
    for scene in maps.labelled:
        patches.append(_curve(patch_means(scene.sigma), patch_means(_squared(scene))))
        pixels.append(_curve(sampled(scene.sigma), sampled(_squared(scene))))
    scenes = len(patches)
    fitted: dict[str, float] = {"scenes": float(scenes)}
    for level, curves, allowed in (("patch", patches, options.risk_patch), ("pixel", pixels, options.risk_pixel)):
        bound = _bound(scenes, options.control)
        if bound(0.0) > allowed:
            hint = f"need {int(np.ceil(1 / allowed - 1))} scenes, a share of {bound(0.0):.2f}, or `control: empirical`"
            raise UsageError(
                f"{scenes} labelled scenes are too few for a conformal bound",
                f"masks.options.risk_{level}",
                hint,
            )
        fitted[f"{level}_limit"] = _largest(curves, lambda risk, bound=bound, allowed=allowed: bound(risk) <= allowed)
        fitted[f"{level}_passed"] = _risk(curves, fitted[f"{level}_limit"])
    return fitted


def apply(scene: SceneMaps, statistics: dict[str, float], options: Options, level: str) -> Masks:
    """Masks of one scene: patches and pixels up to the fitted limits are trusted."""
    limits = statistics["patch_limit"], statistics["pixel_limit"]
    return below(scene.sigma, patch_means(scene.sigma), limits, level)


def _bound(scenes: int, control: str) -> Callable[[float], float]:
    if control == "empirical":
        return lambda risk: risk
    return lambda risk: (scenes * risk + 1.0) / (scenes + 1)


def _squared(scene: SceneMaps) -> Plane:
    if scene.error is None:
        raise UsageError("calibrated masks need the true error of labelled scenes", scene.name)
    return np.square(scene.error)


def _curve(values: Plane, squared: Plane) -> Curve:
    order = np.argsort(values, axis=None, kind="stable")
    passed = np.cumsum(squared.ravel()[order], dtype=np.float64)
    return values.ravel()[order].astype(np.float64), passed / passed[-1] if passed[-1] > 0 else np.zeros(passed.size)


def _risk(curves: list[Curve], limit: float) -> float:
    """Mean over scenes of the fraction of squared error up to a limit."""
    counts = [np.searchsorted(values, limit, side="right") for values, _ in curves]
    return float(np.mean([passed[k - 1] if k else 0.0 for k, (_, passed) in zip(counts, curves, strict=True)]))


def _largest(curves: list[Curve], allowed: Callable[[float], bool]) -> float:
    """Largest value of any scene whose risk is allowed, by bisection (risk is monotone); 0 if there is none."""
    candidates = np.unique(np.concatenate([values for values, _ in curves]))
    low, high = 0, candidates.size
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if allowed(_risk(curves, candidates[middle])) else (low, middle)
    return float(candidates[low - 1]) if low else 0.0
