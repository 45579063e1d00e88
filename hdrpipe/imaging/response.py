"""The camera's response (the linear value of a code), estimated from the pictures of a burst alone.

Frames of one scene hold the same ranks of brightness, however they were aligned: the code of a rank in a frame and in
a brighter one show light that differs by the exposures' known step. A smooth curve through all such matches is the
response (Grossberg and Nayar 2003 compare histograms like that). What steps can tell ends there: without exposures
that are known, any power of the curve explains the pictures as well, and its scale is free; code 1 stands for 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.overlap import overlap, shift_between
from hdrpipe.quantities import GAMMA

Floats = NDArray[np.float64]

USABLE = (0.03, 0.97)
"""Codes between noise and clipping."""

RANKS = np.linspace(0.004, 0.996, 125)
"""Quantiles of a channel that are compared."""

KNOTS = np.linspace(np.sqrt(USABLE[0]), 1.0, 24) ** 2
"""Codes at which a response is tabulated; between them it is a power law."""

KNOT_STOPS = np.log2(KNOTS)

STEEPEST = (0.5, 3.0)
"""Exponents with which a response may go on below the first knot, where there is nothing to see."""

COMPARED = 200_000
"""Pixels of a frame that are looked at."""

FARTHEST = 2
"""Frames that are compared are at most so many places apart."""

LEVEL = 1.0 / 255.0
"""Unit of misfits: one level of 8 bits."""

SPAN = 1.5 * LEVEL
"""Largest span of codes of one level: 8-bit codes that were stretched over 16 bits lie as far apart."""

TRIMMED = 0.8
"""Share of the matches that count for the misfit, the best ones: the others may have moved."""

ROUNDS = 8
"""Fits, each weighing down what the one before did not explain."""

SLACK = 0.3
"""Levels of misfit that are no reason to weigh a match down: rounding alone makes as many."""

WIGGLE = 1.0
"""Weight of the curve's smoothness against the matches."""


@dataclass(frozen=True, eq=False)
class Response:
    """Camera response: the linear value of a display code.

    Args:
        name: what to call it.
        stops: (24,) log2 of the linear value at `KNOTS`, ascending, 0 at code 1.
    """

    name: str
    stops: Floats

    def __call__(self, code: Any) -> Floats:
        """log2 of the linear value of codes in [0, 1], same shape; the code 0 stands for half a level."""
        at = np.log2(np.maximum(code, 0.5 * LEVEL))
        slope = np.clip((self.stops[2] - self.stops[0]) / (KNOT_STOPS[2] - KNOT_STOPS[0]), *STEEPEST)
        below = self.stops[0] + slope * (at - KNOT_STOPS[0])
        return np.where(at < KNOT_STOPS[0], below, np.interp(at, KNOT_STOPS, self.stops))

    def slope(self, code: Floats) -> Floats:
        """Stops a code, same shape."""
        return np.maximum((self(code + LEVEL / 2) - self(code - LEVEL / 2)) / LEVEL, 0.1)


def _srgb() -> Floats:
    return np.log2(np.where(KNOTS <= 0.04045, KNOTS / 12.92, ((KNOTS + 0.055) / 1.055) ** 2.4))


PLAIN = Response("gamma 2.2", GAMMA * KNOT_STOPS)
SRGB = Response("sRGB", _srgb())


@dataclass(frozen=True, eq=False)
class Matches:
    """Codes of equal rank in two frames, (M,) each.

    Attributes:
        darker, brighter: codes in [0, 1] in the frame of the shorter and of the longer exposure.
        step: stops between the two frames as recorded.
        frames: (M, 2) indices of the two.
        channel: 0, 1, 2.
    """

    darker: Floats
    brighter: Floats
    step: Floats
    frames: NDArray[np.int64]
    channel: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.step)

    def excess_stops(self, response: Response) -> Floats:
        """Stops, (M,), between the two codes, less the recorded step between their frames."""
        return response(self.brighter) - response(self.darker) - self.step

    def levels(self, stops: Floats, response: Response) -> Floats:
        """Those stops (M,) in levels of 8 bits, by which the two codes would have to be wrong."""
        return stops / np.hypot(response.slope(self.darker), response.slope(self.brighter)) / LEVEL


