"""Challenge123 (Kong et al. 2024), 96 training and 27 test places, each at three moments with three exposures.

    Training/xxx_k/{ldr_img_{1,2,3}.tif, exposure.txt, hdr_img.hdr}, Test/xxx_k/...

A burst takes frame k from moment k; exposures and truth are those of moment 2, the reference's.
"""

import re
from itertools import permutations
from pathlib import Path

from hdrpipe.config.dataset_options import Challenge123Options as Options
from hdrpipe.datasets.bursts import EXPOSURES, BurstFiles, list_folder, order
from hdrpipe.datasets.exposures import read_exposure_txt
from hdrpipe.datasets.layouts import entry, opened, split_folders
from hdrpipe.datasets.scenes import Entry, Source
from hdrpipe.errors import InputError
from hdrpipe.files.names import confined

MOMENTS = (1, 2, 3)


def sources(options: Options) -> tuple[Source, ...]:
    """None: the data is fetched by hand, its authors ask for that."""
    return ()


def listing(options: Options, seed: int, cache: Path) -> list[Entry]:
    """All scenes, pool first; the bursts of one place are a group. `seed` and `cache` are not used.

    Errors:
        InputError: the folder or a part of a scene is missing.
    """
    root = opened(options.root, "Challenge123")
    entries = []
    for split, folder in split_folders(root, "Challenge123"):
        names = [path.name for path in folder.iterdir() if re.fullmatch(r".+_[123]", path.name)]
        scenes = sorted({name[:-2] for name in names})
        if not scenes:
            raise InputError("holds no scenes xxx_1, xxx_2, xxx_3", folder)
        orders = list(permutations(MOMENTS)) if options.all_combinations and split == "pool" else [MOMENTS]
        for scene in scenes:
            bursts = [_burst(folder, scene, moments) for moments in orders]
            entries += [entry(burst, split, options, root, group=scene) for burst in bursts]
    return entries


def _burst(folder: Path, scene: str, moments: tuple[int, ...]) -> BurstFiles:
    """Frame k of the moment that stands at k; the middle frame's moment has the exposures and the truth."""
    frames = [confined(folder, f"{scene}_{moment}/ldr_img_{number}.tif") for number, moment in enumerate(moments, 1)]
    middle = list_folder(folder / f"{scene}_{moments[1]}")
    if middle.truth is None or middle.exposures is None:
        raise InputError(f"has no truth or no {EXPOSURES[0]}", middle.folder)
    name = scene if moments == MOMENTS else f"{scene}-{''.join(map(str, moments))}"
    values, notes = read_exposure_txt(middle.exposures)
    return order(name, frames, values, "exposure.txt", middle.truth, notes=notes)
