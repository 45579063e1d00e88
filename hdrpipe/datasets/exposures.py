"""The exposures of a burst: from a table, `exposure.txt`, the camera's EXIF, or the pictures themselves."""

import codecs
import csv
import io
import math
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import Any, Literal, TypeAlias

from hdrpipe.config.documents import from_yaml
from hdrpipe.datasets.card import from_beside
from hdrpipe.errors import InputError
from hdrpipe.files.names import confined, from_cell, scene_name
from hdrpipe.files.pictures.decoder import PictureHeader
from hdrpipe.files.product.envelope import read_head

Source: TypeAlias = Literal["table", "exposure.txt", "exposures.npy", "exif", "estimate"]

TABLES = ("bursts.csv", "bursts.yaml", "bursts.yml")
"""Names of the file that groups the pictures of its folder into bursts and may give their exposures: it goes first."""

COLUMNS = frozenset({"burst", "file", "ev", "seconds", "iso", "aperture"})

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

MOST_BYTES = 2**20
"""Largest size of a list of exposures."""

LONGEST_REASON = 200
"""Characters of a parser's words that a message shows."""

MOST_STOPS = 64.0
"""Largest exposure value that is accepted, in stops; no camera has it."""


SEPARATOR = re.compile(r'"?sep=([,;\t])"?[ \t]*(?:\r\n?|\n)', re.IGNORECASE)
"""First line of a table, by which a spreadsheet is told what separates fields."""

UNITS = re.compile(r'^(?:f/?|iso)\s*(?=\d)|(?<=\d)\s*(?:ev|s|sec|seconds|")$', re.IGNORECASE)
"""Units that people write beside numbers: f/8, ISO 100, 2 EV, 0.5 s."""

COMMENT = re.compile(r"(#|//).*")
SECONDS_UNIT = re.compile(r"(?<=\d)\s*(?:s|sec|seconds)\b", re.IGNORECASE)
LIST_HINT = "write one log2 EV a line, or one time like `1/60 s`"


@dataclass(frozen=True)
class Row:
    """One picture of a table; `ev` is None where the table leaves the exposure to other sources."""

    burst: str
    path: Path
    ev: float | None


def stops(seconds: float, iso: float = 100.0, aperture: float = 1.0) -> float:
    """Exposure value in stops: `log2(seconds * iso / 100 / aperture ** 2)`.

    Raises:
        InputError: one of them is not positive and finite.
    """
    for name, value in (("exposure time", seconds), ("ISO", iso), ("aperture", aperture)):
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"{name} {value:g} is not positive")
    return math.log2(seconds) + math.log2(iso / 100.0) - 2.0 * math.log2(aperture)


def read_exposure_txt(path: Path) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """The log2 EVs of an `exposure.txt` in the order of its lines, and remarks on how they were read.

    Values are separated by lines, spaces or `;`, decimals by a point or a comma; what follows `#` or `//` is a comment.
    Fractions, numbers with the unit `s` and lists that lie between 0 and 1 are exposure times in seconds.

    Raises:
        InputError: it is no list of finite numbers, or of EVs and times at once.
    """
    lines = [COMMENT.sub("", line) for line in _text(path).splitlines()]
    words = [word for line in lines for word in _words(SECONDS_UNIT.sub("s", line))]
    if not words:
        raise InputError("holds no exposure values", path, LIST_HINT)
    try:
        values = [_value(word.removesuffix("s").replace(",", ".")) for word in words]
    except (ValueError, ZeroDivisionError, OverflowError):
        raise InputError("is no list of exposure values", path, LIST_HINT) from None
    marked = {word.endswith("s") or "/" in word for word in words}
    if len(marked) == 2:
        raise InputError("has exposure values and times in seconds", path, LIST_HINT)
    notes: tuple[str, ...] = ()
    if True in marked or all(0 < value < 1 for value in values):
        try:
            values = [stops(value) for value in values]
        except InputError as error:
            raise InputError(error.what, path) from None
        notes = (f"{path.name} holds exposure times in seconds",)
    for value in values:
        _check_range(value, path)
    return tuple(values), notes


