"""Kalantari and Ramamoorthi 2017, 74 training and 15 test scenes of 1500x1000, as UCSD or as DeepHDR hands it out.

    Training/001/{262A*.tif, exposure.txt, HDRImg.hdr}
    Test/{EXTRA,PAPER}/NAME/..., or Test/NAME/...
    (DeepHDR) .../{input_{1,2,3}_aligned.tif, ref_{1,2,3}_aligned.tif, ref_hdr_aligned.hdr, input_exp.txt}

The `ref_*` pictures of DeepHDR show the static scene: they are no frames of the burst.
"""

from pathlib import Path

from hdrpipe.config.dataset_options import Kalantari17Options as Options
from hdrpipe.datasets.bursts import list_folder
from hdrpipe.datasets.layouts import entry, folders, opened, paper_burst, scene_name, split_folders
from hdrpipe.datasets.scenes import Entry, Source
from hdrpipe.errors import InputError


def sources(options: Options) -> tuple[Source, ...]:
    """None: the data is fetched by hand, its authors ask for that."""
    return ()


def listing(options: Options, seed: int, cache: Path) -> list[Entry]:
    """All scenes, pool first; `seed` and `cache` are not used.

    Errors:
        InputError: the folder or a part of a scene is missing.
    """
    root = opened(options.root, "Kalantari 2017")
    entries = []
    for split, folder in split_folders(root, "Kalantari 2017"):
        listings = [listed for listed in map(list_folder, folders(folder)) if listed.frames]
        if not listings:
            raise InputError("holds no scenes", folder)
        for listed in listings:
            aligned = any(path.name.startswith("input_") for path in listed.frames)
            burst = paper_burst(listed, scene_name(root, listed.folder), "input_" if aligned else "")
            entries.append(entry(burst, split, options, root))
    return entries
