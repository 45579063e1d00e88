"""Bars of what sigma and masks are worth beside rivals, from `metrics.json`."""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

SIGMA, OTHER, CHANCE = "#2f7fd0", "#8a8f98", "#e07a1f"
"""Colours of sigma (or recall), of its rivals, and of what chance gives."""

SPOKEN = {
    "sigma": "sigma",
    "mirrored": "mirrored twice",
    "difference": "exposure-compensated difference",
    "saturation": "saturation",
    "gradient": "gradient",
    "random": "random",
}


def judged_drawings(metrics: Mapping[str, Any]) -> list[tuple[str, str, Callable[[Axes], None]]]:
    """Title, text and drawing of what a round's `metrics.json` says; nothing of what it does not say."""
    found: list[tuple[str, str, Callable[[Axes], None]]] = []
    if judged := metrics.get("sigma_judged"):
        found += [
            (
                "Does sigma beat maps that anyone could make?",
                "AUSE on the test scenes by sigma and by maps without a judge. Left is better.",
                lambda axes: draw_rivals(axes, judged),
            ),
            (
                "Where the error lies",
                "Kinds of pixels of the test scenes: how many there are, and how much of the squared error they hold.",
                lambda axes: draw_kinds(axes, judged),
            ),
        ]
    if masks := metrics.get("masks"):
        title = "Do the masks find the worst pixels?"
        text = (
            "The worst fifth of the pseudo labels' pixels: how many are dropped, and how many of the dropped are bad."
        )
        found.append((title, text, lambda axes: draw_detection(axes, masks)))
    return found


def draw_rivals(axes: Axes, judged: Mapping[str, Any]) -> None:
    """AUSE of sigma and of maps that need no judge, as a share of a random order's."""
    rivals = judged["rivals"]
    names = sorted(rivals, key=lambda name: -rivals[name]["ause"])
    shares = [rivals[name]["ause"] / max(rivals[name]["ause_random"], 1e-12) for name in names]
    colours = [SIGMA if name == "sigma" else OTHER for name in names]
    axes.barh([str(SPOKEN.get(name, name)) for name in names], shares, color=colours, height=0.6)
    axes.axvline(1.0, color=CHANCE, linestyle="--")
    axes.set_xlabel("AUSE, random order = 1")
    axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)


def draw_kinds(axes: Axes, judged: Mapping[str, Any]) -> None:
    """For each kind of pixel: its share of the pixels, and of the squared error."""
    kinds = judged["kinds"]
    names = [name.replace("_", " ") for name in kinds]
    places = range(len(names))
    for offset, key, colour, label in (
        (0.2, "share", OTHER, "pixels"),
        (-0.2, "squared_share", SIGMA, "squared error"),
    ):
        values = [kind[key] for kind in kinds.values()]
        axes.barh([place + offset for place in places], values, height=0.36, color=colour, label=label)
    axes.set_yticks(list(places), names)
    axes.set_xlabel("share of all")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.grid(axis="y", visible=False)


def draw_detection(axes: Axes, masks: Mapping[str, Any]) -> None:
    """Precision and recall of each mask level in finding the worst fifth of the pixels."""
    places = range(len(masks))
    for offset, key, colour in ((0.2, "recall", SIGMA), (-0.2, "precision", OTHER)):
        values = [level[key] for level in masks.values()]
        axes.barh([place + offset for place in places], values, height=0.36, color=colour, label=key)
    axes.axvline(0.2, color=CHANCE, linestyle="--", label="precision of chance")
    axes.set_yticks(list(places), list(masks))
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.grid(axis="y", visible=False)
