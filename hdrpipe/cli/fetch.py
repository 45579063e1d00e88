"""Stage: download the pinned archives of the dataset into the cache and check their hashes."""

from hdrpipe.cli import _job
from hdrpipe.config.load import parse_spec


def command(
    spec: _job.Spec, out: _job.Out, cache: _job.Cache = _job.CACHE, code: _job.Code = "", log: _job.Log = None
) -> None:
    from hdrpipe.stages.fetch import fetch

    fetch(parse_spec("fetch", spec), cache.expanduser(), out, _job.start("fetch", spec, code, log))
