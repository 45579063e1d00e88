"""Bursts of files to HDR files: what is a burst, where its result goes, and one failure that does not stop the rest."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hdrpipe.datasets.bursts import FoundBurst, find_burst, find_bursts, list_folder
from hdrpipe.datasets.encoding import in_srgb
from hdrpipe.datasets.reading import read_burst
from hdrpipe.errors import HdrpipeError, UsageError
from hdrpipe.files.folders import is_litter
from hdrpipe.files.marks import is_result
from hdrpipe.files.names import file_name, natural
from hdrpipe.files.pictures.decoder import shared
from hdrpipe.inference.fuse import Fused, Progress, Settings, check_budget, fuse_levels, levels_of
from hdrpipe.inference.load import Stored
from hdrpipe.tools.results import SUFFIXES, Camera, check_replaced, check_size, check_target, outputs, write_result

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Output:
    """How results are written: see `tools.results.write_result`.

    Attributes:
        anchor, half: as there.
        suffix: of the HDR picture where the name does not say it.
        sigma: whether there will be a heat-map; a classical merge has none.
        force: whether files that `fuse` did not write may be replaced.
    """

    anchor: str = "min-ev"
    half: bool = True
    suffix: str = ".exr"
    sigma: bool = True
    force: bool = False


@dataclass(frozen=True)
class Task:
    """One burst and the HDR file that it becomes."""

    burst: FoundBurst
    target: Path


@dataclass(frozen=True)
class Outcome:
    """What became of one burst: the files written, and what a person should know; or the error."""

    name: str
    files: tuple[Path, ...] = ()
    fused: Fused | None = None
    notes: tuple[str, ...] = ()
    error: HdrpipeError | None = None


def plan(bursts: Sequence[Path], out: Path, output: Output) -> tuple[list[Task], list[Outcome]]:
    """Find the bursts and name their results.

    Pictures are one burst. A folder is its bursts; a folder without pictures is those of its folders. One burst goes
    to the file `out`; several, or an `out` without an ending, to files in the folder `out`, named like the bursts.

    Returns:
        What is to be done, and what failed already: with several folders a bad one does not stop the others.

    Raises:
        UsageError: files and folders are mixed, several bursts are to go into one file, or a result would replace an
            input or, without `output.force`, a file that `fuse` did not write.
        InputError: the only source holds no burst.
    """
    folders = _folders(bursts)
    found, failed = _found(bursts, folders)
    to_file = out.suffix.lower() in SUFFIXES and not out.is_dir()
    if to_file and len(found) + len(failed) > 1:
        raise UsageError(f"{len(found) + len(failed)} bursts do not fit into one file", out, "name a folder")
    targets = [out] if to_file else _targets(found, out, output)
    for target in targets:
        check_target(target, output.anchor)
        if target.parent.resolve() in {folder.resolve() for folder in folders}:
            raise UsageError(
                "would lie among the frames, and be one of them the next time", target, "name another place"
            )
    written = [path for target in targets for path in outputs(target, output.sigma)]
    check_replaced(written, _inputs(bursts, found), output.force)
    return [Task(burst, target) for burst, target in zip(found, targets, strict=True)], failed


def _found(bursts: Sequence[Path], folders: Sequence[Path]) -> tuple[list[FoundBurst], list[Outcome]]:
    """The bursts of the folders, or of the pictures where there are none, and what failed already."""
    if not folders:
        return [find_burst(list(bursts))], []
    if len(folders) == 1:
        return list(find_bursts(folders[0])), []
    found: list[FoundBurst] = []
    failed = []
    for folder in folders:
        try:
            found += find_bursts(folder)
        except HdrpipeError as error:
            failed.append(Outcome(folder.name, error=error))
    return found, failed


def _inputs(given: Sequence[Path], found: Sequence[FoundBurst]) -> list[Path]:
    """Every file that no result may replace: all that belongs to a burst, and all that was named by a person."""
    beside = [*given, *(burst.truth for burst in found if burst.truth)]
    kept = [path for path in beside if not path.is_dir() and not is_result(path)]
    return [*kept, *(path for burst in found for path in burst.frames)]


def fuse_all(
    tasks: Sequence[Task],
    network: Stored | None,
    settings: Settings,
    output: Output,
    progress: Callable[[str], Progress],
) -> Iterator[Outcome]:
    """Fuse burst by burst; an error ends that burst alone.

    Args:
        progress: gives, for the name of a burst and its number among several, what is told (tiles done, tiles, "").
    """
    for number, task in enumerate(tasks, 1):
        label = task.burst.name + (f" ({number} of {len(tasks)})" if len(tasks) > 1 else "")
        try:
            yield _fuse_one(task, network, settings, output, progress(label))
        except HdrpipeError as error:
            yield Outcome(task.burst.name, error=error)


def _fuse_one(task: Task, network: Stored | None, settings: Settings, output: Output, progress: Progress) -> Outcome:
    burst = task.burst
    abouts = [shared().about(path) for path in burst.frames]
    check_size(task.target, abouts[0].width, abouts[0].height)
    check_budget(abouts[0].width * abouts[0].height, len(burst.frames), settings)
    read = read_burst(burst, reference=settings.reference, curve=settings.response)
    levels = read.samples if read.samples.dtype == np.uint16 else levels_of(read.samples)
    ev, notes, matrix = read.ev, read.notes, read.matrix
    del read
    fused = fuse_levels(levels, ev, network, settings, progress)
    del levels
    fused = replace(fused, radiance=in_srgb(fused.radiance, matrix))
    camera = abouts[fused.reference].camera
    files = write_result(task.target, fused, output.anchor, output.half, Camera(*_said(camera)))
    ignored = [f"ignored {path.name!a}" for path in burst.ignored]
    return Outcome(burst.name, tuple(files), fused, (*notes, *fused.notes, *ignored))


def _said(camera) -> tuple[float | None, float | None, float | None]:
    return camera.seconds, camera.iso, camera.aperture


def _folders(bursts: Sequence[Path]) -> list[Path]:
    """Folders that hold bursts; none where the arguments are pictures."""
    given = [path for path in bursts if path.is_dir()]
    if given and len(given) < len(bursts):
        raise UsageError("pictures and folders are mixed", "BURST", "give pictures of one burst, or folders")
    return [folder for path in given for folder in _with_pictures(path)]


def _with_pictures(folder: Path) -> list[Path]:
    """The folder itself, or those of its folders that hold pictures; itself again where there are none."""
    if _holds_pictures(folder):
        return [folder]
    shown = [path for path in folder.iterdir() if path.name[0] != "." and not is_litter(path.name)]
    inside = [path for path in shown if path.is_dir() and not path.is_symlink()]
    return [path for path in sorted(inside, key=natural) if _holds_pictures(path)] or [folder]


def _holds_pictures(folder: Path) -> bool:
    """Whether to look for bursts in a folder; also in one with a fault, which is told then and stops no other."""
    try:
        listing = list_folder(folder)
    except HdrpipeError:
        return True
    return bool(listing.frames or listing.table)


def _targets(found: Sequence[FoundBurst], out: Path, output: Output) -> list[Path]:
    """A file in `out` for each burst; names from outside are made harmless, and no two bursts share a file."""
    targets: list[Path] = []
    taken: set[Path] = set()
    for burst in found:
        stem = file_name(burst.name)
        number, target = 1, out / f"{stem}{output.suffix}"
        while taken.intersection(outputs(target, output.sigma)):
            number += 1
            target = out / f"{stem}-{number}{output.suffix}"
        taken.update(outputs(target, output.sigma))
        targets.append(target)
    return targets
