"""Curves of what sigma is worth: its order, what a choice by it risks, and whether its size is right."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter
from numpy.typing import NDArray
from scipy.stats import norm

from hdrpipe.evaluation.uncertainty import POINTS, coverage, sparsification

STUDENT, ORACLE, CHANCE = "#2f7fd0", "#1f9a78", "#8a8f98"
"""Colours of sigma, of the true error, and of a sigma that knows nothing."""

BINS = 20
"""Groups of pixels of like sigma, as many pixels in each, in the figure of its size."""


def draw_sparsification(axes: Axes, error: NDArray, sigma: NDArray) -> None:
    """RMSE left after the most uncertain pixels are taken away, as a share of all."""
    removed, left = np.arange(POINTS) / POINTS, sparsification(error, sigma)
    axes.plot(removed, left, color=STUDENT, label="by sigma")
    axes.plot(removed, sparsification(error, error), color=ORACLE, linestyle=":", label="by the true error")
    axes.axhline(1.0, color=CHANCE, linestyle="--", label="random order")
    axes.set_xlabel("share of pixels taken away")
    axes.set_ylabel("RMSE left (all = 1)")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_ylim(0, max(1.1, 1.05 * float(left.max())))


def draw_risk_coverage(axes: Axes, error: NDArray, sigma: NDArray) -> None:
    """RMSE of the surest pixels over the share of pixels kept."""
    kept, whole = 1.0 - np.arange(POINTS) / POINTS, float(np.sqrt(np.mean(np.square(error, dtype=np.float64))))
    axes.plot(kept, whole * sparsification(error, sigma), color=STUDENT, label="kept by sigma")
    axes.plot(kept, whole * sparsification(error, error), color=ORACLE, linestyle=":", label="by the true error")
    axes.axhline(whole, color=CHANCE, linestyle="--", label="kept at random")
    axes.set_xlabel("share of pixels kept, the surest first")
    axes.set_ylabel("RMSE of the kept (μ-law)")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_ylim(bottom=0)


def reliability(error: NDArray, sigma: NDArray, bins: int = BINS) -> tuple[NDArray, NDArray]:
    """Root mean square of sigma and of the error in groups of equal size, from the smallest sigma to the largest."""
    groups = np.array_split(np.argsort(sigma, kind="stable"), min(bins, sigma.size))
    roots = [
        [np.sqrt(np.mean(np.square(values[group], dtype=np.float64))) for group in groups] for values in (sigma, error)
    ]
    return np.asarray(roots[0]), np.asarray(roots[1])


def draw_reliability(axes: Axes, error: NDArray, sigma: NDArray) -> None:
    """Error against sigma, group by group; a sigma of the right size lies on the diagonal."""
    expected, seen = reliability(error, sigma)
    low, high = min(expected.min(), max(seen.min(), 1e-5)), max(expected.max(), seen.max())
    axes.plot([low, high], [low, high], color=CHANCE, linestyle="--", label="the right size")
    axes.plot(expected, seen, "o-", color=STUDENT, label="pixels of like sigma", markersize=4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_log(axes.xaxis)
    plain_log(axes.yaxis)
    axes.set_xlabel("sigma (μ-law)")
    axes.set_ylabel("RMSE (μ-law)")


def plain_log(axis: Axis) -> None:
    """Few ticks, as plain numbers, on a logarithmic axis that has its data: powers of ten would overlap."""
    low, high = axis.get_data_interval()
    marks = (1, 1.5, 2, 3, 4, 5, 6, 7, 8) if high <= 5 * low else (1, 2, 5) if high <= 100 * low else (1,)
    axis.set_major_locator(LogLocator(subs=marks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def draw_coverage(axes: Axes, error: NDArray, sigma: NDArray) -> None:
    """Share of the errors inside the central intervals of sigma, over what they are meant to hold."""
    meant = np.linspace(0.05, 0.99, 20)
    held = [coverage(error, sigma, level) for level in meant]
    axes.plot([0, 1], [0, 1], color=CHANCE, linestyle="--", label="as meant")
    axes.plot(meant, held, "o-", color=STUDENT, label="held", markersize=4)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_xlabel("share of errors that an interval is meant to hold")
    axes.set_ylabel("share that it holds")
    factor = float(np.quantile(error / np.maximum(sigma, 1e-9), 0.8) / norm.ppf(0.9))
    axes.annotate(
        f"sigma x {factor:.2f} would hold 80 %", (0.98, 0.04), xycoords="axes fraction", ha="right", fontsize=8.5
    )
