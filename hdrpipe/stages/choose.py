"""choose: the round that reports and people use."""

from collections.abc import Sequence
from pathlib import Path

from hdrpipe.config import Config
from hdrpipe.files.atomic import write_json
from hdrpipe.files.recorded import read_json
from hdrpipe.stages.job import Job


def choose(spec: Config, statistics: Sequence[Path], out: Path, job: Job) -> None:
    """Choose the last round, and put the kept risk of all rounds beside the choice.

    No truth decides here but that of the labelled scenes, and the last step needs none at all.

    Args:
        spec: `rounds` of the config.
        statistics: `masks.json` of rounds 1, 2, ... in that order; none where students learn from labels alone.
        out: JSON of the choice.
        job: provenance and progress.
    """
    risks = [read_json(path, "masks")["labelled"] for path in statistics]
    rows = [{"round": number, **risk} for number, risk in enumerate(risks, 1)]
    write_json(out, {"round": spec.rounds, "rule": "last", "labelled": rows})
    job.record(out, {})
