"""Names of files from outside: kept inside their folder, and in the order that people count."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from hdrpipe.errors import InputError
from hdrpipe.files.system import plain_name
from hdrpipe.terminal import printable

LONGEST, MOST_BYTES = 100, 200
"""Characters of a scene name, and bytes in UTF-8: a file system takes 255, and endings are to follow."""

REFUSED = re.compile(r'[<>:"|?*]')
"""Characters that file systems refuse in a name, Windows' and those of memory cards among them."""

FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
"""Beginning of a text that a spreadsheet may take for a formula, or of one that has the mark of `as_cell` already."""

DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that are devices under Windows."""


def confined(root: Path | str, name: str | Path) -> Path:
    """The path of `name` below `root`; symbolic links are followed and must not lead out.

    Raises:
        InputError: the name is absolute, climbs out, holds a NUL, is a loop of links, or there is no such file.
    """
    text = str(name)
    if not text.strip() or "\0" in text or Path(text).is_absolute() or ".." in Path(text).parts:
        raise InputError(f"{text[:200]!a} is no name of a file inside this folder", root)
    path = Path(root, text)
    try:
        inside = path.resolve(strict=True).is_relative_to(Path(root).resolve(strict=True))
    except FileNotFoundError:
        raise InputError("there is no such file", path) from None
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name too long
        raise InputError(f"cannot be followed ({type(error).__name__})", ascii(str(path)[:300])) from error
    if not inside:
        raise InputError("is a link that leads out of its folder", path, "put the file itself there")
    return path


def scene_name(text: str) -> str:
    """`text` as a name for a scene: letters of any script, no part of a path, and short enough for a file."""
    safe = "".join(mark if printable(mark) and mark not in "/\\" else "_" for mark in text).replace("..", "__")
    short = safe.strip(" .")[:LONGEST].encode()[:MOST_BYTES].decode(errors="ignore")
    return short.strip(" .") or "burst"


def file_name(text: str) -> str:
    """`text` as a name for a file of ours, without its ending: a scene's name that every file system takes."""
    name = REFUSED.sub("_", scene_name(text))
    return f"{name}_" if DEVICES.fullmatch(name) else name


def as_cell(text: str) -> str:
    """`text` as a cell of a table: an apostrophe goes before what a spreadsheet would compute as a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def from_cell(cell: str) -> str:
    """The text that `as_cell` made a cell of; other cells are as they are."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


@contextlib.contextmanager
def plain(path: Path | str) -> Iterator[str]:
    """A name of the file for libraries that stumble over names which are not UTF-8."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        with open(path, "rb") as file:
            yield plain_name(file)
    else:
        yield str(path)


def natural(path: Path | str) -> tuple[tuple[int, int, str], ...]:
    """Sort key of a file name that counts: `img2` comes before `img10`."""
    pieces = re.findall(r"\d+|\D+", Path(path).name.lower())
    return tuple((0, int(piece), piece) if piece.isascii() and piece.isdigit() else (1, 0, piece) for piece in pieces)
