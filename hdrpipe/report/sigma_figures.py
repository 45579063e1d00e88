"""Charts of sigma's quality: sparsification, risk-coverage, calibration, and coverage of its intervals."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter
from numpy.typing import NDArray
from scipy.special import ndtri

from hdrpipe.evaluation.uncertainty import POINTS, coverage, sparsification

STUDENT, ORACLE, CHANCE = "#2f7fd0", "#1f9a78", "#8a8f98"
"""Colours of sigma, of the true error (oracle), and of a random order."""

BINS = 20
"""Number of equally large groups of pixels, by sigma, in the calibration chart."""


def draw_sparsification(axes: Axes, error: NDArray, sigma: NDArray) -> None:
    """Sparsification curve: RMSE after the most uncertain pixels are removed, relative to the RMSE of all."""
    removed, left = np.arange(POINTS) / POINTS, sparsification(error, sigma)
    axes.plot(removed, left, color=STUDENT, label="by sigma")
    axes.plot(removed, sparsification(error, error), color=ORACLE, linestyle=":", label="by the true error")
    axes.axhline(1.0, color=CHANCE, linestyle="--", label="random order")
    axes.set_xlabel("share of pixels removed")
    axes.set_ylabel("RMSE (all pixels = 1)")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_ylim(0, max(1.1, 1.05 * float(left.max())))


def draw_risk_coverage(axes: Axes, error: NDArray, sigma: NDArray) -> None:
    """Risk-coverage curve: RMSE of the most certain pixels against the share of pixels kept."""
    kept, whole = 1.0 - np.arange(POINTS) / POINTS, float(np.sqrt(np.mean(np.square(error, dtype=np.float64))))
    axes.plot(kept, whole * sparsification(error, sigma), color=STUDENT, label="selected by sigma")
    axes.plot(kept, whole * sparsification(error, error), color=ORACLE, linestyle=":", label="by the true error")
    axes.axhline(whole, color=CHANCE, linestyle="--", label="random order")
    axes.set_xlabel("coverage (share of pixels kept)")
    axes.set_ylabel("selective RMSE (μ-law)")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_ylim(bottom=0)


def reliability(error: NDArray, sigma: NDArray, bins: int = BINS) -> tuple[NDArray, NDArray]:
    """RMS of sigma and RMS of the error in `bins` groups of equal size (each (bins,)), by increasing sigma."""
    groups = np.array_split(np.argsort(sigma, kind="stable"), min(bins, sigma.size))
    roots = [
        [np.sqrt(np.mean(np.square(values[group], dtype=np.float64))) for group in groups] for values in (sigma, error)
    ]
    return np.asarray(roots[0]), np.asarray(roots[1])


def draw_reliability(axes: Axes, error: NDArray, sigma: NDArray) -> None:
    """Calibration curve: RMSE against sigma of each group of pixels; a calibrated sigma lies on the diagonal."""
    expected, measured = reliability(error, sigma)
    low, high = min(expected.min(), max(measured.min(), 1e-5)), max(expected.max(), measured.max())
    axes.plot([low, high], [low, high], color=CHANCE, linestyle="--", label="calibrated")
    axes.plot(expected, measured, "o-", color=STUDENT, label="pixels of similar sigma", markersize=4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_log(axes.xaxis)
    plain_log(axes.yaxis)
    axes.set_xlabel("sigma (μ-law)")
    axes.set_ylabel("RMSE (μ-law)")


def plain_log(axis: Axis) -> None:
    """Put few ticks with plain numbers on a logarithmic axis already plotted on; powers of ten would overlap."""
    low, high = axis.get_data_interval()
    marks = (1, 1.5, 2, 3, 4, 5, 6, 7, 8) if high <= 5 * low else (1, 2, 5) if high <= 100 * low else (1,)
    axis.set_major_locator(LogLocator(subs=marks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def draw_coverage(axes: Axes, error: NDArray, sigma: NDArray, temperature: float | None = None) -> None:
    """Coverage curve: share of the errors inside the central intervals of sigma against their nominal level.

    A temperature adds the curve of temperature * sigma.
    """
    nominal = np.linspace(0.05, 0.99, 20)
    axes.plot([0, 1], [0, 1], color=CHANCE, linestyle="--", label="nominal")
    axes.plot(nominal, [coverage(error, sigma, level) for level in nominal], "o-", color=STUDENT, label="sigma", ms=4)
    if temperature is not None:
        calibrated = [coverage(error, temperature * sigma, level) for level in nominal]
        label = f"sigma x {temperature:.2f}, calibrated without truth"
        axes.plot(nominal, calibrated, "s:", color=STUDENT, label=label, ms=4)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_xlabel("nominal level of the interval")
    axes.set_ylabel("share of errors inside")
    factor = float(np.quantile(error / np.maximum(sigma, 1e-9), 0.8) / ndtri(0.9))
    axes.annotate(
        f"sigma x {factor:.2f} would cover 80 %", (0.98, 0.04), xycoords="axes fraction", ha="right", fontsize=8.5
    )
