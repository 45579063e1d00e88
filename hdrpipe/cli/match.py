"""Stage: give the labelled bursts the noise of the unlabelled ones."""

from typing import Annotated

import typer

from hdrpipe.cli import _job
from hdrpipe.config.load import parse_spec


def command(
    spec: _job.Spec,
    scenes: _job.Scenes,
    unlabelled: Annotated[str, typer.Option(help="Scene products of the unlabelled scenes.")],
    out: _job.Out,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.match import match

    files = _job.paths(scenes), _job.paths(unlabelled)
    match(parse_spec("match", spec), *files, out, _job.start("match", spec, code, log))
