"""What a camera says of an exposure: time, sensitivity, aperture, moment (EXIF)."""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import exifread
from PIL import Image

_EXIF_IFD = 0x8769
_PILLOW = {
    "ExposureTime": 0x829A,
    "FNumber": 0x829D,
    "ISOSpeedRatings": 0x8827,
    "DateTimeOriginal": 0x9003,
    "SubSecTimeOriginal": 0x9291,
}


@dataclass(frozen=True)
class CameraData:
    """What is known of one exposure; None where the file does not say.

    Attributes:
        seconds: exposure time.
        iso: sensitivity.
        aperture: f-number.
        taken: moment, in seconds of the camera's own clock.
        orientation: EXIF orientation, 1 to 8; 1 is upright.
    """

    seconds: float | None = None
    iso: float | None = None
    aperture: float | None = None
    taken: float | None = None
    orientation: int = 1


def camera_data(path: Path | str) -> CameraData:
    """EXIF of a picture by exifread (RAW, TIFF, JPEG, PNG) or else by Pillow; a file without it says nothing."""
    tags = _by_exifread(path)
    if _number(tags.get("ExposureTime")) is None:
        tags = {**_by_pillow(path), **tags}
    return CameraData(
        seconds=_number(tags.get("ExposureTime")),
        iso=_number(tags.get("ISOSpeedRatings")) or _number(tags.get("PhotographicSensitivity")),
        aperture=_number(tags.get("FNumber")),
        taken=_moment(tags),
        orientation=int(_number(tags.get("Orientation")) or 1),
    )


def _by_exifread(path: Path | str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            found: Mapping[str, Any] = exifread.process_file(file, details=False, extract_thumbnail=False)
    except Exception:  # foreign bytes: the parser has no closed list of what it raises
        return {}
    tags: dict[str, Any] = {}
    for group in ("Image", "EXIF"):
        for name, tag in found.items():
            if name.startswith(f"{group} "):
                values = getattr(tag, "values", None)
                tags[name.removeprefix(f"{group} ")] = values[0] if isinstance(values, list) and values else values
    return tags


def _by_pillow(path: Path | str) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as picture:
                exif = picture.getexif()
                inner = {**exif, **exif.get_ifd(_EXIF_IFD)}
    except Exception:  # foreign bytes: the parser has no closed list of what it raises
        return {}
    known = {name: inner[tag] for name, tag in _PILLOW.items() if tag in inner}
    return known | ({"Orientation": inner[0x0112]} if 0x0112 in inner else {})


def _number(value: Any) -> float | None:
    """A positive finite number, or None."""
    if isinstance(value, tuple | list):
        value = value[0] if value else None
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def _moment(tags: Mapping[str, Any]) -> float | None:
    text = str(tags.get("DateTimeOriginal") or tags.get("DateTime") or "").strip("\0 ")
    try:
        whole = (datetime.strptime(text, "%Y:%m:%d %H:%M:%S") - datetime(1970, 1, 1)).total_seconds()
    except ValueError:
        return None
    digits = str(tags.get("SubSecTimeOriginal") or "").strip("\0 ")
    return whole + (float(f"0.{digits}") if digits.isascii() and digits.isdigit() else 0.0)
