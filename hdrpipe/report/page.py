"""The report page of a run: one self-contained HTML file that loads nothing from the network."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel

from hdrpipe import __version__
from hdrpipe.config.differences import differences
from hdrpipe.config.load import PLUGIN_KEYS, STAGE_KEYS, Config
from hdrpipe.config.spec import validated
from hdrpipe.report.costs import duration
from hdrpipe.report.embedded import scale_bar
from hdrpipe.report.figures import Chart, svg
from hdrpipe.report.gallery import Card
from hdrpipe.report.gap import drawing
from hdrpipe.report.study_text import bounded
from hdrpipe.report.tables import UNSCORED, Row, columns, lost_sentence, method_label, percent, rmse
from hdrpipe.report.verdict import Sentence

HERE = Path(__file__).parent
PACKAGES = ("torch", "numpy", "opencv-python-headless", "h5py", "pandas", "matplotlib", "snakemake")


@dataclass(frozen=True)
class Content:
    """Content of the page: headline, verdict, gap, tables, worst scenes, costs, charts, galleries, manifest."""

    headline: Mapping[str, Any]
    verdict: Sequence[Sentence]
    gap: Row | None
    rows: Sequence[Row]
    rounds: Sequence[Row]
    worst: Sequence[Row]
    costs: Sequence[Row]
    charts: Sequence[Chart]
    tests: Sequence[Card]
    unlabelled: Sequence[Card]
    manifest: Mapping[str, Any]


def page(spec: Config, content: Content) -> str:
    """HTML text of the page; `spec` has all sections of the config, which the page lists at its end."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        method_label=method_label,
        rmse=rmse,
        percent=percent,
        lost=lost_sentence,
        db="{:.2f}".format,
        duration=duration,
        bounded=bounded,
    )
    template = environment.from_string(_asset("page.html"))
    return template.render(
        content=content,
        headline=content.headline,
        unscored=UNSCORED,
        name=spec.run,
        style=Markup(_asset("page.css")),
        script=Markup(_asset("page.js")),
        bar=scale_bar(),
        gap_chart=_gap_chart(content.gap),
        table=_table(content.rows),
        splits={split: len(names) for split, names in content.manifest["splits"].items()},
        changed=changed_settings(spec),
        config=yaml.safe_dump({key: _plain(getattr(spec, key)) for key in STAGE_KEYS["report"]}, sort_keys=False),
        versions={"hdrpipe": __version__, "python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
    )


def _gap_chart(gap: Row | None) -> Markup | None:
    """The chart of the gains over the labels alone, as SVG; None where there is none to draw."""
    drawn = [row for row in gap["arms"] if row["gain"]] if gap else []
    return Markup(svg(drawing(gap), "gap", (4.3, 0.8 + 0.5 * len(drawn)))) if gap and drawn else None


def changed_settings(spec: Config) -> list[tuple[str, Any, Any]]:
    """(key, default, value of this run) of every setting that differs from its default, with this run's plug-ins."""
    here = {key: _plain(getattr(spec, key)) for key in STAGE_KEYS["report"]}
    named = {section: {key: here[section][key]} for section, (key, _) in PLUGIN_KEYS.items()}
    default = validated(Config, named, "").model_dump(mode="json")  # not checked together: this is no run
    return [row for row in differences({key: default[key] for key in here}, here) if row[0] != "run"]


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _table(rows: Sequence[Row]) -> dict[str, Any]:
    """Headings and rows of the method table: role, mark of the chosen student, name, numbers as text."""
    formats = columns(rows)
    return {
        "headings": [heading for heading, _ in formats.values()],
        "rows": [
            {
                "role": row["role"],
                "chosen": row["chosen"],
                "name": method_label(row["method"]),
                "numbers": [form.format(row[key]) for key, (_, form) in formats.items()],
            }
            for row in rows
        ],
    }


def _asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
