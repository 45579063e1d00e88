"""One projective map between two hand-held frames, from features that both show."""

import cv2
import numpy as np
from numpy.typing import NDArray

FEATURES = 3000
"""ORB features a picture: enough that a quarter of a clipped picture still has some hundred."""

SEARCHED = 2_000_000
"""Pixels on which features are looked for; larger pictures are halved until they have no more."""

TOLERANCE = 2.0
"""Pixels, of the picture searched, that a feature may lie beside the map and still speak for it."""

LEAST = 16
LEAST_SHARE = 0.25
"""Features, and share of all matches, that must speak for a map: fewer also agree on a map by chance."""

FARTHEST = 0.25
"""Share of the shorter side by which a hand moves a corner at most."""


def homography(reference: NDArray[np.uint8], frame: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """Projective map (3, 3) from pixels (x, y) of the reference to those of the frame.

    Args:
        reference, frame: luma at one exposure, (H, W).

    Returns:
        The map, or None where too few features agree or no hand-held camera moves like that.
    """
    levels = max(0, int(np.ceil(np.log2(max(reference.size / SEARCHED, 1.0)) / 2.0)))
    small = [
        cv2.resize(p, None, fx=0.5**levels, fy=0.5**levels, interpolation=cv2.INTER_AREA) for p in (reference, frame)
    ]
    here, there = _matches(np.asarray(small[0]), np.asarray(small[1]))
    if len(here) < LEAST:
        return None
    projection, inliers = cv2.findHomography(here, there, cv2.USAC_MAGSAC, TOLERANCE)
    if projection is None or inliers is None or inliers.sum() < max(LEAST, LEAST_SHARE * len(here)):
        return None
    scale = np.diag([2.0**levels, 2.0**levels, 1.0])
    full = scale @ np.asarray(projection, np.float64) @ np.linalg.inv(scale)
    return full if _plausible(full, reference.shape) else None


def flow_of(full: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Displacement (H, W, 2) in pixels from the reference to the frame."""
    rows, columns = np.indices(shape, np.float32)
    points = np.stack([columns, rows], axis=-1).reshape(1, -1, 2)
    moved = np.asarray(cv2.perspectiveTransform(points, full), np.float32)
    return (moved - points).reshape(*shape, 2)


def _matches(reference: NDArray, frame: NDArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places (M, 2) of features that are each other's nearest."""
    nothing = np.empty((0, 2), np.float32)
    search = cv2.ORB.create(nfeatures=FEATURES, fastThreshold=7)
    (here, words), (there, others) = (search.detectAndCompute(picture, None) for picture in (reference, frame))
    if words is None or others is None:
        return nothing, nothing
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(words, others)
    if not pairs:
        return nothing, nothing
    return (
        np.array([here[pair.queryIdx].pt for pair in pairs], np.float32),
        np.array([there[pair.trainIdx].pt for pair in pairs], np.float32),
    )


def _plausible(full: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """True if no corner moves far and the map does not mirror the picture."""
    height, width = shape[:2]
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float32)
    moved = np.asarray(cv2.perspectiveTransform(corners, full), np.float64)
    away = np.abs(moved - corners).max()
    return bool(np.isfinite(moved).all() and away <= FARTHEST * min(height, width) and np.linalg.det(full[:2, :2]) > 0)
