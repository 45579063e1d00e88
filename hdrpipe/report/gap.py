"""Gap closure of one run: its scores beside those of trainings on its labels alone and on all labels."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes

from hdrpipe.evaluation.bootstrap import ratio_interval
from hdrpipe.report.figures import BASELINE, STUDENT
from hdrpipe.report.tables import Row, Run, Score, difference

FLOOR, MATCHED, RUN, CEILING = "labels-alone", "matched", "run", "all-labels"
"""The arms of `compare`, and the run itself below the arms that it should beat."""

LABELS = {
    FLOOR: "labels alone",
    MATCHED: "matched labels",
    RUN: "and pseudo labels: this run",
    CEILING: "all labels",
}
"""Arm -> its name for readers, in the order of the table."""

SHORT = {MATCHED: "matched", RUN: "this run", CEILING: "all labels"}
"""Arm -> its name in the chart, which a phone shows, too."""


def gap_of(run: Run) -> Row | None:
    """The arms of `compare` and the run: scores, differences and gap closure; None where there is nothing to compare.

    Returns:
        `arms`, a row for each training in the order of `LABELS`: arm, label, psnr_mu (dB, mean over the test scenes),
        `gain` over the labels alone and `step` from the row above, each a mean with its 95 % interval (low and high are
        None where there is one group of scenes), None where there is no such row. `closure`: the share of the gap from
        the labels alone to all labels that the run closes, a ratio of means; None where an end of the gap
        was not trained, or its interval does not exclude 0.
    """
    scores = {**run.compared, RUN: run.of(run.student)}
    names = [name for name in LABELS if scores.get(name)]
    if not run.scored or len(names) < 2:
        return None
    rows: list[Row] = []
    for before, name in zip([None, *names], names, strict=False):
        rows.append(
            {
                "arm": name,
                "label": LABELS[name],
                "psnr_mu": float(np.mean([score.psnr_mu for score in scores[name]])),
                "gain": difference(scores[name], scores[FLOOR], "mean") if FLOOR in names and name != FLOOR else None,
                "step": difference(scores[name], scores[before], "mean") if before else None,
            }
        )
    return {"arms": rows, "closure": _closure(scores) if FLOOR in names and CEILING in names else None}


def row_of(gap: Row, arm: str) -> Row:
    """The row of an arm; an empty one where it was not trained."""
    return next((row for row in gap["arms"] if row["arm"] == arm), {})


def drawing(gap: Row) -> Callable[[Axes], None]:
    """The function that draws the gain of every training over the labels alone, with intervals."""
    rows = [row for row in gap["arms"] if row["gain"]][::-1]

    def draw(axes: Axes) -> None:
        axes.axvline(0.0, color=BASELINE, linestyle="--", linewidth=1.2)
        for height, row in enumerate(rows):
            gain, colour = row["gain"], STUDENT if row["arm"] == RUN else BASELINE
            if gain["low"] is not None:
                axes.hlines(height, gain["low"], gain["high"], color=colour, linewidth=3, alpha=0.6)
            axes.plot(gain["mean"], height, "D", color=colour, markersize=7)
            axes.annotate(
                f"{gain['mean']:+.2f}", (gain["mean"], height), (0, 8), textcoords="offset points", ha="center"
            )
        axes.set_yticks(range(len(rows)), [SHORT[row["arm"]] for row in rows])
        axes.set_ylim(-0.6, len(rows) - 0.3)
        axes.set_xlabel(f"PSNR-μ minus {LABELS[FLOOR]} (dB)")
        axes.grid(visible=False, axis="y")

    return draw


def _closure(scores: dict[str, Sequence[Score]]) -> Row | None:
    whole = difference(scores[CEILING], scores[FLOOR])
    if whole["low"] is None or whole["low"] <= 0:
        return None
    floor, student, ceiling = ([score.psnr_mu for score in scores[name]] for name in (FLOOR, RUN, CEILING))
    gains, gaps = np.subtract(student, floor), np.subtract(ceiling, floor)
    low, high = ratio_interval(gains, gaps, [score.group for score in scores[FLOOR]]) or (None, None)
    return {"mean": float(gains.mean() / gaps.mean()), "low": low, "high": high}
