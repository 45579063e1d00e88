# The type stubs of pandas are too wide for scalars: errors of these kinds would all be false alarms.
# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
"""Charts of a run as SVG embedded in the page, in the page's text colour."""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from hdrpipe.imaging.noise_level import level_of_model
from hdrpipe.imaging.noise_model import NoiseModel
from hdrpipe.report.sigma_bars import quality_drawings
from hdrpipe.report.sigma_figures import (
    draw_coverage,
    draw_reliability,
    draw_risk_coverage,
    draw_sparsification,
    plain_log,
)
from hdrpipe.report.tables import Run, mean, method_label, network_name, rmse

INK = "#010203"
"""Placeholder colour, replaced by `currentColor` (the page's text colour) in the finished SVG."""

STUDENT, TEACHER, THIRD, FOURTH, BASELINE = "#2f7fd0", "#e07a1f", "#1f9a78", "#c2487f", "#8a8f98"
"""Colours with similar contrast on white and on black."""

SIZE = (4.3, 2.8)
"""Width and height of a chart in inches."""

LEGEND = 46
"""Most characters that three legend labels may have in one row above a chart of this size."""

LEAST_LEVEL = 0.01
"""Noise below this factor on the standard is drawn at it."""

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9,
    "svg.fonttype": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelpad": 6.0,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.12,
    "grid.linewidth": 0.7,
    "lines.linewidth": 2.0,
    "lines.markersize": 6.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.constrained_layout.use": True,
}

SMOOTH = 0.08
"""Window of the running median of a loss, as a fraction of its steps."""


@dataclass(frozen=True)
class Chart:
    """One chart: title, explanation in a sentence, and SVG."""

    title: str
    text: str
    svg: str


Drawing = tuple[str, str, Callable[[Axes], None]]
"""Title, explanation, and the function that draws the chart."""


def charts(run: Run, error: NDArray | None = None, sigma: NDArray | None = None) -> list[Chart]:
    """All charts of a run; `error` and `sigma` are pooled pixels (1-D) of the chosen student on the scored test scenes.

    Charts of scores are left out where `error` or `sigma` is None.
    """
    scored = [] if error is None or sigma is None else [*_scores(run), *_uncertainty(run, error, sigma)]
    drawn = [*scored, *quality_drawings(run.metrics[run.chosen]), *_matching(run), *_training(run)]
    return [Chart(title, text, svg(draw, f"chart{n}")) for n, (title, text, draw) in enumerate(drawn)]


def _scores(run: Run) -> list[Drawing]:
    return [
        (
            "Quality per round",
            "Mean PSNR-μ on the test scenes; round 0 is the supervised warm-up. Higher is better.",
            lambda axes: _quality(axes, run),
        ),
        (
            "Quality by difficulty",
            "Mean PSNR-μ of the chosen student and of the best classical merge. Further right is better.",
            lambda axes: _difficulties(axes, run),
        ),
    ]


def _uncertainty(run: Run, error: NDArray, sigma: NDArray) -> list[Drawing]:
    temperature = run.metrics[run.chosen].get("measured_test", {}).get("temperature")
    return [
        (
            "Sparsification by sigma",
            "RMSE on the test scenes after the most uncertain pixels are removed, relative to the RMSE of all. Closer "
            "to the dotted line is better; removal in random order stays at 1.",
            lambda axes: draw_sparsification(axes, error, sigma),
        ),
        (
            "Risk-coverage curve of sigma",
            "Selective risk (RMSE of the most certain pixels of the test scenes) for every coverage. Lower is better.",
            lambda axes: draw_risk_coverage(axes, error, sigma),
        ),
        (
            "Calibration of sigma",
            "RMSE of test pixels grouped by sigma, against the sigma of the group. Above the line sigma is too small.",
            lambda axes: draw_reliability(axes, error, sigma),
        ),
        (
            "Coverage of sigma's intervals",
            "Share of the test errors inside sigma's intervals, by nominal level. Below the line sigma is too small.",
            lambda axes: draw_coverage(axes, error, sigma, temperature),
        ),
        (
            "Sigma per round",
            "AUSE, the area between the sparsification curves by sigma and by the true error, relative to that of a "
            "random order. Lower is better.",
            lambda axes: _sigma(axes, run),
        ),
    ]


