"""A DNG as a camera writes it: an RGGB mosaic of 14 bits, exposure in EXIF, the colours of linear sRGB."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin
from PIL.TiffImagePlugin import IFDRational

from hdrpipe.files.pictures.code_points import BT709, to_xyz

BLACK, WHITE = 512, 2**14 - 1
"""Levels of the sensor, of which a 12-bit signal is a coarser step."""

BYTE, TEXT, SHORT, LONG, RATIONAL, SIGNED_RATIONAL = 1, 2, 3, 4, 5, 10


def write_dng(path: Path, linear: NDArray[np.floating], seconds: float) -> None:
    """Write linear sRGB (H, W, 3) in [0, 1], of even height and width, uncompressed."""
    samples = np.rint(_mosaic(linear).clip(0.0, 1.0) * (WHITE - BLACK) + BLACK).astype("<u2")
    directory = _directory({**_layout(samples), **_colours()})
    directory.tagtype[34665] = LONG
    directory[34665] = dict(_directory(_exposure(seconds)))
    with path.open("wb") as file:
        file.write(b"II*\0\10\0\0\0")
        file.write(directory.tobytes(8))
        file.write(samples.tobytes())


def _mosaic(linear: NDArray[np.floating]) -> NDArray[np.floating]:
    """What each sensor element sees (H, W)."""
    mosaic = linear[..., 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = linear[::2, ::2, 0], linear[1::2, 1::2, 2]
    return mosaic


def _layout(samples: NDArray[np.uint16]) -> dict[int, tuple]:
    """Tag -> type and value: size, one strip of 16 bits behind the directory, pattern of the mosaic."""
    height, width = samples.shape
    return {
        254: (LONG, 0),
        256: (LONG, width),
        257: (LONG, height),
        258: (SHORT, 16),
        259: (SHORT, 1),
        262: (SHORT, 32803),
        273: (LONG, 0),
        277: (SHORT, 1),
        278: (LONG, height),
        279: (LONG, samples.nbytes),
        33421: (SHORT, (2, 2)),
        33422: (BYTE, bytes([0, 1, 1, 2])),
    }


def _colours() -> dict[int, tuple]:
    """Tag -> type and value: camera, levels, and colours whose white has equal channels."""
    matrix = [IFDRational(round(float(number) * 10**6), 10**6) for number in np.linalg.inv(to_xyz(BT709)).flat]
    return {
        271: (TEXT, "hdrpipe"),
        272: (TEXT, "simulated"),
        50706: (BYTE, bytes([1, 4, 0, 0])),
        50708: (TEXT, "hdrpipe simulated"),
        50714: (SHORT, BLACK),
        50717: (SHORT, WHITE),
        50721: (SIGNED_RATIONAL, tuple(matrix)),
        50728: (RATIONAL, (IFDRational(1), IFDRational(1), IFDRational(1))),
        50778: (SHORT, 21),
    }


def _exposure(seconds: float) -> dict[int, tuple]:
    """Tag -> type and value: time, aperture, ISO and focal length."""
    time = IFDRational(round(seconds * 10**6), 10**6)
    return {
        33434: (RATIONAL, time),
        33437: (RATIONAL, IFDRational(8)),
        34855: (SHORT, 100),
        37386: (RATIONAL, IFDRational(50)),
    }


def _directory(tags: dict[int, tuple]) -> TiffImagePlugin.ImageFileDirectory_v2:
    directory = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    for tag, (kind, value) in tags.items():
        directory.tagtype[tag] = kind
        directory[tag] = value
    return directory