@dataclass(frozen=True, eq=False)
class Thinned:
    """A burst thinned out, with the shifts between its frames.

    Attributes:
        frames: (N, 3, h, w) of uint8 or uint16, in ascending exposure.
        origins: (N, 2) rows and columns by which the scene in each frame is shifted against the first one.
        ev: exposure values in stops, as recorded.
    """

    frames: NDArray[Any]
    origins: NDArray[np.int64]
    ev: tuple[float, ...]

    def shared(self, one: int, other: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """The overlap of two frames, (3, h, w) of each."""
        down, right = (int(moved) for moved in self.origins[other] - self.origins[one])
        return overlap(self.frames[one], self.frames[other], (down, right))


def thinned(frames: NDArray[Any], ev: Sequence[float]) -> Thinned:
    """A burst (N, 3, H, W) of uint8 or uint16 in ascending exposure, for comparisons."""
    stride = max(1, int(np.sqrt(frames[0, 0].size / COMPARED)))
    thin = frames[:, :, ::stride, ::stride]
    steps = [(0, 0), *(shift_between(one, other) for one, other in pairwise(thin))]
    return Thinned(thin, np.cumsum(steps, axis=0), tuple(ev))


def match(burst: Thinned) -> Matches:
    """Matches between each frame and the next two, where they overlap; none of fewer pixels than ranks."""
    matched = []
    for one, other in combinations(range(len(burst.frames)), 2):
        if other - one > FARTHEST:
            continue
        shared = burst.shared(one, other)
        darker, brighter = (ranked(frame) for frame in shared)
        usable = (
            (shared[0][0].size >= len(RANKS))
            & (np.minimum(darker, brighter) > USABLE[0])
            & (np.maximum(darker, brighter) < USABLE[1])
        )
        channel = np.nonzero(usable)[0]
        pair = np.broadcast_to([one, other], (len(channel), 2))
        matched.append(
            (darker[usable], brighter[usable], np.full(len(channel), burst.ev[other] - burst.ev[one]), pair, channel)
        )
    return Matches(*(np.concatenate(columns) for columns in zip(*matched, strict=True)))


def ranked(frame: NDArray[Any]) -> Floats:
    """Codes of `RANKS` in each channel of a frame (3, H, W) of uint8 or uint16: (3, 125) in [0, 1].

    A level is taken for a span of values that are equally likely, so that rounding does not make steps: down to the
    level before it that occurs, but no farther than `SPAN`, which would make codes up where all is white.
    """
    levels, top = (frame, 255) if frame.dtype == np.uint8 else (frame >> 6, 1023)
    edges = (np.arange(top + 2) - 0.5) / top
    codes = []
    for channel in levels:
        counts = np.bincount(channel.ravel(), minlength=top + 1)
        below = np.concatenate([[0.0], counts.cumsum()]) / channel.size
        occurring = np.flatnonzero(counts)
        ends = edges[occurring + 1]
        starts = np.maximum(np.concatenate([edges[:1], ends[:-1]]), ends - SPAN)
        spans = np.stack([below[occurring], below[occurring + 1]]), np.stack([starts, ends])
        codes.append(np.interp(RANKS, spans[0].T.ravel(), spans[1].T.ravel()))
    return np.stack(codes)


def misfit(levels: Floats) -> float:
    """Mean size of the best four fifths of misfits (M,)."""
    best = np.sort(np.abs(levels))
    return float(best[: max(1, int(TRIMMED * len(best)))].mean())


def exponents(matches: Matches, fewest: int) -> Floats:
    """The exponent of a power law by each pair of frames with so many matches: the median of what its matches say."""
    seen = np.maximum(np.log2(matches.brighter / matches.darker), 1e-3)
    pairs, which = np.unique(matches.frames, axis=0, return_inverse=True)
    of_pairs = ((matches.step / seen)[which.ravel() == pair] for pair in range(len(pairs)))
    return np.array([np.median(values) for values in of_pairs if len(values) >= fewest])


def power(exponent: float) -> Response:
    """The response of codes to this power."""
    return Response(f"gamma {exponent:.2f}", exponent * KNOT_STOPS)


def fitted(matches: Matches) -> Response:
    """The smooth rising curve that explains the matches best; see the module on what it can know.

    Least squares for the curve at the knots, as a power law of free exponent plus what is smooth over the logit of
    the code, where the S-curves of cameras are nearly straight. Matches count by what a level is worth in stops
    there, and less where they do not fit.
    """
    towards = _hats(matches.brighter) - _hats(matches.darker)
    power = towards @ KNOT_STOPS
    curve = PLAIN
    for _ in range(ROUNDS):
        misfits = np.abs(matches.levels(matches.excess_stops(curve), curve))
        usual = max(1.48 * float(np.median(misfits)), SLACK)
        weight = np.sqrt(1.0 / np.maximum(1.0, misfits / (1.5 * usual)))
        weight *= matches.levels(np.ones(len(matches)), curve) / (usual * np.sqrt(len(matches)))
        rows = np.column_stack([towards * weight[:, None], power * weight])
        left, right = np.concatenate([rows, _PRIOR]), np.concatenate([matches.step * weight, np.zeros(len(_PRIOR))])
        solved = np.linalg.lstsq(left, right, rcond=None)[0]
        stops = np.maximum.accumulate(solved[:-1] + solved[-1] * KNOT_STOPS)
        curve = Response("the camera's curve", stops - stops[-1])
    return curve


def _hats(code: Floats) -> Floats:
    """Weights (M, 24) of the knots in the value at codes (M,)."""
    at = np.log2(code)
    left = np.clip(np.searchsorted(KNOT_STOPS, at) - 1, 0, len(KNOTS) - 2)
    fraction = (at - KNOT_STOPS[left]) / (KNOT_STOPS[left + 1] - KNOT_STOPS[left])
    weights, row = np.zeros((len(at), len(KNOTS))), np.arange(len(at))
    weights[row, left], weights[row, left + 1] = 1.0 - fraction, fraction
    return weights


def _prior() -> Floats:
    """Rows for `fitted` that hold what is wanted of any curve: smooth, 0 at code 1, not far from a power law."""
    along = np.log(KNOTS / (1.15 - KNOTS))
    before, after = np.diff(along)[:-1], np.diff(along)[1:]
    bends, row = np.zeros((len(KNOTS) - 2, len(KNOTS) + 1)), np.arange(len(KNOTS) - 2)
    bends[row, row] = 2.0 / (before * (before + after))
    bends[row, row + 1] = -2.0 / (before * after)
    bends[row, row + 2] = 2.0 / (after * (before + after))
    bends *= np.sqrt(WIGGLE * (before + after) / 2.0)[:, None]
    end = np.zeros((1, len(KNOTS) + 1))
    end[0, -2] = 1e2
    small = np.append(np.full(len(KNOTS), 1e-3), 0.0)[None]
    return np.concatenate([bends, end, small])


_PRIOR = _prior()
