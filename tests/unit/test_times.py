"""R40: a clock that is set back or forth spoils no result and no record."""

import os
import time
from types import SimpleNamespace

from hdrpipe.cli import _job
from hdrpipe.stages import job


def test_inputs_from_the_future_get_the_present_time(tmp_path):
    old, future = tmp_path / "old", tmp_path / "future"
    for path, at in ((old, 10**9), (future, time.time() + 10**5)):
        path.write_text("")
        os.utime(path, (at, at))
    os.utime(tmp_path, (time.time() + 10**5,) * 2)
    _job.date_back(["--scenes", str(old), str(future), str(tmp_path), str(tmp_path / "missing"), "x" * 5000])
    assert old.stat().st_mtime == 10**9
    assert future.stat().st_mtime <= time.time()
    assert tmp_path.stat().st_mtime > time.time()


def test_a_job_takes_no_time_that_a_clock_was_set_back_by(tmp_path, monkeypatch):
    clock, found = SimpleNamespace(time=lambda: 0.0, monotonic=time.monotonic), {}
    work = job.Job("masks")
    monkeypatch.setattr(job, "time", clock)
    monkeypatch.setattr(job, "write_sidecar", lambda *_, **about: found.update(about))
    (tmp_path / "a.csv").write_text("a")
    work.record(tmp_path / "a.csv", {})
    assert 0 <= found["seconds"] < 600
