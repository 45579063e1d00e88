"""Stage: render or read a shard of the scenes of all splits, draw the labels, align, write products and manifest."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job
from hdrpipe.config.load import parse_spec


def command(
    spec: _job.Spec,
    sources: Annotated[Path, typer.Option(help="`sources.json` from the stage fetch.")],
    out: _job.Out,
    shard: Annotated[int, typer.Option(min=0, help="Index of the shard, from 0, of `data.shards`.")] = 0,
    cache: _job.Cache = _job.CACHE,
    labelled_side: Annotated[int, typer.Option(help="Least side in pixels of a labelled scene.")] = 0,
    unlabelled_side: Annotated[
        int, typer.Option(help="Least side in pixels of an unlabelled scene; 0: no unlabelled scene is needed.")
    ] = 0,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.prepare import prepare

    job = _job.start("prepare", spec, code, log)
    sides = {"labelled": labelled_side, "unlabelled": unlabelled_side}
    prepare(parse_spec("prepare", spec), cache.expanduser(), sources, out, job, sides, shard)
