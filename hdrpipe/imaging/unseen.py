"""Flow in regions that the reference shows black or white: by the motion of the camera, where one explains the rest.

There is nothing there for dense flow to follow, and it guesses from the rims: in wide brackets, where a window or a
dark room is large, by pixels.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.homography import flow_of

LOOKED_AT = 1_000_000
"""Pixels to which a large picture is thinned out to find the motion of the camera."""

POINTS = (100, 8000)
"""Fewest pixels whose flow tells that motion, and most of them."""

TOLERANCE = 1.0
"""Pixels by which flow may miss the motion of the camera and still speak for it."""

AGREEING = 0.75
"""Fraction of the flow that must speak for it: else the scene is deep, or most of it moves."""

POLISHED = 4
"""Fits to the flow that the one before missed by less than twice the median: the first is off by half a pixel."""

UNLIKE = 25.0
"""Levels of 8 bits by which means over `WINDOW` differ where something moved by itself: there the flow stays."""

WINDOW, AROUND = 5, 15
"""Sides in pixels of the squares that are compared, and of those that are left alone around a difference."""

SOFT = 3.0
"""Standard deviation in pixels of the passage from one motion to the other."""

STRIP = 256
"""Rows that are worked on at once."""

Luma = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Flow = NDArray[np.float32]
Map = NDArray[np.float64]


def complete(flow: Flow, lumas: tuple[Luma, Luma], exposed: tuple[Mask, Mask]) -> None:
    """Let flow follow one projective map in regions of the reference that tell nothing of it.

    Nothing changes where no map explains the flow elsewhere, or where the frame, fetched by it, differs from the
    reference.

    Args:
        flow: displacement (H, W, 2) in pixels (x, y) from the reference to a frame; overwritten.
        lumas: reference and frame (H, W), at one exposure.
        exposed: pixels (H, W) of each that are neither black nor white.
    """
    step = max(1, round((exposed[0].size / LOOKED_AT) ** 0.5))
    thin = np.s_[::step, ::step]
    blind = ~exposed[0][thin]
    if not blind.any():
        return
    small = flow[thin] / np.float32(step)
    projection = _camera_motion(small, ~blind & exposed[1][thin])
    if projection is None:
        return
    moved = _differing(lumas[0][thin], lumas[1][thin], flow_of(projection, blind.shape))
    weight = cv2.GaussianBlur((blind & ~moved).astype(np.float32), (0, 0), SOFT)
    _blend(flow, projection, np.asarray(weight, np.float32), step)


def _camera_motion(flow: Flow, measured: Mask) -> Map | None:
    """The projective map (3, 3) that explains flow (H, W, 2) where it was measured; None where none does."""
    rows, columns = np.nonzero(measured)
    every = max(1, len(rows) // POINTS[1])
    rows, columns = rows[::every], columns[::every]
    if len(rows) < POINTS[0]:
        return None
    here = np.stack([columns, rows], axis=-1).astype(np.float32)
    there = here + flow[rows, columns]
    projection, inliers = cv2.findHomography(here, there, cv2.USAC_MAGSAC, TOLERANCE)
    if projection is None or inliers.mean() < AGREEING:
        return None
    for _ in range(POLISHED):
        misses = np.linalg.norm(cv2.perspectiveTransform(here[None], projection)[0] - there, axis=-1)
        near = misses <= 2.0 * np.median(misses)
        finer, _ = cv2.findHomography(here[near], there[near], 0)
        projection = projection if finer is None else finer
    return np.asarray(projection, np.float64)


def _differing(reference: Luma, frame: Luma, flow: Flow) -> Mask:
    """Pixels (H, W) around which the frame, fetched by flow (H, W, 2), differs from the reference."""
    rows, columns = np.indices(reference.shape, np.float32)
    where = (columns + flow[..., 0], rows + flow[..., 1])
    fetched = cv2.remap(np.ascontiguousarray(frame), *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    means = [cv2.blur(np.ascontiguousarray(luma), (WINDOW, WINDOW)) for luma in (reference, fetched)]
    differing = (cv2.absdiff(means[0], means[1]) > UNLIKE).view(np.uint8)
    return np.asarray(cv2.dilate(differing, np.ones((AROUND, AROUND), np.uint8))).view(np.bool_)


def _blend(flow: Flow, projection: Map, weight: NDArray[np.float32], step: int) -> None:
    """Go over to a map by a weight in [0, 1], both of a picture thinned out by `step`."""
    wide = np.diag([step, step, 1.0])
    for start in range(0, len(flow), STRIP):
        rows = flow[start : start + STRIP]
        down = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, start], [0.0, 0.0, 1.0]])
        full = np.linalg.inv(down) @ wide @ projection @ np.linalg.inv(wide) @ down
        y, x = np.indices(rows.shape[:2], np.float32) / np.float32(step)
        y += np.float32(start / step)
        at = cv2.remap(weight, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        rows += np.asarray(at)[..., None] * (flow_of(full, rows.shape[:2]) - rows)
