"""Tel et al. 2023, 108 training and 36 test bursts of 52 places.

Training/scene_0001_1/{input_{1,2,3}.tif, exposure.txt, HDRImg.hdr}, Test/scene_0007_1/...
"""

from pathlib import Path

from hdrpipe.config.dataset_options import Tel23Options as Options
from hdrpipe.datasets.layouts import entry, opened, scenes_below, split_folders
from hdrpipe.datasets.scenes import Entry, Source


def sources(options: Options) -> tuple[Source, ...]:
    """None: the data is fetched by hand, its authors ask for that."""
    return ()


def listing(options: Options, seed: int, cache: Path) -> list[Entry]:
    """All scenes, pool first; the takes of one place are a group. `seed` and `cache` are not used.

    Errors:
        InputError: the folder or a part of a scene is missing.
    """
    root = opened(options.root, "Tel 2023")
    return [
        entry(burst, split, options, root, group=burst.name.rpartition("_")[0])
        for split, folder in split_folders(root, "Tel 2023")
        for burst in scenes_below(folder, folder, "input_")
    ]
