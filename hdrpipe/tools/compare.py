"""Command `compare`: students of two runs on the same test scenes, scene by scene, and the settings that differ."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from hdrpipe.config.differences import differences
from hdrpipe.errors import InputError
from hdrpipe.evaluation.bootstrap import interval
from hdrpipe.files.product.envelope import sidecar
from hdrpipe.files.recorded import read_json
from hdrpipe.files.rows import read_rows
from hdrpipe.tools.run_folder import settings

MEASURES = {
    "psnr_mu": "PSNR-mu",
    "psnr_l": "PSNR-l",
    "ssim_mu": "SSIM-mu",
    "ssim_l": "SSIM-l",
    "pu21_psnr": "PU21-PSNR",
}


@dataclass(frozen=True)
class Scored:
    """Scores of the chosen student of a run: its round, one row for each test scene, and the hash of each truth."""

    folder: Path
    round: int
    rows: dict[str, dict[str, Any]]
    truths: frozenset[str]


def scored(folder: Path) -> Scored:
    """Scores of the chosen round of a finished run.

    Raises:
        InputError: the run is not finished, or nothing was scored. DamagedError: a file of it is damaged.
    """
    chosen = int(read_json(folder / "chosen.json", "choose")["round"])
    table = read_rows(folder / f"round-{chosen:02d}" / "metrics.csv", "evaluate")
    students = [row for row in table if row["method"] == "student"]
    if not students:
        raise InputError("no test scene of this run has HDR truth, so it has no scores", folder)
    truths = (sidecar(path).get("content_hash", "") for path in sorted((folder / "scenes").glob("test-truth-*.h5")))
    return Scored(folder, chosen, {row["scene"]: row for row in students}, frozenset(map(str, truths)))


def compared(first: Path, second: Path) -> str:
    """Comparison as text: means, differences with paired intervals, the scenes that differ most, the settings.

    Raises:
        InputError: the runs have no test scene in common, or their truth differs.
    """
    a, b = scored(first), scored(second)
    names = sorted(set(a.rows) & set(b.rows))
    if not names:
        raise InputError(f"has no test scene in common with {first}", second)
    if a.truths != b.truths:
        hint = "compare runs with the same data.* settings"
        what = f"its test scenes differ from those of {first}, although they have the same names"
        raise InputError(what, second, hint)
    groups = [a.rows[name]["group"] for name in names]
    lines = [
        f"A  {a.folder}, student of round {a.round}",
        f"B  {b.folder}, student of round {b.round}",
        f"{len(names)} test scenes in {len(set(groups))} groups; 95 % intervals pair scenes and resample groups",
    ]
    blocks = ["\n".join(lines), _measures(a, b, names, groups), _furthest(a, b, names), _settings(first, second)]
    return "\n\n".join(blocks)


def _measures(a: Scored, b: Scored, names: Sequence[str], groups: Sequence[str]) -> str:
    rows = []
    for key, heading in MEASURES.items():
        if key in a.rows[names[0]] and key in b.rows[names[0]]:
            one, two = (np.array([float(run.rows[name][key]) for name in names]) for run in (a, b))
            bounds = interval(list(two - one), groups)
            form = ".4f" if key.startswith("ssim") else ".2f"
            bounds_text = f"{bounds[0]:+{form}} to {bounds[1]:+{form}}" if bounds else "one group"
            rows.append(
                [heading, f"{one.mean():{form}}", f"{two.mean():{form}}", f"{(two - one).mean():+{form}}", bounds_text]
            )
            rows[-1].append(_meaning(bounds))
    headings = ["measure", "A", "B", "B - A", "interval", ""]
    return tabulate(rows, headings, tablefmt="simple", disable_numparse=True)


def _meaning(bounds: tuple[float, float] | None) -> str:
    if bounds is None:
        return ""
    return "B is better" if bounds[0] > 0 else "A is better" if bounds[1] < 0 else "no difference shown"


def _furthest(a: Scored, b: Scored, names: Sequence[str], count: int = 6) -> str:
    """Table of the scenes whose PSNR-mu differs most."""
    gains = {name: float(b.rows[name]["psnr_mu"]) - float(a.rows[name]["psnr_mu"]) for name in names}
    widest = sorted(names, key=lambda name: (-abs(gains[name]), name))[:count]
    rows = []
    for name in widest:
        values = (f"{float(run.rows[name]['psnr_mu']):.2f}" for run in (a, b))
        rows.append([name, a.rows[name]["difficulty"], *values, f"{gains[name]:+.2f}"])
    headings = ["scene", "difficulty", "PSNR-mu A", "PSNR-mu B", "B - A"]
    return tabulate(rows, headings, tablefmt="simple", disable_numparse=True)


def _settings(first: Path, second: Path) -> str:
    both = (settings(folder) for folder in (first, second))
    rows = [[key, *map(json.dumps, values)] for key, *values in differences(*both) if key != "run"]
    if not rows:
        return "settings: the same"
    return tabulate(rows, ["setting", "A", "B"], tablefmt="simple", disable_numparse=True)
