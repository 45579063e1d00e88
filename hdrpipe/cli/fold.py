"""Stage: hold out one fold of the labelled scenes, for cross-fitting."""

from typing import Annotated

import typer

from hdrpipe.cli import _job


def command(
    scenes: _job.Scenes,
    truths: _job.Truths,
    fold: Annotated[int, typer.Option(min=0, help="Index of the fold that is held out, from 0.")],
    folds: Annotated[int, typer.Option(min=2, help="Number of folds.")],
    out: _job.Out,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.fold import fold as hold_out

    job = _job.start("fold", "{}", code, log)
    hold_out(_job.paths(scenes), _job.paths(truths), (fold, folds), out, job)
