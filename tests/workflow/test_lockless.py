"""A run on a disk without file locks, such as some network disks are."""

import os
import shutil

import pytest

NO_LOCKS = """
import errno, fcntl, os

def flock(descriptor, kind):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

fcntl.flock = flock
"""


@pytest.fixture
def lockless(finished, tmp_path):
    """The finished run, on such a disk as far as Python programs see."""
    copy = type(finished)(shutil.copytree(finished.path, tmp_path / "copy"))
    (copy.path / "sitecustomize.py").write_text(NO_LOCKS)
    environment = copy.environment()
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(copy.path)
    return copy


def test_a_run_goes_on_and_status_and_verify_are_right(lockless):
    report = lockless.path / "results" / "tiny" / "report.html"
    report.unlink()
    done = lockless.call(*lockless.command())  # forks would not read sitecustomize.py
    assert report.exists()
    assert "this disk has no locks" in done.stderr
    status, verify = (lockless.call("hdrpipe", command, "tiny") for command in ("status", "verify"))
    assert status.stdout.startswith("results/tiny: 17 done")
    assert verify.stdout.endswith("all intact\n"), verify.stderr
    resumed = lockless.call("hdrpipe", "resume")
    assert (resumed.returncode, resumed.stderr.count("\n")) == (2, 1)
