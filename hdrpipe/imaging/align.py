"""Bring the frames of a burst onto its reference: by one shift (MTB), one projective map, dense flow (DIS), or not.

Frames are compared as 8-bit luma at the exposure of the brighter one of the pair: the darker frame is lifted to it
and clipped, so that both show the same values wherever they show the same scene. A frame whose alignment adds to
the difference to the reference stays as it was, and the report says so. In wide brackets the outer frames may share
nothing with the reference that is neither black nor clipped: they are brought onto their neighbour, which by then lies
on the reference.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, TypedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.errors import UsageError
from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.homography import flow_of, homography
from hdrpipe.imaging.unseen import complete
from hdrpipe.quantities import GAMMA, Times

MIN_SIDE = 16
"""Pictures with a smaller side stay unaligned: neither method has enough context, and OpenCV crashes below 2."""

FINEST_SCALE = 0
"""DIS runs its ultrafast preset down to full resolution: on rendered bursts 0.3 dB (PSNR-mu of the merge) better than
the medium preset, which stops at half resolution, in the same time."""

LARGE = 12_000_000
"""Pixels above which DIS stops at half resolution: at 24 million that takes 0.4 instead of 1 GB, and photographs of
that size hold no detail finer than two pixels to gain from."""

LONGEST_SIDE = 2**15 - 2
"""OpenCV cannot warp pictures with a longer side."""

STRIP = 256
"""Rows that are worked on at once: whole pictures would be held several times over."""

MTB_REACH = 8
"""MTB may shift by the shorter side over this: its smallest bitmap keeps 8 pixels a side, and a smaller one guesses."""

WELL_EXPOSED = (0.05, 0.95)
"""Luma between noise and clipping, in a frame at its own exposure: where two frames can be compared."""

MIN_SHARE = 0.01
"""Least share of pixels that are well exposed in both frames for an alignment to be judged at all."""

COUNTED = 1_000_000
"""Pixels of a large picture whose displacement is looked at for the median that the report names."""

Luma: TypeAlias = NDArray[np.uint8]
Flow: TypeAlias = NDArray[np.float32]


class FrameReport(TypedDict):
    """Alignment of one frame.

    Fields:
        frame: its index.
        method: the method that was used; "none" where the frame stayed as it was.
        accepted: True if that is the method asked for.
        residual_before: mean absolute luma difference to the reference on pixels well exposed in both, in [0, 1]; to
            the neighbour where that one was aligned to; None where those pixels are too few to judge.
        residual_after: the same for the frame as it is handed on.
        shift: median displacement (x, y) in pixels of the scene from the reference to the frame.
    """

    frame: int
    method: str
    accepted: bool
    residual_before: float | None
    residual_after: float | None
    shift: tuple[float, float]


@dataclass(frozen=True)
class Alignment:
    """The aligned burst and one report per frame but the reference."""

    burst: Burst
    report: tuple[FrameReport, ...]


class _Pair(NamedTuple):
    """A frame and the reference, lumas in 0..255 (H, W) at the brighter exposure, and what lifted each."""

    reference: Luma
    frame: Luma
    lifts: tuple[float, float]


def align(burst: Burst, method: str) -> Alignment:
    """Align every frame to the reference.

    Args:
        burst: the exposures as taken.
        method: "none"; "mtb", one shift per frame (Ward 2003); "homography", one projective map per frame from ORB
            features; "dis", dense flow (Kroeger et al. 2016).

    Returns:
        The burst with its frames on the reference, borders replicated, and a report per other frame.

    Raises:
        UsageError: an unknown method.
    """
    frames = burst.ldr.copy()
    reports = align_in_place(frames, burst.times, burst.reference, method)
    return Alignment(burst.replace_ldr(frames), reports)


def align_in_place(frames: NDArray[Any], times: Times, reference: int, method: str) -> tuple[FrameReport, ...]:
    """Align frames where they lie, which for large pictures halves the memory.

    Args:
        frames: display-coded, (N, 3, H, W); integers over their type's range, or floats in [0, 1]; overwritten.
        times: relative exposure times, (N,).
        reference: index of the frame that the others are brought onto.
        method: as `align`.

    Returns:
        A report per frame but the reference.

    Raises:
        UsageError: an unknown method.
    """
    if method not in _MOTIONS:
        raise UsageError(f"unknown alignment {method!r}", "align", f"choose one of {', '.join(_MOTIONS)}")
    reports: dict[int, FrameReport] = {}
    for index in [*reversed(range(reference)), *range(reference + 1, len(frames))]:
        neighbour = index + 1 if index < reference else index - 1
        warped, report = _align_frame(frames, times, reference, index, method)
        if not report["accepted"] and neighbour in reports and reports[neighbour]["accepted"]:
            warped, report = _align_frame(frames, times, neighbour, index, method)
        reports[index] = report
        if warped is not None:
            frames[index] = warped
    return tuple(reports[index] for index in sorted(reports))


def _align_frame(
    frames: NDArray[Any], times: Times, reference: int, index: int, method: str
) -> tuple[NDArray[Any] | None, FrameReport]:
    """One frame on the reference, or on another that lies there; None where it stays as it was."""
    frame, pair = frames[index], _pair(frames, times, reference, index)
    large_enough = min(pair.frame.shape) >= MIN_SIDE and max(pair.frame.shape) <= LONGEST_SIDE
    motion = _MOTIONS[method if large_enough else "none"](pair)
    flow = _no_motion(pair) if motion is None else motion
    warped = _warp(frame, flow) if flow.any() else frame
    before, after = _residuals(pair, _luma(warped, pair.lifts[1]))
    better = large_enough and motion is not None and before is not None and after is not None and after <= before
    accepted = method == "none" or better
    thinned = max(1, round((pair.frame.size / COUNTED) ** 0.5))
    x, y = np.median(flow[::thinned, ::thinned].reshape(-1, 2), axis=0)
    report = FrameReport(
        frame=index,
        method=method if accepted else "none",
        accepted=accepted,
        residual_before=before,
        residual_after=after if accepted else before,
        shift=(float(x), float(y)) if accepted else (0.0, 0.0),
    )
    return (warped if accepted and flow.any() else None), report


def _pair(frames: NDArray[Any], times: Times, reference: int, index: int) -> _Pair:
    """Lumas of the reference and a frame, the darker one lifted to the exposure of the brighter one."""
    pair = times[reference], times[index]
    lifts = tuple(float((max(pair) / time) ** (1.0 / GAMMA)) for time in pair)
    return _Pair(_luma(frames[reference], lifts[0]), _luma(frames[index], lifts[1]), (lifts[0], lifts[1]))


def _luma(frame: NDArray[Any], lift: float) -> Luma:
    """8-bit luma (H, W) of display-coded values times `lift`, clipped at 1."""
    luma = np.empty(frame.shape[1:], np.uint8)
    table = None if frame.dtype.kind == "f" else _levels(np.arange(np.iinfo(frame.dtype).max + 1), frame.dtype, lift)
    for rows in _strips(len(luma)):
        levels = _levels(frame[:, rows], frame.dtype, lift) if table is None else _looked_up(frame[:, rows], table)
        luma[rows] = cv2.cvtColor(cv2.merge(list(levels)), cv2.COLOR_RGB2GRAY)
    return luma


def _looked_up(codes: NDArray[Any], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`table[codes]`; OpenCV 5 takes a quarter of the time, OpenCV 4 refuses tables for 16 bits."""
    if int(cv2.__version__.split(".")[0]) < 5:
        return np.asarray(table[codes], np.uint8)
    return np.asarray(cv2.LUT(np.ascontiguousarray(codes).reshape(1, -1), table), np.uint8).reshape(codes.shape)


