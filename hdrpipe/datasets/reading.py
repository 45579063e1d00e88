"""Reading of a burst: pictures of one size and depth, checked against its exposures, and its truth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.config.dataset_options import TruthScale
from hdrpipe.datasets.bursts import BurstFiles
from hdrpipe.datasets.correcting import corrected
from hdrpipe.datasets.encoding import coded_if_linear, is_float, levels_of_floats, one_matrix, stretched
from hdrpipe.datasets.transparency import empty_lines, fill_transparent
from hdrpipe.datasets.turning import overruled, turned, usual
from hdrpipe.errors import InputError
from hdrpipe.files.pictures import raw
from hdrpipe.files.pictures.decoder import MAX_PIXELS, Decoder, shared
from hdrpipe.files.pictures.images import COMPRESSED, PictureInfo
from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.camera import linear_from_ldr
from hdrpipe.imaging.coding import UNKNOWN, Coding
from hdrpipe.imaging.exposure import brightness, stops_between
from hdrpipe.imaging.noise_level import stated_level
from hdrpipe.imaging.noise_model import NoiseModel
from hdrpipe.imaging.saturation import BINS, saturation
from hdrpipe.quantities import Picture

DISAGREEMENT = 0.5
"""Stops between recorded and measured exposure that are worth a remark; a camera's own tone curve explains less."""

AGREEMENT = 0.25
"""Stops within which a truth must agree with the reference frame."""

LOW_CEILING = 40.0
"""PSNR-l in dB, the most that a scene allows, below which it is said."""

BLANK, BLANKS_OTHER = (0.03, 0.97), (0.1, 0.9)
"""Display codes between which (almost) no pixel of a frame is black or white, and beyond which a tenth of another frame
shows that it is neither."""

U16_OF_U8 = 257


@dataclass(frozen=True, eq=False)
class ReadBurst:
    """A burst in memory, in the integers of its files.

    Attributes:
        name: of the burst.
        samples: (N, 3, H, W) RGB, uint8 or uint16 (8-bit frames beside 16-bit ones are widened), ldr over the range.
        ev: exposure values in stops, ascending, one a frame.
        reference: index of the frame asked for, or of the middle one.
        source: where the exposures are from.
        files: the frames' files.
        notes: remarks for people, disagreements of recorded and measured exposure among them.
        matrix: from linear values to linear sRGB (3, 3), None where that is what they are; for fused radiance.
        coding: how the frames were stored.
    """

    name: str
    samples: NDArray[Any]
    ev: tuple[float, ...]
    reference: int
    source: str
    files: tuple[Path, ...]
    notes: tuple[str, ...]
    matrix: NDArray[np.float32] | None = None
    coding: Coding = UNKNOWN

    def burst(self) -> Burst:
        """The burst as float32 ldr in [0, 1]."""
        ldr = self.samples.astype(np.float32)
        ldr /= np.float32(np.iinfo(self.samples.dtype).max)
        return Burst(ldr, self.ev, self.reference)


def read_burst(
    files: BurstFiles,
    decoder: Decoder | None = None,
    max_pixels: int = MAX_PIXELS,
    reference: int | None = None,
    curve: str | None = None,
) -> ReadBurst:
    """Decode the frames of a burst in a child process.

    RAW frames are developed with one white balance, that of the frame `reference` (None takes the middle one), and
    with one level of saturation. `curve` names the response that the pictures have (`correcting.RESPONSES`), and
    exposures and white balances that are off are mended; None leaves all as it is in the files.

    Raises:
        InputError: a frame is damaged or no picture, sizes differ, RAW and other pictures are mixed, no such reference,
            or exposure values of the wrong sign.
    """
    decoder, reference, edges = decoder or shared(), _reference(files, reference), None
    is_raw = {path.suffix.lower() in raw.SUFFIXES for path in files.frames}
    if len(is_raw) > 1:
        raise InputError("mixes RAW and other pictures", files.name, "give one kind: their brightness differs")
    balance, level, noise = _development(files, reference, decoder, max_pixels) if True in is_raw else (None, 1.0, None)
    samples, infos, remarks = _decoded(files, lambda path: decoder.picture(path, max_pixels, balance, level))
    samples, more = _as_levels(samples, infos, files)
    coarse = all(info.coarse for info in infos)
    remarks += more
    for index, fraction in fill_transparent(samples, files.ev, [info.opaque for info in infos]):
        remarks.append(f"{files.frames[index].name!a}: {fraction:.1%} are transparent and not measured")
    for index, fraction in fill_transparent(samples, files.ev, empty_lines(samples, files.ev)):
        what = "are empty lines, as where a file is cut short, and not measured"
        remarks.append(f"{files.frames[index].name!a}: {fraction:.1%} {what}")
    if curve is not None:
        curve, timed = "gamma" if True in is_raw else curve, files.source != "estimate"
        samples, ev, more, edges = corrected(samples, files.ev, reference, files.frames, curve, timed, coarse)
        files, remarks = replace(files, ev=ev), [*remarks, *more]
    refuse_reversed(files, samples)
    refuse_blank(files, samples)
    notes = (*files.notes, *remarks, *disagreements(files, samples))
    matrix = one_matrix([info.matrix for info in infos], files.frames)
    quality = min((info.quality for info in infos if info.format in COMPRESSED), default=0)
    coding = Coding(edges, quality, noise)
    return ReadBurst(files.name, samples, files.ev, reference, files.source, files.frames, notes, matrix, coding)


