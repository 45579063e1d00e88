"""JPEGs whose decoder only warns: cut or damaged ones are refused, padded ones are read and said."""

import os
from contextlib import closing

import cv2
import numpy as np
import pytest
from PIL import Image

from hdrpipe.errors import InputError
from hdrpipe.files.pictures.decoder import Decoder
from hdrpipe.files.pictures.images import read_picture

LARGE = 2**20


@pytest.fixture(params=[False, True], ids=["baseline", "progressive"])
def whole(tmp_path, request):
    """A JPEG of noise with some structure, as bytes, and where to put it."""
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    path = tmp_path / "p.jpg"
    Image.fromarray(cv2.GaussianBlur(noise, (0, 0), 2)).save(path, quality=95, progressive=request.param)
    return path, path.read_bytes()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_cut_picture_is_refused(whole, share):
    path, data = whole
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match=r"p\.jpg: holds JPEG data that are cut short or damaged"):
        read_picture(path, LARGE)


def test_data_left_out_in_the_middle_is_damage(whole):
    path, data = whole
    path.write_bytes(data[: len(data) // 2] + b"\xff\xd9")
    with pytest.raises(InputError, match="cut short or damaged"):
        read_picture(path, LARGE)


def test_bytes_of_padding_before_the_end_are_said_and_after_it_are_nothing(whole):
    path, data = whole
    kept = read_picture(path, LARGE)[0]
    path.write_bytes(data + b"appended by the phone" * 40)
    picture, info = read_picture(path, LARGE)
    assert np.array_equal(picture, kept)
    assert info.notes == ()
    path.write_bytes(data[:-2] + bytes(8) + data[-2:])
    picture, info = read_picture(path, LARGE)
    assert np.array_equal(picture, kept)
    assert "before the end of a JPEG" in info.notes[0]


def test_the_child_tells_it_too(whole):
    path, data = whole
    decoder = Decoder()
    path.write_bytes(data[:-2] + bytes(8) + data[-2:])
    assert "before the end of a JPEG" in decoder.picture(path)[1].notes[0]
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="cut short or damaged"):
        decoder.picture(path)
    decoder.close()


def test_standard_error_is_as_before_afterwards(whole):
    before, files = os.fstat(2).st_ino, len(os.listdir("/proc/self/fd"))
    read_picture(whole[0], LARGE)
    assert (os.fstat(2).st_ino, len(os.listdir("/proc/self/fd"))) == (before, files)


@pytest.mark.parametrize("asked", [1, 30, 75, 92, 100])
def test_its_quality_is_told(whole, asked):
    path, _ = whole
    with Image.open(path) as picture:
        picture.load()
        picture.save(path, quality=asked, subsampling=0)
    assert read_picture(path, LARGE)[1].quality == asked
    with closing(Decoder()) as decoder:
        assert decoder.picture(path, LARGE)[1].quality == asked


def test_other_pictures_have_no_quality(tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "p.png")
    assert read_picture(tmp_path / "p.png", LARGE)[1].quality == 0
