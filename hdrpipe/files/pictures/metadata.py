"""Data of a camera on an exposure: time, sensitivity, aperture, moment (EXIF)."""

import io
import math
import re
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import exifread
from PIL import Image

from hdrpipe.errors import refuse_lost
from hdrpipe.files.pictures import heif

_EXIF_IFD = 0x8769
_RAF = b"FUJIFILMCCD-RAW"
_EXIF_BYTES = 2**20
"""Bytes at the start of a preview that hold its EXIF: 64 KiB by the rules of JPEG."""

_PILLOW = {
    "ExposureTime": 0x829A,
    "FNumber": 0x829D,
    "ShutterSpeedValue": 0x9201,
    "ApertureValue": 0x9202,
    "ISOSpeedRatings": 0x8827,
    "SensitivityType": 0x8830,
    "StandardOutputSensitivity": 0x8831,
    "RecommendedExposureIndex": 0x8832,
    "ISOSpeed": 0x8833,
    "ExposureBiasValue": 0x9204,
    "ExposureMode": 0xA402,
    "BodySerialNumber": 0xA431,
    "Make": 0x010F,
    "Model": 0x0110,
    "Orientation": 0x0112,
    "DateTime": 0x0132,
    "DateTimeOriginal": 0x9003,
    "DateTimeDigitized": 0x9004,
    "OffsetTime": 0x9010,
    "OffsetTimeOriginal": 0x9011,
    "OffsetTimeDigitized": 0x9012,
    "SubSecTime": 0x9290,
    "SubSecTimeOriginal": 0x9291,
    "SubSecTimeDigitized": 0x9292,
}

_UNNAMED = {"Tag 0x8831": "StandardOutputSensitivity", "Tag 0xC62F": "CameraSerialNumber"}
"""Tags that exifread has no name for."""

_ISO_FULL = 65535
"""Value of the old ISO tag of 16 bits for this sensitivity and for any higher one."""

_ISO_TAGS = ("StandardOutputSensitivity", "RecommendedExposureIndex", "ISOSpeed")
_ISO_OF_TYPE = {1: (0,), 2: (1,), 3: (2,), 4: (0, 1), 5: (0, 2), 6: (1, 2)}
"""Indices of the tags that the old one repeats, by SensitivityType (EXIF 2.3)."""

_BY_HAND, _AUTO_BRACKET = 1, 2
"""Values of ExposureMode."""

_MOMENT = re.compile(
    r"(\d{4})[:/.-](\d\d?)[:/.-](\d\d?)[ T]+(\d\d?):(\d\d?):(\d\d?)(?:[.,](\d+))?\s*(?:([ap])\.?m)?",
    re.IGNORECASE | re.ASCII,
)
"""Year to second, `2025:06:01 12:00:00` by the rules, fraction of a second, and the half of the day."""

_CLOCKS = ("Original", "Digitized", "")
"""Ends of the names of the tags of a moment, its fraction and its zone: of the exposure, or else of what is nearest."""

_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)
"""Zone of time, `+02:00` by the rules."""

_LONGEST_BODY = 200

_MOST_STOPS = 32.0
"""Largest logarithm of a time or an aperture: no camera has it."""


@dataclass(frozen=True)
class CameraData:
    """Camera data of one exposure; None for what the file lacks.

    Attributes:
        seconds: exposure time.
        iso: sensitivity.
        aperture: f-number.
        taken: moment, in seconds of the camera's own clock.
        orientation: EXIF orientation, 1 to 8; 1 is upright.
        bracketed: True if the camera bracketed by itself (ExposureMode), None where the file lacks it.
        by_hand: True if somebody set the exposure by hand (ExposureMode), None where the file lacks it.
        bias: exposure bias in stops; a camera that brackets writes each step here, or not at all.
        body: maker, model and serial number; empty where the file names none.
        offset: seconds by which the clock is before Greenwich; phones change it where they come to another zone.
    """

    seconds: float | None = None
    iso: float | None = None
    aperture: float | None = None
    taken: float | None = None
    orientation: int = 1
    bracketed: bool | None = None
    by_hand: bool | None = None
    bias: float | None = None
    body: str = ""
    offset: float | None = None


def camera_data(path: Path | str) -> CameraData:
    """EXIF of a picture by exifread or else by Pillow or libheif; empty for a file without it.

    Raises:
        InputError: the file has vanished, or its drive fails.
    """
    tags = _by_exifread(path)
    if _number(tags.get("ExposureTime")) is None:
        tags = {**_by_pillow(path), **tags}
    mode = _finite(tags.get("ExposureMode"))
    clock = next((end for end in _CLOCKS if _moment(tags, end) is not None), "")
    return CameraData(
        seconds=_number(tags.get("ExposureTime")) or _apex(tags.get("ShutterSpeedValue"), -1.0),
        iso=_sensitivity(tags),
        aperture=_number(tags.get("FNumber")) or _apex(_number(tags.get("ApertureValue")), 0.5),
        taken=_moment(tags, clock),
        orientation=int(_number(tags.get("Orientation")) or 1),
        bracketed=None if mode is None else mode == _AUTO_BRACKET,
        by_hand=None if mode is None else mode == _BY_HAND,
        bias=_finite(tags.get("ExposureBiasValue")),
        body=_body(tags),
        offset=_offset(tags.get(f"OffsetTime{clock}")),
    )


