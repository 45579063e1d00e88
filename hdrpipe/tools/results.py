"""Files of a fused burst: the HDR picture, a picture for displays, and a heat map of sigma."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import hdrpipe
from hdrpipe.errors import NonFiniteError, UsageError
from hdrpipe.files.atomic import Bytes, write_bytes, write_chunks
from hdrpipe.files.marks import MARK, is_result, marked_png
from hdrpipe.files.pictures.displays import PEAK, check_gain_map_size, check_installed, gain_map_jpeg, pq_avif
from hdrpipe.files.pictures.dng import dng_bytes
from hdrpipe.files.pictures.images import png_bytes
from hdrpipe.files.pictures.radiance import exr_chunks, hdr_bytes, header_text, tiff_bytes
from hdrpipe.imaging.tonemap import display, display_light, heat
from hdrpipe.inference.fuse import Fused
from hdrpipe.quantities import MU, Picture

SUFFIXES = (".exr", ".hdr", ".tif", ".tiff", ".dng", ".jpg", ".jpeg", ".avif")
ENDING_AT_ONE = (".tif", ".tiff", ".dng")
FOR_DISPLAYS = (".jpg", ".jpeg", ".avif")
"""Formats that hold nothing above 1, and formats that are exposed for HDR displays."""

ANCHORS = ("min-ev", "reference")

SIGMA_TOP = 0.1
"""Sigma of the brightest colour of a heat map, the same for all pictures, so that they can be compared."""


@dataclass(frozen=True)
class Camera:
    """Camera settings of the reference frame, where the file has them: seconds, ISO speed, f-number."""

    seconds: float | None = None
    iso: float | None = None
    aperture: float | None = None


def check_target(path: Path, anchor: str) -> None:
    """Check the name and the anchor of a result, before any work.

    Raises:
        UsageError: an unknown file type or anchor; another anchor than "min-ev" for a format that ends at 1 or is
            exposed for displays; a format whose library is missing.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        what = f"HDR pictures cannot be written as {path.suffix or 'a file without a suffix'}"
        raise UsageError(what, path, f"use {', '.join(SUFFIXES)}")
    if anchor not in ANCHORS:
        raise UsageError(f"unknown anchor {anchor!r}", "--anchor", f"choose one of {', '.join(ANCHORS)}")
    if anchor != "min-ev" and suffix in ENDING_AT_ONE:
        raise UsageError(
            f"{suffix} ends at 1, so that brighter lights would clip", "--anchor", "use min-ev, or write .exr"
        )
    if anchor != "min-ev" and suffix in FOR_DISPLAYS:
        raise UsageError(f"{suffix} is exposed for displays", "--anchor", "use min-ev, or write .exr")
    if suffix in FOR_DISPLAYS:
        check_installed(path)


def check_size(path: Path, width: int, height: int) -> None:
    """Check that the file format can hold a picture of this size, before any work.

    Raises:
        UsageError: see `displays.check_gain_map_size`.
    """
    if path.suffix.lower() in (".jpg", ".jpeg"):
        check_gain_map_size(path, width, height)


def outputs(path: Path, sigma: bool) -> tuple[Path, ...]:
    """Files of one burst: the HDR picture, the one for displays, and the heat map where there is one."""
    return (path, path.with_suffix(".png"), *([path.with_suffix(".sigma.png")] if sigma else []))


def check_replaced(targets: Sequence[Path], inputs: Sequence[Path], force: bool) -> None:
    """Check that no output replaces a file that `fuse` did not write, before any work.

    Args:
        targets: files that will be written.
        inputs: files of all bursts, which are never replaced; without earlier results of `fuse`.
        force: True if files other than the inputs may be replaced.

    Raises:
        UsageError: a file would be replaced; the message names the first one.
    """
    taken = {_identity(path) for path in inputs}
    for target in targets:
        if not os.path.lexists(target):
            continue
        if _identity(target) in taken:
            raise UsageError("this input would be replaced by the result", target, "choose another name or folder")
        if target.is_dir():
            raise UsageError("there is a folder where the result would be written", target, "choose another name")
        if not force and not is_result(target):
            hint = "choose another name, or add --force to replace it"
            raise UsageError("this file exists, and was not written by `fuse`", target, hint)


