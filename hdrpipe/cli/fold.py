"""Stage: hold out one fold of the labelled scenes, for cross-fitting."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job


def command(
    scenes: Annotated[Path, typer.Option(help="`labelled-KK.h5`.")],
    truths: Annotated[Path, typer.Option(help="`labelled-truth-KK.h5`.")],
    manifests: Annotated[str, typer.Option(help="`manifest-KK.json` of all shards.")],
    fold: Annotated[int, typer.Option(min=0, help="Index of the fold that is held out, from 0.")],
    folds: Annotated[int, typer.Option(min=2, help="Number of folds.")],
    out: _job.Out,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.files.manifests import read_manifests
    from hdrpipe.stages.fold import fold as hold_out

    job = _job.start("fold", "{}", code, log)
    names = read_manifests(_job.paths(manifests))["splits"]["labelled"]
    hold_out(scenes, truths, names, (fold, folds), out, job)
