"""Pictures for HDR displays, read back by another reader: Pillow, and the formula of ISO 21496-1."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from hdrpipe.errors import UsageError
from hdrpipe.files.marks import MARK, is_result
from hdrpipe.files.pictures import code_points, displays, heif

imagecodecs = pytest.importorskip("imagecodecs", reason="pictures for HDR displays are written by imagecodecs")

HEADER = {"software": "hdrpipe 1", MARK: "net"}
P3_TO_SRGB = np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]])
BT2020_TO_SRGB = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])


@pytest.fixture
def light():
    """Smooth light (3, H, W) of many hues, up to 4.9, sides odd."""
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(size=(123, 161, 4)), (0, 0), 9)
    ranks = noise.argsort(axis=None).argsort().reshape(noise.shape) / (noise.size - 1)
    return (0.05 * (4.9 / 0.05) ** ranks[..., :1] * 0.5 ** ranks[..., 1:]).astype(np.float32).transpose(2, 0, 1)


def srgb_linear(codes):
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


def pictures(jpeg):
    """The two pictures of a JPEG by its index, and the index."""
    opened = Image.open(io.BytesIO(jpeg))
    frames = []
    for number in range(opened.n_frames):
        opened.seek(number)
        frames.append(np.asarray(opened.convert("RGB"), np.float64) / 255)
    return frames, opened.mpinfo[0xB002]


def with_gain(jpeg):
    """HDR light of a JPEG by its gain map, for a display that shows all of it (ISO 21496-1, 6.3 and annex C)."""
    (base, gains), index = pictures(jpeg)
    second = jpeg.index(b"\xff\xd8\xff", index[0]["Size"] - 1)
    start = jpeg.index(b"urn:iso:std:iso:ts:21496:-1\0", second) + 28
    _, _, flags, *numbers = struct.unpack_from(">HHB2I2I2i2i2I2i2i", jpeg, start)
    assert flags == 0x40  # one channel of metadata, gains in the colour space of the base
    _, _, low, high, gamma, base_offset, offset = (
        numerator / denominator for numerator, denominator in zip(numbers[::2], numbers[1::2], strict=True)
    )
    logarithm = low + (high - low) * gains ** (1 / gamma)
    wide = (srgb_linear(base) + base_offset) * np.exp2(logarithm) - offset
    return (wide @ P3_TO_SRGB.T).transpose(2, 0, 1)


def test_the_gain_map_gives_the_light_back(light):
    shown = with_gain(displays.gain_map_jpeg(light, HEADER))
    assert shown.shape == light.shape
    away = np.abs(np.log2((shown.clip(0) + 0.01) / (light + 0.01)))
    assert away.mean() < 0.05
    assert np.quantile(away, 0.99) < 0.25


def test_the_jpeg_shows_the_same_scene_without_its_gain_map(light):
    base = pictures(displays.gain_map_jpeg(light, HEADER))[0][0]
    assert np.corrcoef(base.mean(axis=2).ravel(), np.log(light.mean(axis=0)).ravel())[0, 1] > 0.97
    assert base.max() <= 1
    assert base.mean() > 0.3


def test_the_index_of_the_jpeg_counts_the_comment(tmp_path, light):
    path = tmp_path / "p.jpg"
    path.write_bytes(displays.gain_map_jpeg(light, HEADER))
    assert is_result(path)
    data = path.read_bytes()
    first, second = pictures(data)[1]
    assert first["Size"] + second["Size"] == len(data)
    assert data[first["Size"] :].startswith(b"\xff\xd8\xff")
    with Image.open(path) as opened:
        assert b"software: hdrpipe 1" in opened.info["comment"]


def test_avif_holds_pq_in_bt2020(tmp_path, light):
    path = tmp_path / "p.avif"
    path.write_bytes(displays.pq_avif(light, HEADER))
    assert is_result(path)
    assert heif.colour(path, "avif") == (b"", (9, 16))
    codes = imagecodecs.avif_decode(path.read_bytes())
    assert codes.dtype == np.uint16
    root = (codes / 1023) ** (1 / 78.84375)
    nits = 10000 * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
    shown = (nits / 203 @ BT2020_TO_SRGB.T).transpose(2, 0, 1)
    away = np.abs(np.log2((shown.clip(0) + 0.01) / (light + 0.01)))
    assert away.mean() < 0.03
    assert np.quantile(away, 0.99) < 0.12
    with Image.open(path) as opened:
        assert np.abs(np.asarray(opened) / 255 - codes / 1023).max() < 0.02


def test_pq_codes_are_those_of_the_standard():
    nits = np.array([0.0, 100.0, 1000.0, 10000.0, 20000.0])
    codes = code_points.pq_codes(nits)
    assert np.allclose(codes, [0, 0.5081, 0.7518, 1, 1], atol=1e-4)
    assert np.allclose(code_points.linear(codes[:4], code_points.PQ) * 100, nits[:4], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("size", [(7, 100), (100, 7), (8193, 8)])
def test_a_size_that_no_gain_map_has_is_refused(tmp_path, size):
    with pytest.raises(UsageError, match="sides of 8 to 8192 pixels"):
        displays.check_gain_map_size(tmp_path / "p.jpg", *size)


def test_the_smallest_size_is_written():
    light = np.full((3, 8, 8), 0.5, np.float32)
    assert np.abs(with_gain(displays.gain_map_jpeg(light, HEADER)) - 0.5).max() < 0.03
