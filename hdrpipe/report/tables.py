"""Scores of a run: one row for each method, the headline with its bootstrap intervals, and both as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from hdrpipe.evaluation.bootstrap import interval

MEASURES = {"psnr_mu": "PSNR-mu", "psnr_l": "PSNR-l", "ssim_mu": "SSIM-mu", "pu21_psnr": "PU21-PSNR"}
"""Measures of the summary (key -> heading), in dB except SSIM."""

SIGMA_KEYS = ("sigma_test", "sigma_calibrated", "measured_test", "sigma_unlabelled", "labels")
"""Entries of `metrics.json` that the headline shows."""

UNSCORED = "No test scene has HDR truth, so nothing is scored: put a burst with truth into the test split."
"""Note in place of the scores."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Score:
    """Scores of one method on one test scene.

    `round` is -1 for a classical merge; `role` is classical, teacher or student.
    """

    scene: str
    difficulty: str
    group: str
    method: str
    round: int
    role: str
    measures: Mapping[str, float]

    @property
    def psnr_mu(self) -> float:
        """The headline measure, in dB."""
        return self.measures["psnr_mu"]


@dataclass(frozen=True)
class Run:
    """Contents of the small files (CSV, JSON) of a run.

    Attributes:
        scores: scores of all methods on all test scenes.
        metrics: `metrics.json` of rounds 0, 1, ...
        histories: columns of `history.csv` of rounds 0, 1, ...
        statistics: `masks.json` of rounds 1, 2, ...
        chosen: number of the chosen round.
        noise: `noise.json`; None where labels were not matched.
        compared: arm of `compare` -> its scores on the test scenes.
        why: reason for the choice where `choose.rule` made it; empty where the last round is taken by default.
    """

    scores: Sequence[Score]
    metrics: Sequence[Mapping[str, Any]]
    histories: Sequence[Mapping[str, np.ndarray]]
    statistics: Sequence[Mapping[str, Any]]
    chosen: int
    noise: Mapping[str, Any] | None = None
    compared: Mapping[str, Sequence[Score]] = field(default_factory=dict)
    why: str = ""

    @property
    def student(self) -> str:
        """Method name of the chosen student."""
        return network_name(self.chosen, "student")

    @cached_property
    def baseline(self) -> str:
        """Name of the classical merge with the highest mean PSNR-mu on these same test scenes."""
        names = dict.fromkeys(score.method for score in self.scores if score.role == "classical")
        return max(names, key=lambda name: mean(self.of(name)))

    @property
    def difficulties(self) -> list[str]:
        """Difficulties of the test scenes, from easy to hard."""
        return sorted({score.difficulty for score in self.scores}, key=_ease)

    @property
    def scored(self) -> bool:
        """True if any test scene has HDR truth."""
        return bool(self.scores)

    def of(self, method: str, difficulty: str | None = None) -> list[Score]:
        """Scores of one method on all scenes or those of one difficulty, sorted by scene name."""
        selected = (s for s in self.scores if s.method == method and difficulty in (None, s.difficulty))
        return sorted(selected, key=lambda score: score.scene)


def mean(scores: Sequence[Score], measure: str = "psnr_mu") -> float:
    """Mean of a measure over scenes; PSNR is averaged in dB."""
    return float(np.mean([score.measures[measure] for score in scores]))


def scene_scores(baselines: Sequence[Row], rounds: Sequence[Sequence[Row]]) -> list[Score]:
    """Scores from the rows of `baselines.csv` and of the `metrics.csv` of rounds 0, 1, ..."""
    scores = [_score(row, row["method"], -1, "classical") for row in baselines]
    for number, rows in enumerate(rounds):
        scores += [_score(row, network_name(number, row["method"]), number, row["method"]) for row in rows]
    return scores


def arm_scores(rows: Sequence[Row]) -> list[Score]:
    """Scores of an arm of `compare` from the rows of its table, sorted by scene name."""
    return sorted((_score(row, "arm", 0, "student") for row in rows), key=lambda score: score.scene)


def network_name(number: int, role: str) -> str:
    """Name of a network in the tables, such as `round 2 student`."""
    return f"round {number} {role}"


def summary_rows(run: Run) -> list[Row]:
    """One row for each method: method, round, role, chosen, scenes, the measures, PSNR-mu by difficulty."""
    rows = []
    for method in dict.fromkeys(score.method for score in run.scores):
        scores = run.of(method)
        identity = {"method": method, "round": scores[0].round, "role": scores[0].role}
        means = {measure: mean(scores, measure) for measure in MEASURES}
        by_difficulty = {f"psnr_mu {name}": mean(run.of(method, name)) for name in run.difficulties}
        chosen = method == run.student
        rows.append({**identity, "chosen": chosen, "scenes": len(scores), **means, **by_difficulty})
    return rows


