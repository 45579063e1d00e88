"""The burst: all exposures of one scene, checked once when it is made."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hdrpipe.errors import InputError
from hdrpipe.imaging.camera import linear_from_ldr, radiance_from_ldr
from hdrpipe.quantities import Frames, Times

MAX_STOPS = 40.0
"""Widest exposure range of a burst; more is a mistaken unit, and float32 radiance would lose its precision."""


@dataclass(frozen=True, eq=False)
class Burst:
    """The exposures of one scene in ascending order.

    Args:
        ldr: display-coded frames in [0, 1], (N, 3, H, W) RGB; kept as float32.
        ev: exposure values in stops, strictly ascending, one per frame.
        reference: index of the frame that the result aligns to, in [0, N).
        noise_level: factor on the standard noise variance (`imaging.noise_level`), as of the picture that this is
            a part of; None for the level that the frames themselves show.
        grey: fraction of that noise's variance that the three colours have in common, in [0, 1], likewise.
        quality: JPEG quality of the files, 1 to 100; 0 where frames were never compressed.

    Raises:
        InputError: a shape, a value, the order of the exposures or the reference is wrong.
    """

    ldr: Frames
    ev: tuple[float, ...]
    reference: int
    noise_level: float | None = None
    grey: float = 0.0
    quality: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "ldr", _checked_frames(self.ldr))
        object.__setattr__(self, "ev", _checked_exposures(self.ev, len(self.ldr)))
        if not 0 <= self.reference < len(self.ldr):
            raise InputError(f"reference {self.reference} is no frame", "burst", f"choose 0 to {len(self.ldr) - 1}")
        object.__setattr__(self, "reference", int(self.reference))

    @property
    def times(self) -> Times:
        """Relative exposure times `2 ** (EV - min EV)`, (N,) float64; the first is 1."""
        return np.exp2(np.asarray(self.ev, np.float64) - self.ev[0])

    @property
    def linear(self) -> Frames:
        """Linearised frames in [0, 1], (N, 3, H, W)."""
        return linear_from_ldr(self.ldr)

    @property
    def radiance(self) -> Frames:
        """Radiance `linear / time` of each frame, (N, 3, H, W)."""
        return radiance_from_ldr(self.ldr, self.times)

    def replace_ldr(self, ldr: Frames) -> "Burst":
        """The same exposures with other frames (N, 3, H, W) in [0, 1], checked again."""
        return replace(self, ldr=ldr)


def unit_floats(frames: Any) -> np.ndarray:
    """Display-coded frames as float32 in [0, 1]; integers are divided by the largest value of their dtype."""
    frames = np.asarray(frames)
    scale = np.iinfo(frames.dtype).max if frames.dtype.kind == "u" else 1
    return np.divide(frames, scale, dtype=np.float32)


def _checked_frames(ldr: Frames) -> Frames:
    """Frames as float32, or an InputError that says what came."""
    frames = np.asarray(ldr)
    if frames.ndim != 4 or frames.shape[1] != 3 or frames.size == 0:
        raise InputError(f"frames of shape {frames.shape}", "burst", "wanted (N, 3, H, W), none of them 0")
    if len(frames) < 2:
        raise InputError("one exposure only", "burst", "a burst has at least 2")
    if frames.dtype.kind != "f":
        raise InputError(f"frames of type {frames.dtype}", "burst", "divide integers by their type's maximum")
    frames = frames.astype(np.float32, copy=False)
    low, high = float(frames.min()), float(frames.max())
    if not (low >= 0.0 and high <= 1.0):  # false for NaN, too
        raise InputError(f"camera values from {low:g} to {high:g}", "burst", "wanted finite values in [0, 1]")
    return frames


def _checked_exposures(ev: tuple[float, ...], count: int) -> tuple[float, ...]:
    """Exposure values as a tuple of floats, or an InputError that says what is wrong."""
    values = tuple(float(value) for value in ev)
    if len(values) != count:
        raise InputError(f"{len(values)} exposure values for {count} frames", "burst", "give one EV per frame")
    steps = np.diff(values)
    if not (np.isfinite(values).all() and (steps > 0).all()):
        raise InputError(f"exposure values {values}", "burst", "wanted finite and strictly ascending EVs")
    if steps.sum() > MAX_STOPS:
        raise InputError(f"{steps.sum():g} stops of exposure range", "burst", "give EVs in stops, not seconds")
    return values
