"""Scores of sigma as a forecast of a prediction's errors, in the mu-law domain.

`error` and `sigma` are arrays of one shape, an entry a pixel; `error` is not negative: `error_map` gives the root mean
square over the channels, for which coverage is a little above that of one channel. Pixels of equal sigma count as if
drawn in random order: a constant sigma scores exactly what chance scores on average.
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri  # scipy.stats takes half a second to import, in every job that scores

from hdrpipe.errors import InputError
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.quantities import SIGMA_MIN, Picture, Plane

POINTS = 100
"""Steps of a sparsification curve over the share of pixels removed."""

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Probabilities of the central intervals whose coverage is told."""


def error_map(prediction: Picture, truth: Picture) -> Plane:
    """Root mean square over the channels of the mu-law difference, (H, W).

    Args:
        prediction: (3, H, W) radiance, clamped to [0, 1] here.
        truth: (3, H, W) radiance >= 0, taken as it is.
    """
    difference = mu_law(np.clip(prediction, 0.0, 1.0)) - mu_law(truth)
    return np.sqrt(np.mean(np.square(difference), axis=0)).astype(np.float32)


def sparsification(error: NDArray, order: NDArray, points: int = POINTS) -> NDArray[np.float64]:
    """RMSE of what is left after removing the pixels of largest `order` first (Ilg et al. 2018).

    Args:
        error: errors >= 0, any shape.
        order: what decides the order, same shape: sigma, or `error` itself for the oracle.
        points: number of even steps of the removed share.

    Returns:
        (points,) values for the removed shares 0, 1/points, ..., relative to the RMSE of all pixels; a map without
        error gives ones.

    Raises:
        InputError: the shapes differ or are empty.
    """
    squared = _squared_by(error, order)
    left = np.cumsum(squared[::-1])[::-1]
    starts = (np.arange(points) * squared.size) // points
    rmse = np.sqrt(left[starts] / (squared.size - starts))
    return rmse / rmse[0] if rmse[0] > 0 else np.ones(points)


def ause(error: NDArray, sigma: NDArray) -> float:
    """Area between the sparsification curves of sigma and of the oracle, over removed shares 0 to 1; 0 is perfect.

    The curves are RMSE relative to no removal, so areas of different predictions compare.
    """
    return float(np.mean(sparsification(error, sigma) - sparsification(error, error)))


def random_ause(error: NDArray) -> float:
    """AUSE of a random order: its expected curve stays at 1."""
    return float(np.mean(1.0 - sparsification(error, error)))


def aurg(error: NDArray, sigma: NDArray) -> float:
    """Area by which sigma's curve lies below the random one: `random_ause - ause`; larger is better."""
    return float(np.mean(1.0 - sparsification(error, sigma)))


def aurc(error: NDArray, sigma: NDArray) -> float:
    """Mean squared error of the surest pixels, averaged over the share kept (area under the risk-coverage curve)."""
    squared = _squared_by(error, sigma)[::-1]
    return float(np.mean(np.cumsum(squared) / np.arange(1, squared.size + 1)))


def removed_share(error: NDArray, sigma: NDArray, dropped: float = 0.2) -> float:
    """Share of the squared error that leaves with the most uncertain pixels.

    Args:
        error: errors >= 0, any shape.
        sigma: uncertainty, same shape.
        dropped: share of the pixels that leave, in [0, 1]; a pixel may leave in part.

    Returns:
        A share in [0, 1]: `dropped` for a sigma that knows nothing, and where there is no error at all.
    """
    gone = np.concatenate([[0.0], np.cumsum(_squared_by(error, sigma))])
    if gone[-1] == 0:
        return float(dropped)
    return float(np.interp(dropped * (gone.size - 1), np.arange(gone.size), gone) / gone[-1])


def rank_correlation(error: NDArray, sigma: NDArray) -> float:
    """Spearman's rank correlation, ties by mean rank; 0 where either is constant."""
    if np.ptp(error) == 0 or np.ptp(sigma) == 0:
        return 0.0
    return float(np.corrcoef(_ranks(error), _ranks(sigma))[0, 1])


def nll(error: NDArray, sigma: NDArray) -> float:
    """Mean negative log likelihood of a Gaussian, with its constant; sigma is floored at SIGMA_MIN."""
    e, s = _floored(error, sigma)
    return float(np.mean(0.5 * np.square(e / s) + np.log(s) + 0.5 * math.log(2 * math.pi)))


