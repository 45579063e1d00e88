"""Verdict of a run in sentences, and its figures round by round."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hdrpipe.report.gap import MATCHED, RUN, row_of
from hdrpipe.report.study_text import bounded
from hdrpipe.report.tables import Row, Run, difference, mean, network_name, percent, rmse

GOOD, FAIR = 0.5, 0.9
"""AUSE relative to a random order: below GOOD sigma ranks the errors well, above FAIR hardly better than chance."""

IDLE, GREEDY = 0.98, 0.2
"""Coverage of the masks above which they have almost no effect, and below which they leave almost nothing."""

STILL = 0.01
"""Relative change of the selective RMSE below which a round counts as unchanged: another seed changes it as much."""

RISEN, POOR = 1.5, 0.1
"""A training did harm whose reconstruction error (L^r) ends above RISEN times its first value and above POOR."""

OFF = 0.1
"""Deviation of an 80 % interval's coverage from 0.8 above which the verdict reports it."""


@dataclass(frozen=True)
class Sentence:
    """One sentence of the verdict; `tone` is good, bad or plain."""

    tone: str
    text: str


def round_rows(run: Run) -> list[Row]:
    """One row for each round: the student's PSNR-mu, its change with interval, sigma, mask coverage, selective RMSE.

    A value that does not exist is None. There are no rows where no test scene has truth.
    """
    rows: list[Row] = []
    for number, metrics in enumerate(run.metrics if run.scored else ()):
        statistics = run.statistics[number - 1] if number else {}
        sigma = metrics["sigma_test"]
        row: Row = {
            "round": number,
            "psnr_mu": mean(run.of(network_name(number, "student"))),
            "change": paired(run, number - 1, number) if number else None,
            "sigma": sigma["ause"] / sigma["ause_random"] if sigma["ause_random"] else None,
            "keep_rate": statistics.get("unlabelled", {}).get("keep_rate"),
        }
        for key, risks in (("kept_labelled", statistics.get("labelled")), ("kept_unlabelled", metrics.get("labels"))):
            row[key] = rmse(risks["kept_risk"]) if risks else None
        rows.append(row)
    return rows


def paired(run: Run, before: int, after: int) -> Row:
    """`difference` of two rounds' students, `after` minus `before`."""
    earlier, later = (run.of(network_name(number, "student")) for number in (before, after))
    return difference(later, earlier)


def verdict(run: Run, result: Row, gap: Row | None = None) -> list[Sentence]:
    """Sentences of the verdict, the most important first.

    Args:
        run: contents of its small files.
        result: its headline.
        gap: what its arms of `compare` showed, where it has any.

    After a training that did harm there is no other sentence.

    The advice on further rounds rests on labelled scenes alone; test scenes only measure the outcome.
    """
    harm = _harm(run)
    if harm:
        return [harm]
    scored = [None if gap else _gain(run), _sigma(result), _size(result)] if run.scored else []
    first = [*(_gap(gap) if gap else ()), _against_classical(result)] if run.scored else []
    return [sentence for sentence in (*first, _rounds(run), *scored, *_masks(result)) if sentence]


