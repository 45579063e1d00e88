"""Stage: download the pinned archives of the dataset into the cache and check their hashes."""

from typing import Annotated

import typer

from hdrpipe.cli import _job
from hdrpipe.config.load import parse_spec

Mirrors = Annotated[
    str,
    typer.Option(
        envvar="HDRPIPE_MIRRORS",
        help="Folders or addresses, separated by spaces, that hold the archives where the registry fails.",
    ),
]


def command(
    spec: _job.Spec,
    out: _job.Out,
    cache: _job.Cache = _job.CACHE,
    mirrors: Mirrors = "",
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.fetch import fetch

    job = _job.start("fetch", spec, code, log)
    fetch(parse_spec("fetch", spec), cache.expanduser(), out, job, mirrors.split())
