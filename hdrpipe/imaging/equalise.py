"""Response, exposures and white balance of a burst measured on its pictures, which are brought to the field's camera.

Measured are a response other than gamma 2.2, exposures that are a little off, and a white balance that changes
between frames. Each is taken for true only where it is clear and the simpler ones do not explain as much.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.camera import ldr_from_linear
from hdrpipe.imaging.exposure import FEWEST, offsets, pixel_offsets
from hdrpipe.imaging.response import PLAIN, SRGB, Floats, Matches, Response, Thinned, exponents, fitted, misfit, power
from hdrpipe.quantities import GAMMA

NOTICED = (0.5, 2.0)
"""Levels of 8 bits that gamma 2.2 must miss by, for sRGB or another power and for any other curve to be looked for:
rounding alone makes 0.2, heavy noise up to 1.7, which a curve fits where there is none."""

CLEARLY = (0.25, 0.5)
"""Largest fraction of that misfit which sRGB or another power, and which another curve, may leave; of a misfit that may
be noise a curve must leave as little as a power: it fits noise down to 0.4."""

ENOUGH = 40
"""Fewest matches from which anything is estimated."""

WIDE = 0.4
"""Range of codes that the matches of a response must span."""

EXPONENTS = (0.4, 4.5)
"""Mean exponent over the middle codes of a response that a picture may have: beyond it the exposures are wrong."""

SLIP = (0.06, 0.5)
"""Stops by which an exposure is off and mended: less is nothing, more needs to be `SURE`."""

FARTHEST_SLIP = 4.0
"""Most stops by which an exposure is off: by a filter, or a time or an aperture that the file has wrong."""

SURE = (0.05, 15.0)
"""Stops by which the measures of what is more than a slip may disagree, and times the spread that it must reach: what
flashes, veils and curves of one frame alone make is less steady."""

TINT = (0.08, 2.0)
"""Stops between the channels of a frame that are a white balance of its own: less is nothing, more another scene."""

SURELY = 2.5
"""Times the spread that a difference must reach."""

AGREEING = 0.5
"""Fraction of a difference by which its measures, by ranks and pixels or by several pairs of frames, may disagree."""

CLOSEST = 0.1
"""Stops that mended exposures stay apart."""

CLIPS = 0.98
"""Code from which on a channel goes over to 1 whatever its gain, so that what clips still looks clipped."""


@dataclass(frozen=True, eq=False)
class Making:
    """Response, exposures and white balance by which the frames of a burst were made.

    Attributes:
        response: light behind a code, the same for all.
        ev: exposure values in stops, ascending; those of frames with gains are lower, so that no gain exceeds 1.
        slips: (N,) stops by which the exposures were mended.
        gains: (N, 3) factors on linear values that give all frames one white balance; at most 1.
    """

    response: Response
    ev: tuple[float, ...]
    slips: Floats
    gains: Floats

    def equal(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Frames (N, 3, H, W) display-coded by gamma 2.2 in one white balance; given uint16, they are overwritten."""
        codes = np.linspace(0.0, 1.0, int(np.iinfo(samples.dtype).max) + 1)
        made = samples if samples.dtype == np.uint16 else np.empty(samples.shape, np.uint16)
        for frame, channel in np.ndindex(*samples.shape[:2]):
            made[frame, channel] = self._levels(codes, self.gains[frame, channel])[samples[frame, channel]]
        return made

    def edges(self, frame: int, white: int) -> NDArray[np.uint16]:
        """Levels (3, 257) between which each code of an 8-bit frame lies once made equal; code `white` stands for 1."""
        between = ((np.arange(257) - 0.5) / white).clip(0.0, 1.0)
        return np.stack([self._levels(between, gain) for gain in self.gains[frame]])

    def _levels(self, codes: Floats, gain: Any) -> NDArray[np.uint16]:
        """Codes in [0, 1], of a channel with a gain, display-coded by gamma 2.2 over the range of uint16."""
        linear = np.where(codes > 0.0, np.exp2(self.response(codes)), 0.0)
        clipping = ((codes - CLIPS) / (1.0 - CLIPS)).clip(0.0, 1.0)
        lit = linear * gain
        return np.rint(ldr_from_linear(lit + clipping * (linear - lit)) * 65535.0).astype(np.uint16)


def response_of(matches: Matches, count: int, reference: int) -> Response:
    """The response that explains the matches between `count` frames: gamma 2.2 unless another one clearly does."""
    missed = _missed(matches, PLAIN) if len(matches) >= ENOUGH else 0.0
    if missed < NOTICED[0]:
        return PLAIN
    narrow = matches.brighter.max() - matches.darker.min() < WIDE
    unclear = missed < NOTICED[1] or narrow
    simple = [SRGB, *(_powers(matches) if unclear else ())]
    left, best = min(((_missed(matches, tried), tried) for tried in simple), key=lambda pair: pair[0])
    clear = left < CLEARLY[0] * missed
    if narrow or (clear and best is SRGB):
        return best if clear else PLAIN
    curve, most = fitted(matches), CLEARLY[0 if unclear else 1]
    remaining = _missed(matches, curve)
    if clear and remaining > CLEARLY[1] * left:
        return best
    low, high = EXPONENTS
    exponent = float(curve(0.7) - curve(0.2)) / np.log2(0.7 / 0.2)
    if remaining > most * missed or not low < exponent < high or _only_slips(matches, count, reference, remaining):
        return best if clear else PLAIN
    return curve