def headline(run: Run) -> Row:
    """Main result of a run: the chosen student, the best classical baseline, their difference, sigma, masks.

    `student`, `baseline`, `difference` and `sigma_test` are None where no test scene has truth, `labels` and
    `sigma_unlabelled` where no unlabelled scene has, `measured` where the teacher measured no risk, `measured_test`
    where none can be measured on the test scenes, `sigma_calibrated` where either of the two last is missing there.
    """
    metrics = run.metrics[run.chosen]
    result = {
        "round": run.chosen,
        **{key: metrics.get(key) for key in SIGMA_KEYS},
        "masks": run.statistics[run.chosen - 1]["unlabelled"],
        "measured": run.statistics[run.chosen - 1].get("measured"),
    }
    if not run.scored:
        return result | {"scenes": 0, "groups": 0, "student": None, "baseline": None, "difference": None}
    return result | _against_baseline(run)


def _against_baseline(run: Run) -> Row:
    students, baselines = run.of(run.student), run.of(run.baseline)
    groups = [student.group for student in students]
    return {
        "scenes": len(groups),
        "groups": len(set(groups)),
        "student": {"method": run.student, **_estimate([student.psnr_mu for student in students], groups)},
        "baseline": {"method": run.baseline, **_estimate([baseline.psnr_mu for baseline in baselines], groups)},
        "difference": difference(students, baselines),
        "lost": lost_scenes(run),
    }


def difference(scores: Sequence[Score], others: Sequence[Score], key: str = "psnr_mu") -> Row:
    """Mean PSNR-mu difference (dB, `scores` minus `others`), paired by scene, under `key`, with its interval.

    The interval (`low` and `high`) resamples groups of scenes; None where there is one group.
    """
    values = [score.psnr_mu - other.psnr_mu for score, other in zip(scores, others, strict=True)]
    return _estimate(values, [score.group for score in scores], key)


def _estimate(values: Sequence[float], groups: Sequence[str], key: str = "psnr_mu") -> Row:
    low, high = interval(values, groups) or (None, None)
    return {key: float(np.mean(values)), "low": low, "high": high}


def lost_scenes(run: Run) -> list[Row]:
    """Test scenes on which some classical merge beats the chosen student, with the difference in dB, worst first."""
    best: dict[str, Score] = {}
    for score in run.scores:
        if score.role == "classical" and (score.scene not in best or score.psnr_mu > best[score.scene].psnr_mu):
            best[score.scene] = score
    lost = [
        {
            "scene": student.scene,
            "difficulty": student.difficulty,
            "psnr_mu": student.psnr_mu,
            "better": best[student.scene].method,
            "difference": student.psnr_mu - best[student.scene].psnr_mu,
        }
        for student in run.of(run.student)
        if student.scene in best and best[student.scene].psnr_mu > student.psnr_mu
    ]
    return sorted(lost, key=lambda row: row["difference"])


def lost_sentence(result: Row) -> str:
    """The scenes of `lost_scenes` in one sentence; `result` is the headline."""
    names = [f"{row['scene']} ({row['difficulty']}, {row['difference']:+.2f} dB)" for row in result["lost"]]
    if not names:
        return "On every test scene the student is better than every classical merge"
    return f"On {len(names)} of {result['scenes']} test scenes some classical merge is better: {', '.join(names)}"


def markdown(name: str, result: Row, rows: Sequence[Row], verdict: Sequence[str] = ()) -> str:
    """Verdict, headline and table of a run as Markdown.

    Args:
        name: name of the run.
        result: the headline, from `headline`.
        rows: one row for each method, from `summary_rows`.
        verdict: sentences of the verdict.
    """
    masks, labels, unlabelled = result["masks"], result["labels"], result["sigma_unlabelled"]
    lines = [
        f"# {name}: {network_name(result['round'], 'student')}",
        "",
        *verdict,
        *([""] if verdict else []),
        *_scored_lines(result),
        *_measured_lines(result),
    ]
    if unlabelled is not None:
        lines += [
            f"- Pseudo labels: {percent(unlabelled['removed_share'])} of the squared error"
            " lies in the most uncertain 20 % of the pixels"
        ]
    lines += [
        f"- Masks keep {percent(masks['keep_rate'])} of the pixels (patch level {percent(masks['keep_rate_patch'])},"
        f" pixel level {percent(masks['keep_rate_pixel'])})"
    ]
    if labels is not None:
        risks = f"kept {rmse(labels['kept_risk']):.4f}, dropped {rmse(labels['dropped_risk']):.4f}"
        lines += [f"- RMSE of the pseudo labels: {risks}"]
    if result["measured"] is not None:
        risks = [rmse(result["measured"][key]) for key in ("kept_risk", "risk")]
        lines += [
            "- RMSE of the pseudo labels where well exposed, measured without truth: kept {:.4f}, all {:.4f}".format(
                *risks
            )
        ]
    return "\n".join([*lines, "", *([_table(rows)] if rows else [])]) + "\n"


