"""R11: what promises more than a machine holds is refused by its header; no decoder is called. All cases, each time."""

import struct
import zlib
from pathlib import Path

import cv2
import h5py
import numpy as np
import OpenEXR
import pytest
import safetensors.torch
from bombs import BOMBS
from camera_files import write_dng
from PIL import Image
from small_products import write

from hdrpipe.errors import DamagedError, InputError
from hdrpipe.files.pictures import raw
from hdrpipe.files.pictures.decoder import Decoder
from hdrpipe.files.pictures.images import read_picture
from hdrpipe.files.product.hdf5 import open_product
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
def test_huge_pictures_are_refused_by_their_header(tmp_path, no_decoder, name, count):
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[name])
    with pytest.raises(InputError, match=r"pixels|header"):
        read_picture(path, MOST)
    count("R11")


def test_a_huge_raw_picture_is_refused_by_its_header(tmp_path, no_decoder, count):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    with pytest.raises(InputError, match=r"pixels|no RAW picture"):
        read_picture(huge_dng(tmp_path / "bomb.dng"), MOST)
    count("R11")


def test_weights_with_a_header_of_two_gigabytes_are_refused(tmp_path, monkeypatch, count):
    path = tmp_path / "w.safetensors"
    monkeypatch.setattr(safetensors.torch, "load", lambda _: pytest.fail("the decoder was called"))
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read"))
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", 2**31) + b"{")
        file.truncate(2**31 + 8)
    with pytest.raises(DamagedError) as caught:
        load_weights(path)
    assert "\n" not in str(caught.value)
    count("R11")


def test_a_product_that_claims_terabytes_is_refused_by_its_header(tmp_path, monkeypatch, count):
    path, side = tmp_path / "truth.h5", 2**19
    write(path, "truth")
    with h5py.File(path, "r+") as file:
        for name, shape, chunks in (("radiance", (3, side, side), (3, 128, 128)), ("preview", (side, side, 3), None)):
            kept = dict(file["a"][name].attrs)
            kind, chunks = file["a"][name].dtype, chunks or (128, 128, 3)
            del file["a"][name]
            packing = {"chunks": chunks, "compression": "gzip", "shuffle": True, "fletcher32": True}
            file["a"].create_dataset(name, shape, kind, **packing).attrs.update(kept)
    monkeypatch.setattr(h5py.Dataset, "__getitem__", lambda *_: pytest.fail("an array was read"))
    with pytest.raises(DamagedError, match="which claims 3072 GiB"):
        open_product(path, "truth")
    count("R11")


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
