"""The page of a study: one HTML file that asks nothing of any network."""

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
from hdrpipe.report.study_text import HOW, Row, by_regime, columns, facts

HERE = Path(__file__).parent


def page(told: Row, tables: Mapping[str, Table]) -> str:
    """The HTML: a chart and a table a regime, then the definition of every arm."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    regimes = []
    for number, (regime, rows) in enumerate(by_regime(told).items()):
        regimes.append(
            {
                "name": regime,
                "facts": facts(rows),
                "keys": _yaml(told["definition"]["regimes"].get(regime, {})),
                "chart": Markup(
                    svg(_forest(told, rows, tables[regime]), f"study{number}", (7.4, 1.2 + 0.42 * len(rows)))
                ),
                "rows": [columns(told, row) for row in rows],
                "measures": [row["psnr_mu"] for row in rows],
            }
        )
    definition = told["definition"]
    return environment.from_string((HERE / "study_page.html").read_text(encoding="utf-8")).render(
        told=told,
        how=HOW.format(floor=told["against"][0], ceiling=told["ceiling"] or "a ceiling (none named)"),
        regimes=regimes,
        arms={name: _yaml(keys) for name, keys in definition["arms"].items()},
        pairs={tier: definition[tier]["pairs"] for tier in ("core", "exploratory")},
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
        version=__version__,
    )


def _yaml(keys: Any) -> str:
    return yaml.safe_dump(keys, sort_keys=False).strip() if keys else "as the base"


def _forest(told: Row, rows: list[Row], table: Table) -> Callable[[Axes], None]:
    """Differences to the first arm of `against`: intervals, means, and a small dot for every pair."""
    floor = told["against"][0]
    shown = [row for row in rows if floor in row["against"]][::-1]

    def draw(axes: Axes) -> None:
        axes.axvline(0.0, color=BASELINE, linestyle="--", linewidth=1.2)
        for place, row in enumerate(shown):
            pairs = table.common(row["arm"], floor)
            apart = table.of(row["arm"], "psnr_mu", pairs) - table.of(floor, "psnr_mu", pairs)
            found = row["against"][floor]
            colour = STUDENT if row["tier"] == "core" else TEACHER
            axes.plot(apart.mean(axis=1), [place - 0.22] * len(pairs), "o", color=colour, markersize=3, alpha=0.6)
            if found["low"] is not None:
                axes.hlines(place, found["low"], found["high"], color=colour, linewidth=3, alpha=0.6)
            axes.plot(found["mean"], place, "D", color=colour, markersize=6)
        axes.set_yticks(range(len(shown)), [row["arm"] for row in shown])
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.set_xlabel(f"PSNR-μ minus {floor} (dB)")
        axes.grid(visible=False, axis="y")

    return draw
