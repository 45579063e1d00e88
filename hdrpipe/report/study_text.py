"""The result of a study as Markdown: a table for each regime, and a note on its columns."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

Row = Mapping[str, Any]

NOTE = (
    "Intervals (95 %) resample (draw, seed) pairs and groups of scenes; with few pairs they are too narrow rather than "
    "too wide. Ahead: the number of pairs in which the arm's mean is higher. Spread: standard deviation of the arm's "
    "mean over pairs. Closure: the share of the gap from {floor} to {ceiling} that the arm closes, a ratio of means, "
    "given only where the interval of that gap excludes 0."
)
"""Explanation of the columns, with fields for the names of the floor and the ceiling arm."""


def markdown(result: Row) -> str:
    """Tables of all regimes; `result` is the content of `study.json`."""
    names = {"floor": result["against"][0], "ceiling": result["ceiling"] or "a ceiling (none named)"}
    blocks = [f"# {result['study']}: scored on {result['split']} scenes\n", NOTE.format(**names) + "\n"]
    for regime, rows in by_regime(result).items():
        blocks += [f"## {regime}: {facts(rows)}\n", _table(result, rows) + "\n"]
    return "\n".join(blocks)


def by_regime(result: Row) -> dict[str, list[Row]]:
    """Regime -> rows of its arms."""
    regimes: dict[str, list[Row]] = {}
    for row in result["arms"]:
        regimes.setdefault(row["regime"], []).append(row)
    return regimes


def facts(rows: list[Row]) -> str:
    """Number of scenes and groups that the rows of a regime were scored on."""
    return f"{rows[0]['scenes']} scenes in {rows[0]['groups']} groups"


def columns(result: Row, row: Row) -> dict[str, str]:
    """Cells of one arm as text, by heading."""
    cells = {
        "arm": row["arm"] + ("" if row["tier"] == "core" else " (exploratory)"),
        "pairs": str(row["pairs"]),
        "PSNR-mu": f"{row['psnr_mu']:.2f}",
        "spread": "" if row["spread"] is None else f"{row['spread']:.2f}",
        "PSNR-l": f"{row['psnr_l']:.2f}",
    }
    for other in result["against"]:
        estimate = row["against"].get(other)
        cells[f"- {other}"] = bounded(estimate) if estimate else ""
        cells[f"ahead of {other}"] = f"{estimate['ahead']}/{estimate['pairs']}" if estimate else ""
    return cells | {"closure": bounded(row["closure"]) if row["closure"] else ""}


def bounded(estimate: Row, sign: str = "+") -> str:
    """A mean with its interval, where it has one, as text; `sign` is that of its number format."""
    mean, low, high = (estimate[key] for key in ("mean", "low", "high"))
    return f"{mean:{sign}.2f}" if low is None else f"{mean:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"


def _table(result: Row, rows: list[Row]) -> str:
    frame = pd.DataFrame([columns(result, row) for row in rows])
    return frame.to_markdown(index=False, disable_numparse=True, colalign=("left", *["right"] * (frame.shape[1] - 1)))
