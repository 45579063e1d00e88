"""Stage: score the classical merges on the test scenes."""

from hdrpipe.cli import _job


def command(
    scenes: _job.Scenes, truths: _job.Truths, out: _job.Out, code: _job.Code = "", log: _job.Log = None
) -> None:
    from hdrpipe.stages.baselines import baselines

    baselines(_job.paths(scenes), _job.paths(truths), out, _job.start("baselines", "{}", code, log))