def _words(line: str) -> list[str]:
    """Values of a line; a comma is a decimal one but where it ends a word or a word has several."""
    words = [word.strip(",") for word in line.replace(";", " ").split()]
    return [value for word in words for value in (word.split(",") if word.count(",") > 1 else [word]) if value]


def _check_range(value: float, where: Path | str) -> None:
    """Raise InputError for an exposure value that no camera has, NaN included."""
    if not abs(value) <= MOST_STOPS:
        what = f"exposure value {value:g} EV is out of range (-{MOST_STOPS:g} to {MOST_STOPS:g})"
        raise InputError(what, where, "write log2 of the exposure")


def read_table(path: Path) -> tuple[Row, ...]:
    """The rows of a table of bursts, CSV with a header or YAML with a list of mappings; files lie beside it.

    Columns: `file`; `burst` names the burst (else: one burst, named like the folder); `ev`, or `seconds` with
    `iso` and `aperture`, gives the exposure.

    Raises:
        InputError: a column, a number or a file name is wrong, or a file comes twice.
    """
    rows: dict[Path, Row] = {}
    for number, mapping in enumerate(_mappings(path), 1):
        row = _row(path, number, mapping)
        if row.path in rows:
            raise InputError(f"names {row.path.name!a} twice", path)
        rows[row.path] = row
    return tuple(rows.values())


def from_camera(headers: Sequence[PictureHeader]) -> tuple[tuple[float, ...] | None, tuple[str, ...]]:
    """Exposure values by EXIF, and remarks; no values where a picture lacks its exposure time.

    Sensitivity and aperture count where all pictures have them; else they are taken to be constant.
    """
    cameras = [header.camera for header in headers]
    if not all(camera.seconds for camera in cameras):
        return None, ()
    values = [stops(camera.seconds or 0.0) for camera in cameras]
    notes: list[str] = []
    for name, weight in (("iso", 1.0), ("aperture", -2.0)):
        numbers = [getattr(camera, name) for camera in cameras]
        if all(numbers):
            values = [value + weight * math.log2(number) for value, number in zip(values, numbers, strict=True)]
        elif name == "aperture" or any(numbers):
            notes.append(f"EXIF lacks the {'ISO' if name == 'iso' else name}: it is taken to be constant")
    return tuple(values), tuple(notes)


