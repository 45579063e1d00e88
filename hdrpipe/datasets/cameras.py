"""Cameras that rendered bursts are taken with: how a linear signal becomes the values of a frame."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.camera import ldr_from_linear
from hdrpipe.imaging.compression import through_jpeg

SHOT, READ = 4e-4, 2e-6
"""Noise variance `SHOT * linear + READ`, of the order of a mid-range camera at base sensitivity."""

LEVELS = 4095
"""Of the 12-bit converter; it counts electrons, so it quantises the linear value."""

STEPS = (1.5, 3.5)
"""Stops between neighbouring exposures of a `varied` burst."""


@dataclass(frozen=True)
class Camera:
    """A camera with a 12-bit converter and gamma 2.2, and what its processing does to the display code after that.

    Args:
        noise: factor on the noise variance.
        contrast: share of the S-curve `c * c * (3 - 2 * c)` in the display code c, in [0, 1).
        shoulder: share of the linear range, at its top, that is compressed softly, in [0, 1).
        white: 8-bit code at which the camera clips; None keeps frames unrounded.
        jpeg: quality of the JPEG that the frame goes through; None for none.
    """

    noise: float = 1.0
    contrast: float = 0.0
    shoulder: float = 0.0
    white: int | None = None
    jpeg: int | None = None

    def photograph(self, rng: np.random.Generator, radiance: NDArray[np.float32], time: float) -> NDArray[Any]:
        """The frame of a scene.

        Args:
            rng: what is drawn depends on it alone.
            radiance: (H, W, 3).
            time: relative exposure time.

        Returns:
            (3, H, W): display-coded float32 in [0, 1], or 8-bit codes where `white` is given.
        """
        signal = radiance * time
        deviation = np.sqrt(self.noise * (SHOT * signal.clip(0, 1) + READ))
        linear = (signal + deviation * rng.standard_normal(signal.shape, np.float32)).clip(0, 1)
        return _channels_first(self.process(np.round(linear * LEVELS) / LEVELS))

    def process(self, linear: NDArray[np.floating]) -> NDArray[Any]:
        """Values that the camera writes for linear values (H, W, 3) in [0, 1]: as `photograph`, but (H, W, 3)."""
        if self.shoulder:
            linear = _shouldered(linear, 1.0 - self.shoulder)
        code = ldr_from_linear(linear)
        if self.contrast:
            code = (1.0 - self.contrast) * code + self.contrast * code * code * (3.0 - 2.0 * code)
        if self.white is None:
            return code.astype(np.float32)
        levels = np.rint(code * self.white).astype(np.uint8)
        return levels if self.jpeg is None else through_jpeg(levels, self.jpeg)


CAMERAS: dict[str, Camera] = {
    "plain": Camera(),
    "s-curve": Camera(contrast=0.6, white=255),
    "shoulder": Camera(shoulder=0.5, white=255),
    "white": Camera(white=248),
    "jpeg": Camera(white=255, jpeg=90),
    "phone": Camera(noise=2.0, contrast=0.5, shoulder=0.3, white=250, jpeg=92),
}
"""Named cameras but `varied`, which is another one in each scene."""


def varied(rng: np.random.Generator) -> Camera:
    """A random camera: noise variance from 1/16 to 4, and for two of three cameras 8 bits with a response of its own,
    half of these as JPEG."""
    noise = float(np.exp2(rng.uniform(-4.0, 2.0)))
    if rng.uniform() < 1 / 3:
        return Camera(noise)
    contrast, shoulder = rng.uniform(0.0, 0.7, 2) * (rng.uniform(size=2) < 0.5)
    white = int(rng.integers(240, 256)) if rng.uniform() < 0.5 else 255
    jpeg = int(rng.integers(85, 98)) if rng.uniform() < 0.5 else None
    return Camera(noise, float(contrast), float(shoulder), white, jpeg)


def _shouldered(linear: NDArray, knee: float) -> NDArray:
    """Linear up to the knee, then a parabola whose slope ends at 0; scaled so that 1 stays 1."""
    above = np.maximum(linear - knee, 0.0)
    return (linear - above**2 / (2.0 * (1.0 - knee))) * (2.0 / (1.0 + knee))


def _channels_first(picture: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(picture.transpose(2, 0, 1))
