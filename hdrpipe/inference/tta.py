"""A prediction averaged over exactly invertible moves: flips and permutations of the colour channels.

What the net says of a mirrored burst, mirrored back, is a second opinion. The mean is the better label (errors that
depend on the orientation cancel), and the spread is a part of the uncertainty that the judge does not see.
"""

from typing import Any

import numpy as np
from torch import nn

from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law
from hdrpipe.inference.tiles import predict
from hdrpipe.learning.batches import Array
from hdrpipe.quantities import Picture, Plane

MOVES = (
    ((), (0, 1, 2)),
    ((-1,), (1, 2, 0)),
    ((-2,), (2, 0, 1)),
    ((-2, -1), (0, 1, 2)),
)
"""Axes that are flipped, and the channel that each channel comes from: the moves of strong augmentation."""


def predict_averaged(net: nn.Module, frames: Array, times: Any, quality: int = 0) -> tuple[Picture, Plane]:
    """Radiance and sigma of one burst, averaged over `MOVES`.

    The mean is taken in the mu-law domain; sigma is the root of the mean variance plus the variance of the means, as
    for a mixture of Gaussians.

    Args:
        net, frames, times, quality: see `hdrpipe.inference.tiles.predict`.

    Returns:
        Radiance in [0, 1], (3, H, W); sigma in the mu-law domain, (H, W).
    """
    whole = np.asarray(frames[...])
    first = second = variance = 0.0
    for axes, channels in MOVES:
        moved = np.ascontiguousarray(np.flip(whole[:, list(channels)], axes))
        radiance, sigma = predict(net, moved, times, quality)
        tonemapped = np.flip(mu_law(radiance), axes)[np.argsort(channels)].astype(np.float64)
        first, second = first + tonemapped, second + np.square(tonemapped)
        variance = variance + np.square(np.flip(sigma, axes), dtype=np.float64)
    mean = np.asarray(first / len(MOVES))
    spread = np.maximum(second / len(MOVES) - np.square(mean), 0.0).mean(axis=0)
    radiance = np.clip(inverse_mu_law(mean), 0.0, 1.0).astype(np.float32)
    return radiance, np.sqrt(variance / len(MOVES) + spread).astype(np.float32)
