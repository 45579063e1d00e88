"""The numbers of a run: a row a method, the headline with its bootstrap intervals, and both as plain text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MEASURES = {"psnr_mu": "PSNR-mu", "psnr_l": "PSNR-l", "ssim_mu": "SSIM-mu", "pu21_psnr": "PU21-PSNR"}
"""Measures of the summary (column -> words); dB but for SSIM."""

DRAWS = 10_000
"""Bootstrap draws: the bounds of a 95 % interval are then steady to about a hundredth of its width."""

COVERAGE = 0.95


@dataclass(frozen=True)
class Run:
    """What the small files of a run say.

    Attributes:
        scores: a row a scene and method: scene, difficulty, group, method, round (-1 for a baseline), role, measures.
        metrics: `metrics.json` of rounds 0, 1, ...
        histories: `history.csv` of rounds 0, 1, ...
        statistics: `masks.json` of rounds 1, 2, ...
        chosen: number of the chosen round.
    """

    scores: pd.DataFrame
    metrics: Sequence[Mapping[str, Any]]
    histories: Sequence[pd.DataFrame]
    statistics: Sequence[Mapping[str, Any]]
    chosen: int

    @property
    def student(self) -> str:
        """Method name of the chosen student."""
        return network_name(self.chosen, "student")

    @property
    def baseline(self) -> str:
        """Name of the classical baseline with the best mean PSNR-mu on these very test scenes."""
        classical = self.scores[self.scores["round"] < 0]
        return str(classical.groupby("method", sort=False)["psnr_mu"].mean().idxmax())

    @property
    def difficulties(self) -> list[str]:
        """Difficulties of the test scenes, in the order of the tables."""
        return sorted(self.scores["difficulty"].unique(), key=_ease)


def scene_scores(baselines: pd.DataFrame, rounds: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """`Run.scores` of `baselines.csv` and of the `metrics.csv` of rounds 0, 1, ..."""
    parts = [baselines.assign(round=-1, role="classical")]
    for number, table in enumerate(rounds):
        names = table["method"].map(lambda role, number=number: network_name(number, role))
        parts.append(table.assign(round=number, role=table["method"], method=names))
    return pd.concat(parts, ignore_index=True)


def network_name(number: int, role: str) -> str:
    """Name of a network in the tables."""
    return f"round {number} {role}"


def summary_table(run: Run) -> pd.DataFrame:
    """One row a method: method, round, role, chosen, scenes, groups, the measures, PSNR-mu by difficulty."""
    grouped = run.scores.groupby("method", sort=False)
    table = grouped.agg(round=("round", "first"), role=("role", "first"), scenes=("scene", "size"))
    table.insert(2, "chosen", table.index == run.student)
    for measure in MEASURES:
        table[measure] = grouped[measure].mean()
    for difficulty in run.difficulties:
        part = run.scores[run.scores["difficulty"] == difficulty]
        table[f"psnr_mu {difficulty}"] = part.groupby("method")["psnr_mu"].mean()
    return table.reset_index()


def interval(values: NDArray, groups: Sequence[str]) -> tuple[float, float] | None:
    """Bootstrap interval (95 %) of a mean over scenes whose groups, not the scenes, are independent.

    Whole groups are drawn with replacement, always by the same random numbers.

    Args:
        values: one value a scene.
        groups: the group of each scene.

    Returns:
        Lower and upper bound (percentiles); None if there is but one group, which says nothing about others.
    """
    by_group = pd.Series(values).groupby(np.asarray(groups))
    sums, counts = by_group.sum().to_numpy(), by_group.size().to_numpy()
    if len(sums) < 2:
        return None
    drawn = np.random.default_rng(0).integers(len(sums), size=(DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return float(low), float(high)


def headline(run: Run) -> dict[str, Any]:
    """What the run comes to: the chosen student, the best classical baseline, the difference, sigma, masks."""
    by_scene = run.scores.pivot(index="scene", columns="method", values="psnr_mu")
    groups = run.scores.groupby("scene")["group"].first().loc[by_scene.index].tolist()
    student, baseline = by_scene[run.student].to_numpy(), by_scene[run.baseline].to_numpy()
    metrics = run.metrics[run.chosen]
    return {
        "round": run.chosen,
        "scenes": len(groups),
        "groups": len(set(groups)),
        "student": {"method": run.student, **_with_interval(student, groups)},
        "baseline": {"method": run.baseline, **_with_interval(baseline, groups)},
        "difference": _with_interval(student - baseline, groups),
        "sigma_test": metrics["sigma_test"],
        "sigma_unlabelled": metrics["sigma_unlabelled"],
        "labels": metrics["labels"],
        "masks": run.statistics[run.chosen - 1]["unlabelled"],
    }


def markdown(name: str, told: Mapping[str, Any], table: pd.DataFrame) -> str:
    """The headline and the table, for a terminal."""
    student, baseline, sigma = told["student"], told["baseline"], told["sigma_test"]
    masks, labels = told["masks"], told["labels"]
    lines = [
        f"# {name}: {student['method']}",
        "",
        f"{told['scenes']} test scenes in {told['groups']} groups; 95 % intervals resample the groups.",
        "",
        f"- Student: PSNR-mu **{student['psnr_mu']:.2f} dB**{_bounds(student)}",
        f"- Best classical baseline: {spoken(baseline['method'])}, {baseline['psnr_mu']:.2f} dB",
        f"- Difference: **{told['difference']['psnr_mu']:+.2f} dB**{_bounds(told['difference'], '+')}",
        f"- Sigma on the test scenes: AUSE {sigma['ause']:.3f}; a random ranking {sigma['ause_random']:.3f}"
        f" (ratio {sigma['ause'] / sigma['ause_random']:.2f})",
        f"- Pseudo labels: the most uncertain 20 % of the pixels hold {told['sigma_unlabelled']['removed_share']:.0%}"
        " of the squared error",
        f"- Masks keep {masks['keep_rate']:.0%} of the pixels (patch level {masks['keep_rate_patch']:.0%},"
        f" pixel level {masks['keep_rate_pixel']:.0%});",
        f"  RMSE of the pseudo labels: kept {rmse(labels['kept_risk']):.4f},"
        f" dropped {rmse(labels['dropped_risk']):.4f}",
        "",
        shown_table(table).to_markdown(index=False, floatfmt=_formats(table)),
    ]
    return "\n".join(lines) + "\n"


def shown_table(table: pd.DataFrame) -> pd.DataFrame:
    """The summary as people read it: spoken names, short headings, the chosen student marked by a star."""
    names = [spoken(m) + (" *" if c else "") for m, c in zip(table["method"], table["chosen"], strict=True)]
    shown = pd.DataFrame({"method": names})
    for column in table.columns:
        if column in MEASURES or column.startswith("psnr_mu "):
            shown[MEASURES.get(column, column.removeprefix("psnr_mu "))] = table[column].to_numpy()
    return shown


def spoken(method: str) -> str:
    """A method in words: `low_exposure_fill/dis` becomes `low exposure fill, DIS`."""
    merge, _, alignment = method.partition("/")
    words = merge.replace("_", " ")
    return f"{words}, {alignment.upper()}" if alignment not in ("", "none") else words


def rmse(risk: float) -> float:
    """Root of a mean squared error."""
    return float(np.sqrt(risk))


def _with_interval(values: NDArray, groups: Sequence[str]) -> dict[str, Any]:
    bounds = interval(values, groups) or (None, None)
    return {"psnr_mu": float(values.mean()), "low": bounds[0], "high": bounds[1]}


def _bounds(told: Mapping[str, Any], sign: str = "") -> str:
    if told["low"] is None:
        return " (one group: no interval)"
    return f" (95 % interval {told['low']:{sign}.2f} to {told['high']:{sign}.2f})"


def _formats(table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(".4f" if name.startswith("SSIM") else ".2f" for name in shown_table(table).columns)


def _ease(difficulty: str) -> tuple[int, str]:
    known = ("tripod", "handheld", "large-motion")
    return (known.index(difficulty) if difficulty in known else len(known), difficulty)
