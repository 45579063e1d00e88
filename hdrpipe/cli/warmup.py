"""Round 0: train on the labelled scenes alone."""

from hdrpipe.cli import _job
from hdrpipe.config import parse_spec


def command(
    spec: _job.Spec,
    scenes: _job.Scenes,
    truths: _job.Truths,
    out: _job.Out,
    state: _job.State,
    threads: _job.Threads = 1,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.warmup import warmup

    _job.use_threads(threads)
    job = _job.start("warmup", spec, code, log)
    warmup(parse_spec("warmup", spec), _job.paths(scenes), _job.paths(truths), out, state, job)
