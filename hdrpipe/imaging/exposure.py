"""Steps between the exposures of pictures, measured on the pictures alone.

Pictures are compared by the brightest channel of each pixel: unlike luma, it scales with the exposure until it clips.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.errors import InputError
from hdrpipe.imaging.camera import linear_from_ldr
from hdrpipe.imaging.response import Floats, Matches, Response, Thinned

QUANTILES = np.linspace(0.01, 0.99, 99)

USABLE = (0.03, 0.97)
"""Display-coded values between noise and clipping."""

WHITE = 0.95
"""Quantile of the brightest picture that counts as white: brighter values clip, overshoot, or are few."""

LEAST = 5
"""Quantiles that must be usable in both pictures: a twentieth of the picture."""

COMPARED = 200_000
"""Pixels that a comparison looks at."""

FEWEST = 25
"""Matches between two channels that make a step: a fifth of the picture, more than most things that pass by."""

MOST_UNLIKE = 0.75
"""Stops by which the pixels of two frames may spread around their median: beyond it they show different things."""

SUREST = 0.02
"""Stops below which the spread of a step says nothing more."""


def brightness(frame: NDArray[Any]) -> NDArray[np.float32]:
    """The brightest channel of a thinned-out frame (3, H, W), integers over their type's range or floats in [0, 1]."""
    stride = max(1, int(np.sqrt(frame[0].size / COMPARED)))
    thin = frame[:, ::stride, ::stride].max(axis=0)
    top = np.iinfo(thin.dtype).max if thin.dtype.kind == "u" else 1.0
    return thin.astype(np.float32) / np.float32(top)


def stops_between(darker: NDArray[np.float32], brighter: NDArray[np.float32]) -> float | None:
    """Exposure of `brighter` over `darker` in stops: the median ratio of equal quantiles of linear values.

    Quantiles do not mind that things move. The camera response is taken for the field's gamma: a picture that a
    camera has rendered with another curve gives a wrong number.

    Args:
        darker, brighter: see `brightness`.

    Returns:
        Stops, or None where the pictures share too little that is neither black nor clipped.
    """
    low, high = (np.quantile(values, QUANTILES) for values in (darker, brighter))
    usable = (low > USABLE[0]) & (low < USABLE[1]) & (high > USABLE[0]) & (high < USABLE[1])
    if usable.sum() < LEAST:
        return None
    return float(np.median(np.log2(linear_from_ldr(high[usable]) / linear_from_ldr(low[usable]))))


def estimate(pictures: Sequence[NDArray[np.float32]]) -> tuple[float, ...]:
    """Exposure values of pictures of one scene, in stops from the darkest, in the order given; see `brightness`.

    White is the largest value of them all: it may lie below 1, and beyond 1 for floats.

    Raises:
        InputError: neighbours in brightness are equally bright, or share nothing that can be compared.
    """
    white = np.float32(max(float(np.quantile(picture, WHITE)) for picture in pictures) or 1.0)
    pictures = [picture / white for picture in pictures]
    order = sorted(range(len(pictures)), key=lambda index: float(pictures[index].mean()))
    values = [0.0] * len(pictures)
    for before, after in pairwise(order):
        stops = stops_between(pictures[before], pictures[after])
        if stops is None or stops < 0.1:
            what = "share nothing to compare" if stops is None else "are equally bright"
            raise InputError(f"pictures {before + 1} and {after + 1} {what}: no exposure can be estimated")
        values[after] = values[before] + stops
    return tuple(values)


def offsets(matches: Matches, response: Response, count: int, reference: int) -> tuple[Floats, Floats]:
    """Light of each channel of each frame over that by its recorded exposure, and the spread of this measure.

    Args:
        matches: between the frames.
        response: what codes stand for.
        count: number of frames.
        reference: frame that the others are compared with.

    Returns:
        Stops (count, 3), 0 for the reference: least squares over the median steps of all pairs of frames. And (count,)
        spread in stops of the matches of each frame around these medians; infinite where nothing can be compared.
    """
    stops, excess, spreads = matches.excess_stops(response), np.zeros((count, 3)), np.full(count, np.inf)
    steps = []
    for pair in np.unique(matches.frames, axis=0):
        of_pair = (matches.frames == pair).all(axis=1)
        for channel in range(3):
            of_channel = of_pair & (matches.channel == channel)
            enough = of_channel.sum() >= FEWEST  # else all channels are taken together
            steps.append(_step((*pair, channel), stops[of_channel if enough else of_pair]))
    measured = [step for step in steps if step is not None]
    for channel in range(3):
        of = [step for step in measured if step[0][2] == channel]
        rows = np.zeros((len(of) + 1, count))
        for row, ((one, other, _), _, spread) in zip(rows, of, strict=False):
            row[[one, other]] = -1.0 / spread, 1.0 / spread
        rows[-1, reference] = 1e3
        right = [*(median / spread for _, median, spread in of), 0.0]
        excess[:, channel] = np.linalg.lstsq(rows, np.array(right), rcond=None)[0]
    for frame in range(count):
        of_frame = [spread for (one, other, _), _, spread in measured if frame in (one, other)]
        spreads[frame] = np.median(of_frame) if of_frame else np.inf
    return excess, spreads


def pixel_offsets(burst: Thinned, response: Response, reference: int) -> Floats:
    """The same stops (N, 3), by pixels at the same position instead of ranks; not finite where frames share too few.

    Motion spoils both measures, each in its own way: a difference counts where both agree.
    """
    offsets = [np.zeros(3)]
    for frame in range(1, len(burst.frames)):
        stops = []
        for darker, brighter in zip(*burst.shared(frame - 1, frame), strict=True):
            codes = np.stack([darker, brighter]).astype(np.float64) / np.iinfo(darker.dtype).max
            usable = ((codes > USABLE[0]) & (codes < USABLE[1])).all(axis=0)
            gaps = response(codes[1, usable]) - response(codes[0, usable])
            alike = len(gaps) >= FEWEST and _spread(gaps) < MOST_UNLIKE
            stops.append(np.median(gaps) if alike else np.nan)
        offsets.append(offsets[-1] + np.array(stops) - (burst.ev[frame] - burst.ev[frame - 1]))
    return np.array(offsets) - offsets[reference]


def _step(pair: Sequence[Any], stops: Floats) -> tuple[tuple[int, ...], float, float] | None:
    """Frames and channel, median and spread of their stops; None for too few matches."""
    if len(stops) < FEWEST:
        return None
    return tuple(int(index) for index in pair), float(np.median(stops)), max(_spread(stops), SUREST)


def _spread(stops: Floats) -> float:
    return 1.48 * float(np.median(np.abs(stops - np.median(stops))))
