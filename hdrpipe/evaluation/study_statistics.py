"""Arms against arms: paired differences with bootstrap intervals over (draw, seed) pairs and groups of scenes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdrpipe.evaluation.bootstrap import COVERAGE, DRAWS


@dataclass(frozen=True)
class Estimate:
    """A mean and its 95 % interval; no interval where one pair or one group says nothing about others."""

    mean: float
    low: float | None
    high: float | None

    @property
    def clear(self) -> bool:
        """True if the interval excludes 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


class Resampling:
    """Bootstrap weights of pairs and of groups: both are drawn with replacement, apart from each other.

    Scenes of one group (a panorama) are not independent, nor are the scores of one trained network; so whole groups
    and whole pairs are drawn, always by the same random numbers. With few pairs such intervals are too narrow.

    Args:
        pairs: number of (draw, seed) pairs.
        groups: the group of each scene.
    """

    def __init__(self, pairs: int, groups: Sequence[str]):
        names, self.index = np.unique(np.asarray(groups), return_inverse=True)
        self.possible = pairs > 1 and len(names) > 1
        random = np.random.default_rng(0)
        self.pairs = random.multinomial(pairs, np.full(pairs, 1 / pairs), size=DRAWS)
        self.groups = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
        self.scenes = pairs * (self.groups @ np.bincount(self.index))

    def means(self, values: NDArray) -> NDArray:
        """Mean of `values` (pairs, scenes) in every draw: (DRAWS,)."""
        sums = np.stack([np.bincount(self.index, weights=row) for row in values])
        return np.einsum("bp,bg,pg->b", self.pairs, self.groups, sums, optimize=True) / self.scenes

    def estimate(self, values: NDArray) -> Estimate:
        """Mean of `values` (pairs, scenes) with its interval."""
        return self._interval(float(values.mean()), self.means(values))

    def ratio(self, numerator: NDArray, denominator: NDArray) -> Estimate:
        """Ratio of the means of two (pairs, scenes), resampled by the same draws."""
        return self._interval(
            float(numerator.mean() / denominator.mean()), self.means(numerator) / self.means(denominator)
        )

    def _interval(self, mean: float, drawn: NDArray) -> Estimate:
        if not self.possible:
            return Estimate(mean, None, None)
        low, high = np.quantile(drawn, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
        return Estimate(mean, float(low), float(high))


@dataclass(frozen=True)
class Table:
    """Scores of all arms in one regime.

    Args:
        values: arm -> (draw, seed) -> measure -> score of each scene, (scenes,).
        groups: the group of each scene, the same for all.
    """

    values: dict[str, dict[tuple[int, int], dict[str, NDArray]]]
    groups: Sequence[str]

    def of(self, arm: str, measure: str, pairs: Sequence[tuple[int, int]] | None = None) -> NDArray:
        """(pairs, scenes) of an arm, on its own pairs or on those given."""
        scores = self.values[arm]
        return np.stack([scores[pair][measure] for pair in (scores if pairs is None else pairs)])

    def common(self, *arms: str) -> list[tuple[int, int]]:
        """Pairs that all these arms ran on."""
        return [pair for pair in self.values[arms[0]] if all(pair in self.values[arm] for arm in arms)]


def difference(table: Table, arm: str, other: str, measure: str) -> tuple[Estimate, int, int]:
    """Mean of arm - other over common pairs and scenes; in how many pairs the arm is ahead; number of pairs."""
    pairs = table.common(arm, other)
    gap = table.of(arm, measure, pairs) - table.of(other, measure, pairs)
    ahead = int((gap.mean(axis=1) > 0).sum())
    return Resampling(len(pairs), table.groups).estimate(gap), ahead, len(pairs)


def closure(table: Table, arm: str, floor: str, ceiling: str, measure: str) -> Estimate | None:
    """(arm - floor) / (ceiling - floor), a ratio of means; None where ceiling - floor does not exclude 0."""
    pairs = table.common(arm, floor, ceiling)
    low = table.of(floor, measure, pairs)
    whole = table.of(ceiling, measure, pairs) - low
    resampling = Resampling(len(pairs), table.groups)
    gap = resampling.estimate(whole)
    if not gap.clear or gap.mean < 0:
        return None
    return resampling.ratio(table.of(arm, measure, pairs) - low, whole)
