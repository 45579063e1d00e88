"""What `fuse` wrote is known by a mark in the file, whatever its name."""

import cv2
import numpy as np
import pytest
from PIL import Image

from hdrpipe.files.marks import MARK, is_result, marked_png
from hdrpipe.files.pictures.images import png_bytes
from hdrpipe.files.pictures.radiance import exr_chunks, hdr_bytes, tiff_bytes

RADIANCE = np.random.default_rng(0).random((3, 5, 9), np.float32)
RGB = np.random.default_rng(1).integers(0, 256, (5, 9, 3), np.uint8)


def header(maker):
    return {"software": "hdrpipe 1", "hdrpipe.ev": "0 2", MARK: "net"} if maker else {"software": "another program"}


@pytest.mark.parametrize(
    "write",
    [
        lambda maker: b"".join(exr_chunks(RADIANCE, None, header(maker))),
        lambda maker: hdr_bytes(RADIANCE, header(maker)),
        lambda maker: tiff_bytes(RADIANCE, header(maker)),
        lambda maker: marked_png(png_bytes(RGB), "net") if maker else png_bytes(RGB),
    ],
)
def test_every_format_tells_who_wrote_it(tmp_path, write):
    (tmp_path / "a.png").write_bytes(write(True))
    (tmp_path / "b.exr").write_bytes(write(False))
    assert is_result(tmp_path / "a.png")
    assert not is_result(tmp_path / "b.exr")


def test_a_marked_picture_is_the_same_picture_and_readable_text(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(marked_png(png_bytes(RGB), "sha256:1"))
    assert np.array_equal(cv2.imread(str(path))[..., ::-1], RGB)
    with Image.open(path) as opened:
        opened.load()
        assert opened.info[MARK] == "sha256:1"


def test_what_cannot_be_read_was_not_written_by_fuse(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text(MARK)
    for name in ("empty.png", "text.png", "missing.png", "."):
        assert not is_result(tmp_path / name)
