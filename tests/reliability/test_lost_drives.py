"""Drives and network shares that fail, and files that vanish, while bursts are read: one line, exit 3, nothing lost."""

import builtins
import contextlib
import errno
import os
from pathlib import Path

import pytest
from camera_files import frames, radiance, write_burst, write_frame
from PIL import Image

from hdrpipe.cli import _explained
from hdrpipe.datasets.bursts import find_bursts, list_folder
from hdrpipe.errors import Exit, HdrpipeError, InputError
from hdrpipe.files.pictures import colour, jpeg, metadata
from hdrpipe.files.pictures.headers import format_by_content
from hdrpipe.inference.fuse import Settings
from hdrpipe.tools.batch import Output, fuse_all, plan
from hdrpipe.tools.check import check

LOST = [errno.EIO, errno.ESTALE, errno.ENOENT]


class Failing:
    """Calls of the system for paths below a root; the one of this number, and all of its path after it, fail."""

    def __init__(self, monkeypatch, root, number, code):
        self.root, self.number, self.code = str(root), number, code
        self.count, self.dead = 0, set()
        for owner, name in ((os, "stat"), (os, "lstat"), (os, "listdir"), (os, "scandir"), (builtins, "open")):
            monkeypatch.setattr(owner, name, self.watched(getattr(owner, name)))

    def watched(self, call):
        def watching(path=".", *rest, **more):
            if isinstance(path, str | os.PathLike) and os.fsdecode(path).startswith(self.root):
                self.look(os.fsdecode(path))
            return call(path, *rest, **more)

        return watching

    def look(self, path):
        self.count += 1
        if self.count == self.number or path in self.dead:
            self.dead.add(path)
            raise OSError(self.code, os.strerror(self.code), path)


def card(root):
    """A folder of two bursts without a table, copies among them."""
    for name in "ab":
        folder = root / name
        folder.mkdir(parents=True)
        for index, ldr in enumerate(frames(radiance(1, 16, 16))):
            told = {"seconds": 4.0**index / 500, "iso": 100, "aperture": 8, "taken": index, "model": "X"}
            write_frame(folder / f"IMG_{index}.jpg", ldr, **told)
        (folder / "IMG_0 (1).jpg").write_bytes((folder / "IMG_0.jpg").read_bytes())
    return root


def text(root):
    return write_burst(root, radiance(1, 16, 16), bits=8)


def fuse(root, out):
    tasks, failed = plan([root], out, Output(sigma=False))
    outcomes = list(fuse_all(tasks, None, Settings(align="none", method="rejecting"), Output(sigma=False), silent))
    for outcome in (*failed, *outcomes):
        if outcome.error is not None:
            raise outcome.error


def nothing(*_):
    """Progress that nobody sees."""


def silent(_label):
    return contextlib.nullcontext(nothing)


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOENT])
@pytest.mark.parametrize(("make", "what"), [(card, "check"), (text, "fuse")])
def test_whatever_call_fails_is_one_line_and_nothing_is_left_half_written(tmp_path, make, code, what):
    root, out, number, met = make(tmp_path / "in"), tmp_path / "out", 0, []
    while True:
        number += 1
        with pytest.MonkeyPatch.context() as patch:
            failing = Failing(patch, root, number, code)
            try:
                fuse(root, out) if what == "fuse" else check(root, nothing)
            except HdrpipeError as error:
                met.append(error)
        if not failing.dead:
            break
        assert not list(tmp_path.rglob("*.tmp"))
    assert number > 10
    assert {error.code for error in met} == {Exit.INPUT}
    assert not any("\n" in str(error) for error in met)


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, getattr(errno, "EHOSTDOWN", errno.EIO)])
def test_an_error_of_a_drive_is_no_bug(code):
    message, exit_code = _explained(OSError(code, os.strerror(code), "card/a.jpg"))
    assert (message.startswith("card/a.jpg: cannot be read"), exit_code) == (True, Exit.INPUT)
    assert "drive or network" in message


@pytest.mark.parametrize("code", LOST)
@pytest.mark.parametrize(
    ("read", "owner", "call"),
    [
        (metadata.camera_data, metadata.exifread, "process_file"),
        (jpeg.quality, Image, "open"),
        (lambda path: colour.space_of(path, "jpeg"), Image, "open"),
    ],
    ids=["exposure", "quality", "colours"],
)
def test_what_a_drive_does_not_give_is_not_taken_for_missing_in_the_file(
    tmp_path, monkeypatch, code, read, owner, call
):
    path = write_frame(tmp_path / "a.jpg", frames(radiance(1, 16, 16))[1], seconds=0.01)

    def fail(*_, **__):
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(owner, call, fail)
    with pytest.raises(InputError, match=r"a\.jpg: cannot be read"):
        read(path)


def test_the_format_of_a_missing_file_is_none_and_that_of_one_on_a_lost_drive_is_an_error(tmp_path, monkeypatch):
    assert format_by_content(tmp_path / "a") is None
    monkeypatch.setattr(os, "stat", lambda path: (_ for _ in ()).throw(OSError(errno.ESTALE, "stale", str(path))))
    with pytest.raises(InputError, match=r"cannot be read \(stale\); see whether its drive"):
        format_by_content(tmp_path / "a")


def test_a_folder_that_cannot_be_listed_is_named_by_check_and_does_not_end_it(tmp_path, monkeypatch):
    text(tmp_path / "whole")
    text(tmp_path / "lost")
    listed = os.scandir

    def fail(path):
        if Path(path).name == "lost":
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", fail)
    names = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: fail(path) and names(path))
    rows = {row.name: row for row in check(tmp_path, nothing).rows}
    assert rows["whole"].errors == ()
    assert "is no folder that can be read (Input/output error)" in rows["lost"].errors[0]


@pytest.mark.parametrize("call", [find_bursts, list_folder])
def test_a_folder_that_vanishes_is_named(tmp_path, call):
    with pytest.raises(InputError, match=r"gone.*No such file"):
        call(tmp_path / "gone")
