"""R11: what promises more than a machine holds is refused by its header; no decoder is called. All cases, each time."""

import struct
import zlib

import cv2
import numpy as np
import OpenEXR
import pytest
from bombs import BOMBS
from camera_files import write_dng
from PIL import Image

from hdrpipe.errors import DamagedError, InputError
from hdrpipe.files import raw
from hdrpipe.files.decoder import Decoder
from hdrpipe.files.images import read_picture
from hdrpipe.files.weights import load_weights

MOST = 2**24
CHILD_MEMORY = 300
"""MiB that the child may have held at its peak: its libraries alone take a good hundred."""


def huge_dng(path):
    write_dng(path, np.full((3, 64, 64), 0.2))
    data = path.read_bytes()
    for tag in (256, 257):
        data = data.replace(struct.pack("<HHII", tag, 4, 1, 64), struct.pack("<HHII", tag, 4, 1, 60_000), 1)
    path.write_bytes(data)
    return path


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def inflating_png(path):
    """16 x 16 pixels whose data inflates to a quarter of a gigabyte."""
    pack = zlib.compressobj(9)
    data = b"".join(pack.compress(bytes(2**20)) for _ in range(256)) + pack.flush()
    parts = chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)), chunk(b"IDAT", data), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


@pytest.fixture
def no_decoder(monkeypatch):
    decoders = ((cv2, "imread"), (cv2, "imreadmulti"), (cv2, "imdecode"), (OpenEXR, "File"), (raw, "develop"))
    for module, name in decoders:
        monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("the decoder was called"))
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("the decoder was called"))


@pytest.mark.parametrize("name", BOMBS)
def test_huge_pictures_are_refused_by_their_header(tmp_path, no_decoder, name):
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[name])
    with pytest.raises(InputError, match=r"pixels|header"):
        read_picture(path, MOST)


def test_a_huge_raw_picture_is_refused_by_its_header(tmp_path, no_decoder):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    with pytest.raises(InputError, match=r"pixels|no RAW picture"):
        read_picture(huge_dng(tmp_path / "bomb.dng"), MOST)


def test_weights_with_a_header_of_two_gigabytes_are_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", 2**31) + b"{")
        file.truncate(2**31 + 8)
    with pytest.raises(DamagedError) as caught:
        load_weights(path)
    assert "\n" not in str(caught.value)


def test_the_child_stays_small(tmp_path):
    decoder = Decoder(30.0)
    for number, data in enumerate(BOMBS.values()):
        (tmp_path / f"{number}").write_bytes(data)
        with pytest.raises(InputError):
            decoder.picture(tmp_path / f"{number}", MOST)
    outcome = None
    try:
        outcome = decoder.picture(inflating_png(tmp_path / "inflating.png"), MOST)[0].shape
    except InputError as error:
        outcome = str(error)
    assert outcome == (16, 16, 3) or "\n" not in outcome
    with open(f"/proc/{decoder._child.pid}/status", encoding="ascii") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    decoder.close()
    assert peak / 1024 < CHILD_MEMORY


def test_there_are_as_many_cases_as_promised():
    assert len(BOMBS) + 3 >= 12
