"""Stage: predict the pseudo label and the uncertainty map of scenes."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job
from hdrpipe.config.load import parse_spec


def command(
    scenes: _job.Scenes,
    round_: _job.Round,
    out: _job.Out,
    state: _job.State,
    weights: Annotated[
        Path | None, typer.Option(help="The teacher (.safetensors), where it is an average of the run's students.")
    ] = None,
    shard: Annotated[int, typer.Option(min=0, help="Index of the shard of the scenes, from 0.")] = 0,
    shards: Annotated[int, typer.Option(min=1, help="Number of shards.")] = 1,
    threads: _job.Threads = 1,
    spec: _job.Spec = "{}",
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.teacher import teacher

    _job.use_threads(threads)
    job = _job.start("teacher", spec, code, log, f"teacher of round {round_}")
    teacher(parse_spec("teacher", spec), weights, _job.paths(scenes), (shard, shards), round_, out, state, job)
