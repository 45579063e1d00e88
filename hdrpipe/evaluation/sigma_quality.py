"""Sigma beside its rivals, by kind of pixel, before and after one temperature; masks as detectors of bad pixels.

Arrays hold an entry a pixel, errors and sigma in the mu-law domain, as in `hdrpipe.evaluation.uncertainty`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.evaluation.uncertainty import LEVELS, aurc, aurg, coverage, crps, nll, random_ause, rank_correlation
from hdrpipe.evaluation.uncertainty import removed_share as removed
from hdrpipe.quantities import SIGMA_MIN

BAD = 0.2
"""The pixels of largest error, as a share, count as bad: those that a mask should find."""

FEW = 100
"""Fewer pixels of a kind say nothing about it."""


def ranking(error: NDArray, order: NDArray) -> dict[str, float]:
    """Scores of a map's order of the errors, whatever its unit: AUSE, AURG, AURC, removed share, rank correlation."""
    chance, gain = random_ause(error), aurg(error, order)
    return {
        "ause": chance - gain,
        "ause_random": chance,
        "aurg": gain,
        "aurc": aurc(error, order),
        "removed_share": removed(error, order),
        "spearman": rank_correlation(error, order),
    }


def likelihood(error: NDArray, sigma: NDArray) -> dict[str, float]:
    """Scores of the size of sigma: NLL, CRPS, coverage of central intervals."""
    covered = {f"coverage_{round(100 * level)}": coverage(error, sigma, level) for level in LEVELS}
    return {"nll": nll(error, sigma), "crps": crps(error, sigma), **covered}


def tempered(errors: Sequence[NDArray], sigmas: Sequence[NDArray]) -> dict[str, Any]:
    """Fit of sigma before and after one factor, the temperature.

    It is the likeliest factor on every other scene and is judged on the rest, so that none judges itself.

    Args:
        errors, sigmas: an array a scene.

    Returns:
        `temperature`, and `before` and `after` as `likelihood` gives them; empty with less than two scenes.
    """
    if len(errors) < 2:
        return {}
    fit = [np.concatenate(maps[0::2]).astype(np.float64) for maps in (errors, sigmas)]
    error, sigma = (np.concatenate(maps[1::2]) for maps in (errors, sigmas))
    factor = float(np.sqrt(np.mean(np.square(fit[0] / np.maximum(fit[1], SIGMA_MIN)))))
    factor = factor if factor > 0 else 1.0
    return {"temperature": factor, "before": likelihood(error, sigma), "after": likelihood(error, factor * sigma)}


def by_kind(error: NDArray, sigma: NDArray, kinds: Mapping[str, NDArray]) -> dict[str, dict[str, float]]:
    """Share, error and quality of sigma for each kind of pixel (boolean masks); kinds of hardly any pixel are left out.

    `squared_share` is the part of all squared error that lies there.
    """
    squared = np.square(error, dtype=np.float64)
    rows = {}
    for name, chosen in kinds.items():
        if chosen.sum() >= FEW:
            e, s = error[chosen], sigma[chosen]
            rows[name] = {
                "share": float(chosen.mean()),
                "squared_share": float(squared[chosen].sum() / max(squared.sum(), 1e-300)),
                "rmse": float(np.sqrt(squared[chosen].mean())),
                **ranking(e, s),
                **likelihood(e, s),
            }
    return rows


def detection(error: NDArray, kept: NDArray[np.bool_]) -> dict[str, float]:
    """A mask as a detector of bad pixels, the `BAD` share of largest errors.

    Returns:
        `precision`, the share of the dropped pixels that are bad (chance: `BAD`); `recall`, the share of the bad pixels
        that are dropped; `keep_rate`; `psnr_mu_kept` in dB of what is kept, 0 where nothing is.
    """
    bad, dropped = error > np.quantile(error, 1.0 - BAD), ~kept
    risk = float(np.mean(np.square(error[kept], dtype=np.float64))) if kept.any() else 1.0
    return {
        "precision": float((bad & dropped).sum() / max(dropped.sum(), 1)),
        "recall": float((bad & dropped).sum() / max(bad.sum(), 1)),
        "keep_rate": float(kept.mean()),
        "psnr_mu_kept": -10.0 * float(np.log10(max(risk, 1e-10))),
    }
