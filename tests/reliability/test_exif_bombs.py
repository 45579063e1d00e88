"""R40: EXIF that claims gigabytes or leads in circles costs neither time nor memory, and the picture is read."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from hdrpipe.errors import InputError
from hdrpipe.files.pictures.decoder import Decoder

MANY = 2**32 - 1
ENTRY = struct.Struct("<HHII")


def directory(entries, following=0):
    data = struct.pack("<H", min(len(entries), 2**16 - 1))
    return data + b"".join(ENTRY.pack(*entry) for entry in entries) + struct.pack("<I", following)


def tiff(body, first=8):
    return b"II*\0" + struct.pack("<I", first) + body


BOMBS = {
    "directory after itself": tiff(directory([(0x0112, 3, 1, 1)], following=8)),
    "EXIF within itself": tiff(directory([(0x8769, 4, 1, 8)])),
    "GPS and EXIF in turn": tiff(directory([(0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0x014A, 4, 1, 8)])),
    "text of 4 GiB": tiff(directory([(0x010F, 2, MANY, 8), (0x9003, 2, MANY, 8)])),
    "ratios of 32 GiB": tiff(directory([(0x829A, 5, MANY, 8), (0x829D, 5, MANY, 8)])),
    "doubles of 32 GiB": tiff(directory([(tag, 12, MANY, 8) for tag in range(0x9000, 0x9100)])),
    "thousands of tags": tiff(directory([(tag, 7, 60000, 8) for tag in range(5000)])),
    "thousands of texts": tiff(directory([(0x010F, 2, 60000, 8)] * 5000)),
    "maker's note of a loop": tiff(directory([(0x010F, 2, 6, 0), (0x927C, 7, MANY, 8)])),
    "offsets beyond the end": tiff(directory([(0x8769, 4, 1, MANY)], following=MANY - 1), first=8),
    "no directory": tiff(b"", first=MANY),
    "time of zero over zero": tiff(directory([(0x829A, 5, 1, 60)]) + bytes(60)),
}


def jpeg(exif):
    """A small picture with these bytes as its EXIF, of which a segment holds 64 KiB."""
    data = io.BytesIO()
    Image.fromarray(np.full((16, 16, 3), 90, np.uint8)).save(data, "JPEG")
    whole = (b"Exif\0\0" + exif)[: 2**16 - 3]
    return data.getvalue()[:2] + b"\xff\xe1" + struct.pack(">H", len(whole) + 2) + whole + data.getvalue()[2:]


@pytest.fixture(scope="module")
def decoder():
    made = Decoder(seconds=10.0)
    yield made
    made.close()


@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_with_such_exif_is_read(tmp_path, decoder, name, count):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(BOMBS[name]))
    samples, info = decoder.picture(path)
    assert samples.shape == (16, 16, 3)
    header = decoder.header(path)
    assert header.camera.seconds is None
    assert len(header.camera.body) <= 200
    assert info.orientation in range(1, 9)
    count("R40")


@pytest.mark.parametrize("name", BOMBS)
def test_a_tiff_of_nothing_else_is_refused(tmp_path, decoder, name, count):
    path = tmp_path / "a.tif"
    path.write_bytes(BOMBS[name])
    with pytest.raises(InputError) as caught:
        decoder.picture(path)
    assert "took too long" not in str(caught.value)
    count("R40")
