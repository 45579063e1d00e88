"""Trivial maps that a learned sigma must beat at ranking errors, and the kinds of pixels that are scored separately."""

import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.camera import ldr_from_linear, radiance_from_ldr
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.quantities import Boolean, Frames, Plane, Times

CLIPPED = 0.98
"""A display-coded value from here on may be clipped: noise blurs the edge."""

MOVED = 0.1
"""Display-coded difference to the reference, at equal exposure, that noise alone hardly makes."""


def trivial_maps(ldr: Frames, times: Times, reference: int, seed: int = 0) -> dict[str, Plane]:
    """Maps (H, W) that need no network, larger where one would expect an error.

    Args:
        ldr: frames in [0, 1], (N, 3, H, W), ascending exposure.
        times: relative exposure times, (N,).
        reference: index of the reference.
        seed: of the random map.

    Returns:
        random; saturation: largest channel of the reference; difference: see `difference`; gradient: of the
        tone-mapped reference.
    """
    tonemapped = mu_law(radiance_from_ldr(ldr, times)[reference])
    steps = np.gradient(tonemapped, axis=(-2, -1))
    return {
        "random": np.random.default_rng(seed).random(tonemapped.shape[1:], np.float32),
        "saturation": ldr[reference].max(axis=0),
        "difference": difference(ldr, times, reference),
        "gradient": np.hypot(*steps).mean(axis=0).astype(np.float32),
    }


def difference(ldr: Frames, times: Times, reference: int) -> Plane:
    """Largest difference of any frame to the reference once both are exposed alike, (H, W), display code.

    The darker frame of a pair is lifted to the brighter exposure and clipped as that was: what is left is motion or
    noise. Arguments as in `trivial_maps`.
    """
    radiance = radiance_from_ldr(ldr, times)
    largest = np.zeros(ldr.shape[-2:], np.float32)
    for index in range(len(ldr)):
        if index != reference:
            dark, bright = min(index, reference), max(index, reference)
            lifted = ldr_from_linear(np.clip(radiance[dark] * times[bright], 0.0, 1.0))
            largest = np.maximum(largest, np.abs(lifted - ldr[bright]).mean(axis=0))
    return largest.astype(np.float32)


def kinds(ldr: Frames, times: Times, reference: int) -> dict[str, Boolean]:
    """Masks (H, W) of pixels saturated in the reference, moving, or neither; arguments as in `trivial_maps`."""
    saturated = ldr[reference].max(axis=0) >= CLIPPED
    moving = (difference(ldr, times, reference) > MOVED) & ~saturated
    return {"saturated": saturated, "moving": moving, "well_exposed": ~saturated & ~moving}


def disagreement(first: NDArray, second: NDArray) -> Plane:
    """Standard deviation of two predictions of one scene (3, H, W), mu-law domain: root mean square over channels."""
    gap = mu_law(np.clip(first, 0.0, 1.0)) - mu_law(np.clip(second, 0.0, 1.0))
    return (0.5 * np.sqrt(np.mean(np.square(gap), axis=0))).astype(np.float32)