def _sensitivity(tags: Mapping[str, Any]) -> float | None:
    """ISO speed; beyond 65535 the old tag is full, and the true number stands in one of the later tags."""
    old = _number(tags.get("ISOSpeedRatings")) or _number(tags.get("PhotographicSensitivity"))
    if old is not None and old < _ISO_FULL:
        return old
    kind = int(_number(tags.get("SensitivityType")) or 0)
    named = [_ISO_TAGS[index] for index in _ISO_OF_TYPE.get(kind, (0, 1, 2))]
    numbers = [number for name in (*named, *_ISO_TAGS) if (number := _number(tags.get(name))) is not None]
    return next((number for number in numbers if number >= (old or 0)), old)


def _apex(value: Any, power: float) -> float | None:
    """Time or f-number of its logarithm (APEX), some of whose values are so large that they mean nothing."""
    stops = _finite(value)
    return 2.0 ** (power * stops) if stops is not None and abs(stops) <= _MOST_STOPS else None


def _body(tags: Mapping[str, Any]) -> str:
    serial = tags.get("BodySerialNumber") or tags.get("CameraSerialNumber")
    texts = (str(value).strip("\0 ") for value in (tags.get("Make"), tags.get("Model"), serial) if value)
    return " ".join(text for text in texts if text)[:_LONGEST_BODY]


def _by_exifread(path: Path | str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            entries: Mapping[str, Any] = exifread.process_file(_holder(file), details=False, extract_thumbnail=False)
    except Exception as error:  # foreign bytes: the parser has no closed list of what it raises
        refuse_lost(error, path)
        return {}
    tags: dict[str, Any] = {}
    for group in ("Image", "EXIF"):
        for name, tag in entries.items():
            if name.startswith(f"{group} "):
                values = getattr(tag, "values", None)
                plain = name.removeprefix(f"{group} ")
                tags[_UNNAMED.get(plain, plain)] = values[0] if isinstance(values, list) and values else values
    return tags


def _holder(file: BinaryIO) -> BinaryIO:
    """The file that holds the EXIF: itself, or the JPEG preview of a RAF (Fujifilm), by bytes 84 to 91."""
    head = file.read(92)
    if not head.startswith(_RAF):
        file.seek(0)
        return file
    start, length = struct.unpack(">2I", head[84:])
    file.seek(start)
    return io.BytesIO(file.read(min(length, _EXIF_BYTES)))


def _by_pillow(path: Path | str) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open(path, "rb") as file:
                kind = heif.kind_of(file.read(64))
            if kind == "heif":
                return _named(heif.exif(path))
            with Image.open(path) as picture:
                return _named(picture.getexif())
    except Exception as error:  # foreign bytes: the parser has no closed list of what it raises
        refuse_lost(error, path)
        return {}


def _named(exif: Image.Exif) -> dict[str, Any]:
    inner = {**exif, **exif.get_ifd(_EXIF_IFD)}
    return {name: inner[tag] for name, tag in _PILLOW.items() if tag in inner}


def _number(value: Any) -> float | None:
    """A positive finite number, or None."""
    number = _finite(value)
    return number if number is not None and number > 0 else None


def _finite(value: Any) -> float | None:
    if isinstance(value, tuple | list):
        value = value[0] if value else None
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _offset(value: Any) -> float | None:
    match = _OFFSET.match(str(value or "").strip("\0 "))
    if match is None:
        return None
    seconds = 3600.0 * int(match[2]) + 60.0 * int(match[3])
    return -seconds if match[1] == "-" else seconds


def _moment(tags: Mapping[str, Any], clock: str) -> float | None:
    """The moment by EXIF; also where programs and phones write it in another way, with hours up to 24 or of 12.

    `clock` is one of `_CLOCKS`.
    """
    text = str(tags.get(f"DateTime{clock}") or "").strip("\0 ")
    match = _MOMENT.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(number) for number in match.groups()[:6])
    fraction, half = match[7] or "", (match[8] or "").lower()
    hour = hour % 12 + 12 * (half == "p") if half else hour % 24  # some phones call midnight 24
    try:
        whole = (datetime(year, month, day, hour, minute, second) - datetime(1970, 1, 1)).total_seconds()
    except ValueError:
        return None
    digits = str(tags.get(f"SubSecTime{clock}") or "").strip("\0 ") or fraction
    return whole + (float(f"0.{digits}") if digits.isascii() and digits.isdigit() else 0.0)
