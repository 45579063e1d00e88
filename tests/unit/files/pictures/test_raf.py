"""EXIF of files whose container no EXIF reader knows."""

import struct

import numpy as np
import pytest
from camera_files import write_frame

from hdrpipe.files.pictures.metadata import CameraData, camera_data


def write_raf(path, preview, start=148, length=None):
    """The head of a RAF (Fujifilm) and its JPEG preview; the sensor's samples are left out."""
    head = b"FUJIFILMCCD-RAW 0201FF129502" + b"X100".ljust(32, b"\0") + b"0100"
    place = struct.pack(">2I", start, len(preview) if length is None else length)
    path.write_bytes((head.ljust(84, b"\0") + place).ljust(start, b"\0") + preview)
    return path


@pytest.fixture
def preview(tmp_path):
    ldr = np.full((3, 16, 16), 0.5)
    return write_frame(tmp_path / "p.jpg", ldr, seconds=1 / 60, iso=200, aperture=2.8, taken=1.25).read_bytes()


@pytest.mark.parametrize("start", [148, 160, 4096])
def test_a_raf_tells_its_exposure_by_its_preview(tmp_path, preview, start):
    told = camera_data(write_raf(tmp_path / "a.raf", preview, start))
    assert told.seconds == pytest.approx(1 / 60, rel=1e-4)
    assert (told.iso, told.aperture) == (200, 2.8)
    assert told.taken is not None
    assert told.taken % 60 == pytest.approx(1.25)


@pytest.mark.parametrize("length", [0, 20, 2**32 - 1])
def test_a_raf_whose_preview_is_not_there_says_nothing(tmp_path, preview, length):
    assert camera_data(write_raf(tmp_path / "a.raf", preview[:20], length=length)) == CameraData()
    (tmp_path / "b.raf").write_bytes(b"FUJIFILMCCD-RAW 0201")
    assert camera_data(tmp_path / "b.raf") == CameraData()
