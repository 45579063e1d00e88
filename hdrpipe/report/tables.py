"""The numbers of a run: a row a method, the headline with its bootstrap intervals, and both as plain text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from hdrpipe.evaluation.bootstrap import interval

MEASURES = {"psnr_mu": "PSNR-mu", "psnr_l": "PSNR-l", "ssim_mu": "SSIM-mu", "pu21_psnr": "PU21-PSNR"}
"""Measures of the summary (key -> heading); dB but for SSIM."""

UNSCORED = "No test scene has a truth: nothing is scored. Look at the pictures, or keep a burst with truth for tests."

Row = dict[str, Any]


@dataclass(frozen=True)
class Score:
    """One method on one test scene; `round` is -1 for a classical merge, `role` is classical, teacher or student."""

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
    """What the small files of a run say.

    Attributes:
        scores: of all methods on all test scenes.
        metrics: `metrics.json` of rounds 0, 1, ...
        histories: columns of `history.csv` of rounds 0, 1, ...
        statistics: `masks.json` of rounds 1, 2, ...
        chosen: number of the chosen round.
        why: the reason, where a rule has chosen it; empty for the last round as such.
    """

    scores: Sequence[Score]
    metrics: Sequence[Mapping[str, Any]]
    histories: Sequence[Mapping[str, np.ndarray]]
    statistics: Sequence[Mapping[str, Any]]
    chosen: int
    why: str = ""

    @property
    def student(self) -> str:
        """Method name of the chosen student."""
        return network_name(self.chosen, "student")

    @cached_property
    def baseline(self) -> str:
        """Name of the classical baseline with the best mean PSNR-mu on these very test scenes."""
        names = dict.fromkeys(score.method for score in self.scores if score.role == "classical")
        return max(names, key=lambda name: mean(self.of(name)))

    @property
    def difficulties(self) -> list[str]:
        """Difficulties of the test scenes, from easy to hard."""
        return sorted({score.difficulty for score in self.scores}, key=_ease)

    @property
    def scored(self) -> bool:
        """Whether any test scene has a truth."""
        return bool(self.scores)

    def of(self, method: str, difficulty: str | None = None) -> list[Score]:
        """Scores of one method, by scene name."""
        found = (s for s in self.scores if s.method == method and difficulty in (None, s.difficulty))
        return sorted(found, key=lambda score: score.scene)


def mean(scores: Sequence[Score], measure: str = "psnr_mu") -> float:
    """Mean of a measure over scenes; of dB, for PSNR."""
    return float(np.mean([score.measures[measure] for score in scores]))


def scene_scores(baselines: Sequence[Row], rounds: Sequence[Sequence[Row]]) -> list[Score]:
    """Scores out of the rows of `baselines.csv` and of the `metrics.csv` of rounds 0, 1, ..."""
    scores = [_score(row, row["method"], -1, "classical") for row in baselines]
    for number, rows in enumerate(rounds):
        scores += [_score(row, network_name(number, row["method"]), number, row["method"]) for row in rows]
    return scores


def network_name(number: int, role: str) -> str:
    """Name of a network in the tables."""
    return f"round {number} {role}"


def summary_rows(run: Run) -> list[Row]:
    """One row a method: method, round, role, chosen, scenes, the measures, PSNR-mu by difficulty."""
    rows = []
    for method in dict.fromkeys(score.method for score in run.scores):
        scores = run.of(method)
        about = {"method": method, "round": scores[0].round, "role": scores[0].role}
        means = {measure: mean(scores, measure) for measure in MEASURES}
        parts = {f"psnr_mu {name}": mean(run.of(method, name)) for name in run.difficulties}
        rows.append({**about, "chosen": method == run.student, "scenes": len(scores), **means, **parts})
    return rows


def headline(run: Run) -> Row:
    """What the run comes to: the chosen student, the best classical baseline, the difference, sigma, masks.

    Without a test scene of known truth, student, baseline, difference and `sigma_test` are None; without an unlabelled
    scene of known truth, `labels` and `sigma_unlabelled` are.
    """
    metrics = run.metrics[run.chosen]
    told = {
        "round": run.chosen,
        **{key: metrics.get(key) for key in ("sigma_test", "sigma_unlabelled", "labels")},
        "masks": run.statistics[run.chosen - 1]["unlabelled"],
    }
    if not run.scored:
        return told | {"scenes": 0, "groups": 0, "student": None, "baseline": None, "difference": None}
    return told | _against_baseline(run)


def _against_baseline(run: Run) -> Row:
    pairs = list(zip(run.of(run.student), run.of(run.baseline), strict=True))
    groups = [student.group for student, _ in pairs]

    def told(value: Callable[[Score, Score], float]) -> Row:
        values = [value(*pair) for pair in pairs]
        low, high = interval(values, groups) or (None, None)
        return {"psnr_mu": float(np.mean(values)), "low": low, "high": high}

    return {
        "scenes": len(groups),
        "groups": len(set(groups)),
        "student": {"method": run.student, **told(lambda student, _: student.psnr_mu)},
        "baseline": {"method": run.baseline, **told(lambda _, baseline: baseline.psnr_mu)},
        "difference": told(lambda student, baseline: student.psnr_mu - baseline.psnr_mu),
        "lost": lost_scenes(run),
    }


def lost_scenes(run: Run) -> list[Row]:
    """Test scenes on which some classical merge is better than the chosen student, by how much, the worst first."""
    best: dict[str, Score] = {}
    for score in run.scores:
        if score.role == "classical" and (score.scene not in best or score.psnr_mu > best[score.scene].psnr_mu):
            best[score.scene] = score
    lost = [
        {
            "scene": own.scene,
            "difficulty": own.difficulty,
            "psnr_mu": own.psnr_mu,
            "better": best[own.scene].method,
            "difference": own.psnr_mu - best[own.scene].psnr_mu,
        }
        for own in run.of(run.student)
        if own.scene in best and best[own.scene].psnr_mu > own.psnr_mu
    ]
    return sorted(lost, key=lambda row: row["difference"])


def lost_words(told: Row) -> str:
    """The scenes of `lost_scenes` in one sentence."""
    names = [f"{row['scene']} ({row['difficulty']}, {row['difference']:+.2f} dB)" for row in told["lost"]]
    if not names:
        return "On every test scene the student is better than every classical merge"
    return f"On {len(names)} of {told['scenes']} test scenes some classical merge is better: {', '.join(names)}"


def markdown(name: str, told: Row, rows: Sequence[Row], verdict: Sequence[str] = ()) -> str:
    """The verdict, the headline and the table, for a terminal."""
    masks, labels, unlabelled = told["masks"], told["labels"], told["sigma_unlabelled"]
    lines = [
        f"# {name}: {network_name(told['round'], 'student')}",
        "",
        *verdict,
        *([""] if verdict else []),
        *_scored_lines(told),
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
    return "\n".join([*lines, "", *([_table(rows)] if rows else [])]) + "\n"


def _scored_lines(told: Row) -> list[str]:
    if told["student"] is None:
        return [f"- {UNSCORED}"]
    student, baseline, sigma = told["student"], told["baseline"], told["sigma_test"]
    return [
        f"{told['scenes']} test scenes in {told['groups']} groups; 95 % intervals resample the groups.",
        "",
        f"- Student: PSNR-mu **{student['psnr_mu']:.2f} dB**{_bounds(student)}",
        f"- Best classical baseline: {spoken(baseline['method'])}, {baseline['psnr_mu']:.2f} dB",
        f"- Difference: **{told['difference']['psnr_mu']:+.2f} dB**{_bounds(told['difference'], '+')}",
        f"- {lost_words(told)}",
        f"- Sigma on the test scenes: AUSE {sigma['ause']:.3f}; a random order {sigma['ause_random']:.3f}"
        f" (ratio {sigma['ause'] / sigma['ause_random']:.2f})",
    ]


def columns(rows: Sequence[Row]) -> dict[str, tuple[str, str]]:
    """Columns that people read: key -> (heading, format)."""
    headings = {key: MEASURES.get(key, key.removeprefix("psnr_mu ")) for key in (rows[0] if rows else ())}
    shown = [key for key in headings if key in MEASURES or key.startswith("psnr_mu ")]
    return {key: (headings[key], "{:.4f}" if key.startswith("ssim") else "{:.2f}") for key in shown}


def spoken(method: str) -> str:
    """A method in words: `low_exposure_fill/dis` becomes `low exposure fill, DIS`."""
    merge, _, alignment = method.partition("/")
    words = merge.replace("_", " ")
    return f"{words}, {alignment.upper()}" if alignment not in ("", "none") else words


def percent(share: float) -> str:
    """A share in words."""
    return f"{100 * share:.0f} %"


def rmse(risk: float) -> float:
    """Root of a mean squared error."""
    return float(np.sqrt(risk))


def _score(row: Row, method: str, number: int, role: str) -> Score:
    measures = {measure: float(row[measure]) for measure in MEASURES}
    return Score(str(row["scene"]), str(row["difficulty"]), str(row["group"]), method, number, role, measures)


def _table(rows: Sequence[Row]) -> str:
    names = [spoken(row["method"]) + " *" * row["chosen"] for row in rows]
    shown = {heading: [form.format(row[key]) for row in rows] for key, (heading, form) in columns(rows).items()}
    align = ("left", *["right"] * len(shown))
    return pd.DataFrame({"method": names, **shown}).to_markdown(index=False, disable_numparse=True, colalign=align)


def _bounds(told: Row, sign: str = "") -> str:
    if told["low"] is None:
        return " (one group: no interval)"
    return f" (95 % interval {told['low']:{sign}.2f} to {told['high']:{sign}.2f})"


def _ease(difficulty: str) -> tuple[int, str]:
    known = ("tripod", "handheld", "large-motion")
    return (known.index(difficulty) if difficulty in known else len(known), difficulty)
