"""The page of a study: one self-contained HTML file that loads nothing from the network."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.axes import Axes

from hdrpipe import __version__
from hdrpipe.evaluation.study_statistics import Table
from hdrpipe.report.figures import BASELINE, STUDENT, TEACHER, svg
from hdrpipe.report.study_text import NOTE, Row, by_regime, columns, facts

HERE = Path(__file__).parent


def page(result: Row, tables: Mapping[str, Table]) -> str:
    """HTML text of the page: a chart and a table for each regime, then the definition of every arm.

    Args:
        result: content of `study.json`.
        tables: regime -> scores of its arms.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    regimes = []
    for number, (regime, rows) in enumerate(by_regime(result).items()):
        regimes.append(
            {
                "name": regime,
                "facts": facts(rows),
                "keys": _yaml(result["definition"]["regimes"].get(regime, {})),
                "chart": Markup(
                    svg(_forest(result, rows, tables[regime]), f"study{number}", (7.4, 1.2 + 0.42 * len(rows)))
                ),
                "rows": [columns(result, row) for row in rows],
                "measures": [row["psnr_mu"] for row in rows],
            }
        )
    definition = result["definition"]
    return environment.from_string((HERE / "study_page.html").read_text(encoding="utf-8")).render(
        result=result,
        note=NOTE.format(floor=result["against"][0], ceiling=result["ceiling"] or "a ceiling (none named)"),
        regimes=regimes,
        arms={name: _yaml(keys) for name, keys in definition["arms"].items()},
        pairs={tier: definition[tier]["pairs"] for tier in ("core", "exploratory")},
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
        version=__version__,
    )


def _yaml(keys: Any) -> str:
    return yaml.safe_dump(keys, sort_keys=False).strip() if keys else "nothing beyond the base config"


def _forest(result: Row, rows: list[Row], table: Table) -> Callable[[Axes], None]:
    """Forest plot of the differences to the first arm of `against`: intervals, means, a small dot for every pair."""
    floor = result["against"][0]
    compared = [row for row in rows if floor in row["against"]][::-1]

    def draw(axes: Axes) -> None:
        axes.axvline(0.0, color=BASELINE, linestyle="--", linewidth=1.2)
        for height, row in enumerate(compared):
            pairs = table.common(row["arm"], floor)
            gains = table.of(row["arm"], "psnr_mu", pairs) - table.of(floor, "psnr_mu", pairs)
            estimate = row["against"][floor]
            colour = STUDENT if row["tier"] == "core" else TEACHER
            axes.plot(gains.mean(axis=1), [height - 0.22] * len(pairs), "o", color=colour, markersize=3, alpha=0.6)
            if estimate["low"] is not None:
                axes.hlines(height, estimate["low"], estimate["high"], color=colour, linewidth=3, alpha=0.6)
            axes.plot(estimate["mean"], height, "D", color=colour, markersize=6)
        axes.set_yticks(range(len(compared)), [row["arm"] for row in compared])
        axes.set_ylim(-0.6, len(compared) - 0.4)
        axes.set_xlabel(f"PSNR-μ minus {floor} (dB)")
        axes.grid(visible=False, axis="y")

    return draw
