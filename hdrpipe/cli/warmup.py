"""Stage: round 0, train on the labelled scenes only."""

from hdrpipe.cli import _job, _launch
from hdrpipe.config.load import parse_spec


def command(
    spec: _job.Spec,
    scenes: _job.Scenes,
    truths: _job.Truths,
    out: _job.Out,
    state: _job.State,
    held_out: _job.HeldOut = "",
    threads: _job.Threads = 1,
    devices: _launch.Devices = 1,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    if _launch.launched(devices, log):
        return
    from hdrpipe.stages.warmup import warmup

    _job.use_threads(threads, devices)
    job = _job.start("warmup", spec, code, log)
    files = _job.paths(scenes), _job.paths(truths)
    warmup(parse_spec("warmup", spec), *files, out, state, job, _job.paths(held_out))