def _matching(run: Run) -> list[Drawing]:
    """The noise of the labels before and after the stage `match`, where it ran."""
    noise = run.noise
    if noise is None:
        return []
    compressed = any(model.get("quality") for model in noise["targets"])
    behind = " That of compressed frames is what they had before." if compressed else ""
    return [
        (
            "Noise of the labels",
            "Factor on the noise variance of a standard camera, of every burst; the copies are the labelled bursts "
            f"that trainings read.{behind}",
            lambda axes: _noise(axes, noise),
        )
    ]


def _noise(axes: Axes, noise: Mapping[str, Any]) -> None:
    rows = (
        ("labels", [noise["source"]], BASELINE),
        ("unlabelled", noise["targets"], TEACHER),
        ("copies", list(noise["copies"].values()), STUDENT),
    )
    drawn = [(name, [_level(model) for model in models], colour) for name, models, colour in rows if models]
    for height, (_, levels, colour) in enumerate(reversed(drawn)):
        axes.plot(levels, [height] * len(levels), "o", color=colour, alpha=0.5, markersize=7, markeredgewidth=0)
    axes.set_xscale("log")
    axes.set_yticks(range(len(drawn)), [name for name, *_ in reversed(drawn)])
    axes.set_ylim(-0.6, len(drawn) - 0.4)
    axes.grid(visible=False, axis="y")
    plain_log(axes.xaxis)
    axes.set_xlabel("noise variance, standard camera = 1")


def _level(model: Mapping[str, float]) -> float:
    """Factor on the standard noise of an entry of `noise.json`, as it is drawn."""
    return max(level_of_model(NoiseModel(model["shot"], model["read"])), LEAST_LEVEL)


def _training(run: Run) -> list[Drawing]:
    return [
        (
            "Coverage of the masks",
            "Mean share of the unlabelled pixels that each mask level keeps; the student trains on what both keep.",
            lambda axes: _mask_coverage(axes, run),
        ),
        (
            "Selective risk of the masks",
            "RMSE of the pseudo labels after the μ-law, measured with truth that training never reads; dotted: on the "
            "labelled scenes. The further kept pixels lie below dropped ones, the better.",
            lambda axes: _selective_risk(axes, run),
        ),
        (
            "Reconstruction loss",
            "Mean absolute error after the μ-law over all steps of all rounds; faint: as measured, strong: smoothed.",
            lambda axes: _losses(axes, run, "reconstruction"),
        ),
        (
            "Uncertainty loss",
            "Negative Gaussian log-likelihood of sigma over all steps of all rounds; it may be negative.",
            lambda axes: _losses(axes, run, "judge"),
        ),
    ]


def svg(draw: Callable[[Axes], None], name: str, size: tuple[float, float] = SIZE) -> str:
    """SVG element of a drawing, its ids prefixed with `name`; the same data gives the same text."""
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=size)
        axes = figure.add_subplot()
        draw(axes)
        handles, labels = axes.get_legend_handles_labels()
        columns = 3 if sum(map(len, labels)) <= LEGEND else 2
        figure.legend(handles, labels, loc="outside upper left", ncols=columns, columnspacing=1.4, handlelength=1.6)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(id="|xlink:href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub(r"(font: [^;\"]*?px) [^;\"]*", r"\1 system-ui, sans-serif", text)
    return re.sub(r'<svg [^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', text, count=1)


def _rounds(axes: Axes, first: int, last: int) -> None:
    axes.set_xlabel("round")
    axes.set_xlim(first - 0.25, last + 0.25)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10, min_n_ticks=1))


def _percent_axis(axis: Axis) -> None:
    axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))


def _quality(axes: Axes, run: Run) -> None:
    rounds = range(len(run.metrics))
    for role, colour, mark in (("teacher", TEACHER, "s"), ("student", STUDENT, "o")):
        means = [mean(run.of(network_name(number, role))) for number in rounds]
        axes.plot(rounds, means, f"{mark}-", color=colour, label=role)
    best = f"best classical ({method_label(run.baseline)})"
    axes.axhline(mean(run.of(run.baseline)), color=BASELINE, linestyle="--", label=best)
    axes.set_ylabel("PSNR-μ (dB)")
    axes.margins(y=0.15)
    _rounds(axes, 0, len(rounds) - 1)


