"""Stage: score the student of a round on one split, for a study."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job


def command(
    student: Annotated[str, typer.Option(help="The student (.safetensors), or those of rounds 1, 2, ... in order.")],
    scenes: _job.Scenes,
    truths: _job.Truths,
    out: _job.Out,
    chosen: Annotated[Path | None, typer.Option(help="`chosen.json`, which names the round to score.")] = None,
    threads: _job.Threads = 1,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.score import chosen_of, score

    _job.use_threads(threads)
    job = _job.start("score", "{}", code, log)
    score(chosen_of(_job.paths(student), chosen), _job.paths(scenes), _job.paths(truths), out, job)
