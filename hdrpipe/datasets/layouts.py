"""Common code of datasets in a folder: their scenes, the split that each belongs to, and the loading of one."""

import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from hdrpipe.config.dataset_options import LocalOptions, TruthScale
from hdrpipe.datasets.bursts import BurstFiles, Listing, list_folder, order
from hdrpipe.datasets.exposures import read_exposure_txt
from hdrpipe.datasets.reading import excess, read_burst, read_truth
from hdrpipe.datasets.scenes import Entry, Scene, Split
from hdrpipe.errors import HdrpipeError, InputError
from hdrpipe.files import names as naming
from hdrpipe.files.folders import is_litter
from hdrpipe.files.names import natural
from hdrpipe.imaging.burst import Burst
from hdrpipe.quantities import Picture

log = logging.getLogger(__name__)

DEEPEST = 8
"""Levels of folders below a root that are searched for scenes."""

POOL_FOLDERS, TEST_FOLDERS = ("training", "train"), ("test", "testing")
"""Names, in any case, of the folders that hold the two sides of a split."""

VALIDATION_FOLDERS = ("validation", "val", "valid")


def opened(root: str, layout: str) -> Path:
    """The folder of a dataset; links to folders in it are logged.

    Raises:
        InputError: there is none.
    """
    folder = Path(root).expanduser()
    if not folder.is_dir():
        raise InputError("there is no such folder", folder, f"put the data of {layout} there, or set data.options.root")
    warn_of_links(folder)
    return folder


def folders(root: Path) -> Iterator[Path]:
    """`root` and every folder below it in natural order; hidden ones, links and litter are passed over.

    Folders that cannot be read come last: whoever lists their files names them.
    """
    closed: list[Path] = []
    for here, below, _ in os.walk(root, onerror=lambda error: closed.append(Path(error.filename))):
        kept = (name for name in below if not name.startswith(".") and not is_litter(name))
        below[:] = sorted((name for name in kept if not Path(here, name).is_symlink()), key=natural)
        if len(Path(here).relative_to(root).parts) >= DEEPEST:
            below[:] = []
        yield Path(here)
    yield from closed


def linked(root: Path) -> list[Path]:
    """Links to folders below `root`, which `folders` passes over."""
    inside = (Path(here, name) for here in folders(root) for name in sorted(_names_in(here), key=natural))
    kept = (path for path in inside if not (path.name.startswith(".") or is_litter(path.name)))
    return [path for path in kept if path.is_symlink() and path.is_dir()]


