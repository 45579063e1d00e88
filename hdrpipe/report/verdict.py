"""How a run moved from round to round, and what that says in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hdrpipe.evaluation.bootstrap import interval
from hdrpipe.report.tables import Row, Run, mean, network_name, percent, rmse

GOOD, FAIR = 0.5, 0.9
"""AUSE as a share of a random order's: below GOOD sigma finds the errors, above FAIR it hardly does."""

IDLE, GREEDY = 0.98, 0.2
"""Keep-rates beyond which masks do next to nothing, or leave next to nothing."""

STILL = 0.01
"""Relative change of the kept RMSE that is none: so little is within what another seed would change."""

OFF = 0.1
"""By how much the coverage of an 80 % interval may miss before a verdict says so."""


@dataclass(frozen=True)
class Sentence:
    """One sentence of the verdict; `tone` is good, bad or plain."""

    tone: str
    text: str


def round_rows(run: Run) -> list[Row]:
    """A row a round: the student's PSNR-mu, its change with its interval, sigma, masks, kept risk; None where none.

    No rows without a test scene of known truth.
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
        for key, told in (("kept_labelled", statistics.get("labelled")), ("kept_unlabelled", metrics.get("labels"))):
            row[key] = rmse(told["kept_risk"]) if told else None
        rows.append(row)
    return rows


def paired(run: Run, before: int, after: int) -> Row:
    """Mean difference (dB) of two rounds' students scene by scene, and its interval over groups."""
    pairs = list(zip(*(run.of(network_name(number, "student")) for number in (before, after)), strict=True))
    values = [b.psnr_mu - a.psnr_mu for a, b in pairs]
    low, high = interval(values, [a.group for a, _ in pairs]) or (None, None)
    return {"psnr_mu": float(np.mean(values)), "low": low, "high": high}


def verdict(run: Run, told: Row) -> list[Sentence]:
    """What a person should take away, from the most important on.

    Whether to go on with rounds is judged on labelled scenes alone; test scenes only tell what came of it.
    """
    scored = [_gain(run), _sigma(told), _size(told)] if run.scored else []
    first = [_against_classical(told)] if run.scored else []
    found = [*first, _rounds(run), *scored, *_masks(told)]
    return [sentence for sentence in found if sentence]


def _against_classical(told: Row) -> Sentence:
    difference, name = told["difference"], "the best classical merge"
    if difference["low"] is None:
        text = f"{difference['psnr_mu']:+.2f} dB to {name}, which proves nothing"
        return Sentence("plain", f"All test scenes are of one group: {text}.")
    if difference["low"] > 0:
        return Sentence("good", f"The student is better than {name}, by {difference['psnr_mu']:.2f} dB.")
    if difference["high"] < 0:
        return Sentence("bad", f"The student is worse than {name}, by {-difference['psnr_mu']:.2f} dB: train longer.")
    return Sentence("plain", f"The student and {name} cannot be told apart on these test scenes.")


def _rounds(run: Run) -> Sentence | None:
    """Why a round was chosen; else the first that raised the kept risk, or whether the last one still lowered it."""
    if run.why:
        tone = "good" if run.chosen == len(run.statistics) else "bad"
        return Sentence(tone, f"Round {run.chosen} of {len(run.statistics)} is chosen: {run.why}.")
    seen = "held-out labelled scenes" if any("crossfit" in row for row in run.statistics) else "labelled scenes"
    risks = [rmse(row["labelled"]["kept_risk"]) for row in run.statistics if row.get("labelled")]
    for number, (before, after) in enumerate(pairwise(risks), 2):
        if after > (1 + STILL) * before:
            text = f"Round {number} raised the kept risk on {seen} ({_moved(before, after)})"
            return Sentence("bad", f"{text}: stop at round {number - 1}.")
    if len(risks) < 2:
        return None
    if risks[-1] > (1 - STILL) * risks[-2]:
        text = f"Round {len(risks)} hardly moved the kept risk on {seen} ({_moved(risks[-2], risks[-1])})"
        return Sentence("plain", f"{text}: expect little of a further round.")
    text = f"The kept risk on {seen} still fell in round {len(risks)} ({_moved(risks[-2], risks[-1])})"
    return Sentence("good", f"{text}: a further round may help.")


def _moved(before: float, after: float) -> str:
    """Two RMSE and by how much the second differs; a kept risk of nothing has no ratio."""
    change = f", {100 * (after / before - 1):+.1f} %" if before else ""
    return f"RMSE {before:.5f} to {after:.5f}{change}"


def _gain(run: Run) -> Sentence | None:
    """What the rounds brought over the warm-up: pseudo labels and longer training, which one run cannot tell apart."""
    if not run.chosen:
        return None
    gain = paired(run, 0, run.chosen)
    text = f"{gain['psnr_mu']:+.2f} dB on the test scenes over the warm-up"
    longer = "They trained longer, too: a study tells what pseudo labels are worth"
    if gain["low"] is None:
        return Sentence("plain", f"Rounds: {text}; with one group of scenes nobody can say how sure that is.")
    if gain["low"] > 0:
        return Sentence("good", f"The rounds helped: {text}. {longer}.")
    if gain["high"] < 0:
        return Sentence("bad", f"The rounds did harm: {text}.")
    return Sentence("plain", f"Rounds: {text}, which may be chance.")


def _sigma(told: Row) -> Sentence | None:
    sigma = told["sigma_test"]
    if not sigma["ause_random"]:
        return None
    share = sigma["ause"] / sigma["ause_random"]
    if share < GOOD:
        return Sentence("good", f"Sigma finds the errors: {percent(1 - share)} of the way from chance to perfect.")
    if share < FAIR:
        text = f"Sigma finds some of the errors: {percent(1 - share)} of the way from chance to perfect."
        return Sentence("plain", text)
    return Sentence("bad", "Sigma hardly ranks the errors better than chance: masks made of it are near random.")


def _size(told: Row) -> Sentence | None:
    held = told["sigma_test"].get("coverage_80")
    if held is None or abs(held - 0.8) <= OFF:
        return None
    word = "small" if held < 0.8 else "large"
    text = f"Sigma is too {word}: intervals meant to hold 80 % of the errors hold {percent(held)}."
    return Sentence("plain", f"{text} That changes no mask by rank, but every absolute threshold.")


def _masks(told: Row) -> Sequence[Sentence]:
    kept, labels = told["masks"]["keep_rate"], told["labels"]
    if kept > IDLE:
        return [Sentence("bad", f"The masks keep {percent(kept)} of the pixels: they do next to nothing.")]
    found = []
    if kept < GREEDY:
        found.append(Sentence("bad", f"The masks keep {percent(kept)} of the pixels: the student learns from little."))
    if labels and labels["kept_risk"] >= labels["dropped_risk"]:
        found.append(Sentence("bad", "What the masks keep is no better than what they drop."))
    return found
