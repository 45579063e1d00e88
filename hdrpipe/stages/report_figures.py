"""Curves of a run as SVG that stands inside a page and takes its text colour from there."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from hdrpipe.imaging.uncertainty import POINTS, sparsification
from hdrpipe.stages.report_tables import Run, rmse, spoken

INK = "#010203"
"""Stands for the page's text colour until the SVG is finished."""

STUDENT, TEACHER, THIRD, FOURTH, BASELINE = "#2f7fd0", "#e07a1f", "#1f9a78", "#c2487f", "#8a8f98"
"""Colours of equal weight on white and on black."""

SIZE = (5.4, 3.1)
STYLE = {
    "font.family": "sans-serif",
    "font.size": 9,
    "svg.fonttype": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
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
"""Share of the shown steps that a smoothed loss averages."""


@dataclass(frozen=True)
class Chart:
    """A curve: its title, what it says in a sentence, and its SVG."""

    title: str
    text: str
    svg: str


def charts(run: Run, error: NDArray, sigma: NDArray) -> list[Chart]:
    """All curves; `error` and `sigma` are pooled pixels of the test scenes under the chosen student, 1-D."""
    drawn: list[tuple[str, str, Callable[[Axes], None]]] = [
        (
            "Quality per round",
            "Mean PSNR-mu on the test scenes; round 0 is the warm-up on labels alone. Higher is better.",
            lambda axes: _quality(axes, run),
        ),
        (
            "Quality by difficulty",
            "Mean PSNR-mu of the chosen student and of the best classical merge. Right is better.",
            lambda axes: _difficulties(axes, run),
        ),
        (
            "Does sigma know where the errors are?",
            "Error left on the test scenes when the most uncertain pixels are taken away first. Near the dotted line "
            "is better; a random order would stay at 1.",
            lambda axes: _sparsification(axes, error, sigma),
        ),
        (
            "Sigma per round",
            "AUSE, the area between the two curves of such a figure, as a share of a random order's. Lower is better.",
            lambda axes: _sigma(axes, run),
        ),
        (
            "What the masks keep",
            "Mean share of unlabelled pixels that are trusted. What counts is the product of both levels.",
            lambda axes: _kept(axes, run),
        ),
        (
            "What the masks are worth",
            "RMSE of the pseudo labels after the mu-law, measured with truth that training never saw; dotted, on "
            "labelled scenes. The more the kept pixels lie below the dropped ones, the better.",
            lambda axes: _risk(axes, run),
        ),
        (
            "Reconstruction loss",
            "Mean absolute error after the mu-law over all steps of all rounds, faint as it was, strong smoothed.",
            lambda axes: _losses(axes, run, "reconstruction"),
        ),
        (
            "Uncertainty loss",
            "Gaussian likelihood loss of sigma over all steps of all rounds; it may be negative.",
            lambda axes: _losses(axes, run, "judge"),
        ),
    ]
    return [Chart(title, text, _svg(draw, f"chart{n}")) for n, (title, text, draw) in enumerate(drawn)]


def _svg(draw: Callable[[Axes], None], name: str) -> str:
    """Draw into SVG without a header, with ids of its own; the same data gives the same text."""
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=SIZE)
        draw(figure.add_subplot())
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


def _quality(axes: Axes, run: Run) -> None:
    means = run.scores.groupby(["role", "round"])["psnr_mu"].mean()
    for role, colour, mark in (("teacher", TEACHER, "s"), ("student", STUDENT, "o")):
        axes.plot(means[role].index, means[role].to_numpy(), f"{mark}-", color=colour, label=role)
    best = run.scores.loc[run.scores["method"] == run.baseline, "psnr_mu"].mean()
    axes.axhline(best, color=BASELINE, linestyle="--", label=f"{spoken(run.baseline)} (best classical)")
    axes.set_ylabel("PSNR-mu (dB)")
    axes.margins(y=0.15)
    _rounds(axes, 0, len(run.metrics) - 1)
    axes.legend()


