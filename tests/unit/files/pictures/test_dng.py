"""Linear DNG, read back by LibRaw."""

import io

import exifread
import numpy as np
import pytest
import tifffile
from camera_files import radiance

from hdrpipe.files.marks import MARK, is_result
from hdrpipe.files.pictures.dng import dng_bytes

HEADER = {"software": "hdrpipe 1", MARK: "net", "expTime": 0.002, "isoSpeed": 400.0, "aperture": 2.8}


@pytest.fixture
def libraw():
    return pytest.importorskip("rawpy", reason="DNG is read back by LibRaw")


@pytest.mark.parametrize("size", [(48, 64), (101, 151)])
def test_libraw_develops_the_values_that_were_written(libraw, size):
    scene = radiance(0, *size)
    with libraw.imread(io.BytesIO(dng_bytes(scene, HEADER, 2.0))) as opened:
        assert (opened.white_level, opened.black_level_per_channel[:3]) == (65535, [0, 0, 0])
        assert opened.camera_whitebalance[:3] == [1, 1, 1]
        assert opened.other.shutter_speed == pytest.approx(0.002)
        assert opened.other.aperture == pytest.approx(2.8)
        developed = opened.postprocess(
            gamma=(1, 1), no_auto_bright=True, output_bps=16, use_camera_wb=True, adjust_maximum_thr=0.0
        )
    assert np.abs(developed / 65535 - scene.transpose(1, 2, 0)).max() < 1e-4  # its colours are sRGB's


def test_editors_show_it_as_bright_as_the_reference():
    with tifffile.TiffFile(io.BytesIO(dng_bytes(radiance(), HEADER, 2.5))) as opened:
        tags = opened.pages[0].tags
    assert tags["BaselineExposure"].value == (5, 2)
    assert tags["DNGVersion"].value == bytes([1, 4, 0, 0])


def test_what_is_beyond_white_is_clipped_and_nothing_of_the_camera_is_invented():
    data = dng_bytes(radiance() * 3, {MARK: "net"}, 0.0)
    assert tifffile.imread(io.BytesIO(data)).max() == 65535
    assert not {"Image ExposureTime", "Image FNumber"} & set(exifread.process_file(io.BytesIO(data)))


def test_it_carries_the_mark(tmp_path):
    path = tmp_path / "p.dng"
    path.write_bytes(dng_bytes(radiance(), HEADER, 0.0))
    assert is_result(path)