def crps(error: NDArray, sigma: NDArray) -> float:
    """Mean continuous ranked probability score of a Gaussian (Gneiting, Raftery 2007); sigma floored as in `nll`."""
    e, s = _floored(error, sigma)
    z = e / s
    return float(np.mean(s * (z * (2 * ndtr(z) - 1) + 2 * _density(z) - 1 / math.sqrt(math.pi))))


def coverage(error: NDArray, sigma: NDArray, level: float) -> float:
    """Share of pixels whose error lies inside the central Gaussian interval of probability `level`, in (0, 1)."""
    return float(np.mean(error <= ndtri(0.5 + level / 2) * sigma))


def quality(error: NDArray, sigma: NDArray) -> dict[str, float]:
    """Every measure of this file under a short name, with the RMSE.

    Args:
        error: errors >= 0 in the mu-law domain, any shape.
        sigma: uncertainty > 0 in the same unit, same shape.

    Raises:
        InputError: the shapes differ or are empty.
    """
    chance, gain = random_ause(error), aurg(error, sigma)
    return {
        "rmse": float(np.sqrt(np.mean(np.square(error, dtype=np.float64)))),
        "ause": chance - gain,  # what `ause` says, without sorting millions of pixels twice more
        "ause_random": chance,
        "aurg": gain,
        "aurc": aurc(error, sigma),
        "removed_share": removed_share(error, sigma, 0.2),
        "spearman": rank_correlation(error, sigma),
        "nll": nll(error, sigma),
        "crps": crps(error, sigma),
        **{f"coverage_{round(100 * level)}": coverage(error, sigma, level) for level in LEVELS},
    }


def kept_and_dropped(scenes: Iterable[tuple[NDArray, NDArray]]) -> dict[str, float]:
    """Mean squared error over all pixels, weighted by their weight and by its complement; 0 where none is left.

    Args:
        scenes: squared errors (mu-law domain) and weights in [0, 1] of each scene, of one shape; read one by one.
    """
    sums = np.zeros(4)
    for error, weight in scenes:
        error, weight = error.ravel().astype(np.float64), weight.ravel().astype(np.float64)
        sums += np.array([error.size, weight.sum(), error.sum(), error @ weight])
    size, kept, total, kept_error = sums
    return {
        "keep_rate": float(kept / size),
        "risk": float(total / size),
        "kept_risk": float(kept_error / max(kept, 1e-9)),
        "dropped_risk": float((total - kept_error) / max(size - kept, 1e-9)),
    }


class Thinned:
    """Pixels of the maps of many scenes, on an even grid over all of them, so that any number fits into memory.

    Args:
        pixels: of all scenes together.
        most: number of pixels that are kept, nearly.
    """

    def __init__(self, pixels: int, most: int):
        self.stride = max(1, pixels // most)
        self._maps: dict[str, list[NDArray]] = {}

    def add(self, **maps: NDArray) -> None:
        """Maps of one scene, of one size, by name."""
        for name, values in maps.items():
            self._maps.setdefault(name, []).append(values.ravel()[:: self.stride].copy())

    def __getitem__(self, name: str) -> NDArray:
        """The pixels of the maps of this name, 1-D."""
        return np.concatenate(self._maps[name])


def _squared_by(error: NDArray, order: NDArray) -> NDArray[np.float64]:
    """Squared errors, largest `order` first; equal ones share their mean, the expectation over random ties."""
    if error.shape != order.shape or error.size == 0:
        raise InputError(f"error {error.shape} and sigma {order.shape}", "uncertainty", "wanted one shape, not empty")
    ranking = np.argsort(order, axis=None, kind="stable")[::-1]
    squared = np.square(error.ravel()[ranking], dtype=np.float64)
    ordered = order.ravel()[ranking]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counts = np.diff(np.append(starts, ordered.size))
    return np.repeat(np.add.reduceat(squared, starts) / counts, counts)


def _ranks(values: NDArray) -> NDArray[np.float64]:
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[which.ravel()]


def _density(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.square(z) / 2) / math.sqrt(2 * math.pi)


def _floored(error: NDArray, sigma: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return error.astype(np.float64), np.maximum(sigma, SIGMA_MIN, dtype=np.float64)