def _identity(path: Path) -> object:
    """Identity of a file, equal for all its names: links, other spellings, capitals where the disk ignores case."""
    try:
        status = path.stat()
    except OSError:
        return path.absolute()
    return status.st_dev, status.st_ino


def write_result(path: Path, fused: Fused, anchor: str, half: bool, camera: Camera) -> list[Path]:
    """Write the HDR picture, `NAME.png` for displays and `NAME.sigma.png`; return what was written.

    Args:
        path: the HDR picture; its suffix is its format.
        fused: the fused burst.
        anchor: exposure that clips at 1: "min-ev", the shortest one, or "reference".
        half: True for 16-bit floats in an OpenEXR file, False for 32-bit ones.
        camera: of the reference frame.

    Raises:
        UsageError: see `check_target`. CapacityError: no space left. InputError: the file cannot be written.
        NonFiniteError: a value is infinite or NaN; nothing is written.
    """
    check_target(path, anchor)
    scale = np.float32(1.0 if anchor == "min-ev" else 2.0 ** (fused.ev[fused.reference] - fused.ev[0]))
    radiance = fused.radiance if scale == 1.0 else fused.radiance * scale
    for name, values in (("radiance", radiance), ("sigma", fused.sigma)):
        if values is not None and not np.isfinite(values).all():
            raise NonFiniteError(f"{name} is not finite", path, "are the exposures right, and the network trained?")
    write_chunks(path, _encoded(path.suffix.lower(), radiance, fused, _header(fused, anchor, camera), half))
    del radiance
    written = outputs(path, fused.sigma is not None)
    write_bytes(written[1], marked_png(png_bytes(display(fused.radiance)), fused.maker))
    if fused.sigma is not None:
        write_bytes(written[2], marked_png(png_bytes(heat(fused.sigma, SIGMA_TOP)), fused.maker))
    return list(written)


def _encoded(suffix: str, radiance: Picture, fused: Fused, header: Mapping[str, Any], half: bool) -> Iterable[Bytes]:
    """The HDR picture as bytes, in the format of its suffix."""
    if suffix == ".exr":
        return exr_chunks(radiance, fused.sigma, header, half)
    if suffix == ".hdr":
        return [hdr_bytes(radiance, header)]
    if suffix == ".dng":
        return [dng_bytes(radiance, header, fused.ev[fused.reference] - fused.ev[0])]
    if suffix in FOR_DISPLAYS:
        light = display_light(radiance, PEAK)
        return [pq_avif(light, header) if suffix == ".avif" else gain_map_jpeg(light, header)]
    return [tiff_bytes(radiance, header)]


def _header(fused: Fused, anchor: str, camera: Camera) -> dict[str, Any]:
    """Header of the HDR picture; `expTime`, `isoSpeed` and `aperture` are standard attributes of OpenEXR."""
    clips = "the shortest exposure clips at 1" if anchor == "min-ev" else "the reference exposure clips at 1"
    frame = 0 if anchor == "min-ev" else fused.reference
    seconds = camera.seconds and camera.seconds * 2.0 ** (fused.ev[frame] - fused.ev[fused.reference])
    sigma = f"standard deviation of the error after log(1 + {MU:g} x) / log(1 + {MU:g}), x anchored min-ev"
    return header_text(
        {
            "software": f"hdrpipe {hdrpipe.__version__}",
            "hdrpipe.anchor": f"{anchor}: linear radiance, {clips}",
            "hdrpipe.ev": " ".join(f"{value:g}" for value in fused.ev),
            "hdrpipe.reference": str(fused.reference),
            "hdrpipe.noise_level": f"{fused.noise_level:.2f}: noise variance over that of the standard camera",
            MARK: fused.maker,
            "hdrpipe.uncertainty": None if fused.sigma is None else sigma,
            "expTime": seconds,
            "isoSpeed": camera.iso,
            "aperture": camera.aperture,
        }
    )
