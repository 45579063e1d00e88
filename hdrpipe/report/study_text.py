"""A study in plain text: a table a regime, and what its figures mean."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

Row = Mapping[str, Any]

HOW = (
    "Intervals (95 %) resample (draw, seed) pairs and groups of scenes; with few pairs they are too narrow rather than "
    "too wide. Ahead: in how many pairs the arm's mean is higher. Spread: standard deviation of the arm's mean over "
    "pairs. Closure: share of the way from {floor} to {ceiling}, a ratio of means, only where that way is clear of 0."
)


def markdown(told: Row) -> str:
    """The tables of all regimes, for a terminal and for docs."""
    names = {"floor": told["against"][0], "ceiling": told["ceiling"] or "a ceiling (none named)"}
    parts = [f"# {told['study']}: scored on {told['split']} scenes\n", HOW.format(**names) + "\n"]
    for regime, rows in by_regime(told).items():
        parts += [f"## {regime}: {facts(rows)}\n", _table(told, rows) + "\n"]
    return "\n".join(parts)


def by_regime(told: Row) -> dict[str, list[Row]]:
    """Regime -> its rows."""
    found: dict[str, list[Row]] = {}
    for row in told["arms"]:
        found.setdefault(row["regime"], []).append(row)
    return found


def facts(rows: list[Row]) -> str:
    """What the rows of a regime were scored on."""
    return f"{rows[0]['scenes']} scenes in {rows[0]['groups']} groups"


def columns(told: Row, row: Row) -> dict[str, str]:
    """One arm's cells as text, by heading."""
    cells = {
        "arm": row["arm"] + ("" if row["tier"] == "core" else " (exploratory)"),
        "pairs": str(row["pairs"]),
        "PSNR-mu": f"{row['psnr_mu']:.2f}",
        "spread": "" if row["spread"] is None else f"{row['spread']:.2f}",
        "PSNR-l": f"{row['psnr_l']:.2f}",
    }
    for other in told["against"]:
        found = row["against"].get(other)
        cells[f"- {other}"] = bounded(found) if found else ""
        cells[f"ahead of {other}"] = f"{found['ahead']}/{found['pairs']}" if found else ""
    return cells | {"closure": bounded(row["closure"]) if row["closure"] else ""}


def bounded(estimate: Row) -> str:
    """A mean with its interval."""
    mean = f"{estimate['mean']:+.2f}"
    return mean if estimate["low"] is None else f"{mean} [{estimate['low']:+.2f}, {estimate['high']:+.2f}]"


def _table(told: Row, rows: list[Row]) -> str:
    frame = pd.DataFrame([columns(told, row) for row in rows])
    return frame.to_markdown(index=False, disable_numparse=True, colalign=("left", *["right"] * (frame.shape[1] - 1)))
