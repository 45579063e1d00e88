"""HDR pictures for other programs: OpenEXR, Radiance and 16-bit TIFF, as bytes."""

import contextlib
import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import cv2
import numpy as np
import OpenEXR

from hdrpipe.errors import CapacityError, UsageError
from hdrpipe.files.system import passing_file
from hdrpipe.quantities import Picture, Plane

CHROMATICITIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
"""Primaries and white of ITU-R BT.709 (sRGB): what cameras deliver unless they say otherwise."""

U16 = 65535

ROOM = "free memory and space for temporary files (TMPDIR), or raise the limit on the size of files (ulimit -f)"
"""Advice where a library cannot write a picture that is as yet no file of ours."""

CHUNK = 2**22
"""Bytes of an encoded picture that are handed on at a time."""

HALF = 65504.0
"""Largest 16-bit float."""


def exr_chunks(radiance: Picture, sigma: Plane | None, header: Mapping[str, Any], half: bool = True) -> Iterator[bytes]:
    """OpenEXR with channels R, G, B and, where there is a sigma, `uncertainty.Y`: the bytes of the file, by and by.

    Args:
        radiance: linear, (3, H, W).
        sigma: (H, W) or None.
        header: more attributes; values are text or numbers.
        half: 16-bit floats, else 32-bit; values beyond 65504, which 16 bit cannot hold, make it 32 bit. Those of 16 bit
            are compressed (PIZ, without loss); of 32 bit most is noise, and compression takes seconds to save 6 %.

    Raises:
        CapacityError: no memory, or a limit on the size of files (`ulimit -f`).
    """
    planes = [radiance] if sigma is None else [radiance, sigma]
    dtype = np.float16 if half and max(float(plane.max()) for plane in planes) <= HALF else np.float32
    channels = {name: np.ascontiguousarray(plane, dtype) for name, plane in zip("RGB", radiance, strict=True)}
    if sigma is not None:
        channels["uncertainty.Y"] = np.ascontiguousarray(sigma, dtype)
    compression = OpenEXR.PIZ_COMPRESSION if dtype is np.float16 else OpenEXR.NO_COMPRESSION
    fixed = {"compression": compression, "type": OpenEXR.scanlineimage, "chromaticities": CHROMATICITIES}
    # the library writes to a name only: a file in memory keeps a full disk out of its reach
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(passing_file())
        try:
            OpenEXR.File({**header, **fixed}, channels).write(name)
        except RuntimeError as error:
            raise CapacityError(f"cannot be encoded as OpenEXR in memory ({error})", hint=ROOM) from error
        return _chunks(name, stack.pop_all())


def _chunks(name: str, kept: contextlib.ExitStack) -> Iterator[bytes]:
    """Bytes of a file, which is `kept` until they are read."""
    with kept, open(name, "rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def hdr_bytes(radiance: Picture, header: Mapping[str, Any]) -> bytes:
    """Radiance RGBE, run-length coded, the header's entries as comments.

    Args:
        radiance: linear, (3, H, W), >= 0.
        header: text or numbers.

    Raises:
        CapacityError: no room for temporary files, or a limit on their size (`ulimit -f`).
    """
    done, data = cv2.imencode(".hdr", np.ascontiguousarray(radiance[::-1].transpose(1, 2, 0)))
    if not done:
        raise CapacityError("cannot be encoded as Radiance in the folder for temporary files", hint=ROOM)
    first, rest = data.tobytes().split(b"\n", 1)
    comments = "".join(f"# {key}: {value}\n" for key, value in header.items())
    primaries = " ".join(f"{value:.4f}" for value in CHROMATICITIES)
    return b"".join([first, b"\n", _ascii(comments), _ascii(f"PRIMARIES={primaries}\n"), rest])


def tiff_bytes(radiance: Picture, header: Mapping[str, Any]) -> bytes:
    """Uncompressed 16-bit RGB TIFF: radiance * 65535, the header's entries as its description.

    Args:
        radiance: linear, (3, H, W), in [0, 1]; what is above is clipped.
        header: text or numbers.

    Raises:
        UsageError: more than 4 GB, which a TIFF cannot hold.
    """
    _, height, width = radiance.shape
    description, size = (
        _ascii("\n".join(f"{key}: {value}" for key, value in header.items())) + b"\0",
        6 * height * width,
    )
    if size + len(description) > 2**32 - 2**12:
        raise UsageError(f"{width} x {height} pixels do not fit into a TIFF", hint="write .exr")
    levels = np.empty((height, width, 3), "<u2")
    for channel, plane in enumerate(radiance):
        levels[..., channel] = np.rint(plane.clip(0.0, 1.0) * U16)
    return _tiff_header(width, height, description, size) + levels.tobytes()


def _tiff_header(width: int, height: int, description: bytes, size: int) -> bytes:
    """Header, description, depths and directory of a TIFF whose pixels follow at once (TIFF 6.0, sections 2 and 6)."""
    short, long, text = 3, 4, 2
    length, description = len(description), description + b"\0" * (-len(description) % 2)
    depths, directory = 8 + len(description), 8 + len(description) + 6
    pixels = directory + 2 + 12 * 12 + 4
    entries = [
        (256, long, 1, width),
        (257, long, 1, height),
        (258, short, 3, depths),
        (259, short, 1, 1),  # no compression
        (262, short, 1, 2),  # RGB
        (270, text, length, 8),
        (273, long, 1, pixels),
        (277, short, 1, 3),  # samples a pixel
        (278, long, 1, height),
        (279, long, 1, size),
        (284, short, 1, 1),  # samples side by side
        (339, short, 1, 1),  # unsigned integers
    ]
    coded = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = struct.pack("<2sHI", b"II", 42, directory) + description + struct.pack("<3H", 16, 16, 16)
    return head + struct.pack("<H", len(entries)) + coded + struct.pack("<I", 0)


def header_text(values: Mapping[str, Any]) -> dict[str, Any]:
    """Header entries that every format can hold: finite floats, whole numbers as text, text in one line of ASCII."""
    entries: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, float) and math.isfinite(value):
            entries[key] = value
        elif value is not None:
            entries[key] = " ".join(str(value).split()).encode("ascii", "backslashreplace").decode("ascii")
    return entries


def _ascii(text: str) -> bytes:
    return text.encode("ascii", "backslashreplace")
