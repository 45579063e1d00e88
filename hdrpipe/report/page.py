"""The page: one HTML file that asks nothing of any network."""

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
from hdrpipe.config.load import PLUGIN_KEYS, STAGE_KEYS, Config, check_config
from hdrpipe.report.costs import duration
from hdrpipe.report.embedded import scale_bar
from hdrpipe.report.figures import Chart
from hdrpipe.report.gallery import Card
from hdrpipe.report.tables import UNSCORED, Row, columns, lost_words, percent, rmse, spoken
from hdrpipe.report.verdict import Sentence

HERE = Path(__file__).parent
PACKAGES = ("torch", "numpy", "opencv-python-headless", "h5py", "pandas", "matplotlib", "snakemake")


@dataclass(frozen=True)
class Content:
    """What the page shows: headline and verdict, summary, rounds, worst scenes, costs, curves, galleries, manifest."""

    headline: Mapping[str, Any]
    verdict: Sequence[Sentence]
    rows: Sequence[Row]
    rounds: Sequence[Row]
    worst: Sequence[Row]
    costs: Sequence[Row]
    charts: Sequence[Chart]
    tests: Sequence[Card]
    unlabelled: Sequence[Card]
    manifest: Mapping[str, Any]


def page(spec: Config, content: Content) -> str:
    """The HTML; `spec` has all sections of the config and is printed at the end."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        spoken=spoken, rmse=rmse, percent=percent, lost=lost_words, db="{:.2f}".format, duration=duration
    )
    template = environment.from_string(_part("page.html"))
    return template.render(
        content=content,
        told=content.headline,
        unscored=UNSCORED,
        name=spec.run,
        style=Markup(_part("page.css")),
        script=Markup(_part("page.js")),
        bar=scale_bar(),
        table=_table(content.rows),
        splits={split: len(names) for split, names in content.manifest["splits"].items()},
        changed=changed_settings(spec),
        config=yaml.safe_dump({key: _plain(getattr(spec, key)) for key in STAGE_KEYS["report"]}, sort_keys=False),
        versions={"hdrpipe": __version__, "python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
    )


def changed_settings(spec: Config) -> list[tuple[str, Any, Any]]:
    """(key, default, value here) of every setting that is not as the package has it, for the plug-ins of this run."""
    here = {key: _plain(getattr(spec, key)) for key in STAGE_KEYS["report"]}
    named = {section: {key: here[section][key]} for section, (key, _) in PLUGIN_KEYS.items()}
    default = check_config(named).model_dump(mode="json")
    return [row for row in differences({key: default[key] for key in here}, here) if row[0] != "run"]


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _table(rows: Sequence[Row]) -> dict[str, Any]:
    """Headings, and per method its role, whether it is the chosen student, its name, its numbers as text."""
    shown = columns(rows)
    return {
        "headings": [heading for heading, _ in shown.values()],
        "rows": [
            {
                "role": row["role"],
                "chosen": row["chosen"],
                "name": spoken(row["method"]),
                "numbers": [form.format(row[key]) for key, (_, form) in shown.items()],
            }
            for row in rows
        ],
    }


def _part(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
