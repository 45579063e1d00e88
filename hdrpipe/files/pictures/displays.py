"""Pictures for HDR displays, by imagecodecs (the extra `display`): JPEG with a gain map, and AVIF in PQ.

Both take light of linear sRGB, (3, H, W), in which 1 is the white of an ordinary picture.
"""

import struct
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from hdrpipe.errors import UsageError
from hdrpipe.files.pictures.code_points import BT2020, PQ, pq_codes, to_srgb
from hdrpipe.quantities import Picture

WHITE_NITS = 203.0
"""cd/m2 of the white of an ordinary picture on an HDR display (ITU-R BT.2408)."""

PEAK = 1000.0 / WHITE_NITS
"""Brightest light of these pictures: that of a display of 1000 cd/m2."""

GAIN_MAP_SIDES = (8, 8192)
"""Smallest and largest side of a picture that libultrahdr takes."""

AVIF_BITS, AVIF_QUALITY, AVIF_SPEED = 10, 95, 8

_MATRIX_BT2020 = 9
"""Code point of the luma coefficients that belong to BT.2020."""


def check_installed(path: Path) -> None:
    """Raise UsageError where the library that encodes these pictures is missing."""
    if find_spec("imagecodecs") is None:
        raise UsageError(f"{path.suffix} is written by imagecodecs", path, "pip install 'hdrpipe[display]'")


def check_gain_map_size(path: Path, width: int, height: int) -> None:
    """Raise UsageError for a picture of a size, in pixels, that no JPEG with a gain map can have."""
    least, most = GAIN_MAP_SIDES
    if not least <= min(width, height) <= max(width, height) <= most:
        what = f"a JPEG with a gain map has sides of {least} to {most} pixels, not {width} x {height}"
        raise UsageError(what, path, "write .avif or .exr")


def gain_map_jpeg(light: Picture, header: Mapping[str, Any]) -> bytes:
    """JPEG that ordinary programs show as it is, and that a gain map makes HDR on displays that can (ISO 21496-1).

    Args:
        light: see the module.
        header: text or numbers, kept as a comment.
    """
    import imagecodecs

    rgba = np.ones((*light.shape[1:], 4), np.float16)
    rgba[..., :3] = light.transpose(1, 2, 0)
    codes = imagecodecs.ULTRAHDR
    jpeg = imagecodecs.ultrahdr_encode(
        rgba, gamut=codes.CG.BT_709, transfer=codes.CT.LINEAR, crange=codes.CR.FULL_RANGE, nits=PEAK * WHITE_NITS
    )
    return _with_comment(bytes(jpeg), _lines(header))


def pq_avif(light: Picture, header: Mapping[str, Any]) -> bytes:
    """AVIF of 10 bit in PQ and BT.2020 (ITU-R BT.2100), without chroma subsampling.

    Args:
        light: see the module.
        header: text or numbers, kept in a box at the end that readers skip.
    """
    import imagecodecs

    matrix = np.linalg.inv(to_srgb(BT2020)) * WHITE_NITS
    codes = np.empty((*light.shape[1:], 3), np.uint16)
    for row in range(len(codes)):
        nits = (light[:, row].T @ matrix.T).clip(0.0)
        codes[row] = np.rint(pq_codes(nits) * (2**AVIF_BITS - 1))
    avif = imagecodecs.avif_encode(
        codes,
        level=AVIF_QUALITY,
        speed=AVIF_SPEED,
        bitspersample=AVIF_BITS,
        pixelformat="444",
        primaries=BT2020,
        transfer=PQ,
        matrix=_MATRIX_BT2020,
        numthreads=1,
    )
    text = _lines(header)
    return bytes(avif) + struct.pack(">I4s", 8 + len(text), b"free") + text


def _lines(header: Mapping[str, Any]) -> bytes:
    return "".join(f"\n{key}: {value}" for key, value in header.items()).encode("ascii", "backslashreplace")


def _with_comment(jpeg: bytes, text: bytes) -> bytes:
    """The same JPEG with a comment at its start; the index of its pictures (CIPA DC-007) counts the comment."""
    comment = b"\xff\xfe" + struct.pack(">H", 2 + len(text)) + text
    commented = bytearray(jpeg[:2] + comment + jpeg[2:])
    index = commented.index(b"MPF\0MM\0*") + 4
    entries = commented.index(struct.pack(">HH", 0xB002, 7), index)
    (offset,) = struct.unpack_from(">I", commented, entries + 8)
    (size,) = struct.unpack_from(">I", commented, index + offset + 4)
    struct.pack_into(">I", commented, index + offset + 4, size + len(comment))
    return bytes(commented)
