"""Stage `choose`: the round whose student the report shows and `fuse` uses."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from hdrpipe.config.load import Config
from hdrpipe.files.atomic import write_json
from hdrpipe.files.recorded import read_json
from hdrpipe.stages.job import Job

HELD_OUT, UNLABELLED = "held-out labelled scenes", "unlabelled scenes, as measured without truth"


def choose(spec: Config, statistics: Sequence[Path], out: Path, job: Job) -> None:
    """Choose a round by `choose.rule` and record the choice, the reason, and the selective risk of every round.

    The rule `selective-risk` reads the truth of labelled scenes, as predicted while held out; `last` and
    `measured-risk`, which takes the risk that is measured on unlabelled scenes, read none.

    Args:
        spec: `rounds`, `choose` of the config.
        statistics: `masks.json` of rounds 1, 2, ... in that order; empty where students learn from labels alone.
        out: JSON of the choice: `round`, `rule`, `why`, and one row for each round in `labelled` and, of teachers that
            measured their risk, in `measured`.
        job: provenance and progress.
    """
    rounds = [read_json(path, "masks") for path in statistics]
    risks, measured = [row["labelled"] for row in rounds], [row.get("measured", {}) for row in rounds]
    chosen, why = spec.rounds, "the last round, as `choose.rule` asks"
    if spec.choose.rule == "selective-risk":
        chosen, why = before_rise(_kept(risks), HELD_OUT)
    elif spec.choose.rule == "measured-risk":
        chosen, why = before_rise(_kept(measured), UNLABELLED)
    choice = {"round": chosen, "rule": spec.choose.rule, "why": why, "labelled": _rows(risks)}
    if any(measured):
        choice["measured"] = _rows(measured)
    write_json(out, choice)
    job.record(out, {})


def _kept(risks: Sequence[dict[str, float]]) -> list[float | None]:
    return [risk["kept_risk"] if risk.get("keep_rate", 0.0) > 0 else None for risk in risks]


def _rows(risks: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    return [{"round": number, **risk} for number, risk in enumerate(risks, 1)]


def before_rise(risks: Sequence[float | None], scenes: str) -> tuple[int, str]:
    """The last round, counted from 1, before the selective risk first rises; and the reason in words.

    The selective risk of round r is the error of the pixels that its student learns from, so a rise speaks against
    that student.

    Args:
        risks: for rounds 1, ..., mean squared error (mu-law domain) of the pixels that the masks keep on these scenes;
            None where they keep no pixel there, and such a round is passed over.
        scenes: `HELD_OUT` or `UNLABELLED`.
    """
    measured = [(number, risk) for number, risk in enumerate(risks, 1) if risk is not None]
    for (_, before), (number, after) in pairwise(measured):
        if after > before:
            rmse = f"RMSE {max(before, 0.0) ** 0.5:.4f} to {max(after, 0.0) ** 0.5:.4f}"
            return number - 1, f"round {number} raised the selective risk on {scenes} ({rmse})"
    if len(measured) < len(risks):
        return len(risks), f"the masks of some rounds keep no pixel of {scenes}, so these rounds cannot be compared"
    return len(risks), f"no round raised the selective risk on {scenes}"
