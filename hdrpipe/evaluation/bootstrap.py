"""Confidence intervals of means over scenes, where scenes of one group are not independent."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DRAWS = 10_000
"""Bootstrap draws: the bounds of a 95 % interval are then steady to about a hundredth of its width."""

COVERAGE = 0.95


def interval(values: Sequence[float] | NDArray, groups: Sequence[str]) -> tuple[float, float] | None:
    """Bootstrap interval (95 %) of a mean over scenes whose groups, not the scenes, are independent.

    Whole groups are drawn with replacement, always by the same random numbers.

    Args:
        values: one value a scene.
        groups: the group of each scene.

    Returns:
        Lower and upper bound (percentiles); None if there is but one group, which says nothing about others.
    """
    return ratio_interval(values, np.ones(len(values)), groups)


def ratio_interval(
    values: Sequence[float] | NDArray, wholes: Sequence[float] | NDArray, groups: Sequence[str]
) -> tuple[float, float] | None:
    """Bootstrap interval (95 %) of the ratio of two means over scenes, as `interval` draws them.

    Args:
        values, wholes: numerator and denominator of each scene.
        groups: the group of each scene.

    Returns:
        Lower and upper bound (percentiles); None if there is but one group.
    """
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        return None
    sums, totals = np.bincount(index, weights=values), np.bincount(index, weights=wholes)
    drawn = np.random.default_rng(0).integers(len(names), size=(DRAWS, len(names)))
    ratios = sums[drawn].sum(axis=1) / totals[drawn].sum(axis=1)
    low, high = np.quantile(ratios, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return float(low), float(high)
