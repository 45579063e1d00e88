"""Colours that a file names by code points (ITU-T H.273: HEIC, AVIF and PNG) or by chromaticities."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.errors import InputError
from hdrpipe.quantities import GAMMA

BT709, BT2020, P3 = 1, 9, 12
"""Primaries."""

PQ, HLG = 16, 18
"""Transfer characteristics of ITU-R BT.2100."""

SRGB = 13
"""Transfer characteristic of IEC 61966-2-1."""

_LINEAR, _GAMMA_22 = 8, 4

TRANSFERS = {1, 6, SRGB, 14, 15, _LINEAR, _GAMMA_22, PQ, HLG}
"""Transfer characteristics that `linear` reads for what they are; BT.709 (1, 6, 14, 15) is read as sRGB."""

_CHROMATICITIES = {
    BT709: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
WHITE = (0.3127, 0.3290)
"""D65, the white of all three."""

XYZ = ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0))
"""Chromaticities of a file whose channels are X, Y and Z."""

SAME = 0.005
"""Matrices that differ by less from identity are it."""

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
"""From XYZ to the cone responses in which one white becomes another."""

_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073

PQ_PEAK = 10000.0
"""cd/m2 of code 1 (BT.2100, table 4)."""

PQ_UNIT = 100.0
"""cd/m2 that read as 1."""


def to_srgb(primaries: int) -> NDArray[Any]:
    """Matrix (3, 3) from linear values of these primaries to linear sRGB; unknown ones are taken for sRGB's."""
    return np.linalg.solve(to_xyz(BT709), to_xyz(primaries if primaries in _CHROMATICITIES else BT709))


def linear(codes: NDArray[Any], transfer: int) -> NDArray[Any]:
    """Linear light of codes in [0, 1]: 1 is white, or `PQ_UNIT` where the codes are PQ, so that it may exceed 1.

    What is neither PQ, HLG, linear nor gamma 2.2 is sRGB: cameras write the codes of BT.709 for the same pictures.
    """
    if transfer == PQ:
        root = codes ** (1 / _M2)
        return (np.maximum(root - _C1, 0.0) / (_C2 - _C3 * root)) ** (1 / _M1) * (PQ_PEAK / PQ_UNIT)
    if transfer == HLG:  # the light of the scene (BT.2100, table 5)
        return np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - _C) / _A) + _B) / 12)
    if transfer in (_LINEAR, _GAMMA_22):
        return codes if transfer == _LINEAR else codes**GAMMA
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


def pq_codes(nits: NDArray[Any]) -> NDArray[Any]:
    """PQ codes in [0, 1] of light in cd/m2 (BT.2100, table 4); what is beyond `PQ_PEAK` is clipped."""
    power = (nits.clip(0.0, PQ_PEAK) / PQ_PEAK) ** _M1
    return ((_C1 + _C2 * power) / (1.0 + _C3 * power)) ** _M2


def to_xyz(primaries: int) -> NDArray[Any]:
    """Matrix (3, 3) from linear values of known primaries to XYZ of D65."""
    return rgb_to_xyz(_CHROMATICITIES[primaries], WHITE)


def rgb_to_xyz(points: Sequence[Sequence[float]] | NDArray[Any], white: Sequence[float] | NDArray[Any]) -> NDArray[Any]:
    """Matrix (3, 3) from linear values of primaries x, y (3, 2) to XYZ, whose white x, y has Y = 1.

    Raises:
        numpy.linalg.LinAlgError: the primaries lie on one line.
    """
    columns = np.array([(x, y, 1.0 - x - y) for x, y in points]).T
    x, y = white
    with np.errstate(divide="ignore", invalid="ignore"):
        return columns * np.linalg.solve(columns, np.array([x, y, 1.0 - x - y]) / np.float64(y))


def adapted_to_srgb(points: NDArray[Any], white: NDArray[Any]) -> NDArray[Any]:
    """Matrix (3, 3) from linear values of primaries x, y (3, 2) to linear sRGB; their white x, y becomes D65.

    Raises:
        numpy.linalg.LinAlgError: the primaries lie on one line.
    """
    whites = [_BRADFORD @ rgb_to_xyz(XYZ, xy) @ np.ones(3) for xy in (white, np.array(WHITE))]
    adapted = np.linalg.solve(_BRADFORD, (whites[1] / whites[0])[:, None] * _BRADFORD)
    return np.linalg.solve(to_xyz(BT709), adapted @ rgb_to_xyz(points, white))


def of_chromaticities(chromaticities: Any, path: Path | str) -> tuple[float, ...] | None:
    """Matrix to linear sRGB, row by row, None for sRGB; white becomes D65, but for X, Y and Z, which are what they are.

    Args:
        chromaticities: x and y of red, green, blue and white, eight numbers.
        path: the file that names them.

    Raises:
        InputError: they are no primaries.
    """
    numbers = np.asarray(chromaticities, np.float64)
    points, white = numbers[:6].reshape(3, 2), numbers[6:]
    if np.abs(points - XYZ).max() < 1e-3:
        matrix = np.linalg.inv(to_xyz(BT709))
    else:
        try:
            matrix = adapted_to_srgb(points, white)
        except (np.linalg.LinAlgError, FloatingPointError):
            matrix = np.full((3, 3), np.nan)
    if not np.isfinite(matrix).all():
        raise InputError("has invalid primaries (chromaticities)", path, "save it with those of sRGB")
    return None if np.abs(matrix - np.eye(3)).max() < SAME else tuple(float(number) for number in matrix.flat)