def _difficulties(axes: Axes, run: Run) -> None:
    places = np.arange(len(run.difficulties))
    means = run.scores.groupby(["method", "difficulty"])["psnr_mu"].mean()
    for method, colour, offset in ((run.baseline, BASELINE, 0.2), (run.student, STUDENT, -0.2)):
        values = [float(means[method, difficulty]) for difficulty in run.difficulties]
        bars = axes.barh(places + offset, values, height=0.36, color=colour, label=spoken(method))
        axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set_yticks(places, run.difficulties)
    axes.set_ylim(-0.6, len(places) - 0.4)
    axes.set_xlabel("PSNR-mu (dB)")
    axes.margins(x=0.12)
    axes.grid(False, axis="y")
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2)  # pyright: ignore


def _sparsification(axes: Axes, error: NDArray, sigma: NDArray) -> None:
    removed = np.arange(POINTS) / POINTS
    axes.axhline(1.0, color=BASELINE, linestyle="--", label="random order")
    axes.plot(removed, sparsification(error, sigma), color=STUDENT, label="by sigma")
    axes.plot(removed, sparsification(error, error), color=THIRD, linestyle=":", label="by the true error")
    axes.set_xlabel("share of pixels taken away")
    axes.set_ylabel("RMSE left (all = 1)")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylim(0, 1.1)
    axes.legend()


def _sigma(axes: Axes, run: Run) -> None:
    def ratio(kind: str) -> list[float]:
        return [row[kind]["ause"] / row[kind]["ause_random"] for row in run.metrics if kind in row]

    last = len(run.metrics) - 1
    axes.axhline(1.0, color=BASELINE, linestyle="--", label="random order")
    axes.plot(range(last + 1), ratio("sigma_test"), "o-", color=STUDENT, label="student, test scenes")
    axes.plot(range(1, last + 1), ratio("sigma_unlabelled"), "s-", color=TEACHER, label="teacher, pseudo labels")
    axes.set_ylabel("AUSE / random AUSE")
    axes.set_ylim(0, 1.1)
    _rounds(axes, 0, last)
    axes.legend(loc="center right")


def _kept(axes: Axes, run: Run) -> None:
    rounds = range(1, len(run.statistics) + 1)
    lines = (
        ("keep_rate_patch", "patch level", TEACHER, "s"),
        ("keep_rate_pixel", "pixel level", THIRD, "^"),
        ("keep_rate", "kept by the masks", STUDENT, "o"),
    )
    for key, label, colour, mark in lines:
        axes.plot(rounds, [row["unlabelled"][key] for row in run.statistics], f"{mark}-", color=colour, label=label)
    axes.set_ylabel("share of pixels")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylim(0, 1.05)
    _rounds(axes, 1, len(run.statistics))
    axes.legend(loc="best")


def _risk(axes: Axes, run: Run) -> None:
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
    axes.set_ylabel("RMSE (mu-law)")
    axes.set_ylim(bottom=0)
    _rounds(axes, 1, len(run.statistics))
    axes.legend(loc="best")


def _losses(axes: Axes, run: Run, part: str) -> None:
    """One loss over the steps of all rounds, which follow each other on the axis."""
    before = 0.0
    for number, history in enumerate(run.histories):
        for kind, colour in (("labelled", STUDENT), ("unlabelled", TEACHER)):
            if f"{kind}_{part}" in history:
                _loss(axes, history["step"] + before, history[f"{kind}_{part}"], colour, kind, number)
        axes.axvline(before, color=INK, alpha=0.25, linewidth=0.8)
        place = (before + history["step"].max() / 2, 1.0)
        name = "warm-up" if number == 0 else f"round {number}"
        axes.annotate(name, place, xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=8, alpha=0.8)
        before += float(history["step"].max())
    if part == "reconstruction":
        axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_xlim(0, before)
    axes.legend()


def _loss(axes: Axes, steps: pd.Series, values: pd.Series, colour: str, kind: str, number: int) -> None:
    window = max(1, round(SMOOTH * len(values)))
    first = 1 if kind == "unlabelled" else 0
    label = f"{kind} scenes" if number == first else None
    axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
    axes.plot(steps, values.rolling(window, center=True, min_periods=1).median(), color=colour, label=label)
