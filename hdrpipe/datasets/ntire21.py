"""HDR challenges of NTIRE 2021 and 2022 (Perez-Pellitero et al.), samples cut from HDR videos and exposed anew.

    train/{0000_short.png, 0000_medium.png, 0000_long.png, 0000_exposures.npy, 0000_gt.png, 0000_alignratio.npy, ...}

Frames are coded with gamma 2.24 over 8 bits; the exposures are stops. The truth is coded likewise, over 16 bits times
the align ratio, and 1 is where the medium frame clips. Frames become gamma 2.2, that of hdrpipe.
"""

import logging
from fnmatch import fnmatchcase
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hdrpipe.config.dataset_options import Ntire21Options as Options
from hdrpipe.config.dataset_options import TruthScale
from hdrpipe.datasets.bursts import BurstFiles, order
from hdrpipe.datasets.layouts import folders, opened, scene_from, scene_name, split_of
from hdrpipe.datasets.reading import excess, read_burst, rescaled
from hdrpipe.datasets.scenes import SPLITS, Entry, Scene, Source, Split
from hdrpipe.errors import InputError
from hdrpipe.files.names import confined, natural
from hdrpipe.files.pictures.decoder import shared
from hdrpipe.quantities import GAMMA, Picture

log = logging.getLogger(__name__)

CODING = 2.24
"""Gamma of the challenge."""

FRAMES = ("short", "medium", "long")

LARGEST, MOST_NUMBERS = 4096, 16
"""Bytes of a .npy file, and numbers in it."""


def sources(options: Options) -> tuple[Source, ...]:
    """None: the data is fetched by hand, its authors ask for that."""
    return ()


def listing(options: Options, seed: int, cache: Path) -> list[Entry]:
    """All samples, pool first; those without a truth are unlabelled. `seed` and `cache` are not used.

    Errors:
        InputError: there is no folder, no sample in it, or one that lacks a frame.
    """
    root = opened(options.root, "the NTIRE challenge")
    samples = [(folder, number) for folder in folders(root) for number in _numbers(folder)]
    if not samples:
        raise InputError("holds no samples", root, "wanted 0000_short.png, 0000_medium.png, 0000_long.png, ...")
    entries = []
    for folder, number in samples:
        name = scene_name(root, folder / number)
        if any(fnmatchcase(name, pattern) for pattern in options.skip):
            continue
        if not (folder / f"{number}_exposures.npy").is_file():
            log.warning("%s: sample %s has no exposures and is left out", folder, number)
            continue
        files, split = _files(folder, number, name), split_of(root, folder, name, options.test)
        load = partial(_load, files, folder / number, split, options.truth_scale, root)
        entries.append(Entry(name, split, files.ev, load, files.truth is not None))
    return sorted(entries, key=lambda entry: SPLITS.index(entry.split))


def _numbers(folder: Path) -> list[str]:
    return sorted((path.name.removesuffix("_short.png") for path in folder.glob("*_short.png")), key=natural)


def _files(folder: Path, number: str, name: str) -> BurstFiles:
    """The frames of a sample; a truth counts only with its align ratio."""
    frames = [confined(folder, f"{number}_{frame}.png") for frame in FRAMES]
    stops = read_numbers(confined(folder, f"{number}_exposures.npy"), 3)
    labelled = all((folder / f"{number}_{file}").is_file() for file in ("gt.png", "alignratio.npy"))
    truth = confined(folder, f"{number}_gt.png") if labelled else None
    return order(name, frames, (stops - stops[1]).tolist(), "exposures.npy", truth)


def _load(files: BurstFiles, sample: Path, split: Split, scale: TruthScale, root: Path) -> Scene:
    read = read_burst(files)
    coded, truth, notes = read.burst(), None, read.notes
    burst = coded.replace_ldr(coded.ldr ** np.float32(CODING / GAMMA))
    more = [sample.with_name(f"{sample.name}_exposures.npy")]
    if files.truth is not None:
        more.append(sample.with_name(f"{sample.name}_alignratio.npy"))
        radiance = _radiance(files.truth, confined(sample.parent, more[-1].name), burst.ldr.shape[2:])
        truth, kept = rescaled(radiance, files.truth, burst, scale)
        notes = (*notes, f"truth in {kept}", *filter(None, [excess(truth)]))
    return scene_from(files, split, burst, truth, notes, root, more=more)


def _radiance(path: Path, ratio: Path, shape: tuple[int, ...]) -> Picture:
    """Linear truth (3, H, W) of 16-bit codes that were multiplied by a ratio."""
    samples, _ = shared().picture(path)
    if samples.dtype != np.uint16 or samples.shape[:2] != shape:
        what = f"has {samples.shape[1]} x {samples.shape[0]} pixels of {samples.dtype}"
        raise InputError(what, path, f"wanted {shape[1]} x {shape[0]} of 16 bit")
    factor = float(read_numbers(ratio, 1)[0])
    if factor <= 0:
        raise InputError(f"is the align ratio {factor:g}, wanted a number above 0", ratio)
    linear = (samples.transpose(2, 0, 1) / np.float32(factor)) ** np.float32(CODING)
    return np.ascontiguousarray(linear, np.float32)


def read_numbers(path: Path, count: int) -> NDArray[np.float64]:
    """So many finite numbers of a small .npy file.

    Raises:
        InputError: it holds something else, or is damaged.
    """
    try:
        with path.open("rb") as opened_file:
            file = BytesIO(opened_file.read(LARGEST))
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError("another version")
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.kind not in "fiu" or int(np.prod(shape, dtype=object)) > MOST_NUMBERS:
            raise ValueError("other content")
        numbers = np.frombuffer(file.read(), dtype).astype(np.float64)
    except (OSError, ValueError) as error:
        raise InputError(f"is no NumPy file with {count} numbers ({error})", path) from error
    if numbers.size != count or not np.isfinite(numbers).all():
        raise InputError(f"holds {numbers.size} numbers, wanted {count} finite ones", path)
    return numbers
