"""Frames of one burst whose orientation tags disagree, as cameras that look up or down guess: their content decides."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.files.pictures.images import upright

SIDE = 48
"""Pixels a side on which frames are compared."""

MARGIN = 0.01
"""Least gain in rank correlation, by turning a frame the other way, that overrules its tag."""

_BACK = {6: 8, 8: 6}


def turned(samples: NDArray[Any], tag: int, other: int) -> NDArray[Any]:
    """Samples (H, W, ...) that stand upright by one tag as they stand by another."""
    return upright(upright(samples, _BACK.get(tag, tag)), other)


def overruled(frame: NDArray[Any], tag: int, before: NDArray[Any], other: int) -> bool:
    """True if a frame (H, W, 3), upright by its tag, agrees better with its neighbour by the neighbour's tag.

    Args:
        frame, tag: the frame and its EXIF orientation.
        before: the neighbour (H, W, 3), upright by the tag `other`.
        other: EXIF orientation of the neighbour.
    """
    if tag == other:
        return False
    again = turned(frame, tag, other)
    if again.shape != before.shape or frame.shape != before.shape:
        return again.shape == before.shape
    return _alike(again, before) > _alike(frame, before) + MARGIN


def usual(tags: Sequence[int]) -> int:
    """The tag of most frames, of the first of them where no tag has most."""
    return Counter(tags).most_common(1)[0][0]


def _alike(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Rank correlation of brightness, which minds no exposure; 0 for flat pictures."""
    small = [cv2.resize(np.ascontiguousarray(p), (SIDE, SIDE), interpolation=cv2.INTER_AREA) for p in (one, other)]
    ranks = [_ranks(np.asarray(picture).mean(axis=2).ravel()) for picture in small]
    return float(ranks[0] @ ranks[1]) / max(float(np.linalg.norm(ranks[0]) * np.linalg.norm(ranks[1])), 1.0)


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks of (M,) values around 0; equal values share one."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(counts.cumsum() - 0.5 * counts - 0.5 * len(values), np.float64)[inverse]
