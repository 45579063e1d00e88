"""Storage of the frames of a burst, as far as it adds to their errors; shadows that it rounded away.

The contrast of a camera's own curve leaves few codes to shadows. One of them spans a stop there and more, so that a
longer exposure seems to differ from the reference where it only knows better. A code says that the light lies between
two edges: within them the longer exposure is believed, and whatever moved in it, the error stays below one code.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.merge import CLIPPING
from hdrpipe.quantities import GAMMA, Times

ROWS = 256
"""Rows of a picture that are refined at a time."""


class Coding(NamedTuple):
    """Storage of the frames of a burst, as far as it adds to their errors.

    Attributes:
        edges: (3, 257) levels between which each of the 256 codes of the reference's file lies, by channel, over the
            range of uint16; None where they follow gamma 2.2 or have more than 8 bits, so that rounding is less than
            noise.
        quality: JPEG quality of the frames, 1 to 100; 0 where they were never compressed.
        noise_level: factor on the standard noise variance that the files state; None where they state none.
    """

    edges: NDArray[np.uint16] | None = None
    quality: int = 0
    noise_level: float | None = None


UNKNOWN = Coding()
"""Frames that came from memory, or with as many codes as they need."""


def refine(levels: NDArray[np.uint16], times: Times, reference: int, edges: NDArray[np.uint16]) -> None:
    """Move the reference, within the edges of its codes, to the longest exposure that does not clip; in place.

    Args:
        levels: aligned frames (N, 3, H, W), display-coded by gamma 2.2 over the range of uint16, ascending exposure.
        times: relative exposure times, (N,).
        reference: index of the frame that the others are aligned to.
        edges: of the codes of the reference, see `Coding`.
    """
    top = np.iinfo(np.uint16).max
    for channel, bounds in enumerate(edges):
        code = np.searchsorted(bounds[1:-1], np.arange(top + 1), side="right")
        lowest, highest = bounds[code], bounds[code + 1]
        for start in range(0, levels.shape[2], ROWS):
            rows = levels[:, channel, start : start + ROWS]
            light = rows[reference].astype(np.float32)
            for index in range(reference + 1, len(rows)):
                factor = np.float32((times[reference] / times[index]) ** (1.0 / GAMMA))
                light = np.where(rows[index] < CLIPPING[0] * top, rows[index] * factor, light)
            rows[reference] = np.rint(light).clip(lowest[rows[reference]], highest[rows[reference]])
