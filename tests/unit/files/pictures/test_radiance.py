"""HDR files for other programs, read back by other readers."""

import struct

import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from hdrpipe.errors import UsageError
from hdrpipe.files.pictures.images import read_picture
from hdrpipe.files.pictures.radiance import exr_chunks, hdr_bytes, header_text, tiff_bytes

HEADER = {"hdrpipe.anchor": "min-ev", "expTime": 0.01}


@pytest.fixture
def picture():
    return np.random.default_rng(0).random((3, 7, 11), np.float32)


@pytest.mark.parametrize(("half", "tolerance"), [(True, 5e-4), (False, 0.0)])
def test_exr_holds_radiance_uncertainty_and_header(tmp_path, picture, half, tolerance):
    path, sigma = tmp_path / "a.exr", picture[0] * 0.1
    path.write_bytes(b"".join(exr_chunks(picture, sigma, HEADER, half)))
    file = OpenEXR.File(str(path), separate_channels=True)
    channels = {name: channel.pixels for name, channel in file.channels().items()}
    assert list(channels) == ["B", "G", "R", "uncertainty.Y"]
    assert channels["R"].dtype == (np.float16 if half else np.float32)
    assert np.allclose(np.stack([channels[name] for name in "RGB"]), picture, rtol=tolerance, atol=0)
    assert np.allclose(channels["uncertainty.Y"], sigma, rtol=5e-4)
    said = file.header()
    assert said["hdrpipe.anchor"] == "min-ev"
    assert said["expTime"] == pytest.approx(0.01)
    assert said["chromaticities"] == pytest.approx((0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329))
    assert np.allclose(read_picture(path, 1000)[0], picture, rtol=tolerance, atol=0)


@pytest.mark.parametrize(("half", "compression"), [(True, "PIZ"), (False, "NO")])
def test_exr_of_16_bits_is_compressed_and_of_32_bits_is_not(tmp_path, picture, half, compression):
    (tmp_path / "a.exr").write_bytes(b"".join(exr_chunks(picture, picture[0], {}, half)))
    named = getattr(OpenEXR, f"{compression}_COMPRESSION")
    assert OpenEXR.File(str(tmp_path / "a.exr")).header()["compression"] == named


def test_exr_without_uncertainty_has_three_channels(tmp_path, picture):
    (tmp_path / "a.exr").write_bytes(b"".join(exr_chunks(picture, None, {})))
    assert list(OpenEXR.File(str(tmp_path / "a.exr"), separate_channels=True).channels()) == ["B", "G", "R"]


def test_radiance_holds_the_picture_and_says_what_it_is(tmp_path, picture):
    path = tmp_path / "a.hdr"
    path.write_bytes(hdr_bytes(picture, HEADER))
    assert np.abs(read_picture(path, 1000)[0] - picture).max() < 1 / 128
    head = path.read_bytes().split(b"\n\n")[0]
    assert head.startswith(b"#?RADIANCE\n")
    assert b"# hdrpipe.anchor: min-ev\n" in head
    assert b"PRIMARIES=0.6400 0.3300" in head


def test_tiff_holds_sixteen_bits_linear_and_says_what_it_is(tmp_path, picture):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff_bytes(picture * 1.2, HEADER))
    wanted = np.rint((picture * 1.2).clip(0, 1) * 65535)
    assert np.array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1].transpose(2, 0, 1), wanted)
    assert np.allclose(read_picture(path, 1000)[0], wanted / 65535)
    with Image.open(path) as opened:
        assert opened.tag_v2[270] == "hdrpipe.anchor: min-ev\nexpTime: 0.01"


def test_a_tiff_beyond_four_gigabytes_is_refused_before_it_is_made():
    huge = np.broadcast_to(np.float32(0.5), (3, 1, 1))
    huge = np.lib.stride_tricks.as_strided(huge, (3, 30_000, 30_000), (0, 0, 0))
    with pytest.raises(UsageError, match="do not fit into a TIFF"):
        tiff_bytes(huge, {})


def test_header_entries_are_one_line_of_ascii():
    said = header_text({"a": "two\nlines", "b": "ü", "c": None, "d": float("inf"), "e": 2.5, "f": 3})
    assert said == {"a": "two lines", "b": "\\xfc", "d": "inf", "e": 2.5, "f": "3"}


def test_tiff_directory_is_sorted_as_the_format_asks(picture):
    data = tiff_bytes(picture, HEADER)
    place = struct.unpack("<I", data[4:8])[0]
    count = struct.unpack("<H", data[place : place + 2])[0]
    tags = [struct.unpack("<H", data[place + 2 + 12 * k : place + 4 + 12 * k])[0] for k in range(count)]
    assert tags == sorted(tags)
