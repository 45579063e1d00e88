"""R32: locked, absent and damaged are three things. All cases, each time."""

import errno
import fcntl
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
from golden_products import path_of
from small_products import KINDS, write

from hdrpipe.errors import BusyError, DamagedError, Exit, InputError, UsageError
from hdrpipe.files import locks
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.provenance import write_sidecar
from hdrpipe.files.weights import load_weights
from hdrpipe.tools import alive
from hdrpipe.tools.status import job_states
from hdrpipe.tools.verify import verify

LOCKLESS = ("ENOLCK", "ENOSYS", "EOPNOTSUPP", "EBADF")
"""What `flock` says on a disk that has no locks, or a network disk of a file that is open for reading."""

BEGUN = "2026-01-01 10:00:00,000 INFO student spec {}\n"
END = "2026-01-01 10:01:02,000 DEBUG finished\n"


@pytest.fixture(params=LOCKLESS)
def lockless(request, monkeypatch):
    def flock(descriptor, kind):
        raise OSError(getattr(errno, request.param), os.strerror(getattr(errno, request.param)))

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.parametrize("locking", [True, False])
@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_product_that_is_open_for_writing_is_read_as_long_as_nothing_is_written(tmp_path, kind, locking, count):
    path = tmp_path / "a.h5"
    digest = write(path, kind)
    with h5py.File(path, "r+", locking=locking), open_product(path, kind) as product:
        assert product.content_hash == digest
    with open_product(path, kind) as product:
        assert product.content_hash == digest
    count("R32")


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_product_that_is_being_written_is_busy_and_damaged_only_when_its_writer_has_ended(tmp_path, kind, count):
    path = tmp_path / "a.h5"
    write(path, kind)
    with h5py.File(path, "r+") as file:
        file["a"].attrs["difficulty"] = "other"
        field = file["a"][next(iter(SCHEMAS[kind].fields))]
        field[...] = 1 - field[...]
        file.flush()
        with pytest.raises(BusyError, match="open for writing"):
            open_product(path, kind)
    with pytest.raises(DamagedError):
        open_product(path, kind)
    count("R32")


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_product_of_version_1_that_is_open_for_writing_is_busy_and_whole_again_later(tmp_path, kind, count):
    path = tmp_path / "a.h5"
    shutil.copy(path_of(kind, 1), path)
    with h5py.File(path, "r+"), pytest.raises(BusyError, match="open for writing") as caught:
        open_product(path, kind)
    assert caught.value.code == Exit.STOPPED
    assert "damaged" not in str(caught.value)
    open_product(path, kind).close()
    count("R32")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_read_while_another_program_holds_its_lock(tmp_path, kind, count):
    path = tmp_path / ("a.safetensors" if kind == "weights" else "a.h5")
    digest = write(path, kind)
    with open(path, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = load_weights(path)[1]["content_hash"] if kind == "weights" else open_product(path, kind).content_hash
    assert found == digest
    count("R32")


def recorded(folder, name, kind):
    """A product with its sidecar."""
    path = folder / name
    digest = write(path, kind)
    about = {"stage": "teacher", "spec": {}, "code": "", "started": 0.0, "seconds": 0.0, "peak_mib": 1, "inputs": {}}
    write_sidecar(path, digest, **about)
    return path


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    path.write_bytes(data)


def loop(path):
    path.unlink()
    path.symlink_to(path)


def folder_in_its_place(path):
    path.unlink()
    path.mkdir()


HARM = {
    "damaged": (damage, True),
    "absent": (os.unlink, True),
    "a loop": (loop, False),
    "a folder": (folder_in_its_place, False),
}


@pytest.mark.parametrize("kind", ["uncertainty", "weights"])
@pytest.mark.parametrize("name", HARM)
def test_verify_names_a_command_for_lost_files_alone(tmp_path, name, kind, count):
    whole = recorded(tmp_path, "whole.h5", "truth")
    path = recorded(tmp_path, "a.safetensors" if kind == "weights" else "a.h5", kind)
    harm, lost = HARM[name]
    harm(path)
    verdict = verify(tmp_path)
    assert [fault for fault, _ in verdict.faults] == [path]
    assert verdict.lost == ((path,) if lost else ())
    assert (verdict.files, verdict.size) == (2, whole.stat().st_size)
    count("R32")


def test_verify_ends_with_the_code_of_what_it_met(tmp_path, count):
    folder = tmp_path / "results" / "demo"
    (folder / "logs").mkdir(parents=True)
    path = recorded(folder, "a.h5", "uncertainty")
    whole = path.read_bytes()
    shutil.copy(path_of("uncertainty", 1), path)
    with h5py.File(path, "r+", locking=False):
        done = command(tmp_path, "verify", "demo")
    assert done.returncode == Exit.STOPPED
    assert "none is known to be lost" in done.stderr
    assert "snakemake" not in done.stderr
    path.write_bytes(whole)
    assert command(tmp_path, "verify", "demo").returncode == 0
    path.unlink()
    done = command(tmp_path, "verify", "demo")
    assert done.returncode == Exit.DAMAGED
    assert f"-R {path.relative_to(tmp_path)}" in done.stderr
    count("R32")


def command(folder, *arguments):
    words = [sys.executable, "-m", "hdrpipe", *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.usefixtures("lockless")
def test_products_are_read_and_locks_taken_on_a_disk_without_locks(tmp_path, caplog, count):
    write(tmp_path / "a.h5", "truth")
    open_product(tmp_path / "a.h5", "truth").close()
    with caplog.at_level(logging.WARNING, "hdrpipe"), locks.acquire(tmp_path / "lock", "run demo") as lock:
        assert locks.is_held(lock.path) is None
        assert locks.holder(lock.path)["doing"] == "run demo"
    assert "has no locks" in caplog.text
    count("R32")


@pytest.mark.usefixtures("lockless")
def test_status_is_right_on_a_disk_without_locks(tmp_path, count):
    (tmp_path / "logs").mkdir()
    for number in range(17):
        (tmp_path / "logs" / f"done-{number}.log").write_text(BEGUN + END)
    (tmp_path / "logs" / "half.log").write_text(BEGUN)
    states = {job.name: job.state for job in job_states(tmp_path)}
    assert states.pop("half") == "unknown"
    assert set(states.values()) == {"done"}
    count("R32")


@pytest.mark.usefixtures("lockless")
def test_nobody_unlocks_a_run_that_may_be_alive(tmp_path, monkeypatch, count):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".snakemake" / "locks").mkdir(parents=True)
    (tmp_path / ".snakemake" / "locks" / "0.input.lock").write_text("")
    alive.FOLDER_LOCK.write_text("")
    alive.LAST_COMMAND.write_text(json.dumps(["--cores", "1"]))
    assert alive.notice("demo", Path("results")) == ""
    with pytest.raises(UsageError, match="snakemake --unlock"):
        alive.resume_arguments()
    count("R32")


def test_a_finished_job_is_done_though_its_log_is_held(tmp_path, count):
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "a.log"
    log.write_text(BEGUN + END)
    with open(log) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert [job.state for job in job_states(tmp_path)] == ["done"]
    count("R32")


@pytest.mark.parametrize("kind", KINDS)
def test_absent_and_damaged_have_words_of_their_own(tmp_path, kind, count):
    path = tmp_path / ("a.safetensors" if kind == "weights" else "a.h5")
    load = load_weights if kind == "weights" else lambda path: open_product(path, kind)
    with pytest.raises(InputError, match="no such file"):
        load(path)
    write(path, kind)
    damage(path)
    with pytest.raises(DamagedError):
        load(path)
    count("R32")
