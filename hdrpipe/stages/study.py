"""Stage `study`: comparison of the arms of a study, as a table, a page and Markdown."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hdrpipe.config.load import Config
from hdrpipe.config.runs import StudyCell, cells
from hdrpipe.config.sections import StudySpec
from hdrpipe.errors import InputError, UsageError
from hdrpipe.evaluation.study_statistics import Estimate, Table, closure, difference
from hdrpipe.files.atomic import write_json, write_text
from hdrpipe.files.rows import read_rows, write_rows
from hdrpipe.report.study_page import page
from hdrpipe.report.study_text import markdown
from hdrpipe.stages.job import Job

HEADLINE = "psnr_mu"
MEASURES = ("psnr_mu", "psnr_l", "ssim_mu", "pu21_psnr")


def study(spec: Config, scores: Sequence[Path], out: Path, job: Job) -> None:
    """Write `study.csv`, `study.json`, `study.md` and `study.html` into `out`.

    Args:
        spec: `run`, `rounds`, `study` of the config.
        scores: tables of the `score` stage, in the order of `runs.cells`.
        out: folder of the outputs.
        job: provenance and progress.

    Raises:
        UsageError: the study does not have as many runs as there are tables.
        InputError: tables of one regime differ in their scenes.
    """
    runs = cells(spec.study)
    if len(runs) != len(scores):
        raise UsageError(f"the study has {len(runs)} runs, but {len(scores)} tables are given", "--scores")
    tables = read_tables(list(zip(runs, scores, strict=True)))
    rows = [row for regime, table in tables.items() for row in regime_rows(regime, table, spec.study)]
    result = {
        "study": spec.run,
        "split": spec.study.split,
        "rounds": spec.rounds,
        "headline": HEADLINE,
        "against": list(spec.study.against),
        "ceiling": spec.study.ceiling,
        "definition": spec.study.model_dump(mode="json"),
        "arms": rows,
    }
    write_rows(out / "study.csv", [flat(row) for row in rows], decimals=5)
    write_json(out / "study.json", result)
    write_text(out / "study.md", markdown(result))
    write_text(out / "study.html", page(result, tables))
    for name in ("study.csv", "study.json", "study.md", "study.html"):
        job.record(out / name, {})
    job.progress(len(scores), len(scores), str(out / "study.html"))


def read_tables(files: Sequence[tuple[StudyCell, Path]]) -> dict[str, Table]:
    """Regime -> scores of its arms.

    Raises:
        InputError: the tables of a regime do not all have the same scenes.
        DamagedError: a table is empty or altered.
    """
    tables: dict[str, Table] = {}
    scene_names: dict[str, list[str]] = {}
    for run, path in files:
        scored = sorted(read_rows(path, "score"), key=lambda row: row["scene"])
        names = [row["scene"] for row in scored]
        if scene_names.setdefault(run.regime, names) != names:
            raise InputError(
                "its scenes differ from those of the first table of this regime", path, "delete it and run again"
            )
        table = tables.setdefault(run.regime, Table({}, [row["group"] for row in scored]))
        measured = {measure: np.array([row[measure] for row in scored]) for measure in MEASURES}
        table.values.setdefault(run.arm, {})[run.draw, run.seed] = measured
    return tables


def regime_rows(regime: str, table: Table, spec: StudySpec) -> list[dict[str, Any]]:
    """One row for each arm of a regime: means, spread over pairs, differences, gap closure."""
    floor = spec.against[0]
    rows = []
    for arm in table.values:
        values = table.of(arm, HEADLINE)
        means = values.mean(axis=1)
        close = closure(table, arm, floor, spec.ceiling, HEADLINE) if spec.ceiling and arm != floor else None
        rows.append(
            {
                "regime": regime,
                "arm": arm,
                "tier": "core" if arm in spec.core.arms else "exploratory",
                "pairs": len(values),
                "scenes": values.shape[1],
                "groups": len(set(table.groups)),
                **{measure: float(table.of(arm, measure).mean()) for measure in MEASURES},
                "spread": float(means.std(ddof=1)) if len(means) > 1 else None,
                "by_pair": [float(mean) for mean in means],
                "against": {other: _against(table, arm, other) for other in spec.against if other != arm},
                "closure": asdict(close) if close else None,
            }
        )
    return rows


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the CSV: one column for each number."""
    plain = {key: value for key, value in row.items() if not isinstance(value, dict | list) and key != "closure"}
    for other, estimate in row["against"].items():
        plain |= {
            f"minus_{other}": estimate["mean"],
            f"minus_{other}_low": estimate["low"],
            f"minus_{other}_high": estimate["high"],
        }
        plain |= {f"ahead_of_{other}": estimate["ahead"]}
    close = row["closure"] or asdict(Estimate(float("nan"), None, None))
    return plain | {"closure": close["mean"], "closure_low": close["low"], "closure_high": close["high"]}


def _against(table: Table, arm: str, other: str) -> dict[str, Any]:
    estimate, ahead, pairs = difference(table, arm, other, HEADLINE)
    return {**asdict(estimate), "ahead": ahead, "pairs": pairs}
