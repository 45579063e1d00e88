"""Score the student of a round on one split: what a study compares."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job


def command(
    student: Annotated[Path, typer.Option(help="The student (.safetensors).")],
    scenes: _job.Scenes,
    truths: _job.Truths,
    out: _job.Out,
    threads: _job.Threads = 1,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.score import score

    _job.use_threads(threads)
    score(student, _job.paths(scenes), _job.paths(truths), out, _job.start("score", "{}", code, log))