def _decoded(
    files: BurstFiles, decode: Callable[[Path], tuple[NDArray[Any], PictureInfo]]
) -> tuple[NDArray[Any], list[PictureInfo], list[str]]:
    """Samples (N, 3, H, W) of all frames as they are stored, the description of each, and remarks."""
    samples: NDArray[Any] = np.empty(0, np.uint8)
    infos: list[PictureInfo] = []
    tags: list[int] = []
    remarks: list[str] = []
    for index, path in enumerate(files.frames):
        frame, info = decode(path)
        tags.append(info.orientation)
        if info.radiance:
            raise InputError("holds radiance; a frame must be a camera picture of 8 or 16 bit", path)
        if index == 0:
            samples = np.empty((len(files.frames), 3, info.height, info.width), frame.dtype)
        elif overruled(frame, info.orientation, samples[index - 1].transpose(1, 2, 0), infos[0].orientation):
            what = f"orientation {info.orientation} is not that of the other frames ({infos[0].orientation})"
            remarks.append(f"{path.name!a}: {what}, but its content fits theirs: it is turned as they are")
            frame, info = _turned(frame, info, infos[0].orientation)
        samples, frame = _fitting(samples, frame, path, files.frames[0].name)
        samples[index] = frame.transpose(2, 0, 1)
        infos.append(info)
        remarks += [f"{path.name!a}: {note}" for note in info.notes]
    return (*_as_most(samples, infos, usual(tags)), remarks)


def _as_most(samples: NDArray[Any], infos: list[PictureInfo], most: int) -> tuple[NDArray[Any], list[PictureInfo]]:
    """Frames that all stand by one tag, by that of most of them; others as they are."""
    if len({info.orientation for info in infos}) > 1 or infos[0].orientation == most:
        return samples, infos
    pairs = [_turned(frame.transpose(1, 2, 0), info, most) for frame, info in zip(samples, infos, strict=True)]
    return np.stack([frame.transpose(2, 0, 1) for frame, _ in pairs]), [info for _, info in pairs]


def _turned(frame: NDArray[Any], info: PictureInfo, other: int) -> tuple[NDArray[Any], PictureInfo]:
    """A frame (H, W, 3) upright by another tag than its own."""
    opaque = None if info.opaque is None else turned(info.opaque, info.orientation, other)
    return turned(frame, info.orientation, other), replace(info, opaque=opaque, orientation=other)


