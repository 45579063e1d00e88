import errno
import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from hdrpipe.errors import CapacityError, Exit, InputError
from hdrpipe.files import atomic


def test_parents_are_made_and_nothing_else_is_left(tmp_path):
    atomic.write_bytes(tmp_path / "a" / "b" / "file", b"content")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"content"
    assert os.listdir(tmp_path / "a" / "b") == ["file"]


def test_an_old_file_is_replaced_by_a_new_one(tmp_path):
    path = tmp_path / "file"
    atomic.write_bytes(path, b"a longer old content")
    with open(path, "rb") as reader:
        atomic.write_bytes(path, memoryview(b"new"))
        assert reader.read() == b"a longer old content"
    assert path.read_bytes() == b"new"


def test_short_writes_of_the_system_are_continued(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    atomic.write_bytes(tmp_path / "file", bytes(range(256)))
    assert (tmp_path / "file").read_bytes() == bytes(range(256))


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, CapacityError),
        (errno.EDQUOT, CapacityError),
        (errno.EFBIG, CapacityError),
        (errno.EIO, InputError),
        (errno.EROFS, InputError),
    ],
    ids=errno.errorcode.get,
)
@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_no_temporary(tmp_path, monkeypatch, number, error, call):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fails(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fails)
    with pytest.raises(error, match=str(path)) as caught:
        atomic.write_bytes(path, b"new")
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_full_disk_has_the_exit_code_of_what_may_be_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(CapacityError) as caught:
        atomic.write_text(tmp_path / "file", "text")
    assert caught.value.code == Exit.CAPACITY


def test_an_interrupt_rises_and_leaves_no_temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        atomic.write_bytes(tmp_path / "file", b"new")
    assert os.listdir(tmp_path) == []


def test_what_a_killed_writer_left_is_removed_by_the_next_writer(tmp_path):
    killed = (
        "import os, signal, sys; from hdrpipe.files import atomic\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "atomic.write_bytes(sys.argv[1], b'never')\n"
    )
    done = subprocess.run([sys.executable, "-c", killed, str(tmp_path / "file")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 1
    atomic.write_bytes(tmp_path / "other", b"of another name")
    assert len(os.listdir(tmp_path)) == 2
    atomic.write_bytes(tmp_path / "file", b"whole")
    assert sorted(os.listdir(tmp_path)) == ["file", "other"]


def test_the_temporary_of_a_living_writer_is_left_alone(tmp_path, monkeypatch):
    path, fsync = tmp_path / "file", os.fsync

    def second_writer_comes(descriptor):
        monkeypatch.setattr(os, "fsync", fsync)
        atomic.write_bytes(path, b"second")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", second_writer_comes)
    atomic.write_bytes(path, b"first")
    assert path.read_bytes() == b"first"


def test_the_longest_name_and_odd_names_are_written(tmp_path):
    for name in ("n" * 255, "white space", "ünïcode", "new\nline"):
        atomic.write_text(tmp_path / name, name)
        assert (tmp_path / name).read_text() == name


def test_permissions_follow_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        atomic.write_bytes(tmp_path / "file", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


@pytest.mark.parametrize("place", ["file/below", "folder"])
def test_a_place_that_cannot_be_written_is_an_input_error(tmp_path, place):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        atomic.write_bytes(tmp_path / place, b"new")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_json_is_the_same_text_for_the_same_value(tmp_path):
    atomic.write_json(tmp_path / "a", {"b": [1, 2.5], "a": "ü"})
    atomic.write_json(tmp_path / "b", {"a": "ü", "b": [1, 2.5]})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert json.loads((tmp_path / "a").read_text("utf-8")) == {"a": "ü", "b": [1, 2.5]}


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": object()}], ids=["nan", "inf", "object"])
def test_json_refuses_what_other_readers_cannot_read(tmp_path, value):
    with pytest.raises(InputError, match="cannot be written as JSON"):
        atomic.write_json(tmp_path / "file", value)
    assert os.listdir(tmp_path) == []
