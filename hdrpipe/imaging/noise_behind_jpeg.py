"""Noise that JPEG compression hides, found by trial.

Compression removes most of the noise that a file could show, by how much depends on noise, quality and pictures. So
bursts whose noise is known get more and more of it and are compressed, until they show as much as the camera's files
do (indirect inference; docs/decisions/0019).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.compression import compressed
from hdrpipe.imaging.noise import READ_NOISE, SHOT_NOISE
from hdrpipe.imaging.noise_level import TYPICAL
from hdrpipe.imaging.noise_model import NoiseModel, noise_or_none, with_noise
from hdrpipe.quantities import Frames

FACTORS = np.exp2(np.arange(-2.0, 8.0))
"""Factors on the standard noise that are tried."""

LEAST = 1e-12
"""Variance below which noise counts as none."""


def visible_noise(bursts: Sequence[Frames], source: NoiseModel, quality: int) -> NDArray[np.float64]:
    """Variance at `TYPICAL` that bursts show after compression, for each of `FACTORS`; ascending, (len(FACTORS),).

    Where none can be measured it is that of the factor before.

    Args:
        bursts: display-coded frames as taken, (N, 3, H, W) in [0, 1], never compressed.
        source: their noise.
        quality: of the JPEG, 1 to 100.
    """
    variances = []
    for factor in FACTORS:
        rng = np.random.default_rng(quality)
        model = noise_or_none(compressed(with_noise(ldr, source, _standard(factor), rng), quality) for ldr in bursts)
        variances.append(LEAST if model is None else float(model.variance(TYPICAL)))
    return np.maximum.accumulate(np.array(variances))


def before_compression(visible: NoiseModel, curve: NDArray[np.float64]) -> NoiseModel:
    """Noise that a burst had before its compression, after which it shows `visible`; `curve` is of `visible_noise`."""
    variance = max(float(visible.variance(TYPICAL)), LEAST)
    return _standard(float(np.exp(np.interp(np.log(variance), np.log(curve), np.log(FACTORS)))))


def _standard(factor: float) -> NoiseModel:
    return NoiseModel(factor * SHOT_NOISE, factor * READ_NOISE)
