"""Stage: render or read the scenes of all splits, draw the labels, align, write products and manifest."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job
from hdrpipe.config.load import parse_spec


def command(
    spec: _job.Spec,
    sources: Annotated[Path, typer.Option(help="`sources.json` from the stage fetch.")],
    out: _job.Out,
    cache: _job.Cache = _job.CACHE,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.prepare import prepare

    prepare(parse_spec("prepare", spec), cache.expanduser(), sources, out, _job.start("prepare", spec, code, log))
