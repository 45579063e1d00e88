"""fuse: any burst to one HDR picture with its uncertainty, within a budget of memory."""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import psutil
import torch

from hdrpipe.errors import CapacityError, InputError, UsageError
from hdrpipe.imaging.align import LARGE, FrameReport, align_in_place
from hdrpipe.imaging.burst import Burst, unit_floats
from hdrpipe.imaging.coding import UNKNOWN, Coding, refine
from hdrpipe.imaging.merge import MERGES
from hdrpipe.imaging.noise_level import crops_of, grey_fraction
from hdrpipe.inference.footprint import bytes_per_pixel
from hdrpipe.inference.load import Stored
from hdrpipe.inference.tiles import HALO, SMALLEST, Tiling, halo_of, in_tiles
from hdrpipe.inference.window import Classical, Learned, blend_share
from hdrpipe.learning.batches import level_of
from hdrpipe.learning.device import choose
from hdrpipe.quantities import Picture, Plane

MEMORY = 3.0
"""Default budget in GB: three pictures of 24 million pixels fit."""

LARGEST_TILE = 512
"""Larger tiles are slower: their arrays are too large for the allocator to use again."""

STEP = 16
"""Sides of tiles are multiples of this, which suits every backbone."""

WORKING, WORKING_LARGE = 75, 50
"""Bytes a pixel that alignment, the result and writing it take at their peak; large pictures align at half size."""

SLACK = 1.5
"""Memory that a process takes over what its tensors hold: work space of convolutions, and holes."""

U16 = 65535
log = logging.getLogger(__name__)
Progress = Callable[[int, int, str], None]


def silent(done: int, total: int, note: str) -> None:
    """A `Progress` that says nothing."""


@dataclass(frozen=True)
class Settings:
    """Settings of one fusion.

    Args:
        reference: index of the frame that the result aligns to, in ascending exposure; None takes the middle one.
        align: "none", "mtb", "dis", ...: see `imaging.align`.
        method: name of a classical merge instead of a network.
        blend: sigma from which on the result goes over to the classical merge; None never.
        memory: budget of the whole process, in GB.
        tile: side of a tile in pixels; None makes tiles as large as the budget allows.
        response: of pictures in files: "gamma", "srgb", or "auto" to see it from them.
    """

    reference: int | None = None
    align: str = "dis"
    method: str | None = None
    blend: float | None = None
    memory: float = MEMORY
    tile: int | None = None
    response: str = "auto"


@dataclass(frozen=True)
class Fused:
    """One HDR picture and how it came about.

    Attributes:
        radiance: (3, H, W) in [0, 1]; the shortest exposure clips at 1 (`min-ev`).
        sigma: (H, W), expected error after the mu-law; None for a classical merge.
        ev: exposure values of the frames, ascending.
        reference: index of the frame that the result shows.
        read: indices of the frames that the network read; all of them for a classical merge.
        blended: share of the classical merge in the whole, where a blend was asked for.
        noise_level: factor on the standard noise variance that the frames show (`imaging.noise_level`).
        maker: content hash of the weights, or the name of the merge.
        alignment: what happened to each frame but the reference.
        notes: what a person should know.
    """

    radiance: Picture
    sigma: Plane | None
    ev: tuple[float, ...]
    reference: int
    read: tuple[int, ...]
    blended: float | None
    noise_level: float
    maker: str
    alignment: tuple[FrameReport, ...]
    notes: tuple[str, ...] = field(default_factory=tuple)