def _names_in(folder: Path) -> list[str]:
    """Names in a folder; none in one that cannot be read, which is named elsewhere."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def warn_of_links(root: Path) -> None:
    """Log the links to folders that are passed over."""
    links = [path.relative_to(root).as_posix() for path in linked(root)]
    if links:
        more = f" and {len(links) - 5} more" if len(links) > 5 else ""
        log.warning("%s: links to folders are not entered: %s%s", root, ", ".join(links[:5]), more)


def side(root: Path, names: Sequence[str]) -> Path | None:
    """The folder of `root` that has one of these names in any case."""
    return next((path for path in sorted(root.iterdir()) if path.is_dir() and path.name.lower() in names), None)


def split_folders(root: Path, layout: str) -> list[tuple[Split, Path]]:
    """Folders of the training and of the test scenes.

    Raises:
        InputError: one of them is missing.
    """
    sides: list[tuple[Split, Path]] = []
    needed: list[tuple[Split, tuple[str, ...]]] = [("pool", POOL_FOLDERS), ("test", TEST_FOLDERS)]
    for split, names in needed:
        folder = side(root, names)
        if folder is None:
            raise InputError(f"has no folder {names[0].capitalize()!a}, which {layout} needs", root)
        sides.append((split, folder))
    return sides


def split_of(root: Path, folder: Path, name: str, test: Sequence[str] = ()) -> Split:
    """The split of a scene: by the names of the folders between `root` and it, or by the patterns `test`."""
    above = {level.lower() for level in folder.relative_to(root).parts}
    if above.intersection(TEST_FOLDERS) or any(fnmatchcase(name, pattern) for pattern in test):
        return "test"
    return "validation" if above.intersection(VALIDATION_FOLDERS) else "pool"


def scene_name(root: Path, folder: Path) -> str:
    """A name for a scene that is unique below `root`: the parts of its path."""
    return naming.scene_name("-".join(folder.relative_to(root).parts) or folder.resolve().name)


def paper_burst(listing: Listing, name: str, prefix: str = "") -> BurstFiles:
    """The burst of one folder of a published dataset: three pictures, their `exposure.txt`, the truth.

    Args:
        listing: the folder.
        name: of the scene.
        prefix: how the names of the frames begin.

    Raises:
        InputError: a frame, the exposures or the truth is missing.
    """
    frames = [path for path in listing.frames if path.name.startswith(prefix)]
    if len(frames) != 3 or listing.exposures is None or listing.truth is None:
        has = f"{len(frames)} frames, {'an' if listing.exposures else 'no'} exposure list"
        what = f"is no scene of this layout: {has}, {'a' if listing.truth else 'no'} truth"
        raise InputError(what, listing.folder, "wanted 3 frames with exposures and truth")
    ignored = [*listing.ignored, *(path for path in listing.frames if path not in frames)]
    values, notes = read_exposure_txt(listing.exposures)
    if len(values) != 3:
        raise InputError(f"has {len(values)} exposure values, wanted 3", listing.exposures)
    return order(name, frames, values, "exposure.txt", listing.truth, ignored, notes)


def scenes_below(root: Path, folder: Path, prefix: str = "") -> list[BurstFiles]:
    """The bursts of all folders below `folder` that hold pictures, named by their path below `root`.

    Raises:
        InputError: there is none, or one is incomplete.
    """
    listings = [listing for listing in map(list_folder, folders(folder)) if listing.frames]
    if not listings:
        raise InputError("holds no scenes", folder)
    return [paper_burst(listing, scene_name(root, listing.folder), prefix) for listing in listings]


def entry(burst_files: BurstFiles, split: Split, options: LocalOptions, root: Path, group: str = "") -> Entry:
    """A burst as an entry of a dataset; `group` is its own name unless given."""
    load = partial(_load, burst_files, split, options.truth_scale, root, group)
    return Entry(burst_files.name, split, burst_files.ev, load, burst_files.truth is not None)


def _load(burst_files: BurstFiles, split: Split, scale: TruthScale, root: Path, group: str) -> Scene:
    try:
        read = read_burst(burst_files)
        burst = read.burst()
        truth, notes, quality = None, read.notes, read.coding.quality
        if burst_files.truth is not None:
            truth, kept = read_truth(burst_files.truth, burst, scale, matrix=read.matrix)
            notes = (*notes, f"truth in {kept}", *filter(None, [excess(truth)]))
    except HdrpipeError as error:
        raise InputError(str(error), f"scene {burst_files.name}", "`hdrpipe check` lists all faulty scenes") from error
    return scene_from(burst_files, split, burst, truth, notes, root, group, quality=quality)


def scene_from(
    burst_files: BurstFiles,
    split: Split,
    burst: Burst,
    truth: Picture | None,
    notes: tuple[str, ...],
    root: Path,
    group: str = "",
    more: Sequence[Path] = (),
    quality: int = 0,
) -> Scene:
    """The scene of a burst that was read; `more` are further files of its own, `group` its name unless given.

    `quality` as in `Scene`.
    """
    files = [*burst_files.frames, *([burst_files.truth] if burst_files.truth else []), *more]
    return Scene(
        name=burst_files.name,
        split=split,
        burst=burst,
        truth=truth,
        difficulty="photographed",
        group=group or burst_files.name,
        sources=tuple(_below(root, path) for path in files),
        exposures=burst_files.source,
        notes=notes,
        quality=quality,
        digests={_below(root, path): _sha256(path) for path in files},
    )


def _below(root: Path, path: Path) -> str:
    """Name of a file below the root, or in the next folder of a card; a link may have led elsewhere inside it."""
    return Path(os.path.relpath(path, root)).as_posix()


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