def _fitting(samples: NDArray[Any], frame: NDArray[Any], path: Path, first: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both of one size and depth."""
    if samples.shape[2:] != frame.shape[:2]:
        height, width = samples.shape[2:]
        what = f"has {frame.shape[1]} x {frame.shape[0]} pixels, {first!a} has {width} x {height}"
        raise InputError(what, path)
    if is_float(samples) != is_float(frame):
        raise InputError("mixes floats and integers", path, "save all frames in one way")
    return _same_depth(samples, frame)


def _as_levels(
    samples: NDArray[Any], infos: Sequence[PictureInfo], files: BurstFiles
) -> tuple[NDArray[Any], list[str]]:
    """Samples display-coded over the range of their type, and remarks."""
    formats, coarse = {info.format for info in infos}, {info.coarse for info in infos}
    if is_float(samples):
        return levels_of_floats(samples, files.ev)
    if len(coarse) > 1:
        return samples, ["frames of 8 and of 16 bit are mixed; each is divided by its own maximum"]
    if coarse == {True} or not formats <= {"png", "tiff"}:
        return samples, []
    samples, remarks = stretched(samples, files.ev)
    if files.source == "estimate":
        return samples, remarks
    samples, more = coded_if_linear(samples, files.ev)
    return samples, [*remarks, *more]


def _development(
    files: BurstFiles, reference: int, decoder: Decoder, max_pixels: int
) -> tuple[tuple[float, ...] | None, float, float | None]:
    """White balance and saturation of RAW frames, one for all: else they would differ by more than their exposures; and
    the noise level that they state."""
    headers = [decoder.header(path, max_pixels) for path in files.frames]
    tones = [decoder.tones(path, BINS, max_pixels) for path in files.frames]
    white = saturation(tones, files.ev)
    noises = (header.noise for header in headers)
    stated = stated_level(NoiseModel(noise[0] / white, noise[1] / white**2) if noise else None for noise in noises)
    return headers[reference].white_balance, white, stated


def _reference(files: BurstFiles, asked: int | None) -> int:
    count = len(files.frames)
    if asked is not None and not 0 <= asked < count:
        raise InputError(f"reference {asked} is no frame", files.name, f"choose 0 to {count - 1}")
    return count // 2 if asked is None else asked


def disagreements(files: BurstFiles, samples: NDArray[Any]) -> list[str]:
    """Neighbours whose recorded exposures disagree with the pictures, one remark each."""
    return [
        _remark(files, index, recorded, seen)
        for index, recorded, seen in _steps(files, samples)
        if abs(seen - recorded) > max(DISAGREEMENT, 0.25 * recorded)
    ]


def refuse_reversed(files: BurstFiles, samples: NDArray[Any]) -> None:
    """Raise InputError if every frame is darker than the one of the next smaller exposure value."""
    steps = list(_steps(files, samples))
    if steps and all(seen < -DISAGREEMENT for _, _, seen in steps):
        hint = "more light is a larger EV: reverse their signs"
        raise InputError(f"exposure values of the wrong sign: {_remark(files, *steps[0])}", files.name, hint)


def refuse_blank(files: BurstFiles, samples: NDArray[Any]) -> None:
    """Raise InputError if a frame is black though a shorter one is not, or white though a longer one is not."""
    seen_by = [brightness(frame) for frame in samples]
    for one, other in combinations(range(len(seen_by)), 2):
        shorter, longer = seen_by[one], seen_by[other]
        if np.quantile(longer, 0.999) < BLANK[0] and np.quantile(shorter, 0.9) > BLANKS_OTHER[0]:
            index, what = other, f"is black, though {files.frames[one].name!a} of a shorter exposure is not"
        elif np.quantile(shorter, 0.001) > BLANK[1] and np.quantile(longer, 0.1) < BLANKS_OTHER[1]:
            index, what = one, f"is white, though {files.frames[other].name!a} of a longer exposure is not"
        else:
            continue
        raise InputError(what, files.frames[index], "take it out of the burst, or correct the exposures")


def _steps(files: BurstFiles, samples: NDArray[Any]) -> Iterator[tuple[int, float, float]]:
    """Index of a frame, stops to the next one as recorded and as measured on the pictures, where both are known."""
    if files.source == "estimate":
        return
    seen_by = [brightness(frame) for frame in samples]
    for index, (frame, following) in enumerate(pairwise(seen_by)):
        seen = stops_between(frame, following)
        # where the whole grows brighter and what can be compared darker, only what passed by can be compared
        if seen is not None and (seen > 0 or following.mean() < frame.mean()):
            yield index, files.ev[index + 1] - files.ev[index], seen


def _remark(files: BurstFiles, index: int, recorded: float, seen: float) -> str:
    names = " to ".join(ascii(path.name) for path in files.frames[index : index + 2])
    return f"{names}: {files.source} says {recorded:+.2f} EV, the pictures say {seen:+.2f}"


def read_truth(
    path: Path,
    burst: Burst,
    scale: TruthScale = "auto",
    decoder: Decoder | None = None,
    matrix: NDArray[np.float32] | None = None,
) -> tuple[Picture, TruthScale]:
    """Truth as radiance >= 0 where the shortest frame of `burst` clips at 1, and the convention it was kept in.

    What is brighter than 1 stays so: the field scores against a truth that is not clipped. A truth of other primaries
    than sRGB's is turned into those of the frames, whose `ReadBurst.matrix` is `matrix`.

    Raises:
        InputError: no HDR file, another size than the frames, or a scale that no convention explains.
    """
    samples, info = (decoder or shared()).picture(path)
    if not info.radiance:
        raise InputError("is no HDR picture", path, "a truth is Radiance or OpenEXR")
    if samples.shape[:2] != burst.ldr.shape[2:]:
        height, width = burst.ldr.shape[2:]
        raise InputError(f"has {info.width} x {info.height} pixels, the frames have {width} x {height}", path)
    truth = np.ascontiguousarray(samples.transpose(2, 0, 1), np.float32)
    if info.matrix is not None:
        to_frames = (
            np.reshape(info.matrix, (3, 3))
            if matrix is None
            else np.linalg.solve(matrix, np.reshape(info.matrix, (3, 3)))
        )
        truth = np.einsum("ij,jhw->ihw", to_frames.astype(np.float32), truth)
    return rescaled(truth, path, burst, scale)


def rescaled(truth: Picture, path: Path, burst: Burst, scale: TruthScale) -> tuple[Picture, TruthScale]:
    """Radiance of the file `path` where the shortest frame clips at 1, and the convention it was kept in.

    Raises:
        InputError: no convention explains its scale.
    """
    factors = scales(burst)
    if scale == "auto":
        scale = _agreeing(path, truth, burst)
    truth *= np.float32(1.0 / factors[scale])
    return truth.clip(0.0, None, out=truth), scale


def excess(truth: Picture) -> str:
    """Remark on a truth so far beyond 1, where predictions end, that no prediction scores well; empty for others."""
    beyond = np.maximum(truth - 1.0, 0.0)
    error = float(np.mean(np.square(beyond, dtype=np.float64)))
    if error < 10.0 ** (-LOW_CEILING / 10.0):
        return ""
    fraction, best = float((beyond > 0).any(axis=0).mean()), -10.0 * np.log10(error)
    what = f"{fraction:.1%} of the truth are beyond the clipping of the shortest frame, up to {float(truth.max()):.3g}"
    return f"{what}: predictions end at 1, so that none scores more than {best:.1f} dB PSNR-l"


def scales(burst: Burst) -> dict[TruthScale, float]:
    """Factor of each convention on radiance in which the shortest frame clips at 1."""
    first, middle = burst.ev[0], burst.ev[burst.reference]
    return {"min-ev": 1.0, "raw-ev": 2.0**-first, "reference": 2.0 ** (middle - first)}


def measured_scale(truth: Picture, burst: Burst) -> float | None:
    """Median ratio of a truth to the reference frame's radiance where that is well exposed; None if nowhere."""
    frame = burst.ldr[burst.reference]
    radiance = linear_from_ldr(frame) / np.float32(burst.times[burst.reference])
    usable = (frame > 0.15) & (frame < 0.9) & (truth > 0)
    if usable.sum() < 16:
        return None
    return float(np.median(truth[usable] / radiance[usable]))


def _agreeing(path: Path, truth: Picture, burst: Burst) -> TruthScale:
    measured = measured_scale(truth, burst)
    if measured is None:
        return "min-ev"
    away: dict[TruthScale, float] = {name: abs(np.log2(measured / value)) for name, value in scales(burst).items()}
    nearest = min(away, key=lambda name: away[name])
    if away[nearest] > AGREEMENT:
        what = f"is {measured:.3g} times the reference frame's radiance, which no convention explains"
        raise InputError(what, path, "check exposures and truth, or set data.options.truth_scale")
    return nearest


def _same_depth(samples: NDArray[Any], frame: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both of 8 or both of 16 bit."""
    if samples.dtype == frame.dtype:
        return samples, frame
    if samples.dtype == np.uint8:
        return samples.astype(np.uint16) * np.uint16(U16_OF_U8), frame
    return samples, frame.astype(np.uint16) * np.uint16(U16_OF_U8)
