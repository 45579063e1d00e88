"""Chart of a preview: selective risk against coverage."""

import io

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from hdrpipe.evaluation.uncertainty import POINTS, sparsification
from hdrpipe.tools.preview import Preview

COLOURS = ("#2f7fd0", "#e07a1f", "#1f9a78", "#c2487f", "#7a5cc4", "#8a6d1f")
MARKS = "os^Dv*"


def plot_png(preview: Preview, title: str) -> bytes:
    """PNG with a dot for each setting; the line is the risk-coverage curve of pixels chosen by sigma alone."""
    error = np.concatenate([scene.error.ravel() for scene in preview.maps.labelled if scene.error is not None])
    sigma = np.concatenate([scene.sigma.ravel() for scene in preview.maps.labelled])
    whole = float(np.sqrt(np.mean(np.square(error, dtype=np.float64))))
    with matplotlib.rc_context({"font.family": "sans-serif", "text.parse_math": False, "font.size": 10}):
        figure = Figure(figsize=(9, 5.4), dpi=120, facecolor="white", layout="constrained")
        axes = figure.add_subplot()
        curve = whole * sparsification(error, sigma)
        axes.plot(1 - np.arange(POINTS) / POINTS, curve, color="#8a8f98", label="pixels by sigma alone", zorder=1)
        for index, name in enumerate(dict.fromkeys(row.strategy for row in preview.rows)):
            rows = [row for row in preview.rows if row.strategy == name and row.psnr is not None]
            colour, mark = COLOURS[index % len(COLOURS)], MARKS[index % len(MARKS)]
            x, y = [row.keep_rate for row in rows], [row.kept_rmse for row in rows]
            axes.scatter(x, y, s=34, color=colour, marker=mark, alpha=0.8, label=name, zorder=2)
        for row in (row for row in preview.rows if row.used and row.psnr is not None):
            axes.scatter([row.keep_rate], [row.kept_rmse], s=190, facecolors="none", edgecolors="#151a21", linewidths=2)
            axes.annotate("in use", (row.keep_rate, row.kept_rmse), (9, 9), textcoords="offset points", weight="bold")
        axes.set_xlabel("coverage: share of the pixels kept (unlabelled scenes)")
        axes.set_ylabel("RMSE of the kept pixels (labelled scenes, mu-law)")
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        axes.set_ylim(bottom=0)
        axes.set_title(title, loc="left", fontsize=11)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False, ncols=3, fontsize=9)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
