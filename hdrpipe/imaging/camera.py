"""The camera model of the field: a gamma response and relative exposure times.

Every function takes a NumPy array or a torch tensor and returns the same kind and dtype.
"""

from typing import Any

import cv2
import numpy as np

from hdrpipe.quantities import GAMMA


def linear_from_ldr(ldr: Any) -> Any:
    """Linearise camera values: `ldr ** GAMMA`.

    Args:
        ldr: display-coded values in [0, 1], any shape.

    Returns:
        Linear values in [0, 1], same shape.
    """
    return _power(ldr, GAMMA)


def ldr_from_linear(linear: Any) -> Any:
    """Display-code linear values: `linear ** (1 / GAMMA)`; its slope at 0 is infinite.

    Args:
        linear: values >= 0, any shape.

    Returns:
        Display-coded values, same shape.
    """
    return _power(linear, 1.0 / GAMMA)


def radiance_from_ldr(ldr: Any, times: Any) -> Any:
    """Radiance of each exposure: `linear / time`, so that the shortest exposure clips at 1.

    Args:
        ldr: display-coded frames in [0, 1], (..., N, 3, H, W).
        times: relative exposure times > 0, (..., N), of the same kind of array as `ldr`.

    Returns:
        Radiance in [0, 1 / time], shape and dtype of `ldr`.
    """
    same = times.astype(ldr.dtype) if isinstance(times, np.ndarray) else times.to(ldr)
    return linear_from_ldr(ldr) / same[..., None, None, None]


def expose(radiance: Any, time: float) -> Any:
    """Photograph radiance for one exposure time: clip at the sensor's top, then display-code.

    Args:
        radiance: linear radiance, any shape; negative values clip to 0.
        time: relative exposure time > 0.

    Returns:
        Display-coded values in [0, 1], same shape.
    """
    return ldr_from_linear((radiance * time).clip(0.0, 1.0))


def _power(values: Any, exponent: float) -> Any:
    """`values ** exponent` of values >= 0; without gradients by logarithms, which takes a third of the time."""
    if isinstance(values, np.ndarray):
        if values.dtype != np.float32 or not values.size:
            return values**exponent
        return cv2.pow(np.ascontiguousarray(values).reshape(1, -1), exponent).reshape(values.shape)
    if getattr(values, "requires_grad", True):
        return values**exponent
    return values.log().mul_(exponent).exp_()