def fuse_burst(
    frames: Any,
    ev: Sequence[float],
    network: Stored | None,
    settings: Settings,
    progress: Progress = silent,
    coding: Coding = UNKNOWN,
) -> Fused:
    """Fuse frames that lie in memory.

    Args:
        frames: display-coded, (N, 3, H, W) RGB, N >= 2; uint8, uint16, or floats in [0, 1]; any order of exposures.
        ev: exposure values in stops, one a frame, all different.
        network: what fuses; None with `settings.method`.
        settings: see `Settings`.
        progress: called with (tiles done, tiles, "").
        coding: how the frames were stored.

    Raises:
        InputError: frames or exposures of a wrong shape, type or range.
        UsageError: an unknown alignment or merge, an impossible reference or blend.
        CapacityError: the budget is too small for pictures of this size, or memory ran out.
        NonFiniteError: the network gives values that are infinite or NaN.
    """
    frames = np.asarray(frames)
    if frames.ndim != 4 or frames.shape[1] != 3 or frames.size == 0:
        raise InputError(f"frames of shape {frames.shape}", "burst", "wanted (N, 3, H, W), none of them 0")
    if len(ev) != len(frames):
        raise InputError(f"{len(ev)} exposure values for {len(frames)} frames", "burst", "give one EV per frame")
    order = [int(index) for index in np.argsort(np.asarray(ev, np.float64), kind="stable")]
    levels = np.empty(frames.shape, np.uint16)
    for rank, index in enumerate(order):
        levels[rank] = levels_of(frames[index])
    return fuse_levels(levels, [float(ev[index]) for index in order], network, settings, progress, coding)


def levels_of(frame: np.ndarray) -> np.ndarray:
    """A display-coded frame of any size as uint16 over its range.

    Raises:
        InputError: another type, or values out of [0, 1].
    """
    if frame.dtype == np.uint16:
        return frame
    if frame.dtype == np.uint8:
        return frame * np.uint16(257)
    if frame.dtype.kind != "f" or not (frame.min() >= 0.0 and frame.max() <= 1.0):  # false for NaN, too
        raise InputError(f"frames of type {frame.dtype}", "burst", "wanted uint8, uint16 or finite floats in [0, 1]")
    wide = frame.astype(np.float32, copy=False)  # float16 ends at 65504, below 65535
    return np.rint(wide * U16).astype(np.uint16)


def fuse_levels(
    levels: np.ndarray,
    ev: Sequence[float],
    network: Stored | None,
    settings: Settings,
    progress: Progress = silent,
    coding: Coding = UNKNOWN,
) -> Fused:
    """`fuse_burst` of uint16 frames in ascending exposure, which are overwritten: large bursts are held only once."""
    reference = len(ev) // 2 if settings.reference is None else settings.reference
    checked = Burst(unit_floats(levels[..., :1, :1]), tuple(ev), reference)
    check_choice(network, settings)
    check_budget(levels.shape[-2] * levels.shape[-1], 0, settings)
    alignment = align_in_place(levels, checked.times, reference, settings.align)
    burst = whole_burst(levels, ev, reference, coding)
    if coding.edges is not None:
        refine(levels, checked.times, reference, coding.edges)
    merge = window_merge(burst, network, settings)
    learned = isinstance(merge, Learned)
    radiance, sigma = in_tiles(merge, levels, _tiling(levels.shape, merge, settings), progress)
    read = merge.chosen if learned else tuple(range(len(levels)))
    blend = settings.blend
    return Fused(
        radiance=radiance,
        sigma=sigma if learned else None,
        ev=checked.ev,
        reference=reference,
        read=read,
        blended=None if blend is None else _mean(blend_share(row, blend) for row in sigma),
        noise_level=cast(float, burst.noise_level),
        maker=network.metadata["content_hash"] if network and learned else str(settings.method),
        alignment=alignment,
        notes=_notes(merge, len(levels), alignment, settings),
    )


def whole_burst(levels: np.ndarray, ev: Sequence[float], reference: int, coding: Coding = UNKNOWN) -> Burst:
    """Exposures, reference and noise of a burst whose pixels are read in windows; it holds one pixel of its frames.

    Args:
        levels: aligned frames, (N, 3, H, W) uint16, ascending exposure.
        ev, reference: as in `Burst`.
        coding: storage of the frames, by the files.
    """
    burst = Burst(unit_floats(levels[..., :1, :1]), tuple(ev), reference)
    level = level_of(levels, burst.times, reference, coding.noise_level, correlated=True)
    crops = (unit_floats(levels[(..., *crop)]) for crop in crops_of(*levels.shape[-2:]))
    return replace(burst, noise_level=level, quality=coding.quality, grey=grey_fraction(crops, burst.times, reference))


