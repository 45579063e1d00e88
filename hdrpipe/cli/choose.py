"""Stage: choose the round whose student the report shows and `fuse` uses."""

from typing import Annotated

import typer

from hdrpipe.cli import _job
from hdrpipe.config.load import parse_spec


def command(
    spec: _job.Spec,
    statistics: Annotated[str, typer.Option(help="`masks.json` of rounds 1, 2, ... in order.")],
    out: _job.Out,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.choose import choose

    choose(parse_spec("choose", spec), _job.paths(statistics), out, _job.start("choose", spec, code, log))
