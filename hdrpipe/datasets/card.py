"""The folders of a camera's card: a camera begins a new one every 100 to 10000 pictures, within a bracket, too."""

import os
import re
from pathlib import Path

from hdrpipe.files.names import natural

_NAME = re.compile(r"\d{3}\w{5}", re.ASCII)
"""Name of a folder of pictures (DCF, section 3.2.3): 100CANON, 101_PANA."""

_BESIDE = re.compile(rf"\.\.[/\\]({_NAME.pattern})[/\\]([^/\\]+)", re.ASCII)


def neighbour(folder: Path, step: int) -> Path | None:
    """The folder of a card that comes so many folders after another one; None where there is none."""
    here = folder if folder.name else Path(os.path.abspath(folder))
    if _NAME.fullmatch(here.name) is None:
        return None
    try:
        inside = [name for name in os.listdir(here.parent) if _NAME.fullmatch(name)]
    except OSError:
        return None
    names = sorted((name for name in inside if _is_folder(here.parent / name)), key=natural)
    index = names.index(here.name) + step if here.name in names else -1
    return here.parent / names[index] if 0 <= index < len(names) else None


def name_beside(folder: Path, path: Path) -> str:
    """Name of a picture for a list that lies in a folder of a card: it may be in the next one."""
    return path.name if path.parent == folder else f"../{path.parent.name}/{path.name}"


def from_beside(folder: Path, name: str) -> str | None:
    """Name below the folder above, of a picture that `name_beside` names in another folder; None for other names."""
    match = _BESIDE.fullmatch(name)
    return f"{match[1]}/{match[2]}" if match and _NAME.fullmatch(folder.name) else None


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