def _difficulties(axes: Axes, run: Run) -> None:
    """Two dots for each difficulty, joined by a line as long as the gain."""
    names = run.difficulties[::-1]
    lines = ((run.baseline, BASELINE, "s", -18), (run.student, STUDENT, "o", 9))
    values = {method: [mean(run.of(method, name)) for name in names] for method, *_ in lines}
    heights = list(range(len(names)))
    axes.hlines(heights, values[run.baseline], values[run.student], color=BASELINE, linewidth=3, alpha=0.5)
    for method, colour, mark, lift in lines:
        axes.plot(values[method], heights, mark, color=colour, label=method_label(method), markersize=9)
        for height, value in zip(heights, values[method], strict=True):
            axes.annotate(f"{value:.1f}", (value, height), (0, lift), textcoords="offset points", ha="center")
    axes.set_yticks(heights, names)
    axes.set_ylim(-0.6, len(heights) - 0.4)
    axes.set_xlabel("PSNR-μ (dB)")
    axes.margins(x=0.1)
    axes.grid(visible=False, axis="y")


def _sigma(axes: Axes, run: Run) -> None:
    def ratio(kind: str) -> list[float]:
        return [row[kind]["ause"] / row[kind]["ause_random"] for row in run.metrics if kind in row]

    last = len(run.metrics) - 1
    test, pool = ratio("sigma_test"), ratio("sigma_unlabelled")
    axes.plot(range(last + 1), test, "o-", color=STUDENT, label="student, test scenes")
    axes.plot(range(last + 1 - len(pool), last + 1), pool, "s-", color=TEACHER, label="teacher, pseudo labels")
    axes.axhline(1.0, color=BASELINE, linestyle="--", label="random order")
    axes.set_ylabel("AUSE / random AUSE")
    axes.set_ylim(0, max(1.1, 1.05 * max(test + pool)))
    _rounds(axes, 0, last)


def _mask_coverage(axes: Axes, run: Run) -> None:
    rounds = range(1, len(run.statistics) + 1)
    lines = (
        ("keep_rate_patch", "patch level", TEACHER, "s"),
        ("keep_rate_pixel", "pixel level", THIRD, "^"),
        ("keep_rate", "both levels", STUDENT, "o"),
    )
    for key, label, colour, mark in lines:
        axes.plot(rounds, [row["unlabelled"][key] for row in run.statistics], f"{mark}-", color=colour, label=label)
    axes.set_ylabel("coverage")
    _percent_axis(axes.yaxis)
    axes.set_ylim(0, 1.05)
    _rounds(axes, 1, len(run.statistics))


def _selective_risk(axes: Axes, run: Run) -> None:
    unlabelled = [row["labels"] for row in run.metrics if "labels" in row]
    labelled = [row["labelled"] for row in run.statistics]
    lines = (
        ("dropped_risk", "dropped", FOURTH, "s"),
        ("risk", "all", BASELINE, "^"),
        ("kept_risk", "kept", STUDENT, "o"),
    )
    for key, label, colour, mark in lines:
        for rows, style, name in ((unlabelled, "-", label), (labelled, ":", None)):
            values = [rmse(row[key]) for row in rows]
            axes.plot(range(1, len(values) + 1), values, mark + style, color=colour, label=name)
    axes.set_ylabel("RMSE (μ-law)")
    axes.set_ylim(bottom=0)
    _rounds(axes, 1, len(run.statistics))


def _losses(axes: Axes, run: Run, term: str) -> None:
    """One loss term over the steps of all rounds, joined along the axis."""
    before, in_legend = 0.0, set()
    for number, history in enumerate(run.histories):
        last = float(history["step"].max())
        for kind, colour in (("labelled", STUDENT), ("unlabelled", TEACHER)):
            if f"{kind}_{term}" in history:
                label = None if kind in in_legend else f"{kind} scenes"
                _loss(axes, history["step"] + before, history[f"{kind}_{term}"], colour, label)
                in_legend.add(kind)
        axes.axvline(before, color=INK, alpha=0.25, linewidth=0.8)
        name = "warm-up" if number == 0 else f"round {number}"
        middle = (before + last / 2, 1.0)
        axes.annotate(name, middle, xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=8.5)
        before += last
    if term == "reconstruction":
        axes.set_yscale("log")
        plain_log(axes.yaxis)
    axes.set_xlabel("step")
    axes.set_xlim(0, before)


def _loss(axes: Axes, steps: NDArray, values: NDArray, colour: str, label: str | None) -> None:
    window = max(1, round(SMOOTH * len(values)))
    smooth = pd.Series(values).rolling(window, center=True, min_periods=1).median()
    axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
    axes.plot(steps, smooth.to_numpy(), color=colour, label=label)
