"""choose: the round that reports and people use."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from hdrpipe.config.load import Config
from hdrpipe.files.atomic import write_json
from hdrpipe.files.recorded import read_json
from hdrpipe.stages.job import Job


def choose(spec: Config, statistics: Sequence[Path], out: Path, job: Job) -> None:
    """Choose a round by `choose.rule`, and put the kept risk of all rounds and the reason beside the choice.

    No truth decides here but that of the labelled scenes: as held-out ones see it for `kept-risk`, none for `last`.

    Args:
        spec: `rounds`, `choose` of the config.
        statistics: `masks.json` of rounds 1, 2, ... in that order; none where students learn from labels alone.
        out: JSON of the choice: `round`, `rule`, `why`, and `labelled`, a row a round.
        job: provenance and progress.
    """
    risks = [read_json(path, "masks")["labelled"] for path in statistics]
    rows = [{"round": number, **risk} for number, risk in enumerate(risks, 1)]
    chosen, why = spec.rounds, "the last round, as `choose.rule` asks"
    if spec.choose.rule == "kept-risk":
        chosen, why = before_rise([risk["kept_risk"] if risk["keep_rate"] > 0 else None for risk in risks])
    write_json(out, {"round": chosen, "rule": spec.choose.rule, "why": why, "labelled": rows})
    job.record(out, {})


def before_rise(risks: Sequence[float | None]) -> tuple[int, str]:
    """The last round before the kept risk first rises, counted from 1, and why it is this one.

    The kept risk of round r is the error of what its student learns from, so a rise speaks against that student.

    Args:
        risks: mean squared error (mu-law domain) of what the masks keep, on held-out labelled scenes, of rounds 1, ...;
            None where they keep nothing there: such a round is judged by none and passed over.
    """
    known = [(number, risk) for number, risk in enumerate(risks, 1) if risk is not None]
    for (_, before), (number, after) in pairwise(known):
        if after > before:
            rmse = f"RMSE {before**0.5:.4f} to {after**0.5:.4f}"
            return number - 1, f"round {number} raised the kept risk on held-out labelled scenes ({rmse})"
    if len(known) < len(risks):
        return len(risks), "masks that keep nothing of the held-out labelled scenes have no kept risk to go back by"
    return len(risks), "no round raised the kept risk on held-out labelled scenes"
