"""Bar charts from `metrics.json`: AUSE of sigma beside baseline maps, errors by stratum, detection by the masks."""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

SIGMA, OTHER, CHANCE = "#2f7fd0", "#8a8f98", "#e07a1f"
"""Colours of sigma (or recall), of the baseline maps (or precision), and of the level of chance."""

LABELS = {
    "sigma": "sigma",
    "mirrored": "mirrored twice",
    "difference": "exposure-compensated difference",
    "saturation": "saturation",
    "gradient": "gradient",
    "random": "random",
}
"""Axis labels of the maps in `sigma_judged.rivals`."""


def quality_drawings(metrics: Mapping[str, Any]) -> list[tuple[str, str, Callable[[Axes], None]]]:
    """Title, explanation and drawing function of each chart that a round's `metrics.json` has the numbers for."""
    drawings: list[tuple[str, str, Callable[[Axes], None]]] = []
    if sigma_quality := metrics.get("sigma_judged"):
        drawings += [
            (
                "Sigma against baseline maps",
                "AUSE on the test scenes of sigma and of maps that need no judge. Further left is better.",
                lambda axes: draw_baseline_maps(axes, sigma_quality),
            ),
            (
                "Errors by stratum",
                "Strata of the test pixels: the share of the pixels and of the squared error in each.",
                lambda axes: draw_strata(axes, sigma_quality),
            ),
        ]
    if masks := metrics.get("masks"):
        title = "Detection of the worst pixels by the masks"
        text = (
            "Masks as detectors of the fifth of the pseudo labels' pixels with the largest error. Recall: the share of"
            " these that is dropped; precision: their share of the dropped pixels."
        )
        drawings.append((title, text, lambda axes: draw_detection(axes, masks)))
    return drawings


def draw_baseline_maps(axes: Axes, sigma_quality: Mapping[str, Any]) -> None:
    """Bars of the AUSE of sigma and of the baseline maps, relative to a random order."""
    maps = sigma_quality["rivals"]
    names = sorted(maps, key=lambda name: -maps[name]["ause"])
    ratios = [maps[name]["ause"] / max(maps[name]["ause_random"], 1e-12) for name in names]
    colours = [SIGMA if name == "sigma" else OTHER for name in names]
    axes.barh([str(LABELS.get(name, name)) for name in names], ratios, color=colours, height=0.6)
    axes.axvline(1.0, color=CHANCE, linestyle="--")
    axes.set_xlabel("AUSE, random order = 1")
    axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)


def draw_strata(axes: Axes, sigma_quality: Mapping[str, Any]) -> None:
    """Bars of each stratum's share of the pixels and of the squared error."""
    strata = sigma_quality["kinds"]
    names = [name.replace("_", " ") for name in strata]
    heights = range(len(names))
    for offset, key, colour, label in (
        (0.2, "share", OTHER, "pixels"),
        (-0.2, "squared_share", SIGMA, "squared error"),
    ):
        values = [stratum[key] for stratum in strata.values()]
        axes.barh([height + offset for height in heights], values, height=0.36, color=colour, label=label)
    axes.set_yticks(list(heights), names)
    axes.set_xlabel("share of all")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.grid(axis="y", visible=False)


def draw_detection(axes: Axes, masks: Mapping[str, Any]) -> None:
    """Bars of precision and recall of each mask level as a detector of the worst fifth of the pixels."""
    heights = range(len(masks))
    for offset, key, colour in ((0.2, "recall", SIGMA), (-0.2, "precision", OTHER)):
        values = [level[key] for level in masks.values()]
        axes.barh([height + offset for height in heights], values, height=0.36, color=colour, label=key)
    axes.axvline(0.2, color=CHANCE, linestyle="--", label="precision of chance")
    axes.set_yticks(list(heights), list(masks))
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.grid(axis="y", visible=False)
