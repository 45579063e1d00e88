"""Bursts of one's own: any tree of folders with pictures, with ground truth where there is one.

    room/{1.jpg, 2.jpg, 3.jpg}                        exposures by EXIF, or estimated
    street/{a.dng, b.dng, c.dng, exposure.txt}        exposures by `exposure.txt`
    garden/{1.png, 2.png, 3.png, exposure.txt, HDRImg.hdr}    with truth
    card/{IMG_0001.jpg, ...}                          many bursts, grouped by time and exposure or by `bursts.csv`
    .../test/...                                      test scenes; `validation` likewise; all else is the pool

`hdrpipe check ROOT` shows what would be read.
"""

from fnmatch import fnmatchcase
from pathlib import Path

from hdrpipe.config.dataset_options import FolderOptions as Options
from hdrpipe.datasets.bursts import BurstFiles, find_bursts, list_folder
from hdrpipe.datasets.layouts import entry, folders, opened, scene_name, split_of
from hdrpipe.datasets.scenes import SPLITS, Entry, Source
from hdrpipe.errors import InputError


def sources(options: Options) -> tuple[Source, ...]:
    """None: the bursts are one's own."""
    return ()


def listing(options: Options, seed: int, cache: Path) -> list[Entry]:
    """All scenes, pool first; `seed` and `cache` are not used.

    Errors:
        InputError: there is no folder, no burst in it, or one that cannot be read.
    """
    root = opened(options.root, "a folder of bursts")
    bursts = [(folder, burst) for folder in folders(root) for burst in bursts_of(root, folder, options)]
    if not bursts:
        raise InputError("holds no bursts", root, "wanted folders of differently exposed pictures")
    entries = [
        entry(burst, split_of(root, folder, burst.name, options.test), options, root) for folder, burst in bursts
    ]
    names = [one.name for one in entries]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"has two scenes of the name {twice!a}", root, "rename a folder")
    return sorted(entries, key=lambda one: SPLITS.index(one.split))


def bursts_of(root: Path, folder: Path, options: Options) -> list[BurstFiles]:
    """The bursts of one folder, named by its path below `root`; none where it holds no pictures.

    Raises:
        InputError: their grouping is uncertain, or a picture or an exposure list is damaged.
    """
    name = scene_name(root, folder)
    if any(fnmatchcase(name, pattern) for pattern in options.skip):
        return []
    listed = list_folder(folder, options.truth)
    if not listed.frames and listed.table is None:
        return []
    bursts = find_bursts(folder, truth=options.truth)
    named = [burst.renamed(name if len(bursts) == 1 else f"{name}-{burst.name}") for burst in bursts]
    return [burst for burst in named if not any(fnmatchcase(burst.name, pattern) for pattern in options.skip)]