def _levels(values: NDArray[Any], dtype: np.dtype, lift: float) -> NDArray[np.uint8]:
    """Display-coded values of a type times `lift` in 8 bits, same shape."""
    scale = np.float32(1.0 if dtype.kind == "f" else np.iinfo(dtype).max)
    lit = (values.astype(np.float32) / scale * np.float32(lift)).clip(0.0, 1.0)
    return np.rint(lit * 255.0).astype(np.uint8)


def _strips(height: int) -> Iterator[slice]:
    for start in range(0, height, STRIP):
        yield slice(start, min(start + STRIP, height))


def _no_motion(pair: _Pair) -> Flow:
    return np.zeros((*pair.frame.shape, 2), np.float32)


def _mtb_motion(pair: _Pair) -> Flow:
    """One shift for all pixels, from median threshold bitmaps, which need 8-bit input."""
    reach = min(pair.frame.shape) // MTB_REACH
    shift = cv2.createAlignMTB(max_bits=reach.bit_length() - 1).calculateShift(pair.reference, pair.frame)
    # OpenCV says where the frame has to move; a backward warp looks the other way
    return _no_motion(pair) - np.asarray(shift, np.float32)


def _dis_motion(pair: _Pair) -> Flow:
    """Dense flow from the reference to the frame, where the reference is clipped by the motion of the camera."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    search.setFinestScale(FINEST_SCALE if pair.frame.size <= LARGE else 1)
    flow = search.calc(pair.reference, pair.frame, None)  # pyright: ignore[reportCallIssue, reportArgumentType]
    flow = np.asarray(flow, np.float32)
    lumas, (here, there) = (pair.reference, pair.frame), pair.lifts
    complete(flow, lumas, (_well_exposed(pair.reference, here), _well_exposed(pair.frame, there)))
    return flow


def _projective_motion(pair: _Pair) -> Flow | None:
    """One projective map for all pixels; None where the frames do not determine one."""
    projection = homography(pair.reference, pair.frame)
    return None if projection is None else flow_of(projection, pair.frame.shape)


_MOTIONS: dict[str, Callable[[_Pair], Flow | None]] = {
    "none": _no_motion,
    "mtb": _mtb_motion,
    "homography": _projective_motion,
    "dis": _dis_motion,
}


def _warp(frame: NDArray[Any], flow: Flow) -> NDArray[Any]:
    """Fetch each pixel from where the flow points; bilinear, borders replicated.

    Interpolating display-coded values beats linear ones by up to 1 dB (PSNR-mu of the merge): beside a lamp a linear
    mean is all lamp.
    """
    interleaved, warped = cv2.merge(list(frame)), np.empty_like(frame)
    columns = np.arange(flow.shape[1], dtype=np.float32)
    for rows in _strips(len(flow)):
        lines = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
        where = (columns + flow[rows, :, 0], lines + flow[rows, :, 1])
        fetched = cv2.remap(interleaved, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        fetched = fetched.clip(0.0, 1.0) if frame.dtype.kind == "f" else fetched
        for plane, channel in zip(warped, cv2.split(fetched), strict=True):
            plane[rows] = channel
    return warped


def _residuals(pair: _Pair, warped: Luma) -> tuple[float | None, float | None]:
    """Mean absolute luma difference to the reference before and after, on pixels well exposed in all three."""
    lift_reference, lift_frame = pair.lifts
    usable = (
        _well_exposed(pair.reference, lift_reference)
        & _well_exposed(pair.frame, lift_frame)
        & _well_exposed(warped, lift_frame)
    )
    if usable.mean() < MIN_SHARE:
        return None, None
    gaps = (cv2.absdiff(pair.reference, luma) for luma in (pair.frame, warped))
    before, after = (cv2.mean(difference, usable.view(np.uint8))[0] / 255.0 for difference in gaps)
    return before, after


def _well_exposed(luma: Luma, lift: float) -> NDArray[np.bool_]:
    """Pixels of a lifted luma that are neither noise at the frame's own exposure nor clipped by the lift."""
    low, high = WELL_EXPOSED
    return (luma > low * lift * 255.0) & (luma < high * 255.0)