def _text(path: Path) -> str:
    data, size = read_head(path, MOST_BYTES)
    if size > MOST_BYTES:
        raise InputError(f"has {size} bytes; a list of exposures may have {MOST_BYTES}", path, "choose another file")
    try:
        return data.decode("utf-16" if data.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is no text in UTF-8 or UTF-16", path) from None


def _mappings(path: Path) -> list[Mapping[str, Any]]:
    text = _text(path)
    if path.suffix == ".csv":
        return _csv_rows(text, path)
    try:
        rows = from_yaml(text)
    except ValueError as error:
        raise InputError(f"is no YAML ({str(error)[:LONGEST_REASON]})", path) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError("is no list of mappings", path, "write `- {burst: one, file: a.jpg, ev: -2}`")
    return rows


def _csv_rows(text: str, path: Path) -> list[Mapping[str, Any]]:
    """Rows by the columns of the header; lines may end as on Unix, Windows or old Macs, quoted fields hold anything.

    Fields are separated by what separates those of the header, or by what a line `sep=;` before it says, decimals by a
    comma where that is no comma. Rows of empty fields are none.
    """
    text = text.lstrip("\r\n")
    line = SEPARATOR.match(text)
    text = text[line.end() :].lstrip("\r\n") if line else text
    separator = line[1] if line else max(",;\t", key=(text.splitlines() or [""])[0].count)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise InputError(f"is no table of comma-separated values ({error})", path) from None
    named = (
        {(key or "").strip().lower(): value or "" for key, value in row.items() if not isinstance(value, list)}
        for row in rows
    )
    filled = (row for row in named if any(value.strip() for value in row.values()))
    return [{key: _cell(key, value, separator) for key, value in row.items()} for row in filled]


def _cell(column: str, value: str, separator: str) -> str:
    if column == "file":
        return value
    return value.strip() if separator == "," or column == "burst" else value.strip().replace(",", ".")


def _file(folder: Path, cell: str) -> Path:
    """The picture that a cell names: by its very name, or else without spaces around it, with its accents written in
    the other way (macOS takes them apart), with Windows' separators, in another case of letters, or by the path that it
    had where the table was written. On a camera's card it may lie in the next folder."""
    name = from_cell(cell)
    beside = from_beside(folder, name.strip())
    if beside is not None:
        return confined(folder.parent, beside)
    forms = [name, *(unicodedata.normalize(form, name.strip()) for form in ("NFC", "NFD"))]
    slashed = name.strip().replace("\\", "/")
    elsewhere = os.path.lexists(name.strip()) and Path(name.strip()).parent.resolve() != folder.resolve()
    absolute = PureWindowsPath(slashed).anchor and not elsewhere
    forms += [slashed.rpartition("/")[2] if absolute else slashed]
    held = next((form for form in forms if not Path(form).is_absolute() and os.path.lexists(folder / form)), None)
    return confined(folder, held or _in_other_case(folder, forms[-1]) or name.strip())


def _in_other_case(folder: Path, name: str) -> str | None:
    """The one file of a folder that has this name but for the case of its letters."""
    path = Path(name)
    if path.is_absolute() or not (folder / path.parent).is_dir() or ".." in path.parts:
        return None
    alike = [one for one in os.listdir(folder / path.parent) if one.casefold() == path.name.casefold()]
    return str(path.parent / alike[0]) if len(alike) == 1 else None


def _row(path: Path, number: int, mapping: Mapping[str, Any]) -> Row:
    where = f"{path}, row {number}"
    unknown = sorted(str(key) for key in mapping if key not in COLUMNS)
    if unknown or not mapping.get("file"):
        what = f"unknown column {unknown[0]!a}" if unknown else "names no file"
        raise InputError(what, where, f"columns are {', '.join(sorted(COLUMNS))}")
    file = _file(path.parent, str(mapping["file"]))
    if file.is_dir():
        raise InputError(f"{file.name!a} is a folder, wanted a picture", where)
    burst = from_cell(str(mapping.get("burst") or "").strip()) or scene_name(path.parent.resolve().name)
    if burst != scene_name(burst):
        raise InputError(f"{burst[:80]!a} is no name for a burst", where, "no slashes, '..' or odd characters")
    numbers = {
        name: _number(mapping[name], f"{where}, {name}")
        for name in ("ev", "seconds", "iso", "aperture")
        if mapping.get(name) not in (None, "")
    }
    if "ev" in numbers:
        _check_range(numbers["ev"], where)
        return Row(burst, file, numbers["ev"])
    if "seconds" not in numbers:
        return Row(burst, file, None)
    try:
        return Row(burst, file, stops(**numbers))
    except InputError as error:
        raise InputError(error.what, where) from None


def _value(value: Any) -> float:
    value = value.replace("\u2212", "-") if isinstance(value, str) else value
    return float(Fraction(value)) if isinstance(value, str) and "/" in value else float(value)


def _number(value: Any, where: str) -> float:
    """A finite number, or a fraction like 1/60."""
    try:
        number = _value(UNITS.sub("", value.strip()) if isinstance(value, str) else value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        raise InputError(f"{str(value)[:40]!a} is no number", where) from None
    if not math.isfinite(number):
        raise InputError(f"{number} is not finite", where)
    return number