def _scored_lines(result: Row) -> list[str]:
    if result["student"] is None:
        return [f"- {UNSCORED}"]
    student, baseline, sigma = result["student"], result["baseline"], result["sigma_test"]
    return [
        f"{result['scenes']} test scenes in {result['groups']} groups; 95 % intervals resample the groups.",
        "",
        f"- Student: PSNR-mu **{student['psnr_mu']:.2f} dB**{_bounds(student)}",
        f"- Best classical baseline: {method_label(baseline['method'])}, {baseline['psnr_mu']:.2f} dB",
        f"- Difference: **{result['difference']['psnr_mu']:+.2f} dB**{_bounds(result['difference'], '+')}",
        f"- {lost_sentence(result)}",
        f"- Sigma on the test scenes: AUSE {sigma['ause']:.3f}; a random order {sigma['ause_random']:.3f}"
        f" (ratio {sigma['ause'] / sigma['ause_random']:.2f})",
    ]


def _measured_lines(result: Row) -> list[str]:
    """Lines about the risk of the student, measured on the test scenes without their truth."""
    measured, calibrated, sigma = (result[key] for key in ("measured_test", "sigma_calibrated", "sigma_test"))
    if measured is None:
        return []
    lines = [f"- RMSE of the student where well exposed, measured without truth: {rmse(measured['risk']):.4f}"]
    if calibrated is not None:
        lines += [
            f"- Intervals of sigma x {measured['temperature']:.2f}, calibrated by that: 80 % hold"
            f" {percent(calibrated['coverage_80'])} of the errors, 90 % {percent(calibrated['coverage_90'])};"
            f" of sigma itself {percent(sigma['coverage_80'])} and {percent(sigma['coverage_90'])}"
        ]
    return lines


def columns(rows: Sequence[Row]) -> dict[str, tuple[str, str]]:
    """Columns of the printed table: key -> (heading, format)."""
    headings = {key: MEASURES.get(key, key.removeprefix("psnr_mu ")) for key in (rows[0] if rows else ())}
    printed = [key for key in headings if key in MEASURES or key.startswith("psnr_mu ")]
    return {key: (headings[key], "{:.4f}" if key.startswith("ssim") else "{:.2f}") for key in printed}


def method_label(method: str) -> str:
    """Method name as shown to readers: `low_exposure_fill/dis` becomes `low exposure fill, DIS`."""
    merge, _, alignment = method.partition("/")
    words = merge.replace("_", " ")
    return f"{words}, {alignment.upper()}" if alignment not in ("", "none") else words


def percent(fraction: float) -> str:
    """A fraction as text, in whole percent."""
    return f"{100 * fraction:.0f} %"


def rmse(risk: float) -> float:
    """Root of a mean squared error, such as a selective risk; 0 for a measured one that chance made negative."""
    return float(np.sqrt(max(risk, 0.0)))


def _score(row: Row, method: str, number: int, role: str) -> Score:
    measures = {measure: float(row[measure]) for measure in MEASURES}
    return Score(row["scene"], row["difficulty"], row["group"], method, number, role, measures)


def _table(rows: Sequence[Row]) -> str:
    names = [method_label(row["method"]) + " *" * row["chosen"] for row in rows]
    cells = {heading: [form.format(row[key]) for row in rows] for key, (heading, form) in columns(rows).items()}
    align = ("left", *["right"] * len(cells))
    return pd.DataFrame({"method": names, **cells}).to_markdown(index=False, disable_numparse=True, colalign=align)


def _bounds(estimate: Row, sign: str = "") -> str:
    if estimate["low"] is None:
        return " (one group: no interval)"
    return f" (95 % interval {estimate['low']:{sign}.2f} to {estimate['high']:{sign}.2f})"


def _ease(difficulty: str) -> tuple[int, str]:
    """Sort key of a difficulty, from easy to hard; unknown ones come last, by name."""
    order = ("tripod", "handheld", "large-motion")
    return (order.index(difficulty) if difficulty in order else len(order), difficulty)
