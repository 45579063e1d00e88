"""Hu et al. 2020 (sensor-realistic synthetic data), 100 scenes: 001-085 train, 086-100 test.

001/{input_{1,2,3}_aligned.tif, input_exp.txt, ref_hdr_aligned_linear.hdr}, flat or below Training and Test
"""

import re
from pathlib import Path

from hdrpipe.config.dataset_options import Hu20Options as Options
from hdrpipe.datasets.bursts import list_folder
from hdrpipe.datasets.layouts import entry, folders, opened, paper_burst
from hdrpipe.datasets.scenes import Entry, Source
from hdrpipe.errors import InputError

LAST_TRAINING = 85
"""Number of the last training scene of the official split."""


def sources(options: Options) -> tuple[Source, ...]:
    """None: the data is fetched by hand, its authors ask for that."""
    return ()


def listing(options: Options, seed: int, cache: Path) -> list[Entry]:
    """All scenes, pool first; `seed` and `cache` are not used.

    Errors:
        InputError: the folder or a part of a scene is missing.
    """
    root = opened(options.root, "Hu 2020")
    scenes = sorted((path for path in folders(root) if re.fullmatch(r"\d{3}", path.name)), key=lambda path: path.name)
    if not scenes:
        raise InputError("holds no scenes 001 to 100", root)
    bursts = [paper_burst(list_folder(path), path.name, "input_") for path in scenes]
    return [entry(burst, "pool" if int(burst.name) <= LAST_TRAINING else "test", options, root) for burst in bursts]