def check_choice(network: Stored | None, settings: Settings) -> None:
    """Refuse an impossible choice of what fuses, before any work.

    Raises:
        UsageError: an unknown merge, an impossible blend, or neither a network nor a merge.
    """
    if settings.blend is not None and not 0.0 < settings.blend < 1.0:
        raise UsageError(f"a blend from sigma {settings.blend:g} on", "--blend", "choose a sigma between 0 and 1")
    if settings.method is not None:
        if settings.method not in MERGES:
            hint = f"choose one of {', '.join(MERGES)}"
            raise UsageError(f"unknown classical merge {settings.method!r}", "--method", hint)
        if settings.blend is not None:
            raise UsageError("a classical merge has no sigma to blend by", "--blend", "leave out --method")
    elif network is None:
        raise UsageError("neither a network nor a classical merge was named", "--method")


def window_merge(burst: Burst, network: Stored | None, settings: Settings) -> Learned | Classical:
    """The network or merge that computes a window; `burst` holds exposures, reference and noise of the whole."""
    if settings.method is not None or network is None:
        return Classical(str(settings.method), burst)
    knows_noise = bool(network.metadata.get("knows_noise"))
    return Learned(network.net.to(choose()), burst, settings.blend, knows_noise)


def check_budget(pixels: int, frames: int, settings: Settings) -> None:
    """Refuse what cannot fit before any work: frames, alignment and the result are held whole.

    Args:
        pixels: of one frame.
        frames: number of frames that are not in memory yet.
        settings: whose `memory` is the budget.

    Raises:
        CapacityError: the budget is too small.
    """
    working = WORKING_LARGE if pixels > LARGE or settings.align == "none" else WORKING
    needed = psutil.Process().memory_info().rss + pixels * (6 * frames + working)
    if needed > settings.memory * 1e9:
        what = f"{pixels / 1e6:.1f} million pixels need {needed / 1e9:.1f} GB, allowed are {settings.memory:g}"
        raise CapacityError(what, "--memory", "allow more, or give smaller pictures")


def _tiling(shape: tuple[int, ...], merge: Learned | Classical, settings: Settings) -> Tiling:
    """The largest tile that the budget allows, and as many at the same time as it and the threads allow."""
    halo, multiple = (halo_of(merge.net), merge.net.multiple) if isinstance(merge, Learned) else (HALO, 1)
    pixels, largest = shape[-2] * shape[-1], max(shape[-2:])
    each = _bytes_per_pixel(merge, shape[0])
    left = settings.memory * 1e9 - psutil.Process().memory_info().rss - 16 * pixels
    side = (int(math.sqrt(max(left, 0.0) / each)) - 2 * halo) // STEP * STEP
    if settings.tile is None and side < SMALLEST and side < largest:
        needed = (SMALLEST + 2 * halo) ** 2 * each - left
        raise CapacityError(
            f"{needed / 1e9:.2f} GB short of the smallest tile", "--memory", "allow more, or give smaller pictures"
        )
    tile = settings.tile or min(side, LARGEST_TILE)
    on_device = isinstance(merge, Learned) and merge.inference.device.type != "cpu"
    fitting = 1 if on_device else int(left / each / (min(tile, largest) + 2 * halo) ** 2)
    return Tiling(tile, halo, multiple, "--memory", min(max(fitting, 1), torch.get_num_threads()))


def _bytes_per_pixel(merge: Learned | Classical, frames: int) -> float:
    """Memory that a tile takes, per pixel of its window."""
    classical = 12.0 * (5 * frames + 12)
    if isinstance(merge, Classical):
        return classical
    net = merge.inference.net
    network = SLACK * bytes_per_pixel(net, len(merge.chosen)) if merge.inference.device.type == "cpu" else 0.0
    return 12.0 * frames + max(network, classical)


def _mean(rows) -> float:
    return float(np.mean([float(row.mean()) for row in rows]))


def _notes(merge: Learned | Classical, frames: int, alignment: Sequence[FrameReport], settings: Settings) -> tuple:
    notes = [
        f"frame {report['frame']} stayed unaligned: {settings.align} did not bring it closer to the reference"
        for report in alignment
        if settings.align != "none" and not report["accepted"]
    ]
    if isinstance(merge, Learned) and merge.carries:
        read = ", ".join(str(index) for index in merge.chosen)
        what = f"the network takes {len(merge.chosen)} frames, the burst has {frames}: it read {read}"
        notes.append(f"{what}, and corrects the classical merge of all")
    return tuple(notes)
