"""Hash of what a folder of pictures holds: the paths below it and the content of its files.

Neither the spelling of the folder nor times count, nor what systems and file servers leave between pictures. Content
is read once: hashes are remembered by path, size and time of change.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from hdrpipe.config.documents import from_json
from hdrpipe.errors import HdrpipeError
from hdrpipe.files.atomic import write_json

REMEMBERED = Path(".snakemake/hdrpipe-hashes.json")

LITTER = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "recycler", "system volume information"}
    | {".ds_store", "icon\r", "__macosx", "network trash folder", "temporary items"}
    | {"@eadir", "#recycle", "#snapshot", "@tmp", "@recycle", "@__thumb", ".@__thumb", "@recently-snapshot"}
    | {"lost+found", "lost.dir", "picasa.ini", ".picasa.ini", "zbthumbnail.info"}
)
"""Names, in small letters, of files and folders that systems, file servers and viewers leave between pictures."""


def folder_content(root: Path | str, remembered: Path = REMEMBERED) -> str:
    """Hash (16 hexadecimal digits) of all files below a folder, links to folders followed once.

    Args:
        root: the folder; a missing one has the hash of an empty one.
        remembered: file of the hashes of earlier calls; made if it can be.
    """
    folder = Path(root).expanduser()
    earlier = _earlier(remembered)
    hashes: dict[str, str] = {}
    digest = hashlib.sha256()
    for path in _files(folder):
        with contextlib.suppress(OSError):  # whoever reads the pictures names what cannot be read
            state = path.stat()
            key = f"{path.resolve()} {state.st_size} {state.st_mtime_ns}"
            hashes[key] = earlier.get(key) or _content(path)
            digest.update(ascii((path.relative_to(folder).as_posix(), hashes[key])).encode())
    if hashes.keys() - earlier.keys():
        with contextlib.suppress(HdrpipeError):  # a folder that cannot be written only costs time
            write_json(remembered, {**earlier, **hashes})
    return digest.hexdigest()[:16]


def is_litter(name: str) -> bool:
    """True for names of files that systems and file servers leave; `._a.jpg` is macOS's companion of `a.jpg`."""
    return name.startswith("._") or name.lower() in LITTER


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder but litter, in the order of their names."""
    seen: set[Path] = set()
    for here, below, names in os.walk(folder, followlinks=True):
        real = Path(here).resolve()
        below[:] = [] if real in seen else sorted(name for name in below if _counts(name))
        if real not in seen:
            yield from (Path(here, name) for name in sorted(names) if _counts(name))
        seen.add(real)


def _counts(name: str) -> bool:
    return not (name.startswith(".") or is_litter(name))


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _earlier(remembered: Path) -> dict[str, str]:
    try:
        hashes = from_json(remembered.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast(dict[str, str], hashes) if isinstance(hashes, dict) else {}