def _harm(run: Run) -> Sentence | None:
    """A training up to the chosen round whose error rose, high as it was: whatever else there is to say is no merit."""
    for number, history in enumerate(run.histories[: run.chosen + 1]):
        errors = history["labelled_reconstruction"]
        first, last = float(errors[0]), float(np.mean(errors[-max(1, len(errors) // 5) :]))
        if last > max(RISEN * first, POOR):
            name = f"training of round {number}" if number else "warm-up"
            text = f"The {name} did harm: its reconstruction error rose from {first:.2g} to {last:.2g}"
            return Sentence("bad", f"{text}. Lower its learning rate; these figures say nothing about the method.")
    return None


def _against_classical(result: Row) -> Sentence:
    difference, name = result["difference"], "the best classical merge"
    if difference["low"] is None:
        text = f"{difference['psnr_mu']:+.2f} dB against {name}, without a confidence interval"
        return Sentence("plain", f"All test scenes are of one group: {text}.")
    if difference["low"] > 0:
        return Sentence("good", f"The student is better than {name}, by {difference['psnr_mu']:.2f} dB.")
    if difference["high"] < 0:
        return Sentence("bad", f"The student is worse than {name}, by {-difference['psnr_mu']:.2f} dB: train longer.")
    return Sentence("plain", f"The student and {name} do not differ significantly on these test scenes.")


def _rounds(run: Run) -> Sentence | None:
    """Reason for the chosen round, where a rule chose it; else advice from the selective risk on labelled scenes.

    None where fewer than two rounds have a selective risk.
    """
    if run.why:
        tone = "good" if run.chosen == len(run.statistics) else "bad"
        return Sentence(tone, f"Round {run.chosen} of {len(run.statistics)} is chosen: {run.why}.")
    scenes = "held-out labelled scenes" if any("crossfit" in row for row in run.statistics) else "labelled scenes"
    risks = [rmse(row["labelled"]["kept_risk"]) for row in run.statistics if row.get("labelled")]
    for number, (before, after) in enumerate(pairwise(risks), 2):
        if after > (1 + STILL) * before:
            text = f"Round {number} raised the selective risk on {scenes} ({_change(before, after)})"
            return Sentence("bad", f"{text}: stop at round {number - 1}.")
    if len(risks) < 2:
        return None
    if risks[-1] > (1 - STILL) * risks[-2]:
        text = f"Round {len(risks)} hardly changed the selective risk on {scenes} ({_change(risks[-2], risks[-1])})"
        return Sentence("plain", f"{text}: a further round is unlikely to help.")
    text = f"The selective risk on {scenes} still fell in round {len(risks)} ({_change(risks[-2], risks[-1])})"
    return Sentence("good", f"{text}: a further round may help.")


def _change(before: float, after: float) -> str:
    """Two RMSE values and their relative change, which is left out where the first is 0."""
    change = f", {100 * (after / before - 1):+.1f} %" if before else ""
    return f"RMSE {before:.5f} to {after:.5f}{change}"


def _gap(gap: Row) -> list[Sentence]:
    """Gain of the run over its labels alone, and of its pseudo labels over matched labels, where these were trained."""
    row, sentences = row_of(gap, RUN), []
    if row["gain"]:
        text = f"{bounded(row['gain'])} dB on the test scenes over a training on the labels alone"
        if gap["closure"]:
            text += f", {bounded(gap['closure'], '')} of the gap to all labels"
        sentences.append(_judged(row["gain"], "The unlabelled bursts", text))
    if row_of(gap, MATCHED):
        text = f"{bounded(row['step'])} dB over the matched labels alone"
        sentences.append(_judged(row["step"], "Pseudo labels and masks", text))
    return sentences


def _judged(estimate: Row, what: str, text: str, doubt: str = "") -> Sentence:
    """A sentence on a gain, by the side of 0 that its interval lies on; `doubt` qualifies one that helped."""
    plain = what.removeprefix("The ").capitalize()
    if estimate["low"] is None:
        return Sentence("plain", f"{plain}: {text}; one group of scenes allows no confidence interval.")
    if estimate["low"] > 0:
        return Sentence("good", f"{what} helped: {text}{doubt}.")
    if estimate["high"] < 0:
        return Sentence("bad", f"{what} did harm: {text}.")
    return Sentence("plain", f"{plain}: {text}, which may be chance.")


def _gain(run: Run) -> Sentence | None:
    """Gain of the rounds over the warm-up: the joint effect of pseudo labels and longer training; None for round 0."""
    if not run.chosen:
        return None
    gain = paired(run, 0, run.chosen)
    text = f"{gain['psnr_mu']:+.2f} dB on the test scenes over the warm-up"
    longer = ". They also trained longer: a study separates the effect of the pseudo labels"
    return _judged(gain, "The rounds", text, longer)


def _sigma(result: Row) -> Sentence | None:
    sigma = result["sigma_test"]
    if not sigma["ause_random"]:
        return None
    ratio = sigma["ause"] / sigma["ause_random"]
    if ratio < GOOD:
        return Sentence("good", f"Sigma finds the errors: its AUSE is {percent(ratio)} of that of a random order.")
    if ratio < FAIR:
        text = f"Sigma finds some of the errors: its AUSE is {percent(ratio)} of that of a random order."
        return Sentence("plain", text)
    return Sentence("bad", "Sigma hardly ranks the errors better than chance: masks made from it are nearly random.")


def _size(result: Row) -> Sentence | None:
    covered = result["sigma_test"].get("coverage_80")
    if covered is None or abs(covered - 0.8) <= OFF:
        return None
    word = "small" if covered < 0.8 else "large"
    text = f"Sigma is too {word}: its 80 % intervals contain {percent(covered)} of the errors."
    if calibrated := result.get("sigma_calibrated"):
        factor = result["measured_test"]["temperature"]
        text += f" Times {factor:.2f}, as measured without truth, they contain {percent(calibrated['coverage_80'])}."
    return Sentence("plain", f"{text} Masks by rank of sigma are unaffected, absolute thresholds are not.")


def _masks(result: Row) -> Sequence[Sentence]:
    kept, labels = result["masks"]["keep_rate"], result["labels"]
    if kept > IDLE:
        return [Sentence("bad", f"The masks keep {percent(kept)} of the pixels: they have almost no effect.")]
    warnings = []
    if kept < GREEDY:
        text = f"The masks keep {percent(kept)} of the pixels: the student has little to learn from."
        warnings.append(Sentence("bad", text))
    if labels and labels["kept_risk"] >= labels["dropped_risk"]:
        warnings.append(Sentence("bad", "The pixels that the masks keep have no lower error than those they drop."))
    return warnings
