"""Linear DNG for raw editors: radiance as a camera without a mosaic would have recorded it (DNG 1.4)."""

import io
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import tifffile

from hdrpipe.files.pictures.code_points import BT709, to_xyz
from hdrpipe.quantities import Picture

TOP = 65535

_LINEAR_RAW = 34892
"""Photometric interpretation of samples that need no demosaicing."""

_D65 = 21
"""Calibration illuminant, the white of linear sRGB."""

_BYTE, _TEXT, _SHORT, _RATIONAL, _SIGNED_RATIONAL = 1, 2, 3, 5, 10

_EXPOSURE = {"expTime": (33434, _RATIONAL), "aperture": (33437, _RATIONAL), "isoSpeed": (34855, _SHORT)}
"""Tags of the header's entries on the exposure."""


def dng_bytes(radiance: Picture, header: Mapping[str, Any], stops: float) -> bytes:
    """Uncompressed linear DNG of 16-bit integers, white at the largest one, in linear sRGB.

    Floats would hold deeper shadows, but LibRaw keeps 14 bits of them and RawTherapee reads uncompressed ones wrongly.

    Args:
        radiance: linear sRGB, (3, H, W), in [0, 1]; what is above is clipped.
        header: text or numbers: the file's description, and the exposure under OpenEXR's names.
        stops: exposure compensation with which an editor shows the picture first (BaselineExposure).
    """
    levels = np.empty((*radiance.shape[1:], 3), np.uint16)
    for channel, plane in enumerate(radiance):
        levels[..., channel] = np.rint(plane.clip(0.0, 1.0) * TOP)
    file = io.BytesIO()
    description = "\n".join(f"{key}: {value}" for key, value in header.items())
    tifffile.imwrite(
        file,
        levels,
        byteorder="<",
        photometric=_LINEAR_RAW,
        planarconfig="contig",
        description=description,
        software=False,
        metadata=None,
        extratags=[*_colour_tags(stops), *_exposure_tags(header)],
    )
    return file.getvalue()


def _colour_tags(stops: float) -> list[tuple]:
    """Version, white level and colours: XYZ to linear sRGB, whose neutral has equal channels."""
    version = bytes([1, 4, 0, 0])
    return [
        (50706, _BYTE, 4, version, True),
        (50707, _BYTE, 4, version, True),
        (50708, _TEXT, 0, "hdrpipe linear sRGB", True),
        (50717, _SHORT, 1, TOP, True),
        (50721, _SIGNED_RATIONAL, 9, _rationals(np.linalg.inv(to_xyz(BT709)).flat), True),
        (50728, _RATIONAL, 3, _rationals((1, 1, 1)), True),
        (50730, _SIGNED_RATIONAL, 1, _rationals([stops]), True),
        (50778, _SHORT, 1, _D65, True),
    ]


def _exposure_tags(header: Mapping[str, Any]) -> list[tuple]:
    values = {key: value for key, value in header.items() if key in _EXPOSURE and isinstance(value, float)}
    return [
        (*_EXPOSURE[key], 1, min(round(value), TOP) if key == "isoSpeed" else _rationals([value]), True)
        for key, value in values.items()
    ]


def _rationals(numbers: Iterable[float]) -> tuple[int, ...]:
    """Numerators and denominators, one after the other."""
    fractions = [Fraction(float(number)).limit_denominator(10**6) for number in numbers]
    return tuple(number for fraction in fractions for number in (fraction.numerator, fraction.denominator))