def _missed(matches: Matches, response: Response) -> float:
    return misfit(matches.levels(matches.excess_stops(response), response))


def _powers(matches: Matches) -> list[Response]:
    """The power on which several pairs of frames agree, if they do: a slip of one exposure would part them."""
    seen, (low, high) = exponents(matches, FEWEST), EXPONENTS
    middle = float(np.median(seen)) if len(seen) else GAMMA
    agreed = len(seen) > 1 and np.ptp(seen) < AGREEING * abs(middle - GAMMA)
    return [power(middle)] if agreed and low < middle < high else []


def _only_slips(matches: Matches, count: int, reference: int, left: float) -> bool:
    """True if exposures and white balances that are off explain more than a curve, which leaves `left`.

    Two frames cannot tell a slip from another exponent: there, or where others are black or white, the slip is the
    simpler reason. Of more frames each would have to slip by what a power asks, where their pairs agree on one.
    """
    if _powers(matches):
        return False
    off, _ = offsets(matches, PLAIN, count, reference)
    darker, brighter = matches.frames.T
    slips = off[brighter, matches.channel] - off[darker, matches.channel]
    remaining = misfit(matches.levels(matches.excess_stops(PLAIN) - slips, PLAIN))
    several = len(exponents(matches, FEWEST)) > 1
    bound, farthest = (CLEARLY[1] * left, FARTHEST_SLIP) if several else (1.5 * left + 0.1, SLIP[1])
    return bool(np.abs(np.diff(np.median(off, axis=1))).max() < farthest) and remaining < bound


def untinted(matches: Matches, made: Making) -> Matches:
    """Matches whose steps are those of each channel, with the white balances of the frames in them."""
    light = (np.asarray(made.ev) - made.slips)[:, None] - np.log2(made.gains)
    darker, brighter = (light[frame, matches.channel] for frame in matches.frames.T)
    return replace(matches, step=brighter - darker)


def making(burst: Thinned, matches: Matches, reference: int, response: Response, timed: bool) -> Making:
    """Exposures and white balances under a response.

    Args:
        burst: the frames.
        matches: between them.
        reference: frame whose exposure and white balance are right.
        response: what codes stand for.
        timed: True if the exposures come from elsewhere than the pictures; only then they can be off.
    """
    off, spread = offsets(matches, response, len(burst.ev), reference)
    beside = pixel_offsets(burst, response, reference)
    slips, seen = np.median(off, axis=1), np.median(beside, axis=1)
    gains = _gains(off - slips[:, None], beside - seen[:, None], spread)
    slips = _slips(slips, seen, spread) if timed else np.zeros(len(off))
    largest = gains.max(axis=1)
    mended = np.asarray(burst.ev) + slips - np.log2(largest)
    if (np.diff(mended) < CLOSEST).any():
        return as_recorded(response, burst.ev)
    return Making(response, tuple(float(value) for value in mended), slips, gains / largest[:, None])


def as_recorded(response: Response, ev: Sequence[float]) -> Making:
    """Frames whose recorded exposures and white balance are right."""
    return Making(response, tuple(ev), np.zeros(len(ev)), np.ones((len(ev), 3)))


def _gains(tints: Floats, seen: Floats, spread: Floats) -> Floats:
    """Factors (N, 3) against what ranks and pixels say of the channels of each frame, in stops; 1 where unclear."""
    size = np.ptp(tints, axis=1)
    tinted = (size > np.maximum(TINT[0], SURELY * spread)) & (size < TINT[1])
    tinted &= np.abs(seen - tints).max(axis=1) < AGREEING * size
    return np.exp2(np.where(tinted[:, None], -tints, 0.0))


def _slips(slips: Floats, seen: Floats, spread: Floats) -> Floats:
    """The stops (N,) of exposures that are off by ranks and by pixels; 0 where unclear."""
    size, disagreement = np.abs(slips), np.abs(seen - slips)
    small = (size < SLIP[1]) & (size > np.maximum(SLIP[0], SURELY * spread)) & (disagreement < AGREEING * size)
    large = (size >= SLIP[1]) & (size < FARTHEST_SLIP) & (size > SURE[1] * spread) & (disagreement < SURE[0])
    one_wrong = not large.any() or float(np.ptp(slips[large])) < 2 * SURE[0]  # that of one frame, or of the reference
    return np.where(small | (large & one_wrong), slips, 0.0)
