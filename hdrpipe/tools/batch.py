"""Fusion of picture files: find the bursts, name their results, fuse them; an error ends one burst only."""

import contextlib
import logging
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hdrpipe.datasets.bursts import BurstFiles, find_burst, find_bursts, list_folder
from hdrpipe.datasets.encoding import in_srgb
from hdrpipe.datasets.reading import read_burst
from hdrpipe.errors import HdrpipeError, InputError, UsageError, reading
from hdrpipe.files.folders import is_litter
from hdrpipe.files.marks import is_result
from hdrpipe.files.names import file_name, natural
from hdrpipe.files.pictures.decoder import shared
from hdrpipe.inference.fuse import Fused, Progress, Settings, check_budget, fuse_levels, levels_of
from hdrpipe.inference.load import Stored
from hdrpipe.learning.memory import release_memory
from hdrpipe.terminal import one_line
from hdrpipe.tools.results import SUFFIXES, Camera, check_replaced, check_size, check_target, outputs, write_result

DEEPEST = 4
"""Levels below a folder in which pictures are looked for: those of a card lie two below."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Output:
    """Settings for writing results.

    Attributes:
        anchor, half: see `tools.results.write_result`.
        suffix: file type of the HDR pictures in an output folder.
        sigma: True if there will be a heat map of sigma; classical merges have none.
        force: True if files that `fuse` did not write may be replaced.
    """

    anchor: str = "min-ev"
    half: bool = True
    suffix: str = ".exr"
    sigma: bool = True
    force: bool = False


@dataclass(frozen=True)
class Task:
    """One burst and the HDR file that it becomes."""

    burst: BurstFiles
    target: Path


@dataclass(frozen=True)
class Outcome:
    """Result of one burst: the files written and notes for the user; or the error."""

    name: str
    files: tuple[Path, ...] = ()
    fused: Fused | None = None
    notes: tuple[str, ...] = ()
    error: HdrpipeError | None = None


@reading()
def plan(sources: Sequence[Path], out: Path, output: Output) -> tuple[list[Task], list[Outcome]]:
    """Find the bursts and name their results.

    Pictures are one burst. A folder stands for the bursts in it; a folder without pictures for those below it.
    The result of one burst is the file `out`; those of several, or of an `out` without an HDR suffix, are files in
    the folder `out`, named like the bursts.

    Returns:
        The bursts to fuse, and the outcomes of those that failed already: a bad folder does not stop the others.

    Raises:
        UsageError: files and folders are mixed, several bursts are to go into one file, or a result would replace an
            input or, without `output.force`, a file that `fuse` did not write.
        InputError: the only source holds no burst.
    """
    folders = _folders(sources)
    bursts, failed = _bursts_in(sources, folders)
    to_file = out.suffix.lower() in SUFFIXES and not out.is_dir()
    if to_file and len(bursts) + len(failed) > 1:
        raise UsageError(
            f"{len(bursts) + len(failed)} bursts were found, which need as many files", out, "name a folder: -o FOLDER"
        )
    targets = [out] if to_file else _targets(bursts, out, output)
    for target in targets:
        check_target(target, output.anchor)
        if target.parent.resolve() in {folder.resolve() for folder in folders}:
            what = "the result would lie among the frames and be read as one of them next time"
            raise UsageError(what, target, "write it to another folder")
    written = [path for target in targets for path in outputs(target, output.sigma)]
    check_replaced(written, _inputs(sources, bursts), output.force)
    return [Task(burst, target) for burst, target in zip(bursts, targets, strict=True)], failed


@reading()
def find_all(sources: Sequence[Path]) -> tuple[list[BurstFiles], list[Outcome]]:
    """Bursts that `plan` finds, and the folders that failed."""
    return _bursts_in(sources, _folders(sources))


def _bursts_in(sources: Sequence[Path], folders: Sequence[Path]) -> tuple[list[BurstFiles], list[Outcome]]:
    """Bursts of the folders, or the pictures as one burst where there is no folder; and the folders that failed."""
    if not folders:
        return [find_burst(list(sources))], []
    if len(folders) == 1:
        bursts = list(find_bursts(folders[0]))
        if not bursts:
            what = "its pictures go on with the bracket that ends the folder before it on the card"
            raise InputError(what, folders[0], "give that folder, or the whole card")
        return bursts, []
    bursts, failed = [], []
    for folder in folders:
        try:
            bursts += find_bursts(folder)
        except HdrpipeError as error:
            failed.append(Outcome(folder.name, error=error))
    return bursts, failed


def _inputs(given: Sequence[Path], bursts: Sequence[BurstFiles]) -> list[Path]:
    """Files that no result may replace: those of all bursts, and those named on the command line."""
    beside = [*given, *(burst.truth for burst in bursts if burst.truth)]
    kept = [path for path in beside if not path.is_dir() and not is_result(path)]
    return [*kept, *(path for burst in bursts for path in burst.frames)]


def fuse_all(
    tasks: Sequence[Task],
    network: Stored | None,
    settings: Settings,
    output: Output,
    progress: Callable[[str], AbstractContextManager[Progress]],
) -> Iterator[Outcome]:
    """Fuse one burst after the other; an error ends that burst only.

    Args:
        progress: called with the label of a burst, a context with the function to call with (tiles done, tiles, "").
    """
    for number, task in enumerate(tasks, 1):
        label = task.burst.name + (f" ({number} of {len(tasks)})" if len(tasks) > 1 else "")
        try:
            with progress(label) as step:
                outcome = _fuse_one(task, network, settings, output, step)
        except HdrpipeError as error:
            outcome = Outcome(task.burst.name, error=error)
        yield outcome


def _fuse_one(task: Task, network: Stored | None, settings: Settings, output: Output, progress: Progress) -> Outcome:
    burst = task.burst
    headers = [shared().header(path) for path in burst.frames]
    check_size(task.target, headers[0].width, headers[0].height)
    check_budget(headers[0].width * headers[0].height, len(burst.frames), settings)
    read = read_burst(burst, reference=settings.reference, curve=settings.response)
    levels = read.samples if read.samples.dtype == np.uint16 else levels_of(read.samples)
    ev, notes, matrix, coding = read.ev, read.notes, read.matrix, read.coding
    del read
    fused = fuse_levels(levels, ev, network, settings, progress, coding)
    del levels
    release_memory()  # of tiles: now the result is written
    fused = replace(fused, radiance=in_srgb(fused.radiance, matrix))
    shot = headers[fused.reference].camera
    camera = Camera(shot.seconds, shot.iso, shot.aperture)
    files = write_result(task.target, fused, output.anchor, output.half, camera)
    ignored = [f"ignored {path.name!a}" for path in burst.ignored]
    return Outcome(burst.name, tuple(files), fused, (*notes, *fused.notes, *ignored))


def _folders(sources: Sequence[Path]) -> list[Path]:
    """Folders that hold bursts, each but once; none where the arguments are pictures."""
    given = [path for path in sources if path.is_dir()]
    if given and len(given) < len(sources):
        raise UsageError("pictures and folders are mixed", "BURST", "give the pictures of one burst, or folders")
    folders: dict[Path, Path] = {}
    for folder in (inner for path in given for inner in _with_pictures(path)):
        folders.setdefault(folder.resolve(), folder)
    return list(folders.values())


def _with_pictures(folder: Path) -> list[Path]:
    """The folder, if it holds pictures; else those below it that do; if none does, the folder again."""
    inside = _below(folder, DEEPEST) or [folder]
    more = [path.name for path in _inside(folder) if _below(path, 0)] if inside == [folder] else []
    if more:
        names = ", ".join(map(ascii, more[:5])) + (", ..." if len(more) > 5 else "")
        log.warning("%s: holds pictures itself; folders below it are left out: %s", one_line(folder), names)
    return inside


def _below(folder: Path, depth: int) -> list[Path]:
    """See `_with_pictures`, down to so many levels. Of a card only its `DCIM` counts, no thumbnails of films and no
    picture above; a folder that cannot be read counts, and is reported later."""
    try:
        listing = list_folder(folder)
    except HdrpipeError:
        return [folder]
    inside = _inside(folder) if depth else []
    cards = [path for path in inside if path.name.upper() == "DCIM"]
    if listing.table or (listing.frames and (listing.exposures or not cards)):
        return [folder]
    return [held for path in cards or inside for held in _below(path, depth - 1)]


def _inside(folder: Path) -> list[Path]:
    """Folders in a folder, without hidden ones, links and litter; none in one that cannot be read."""
    with contextlib.suppress(OSError):
        visible = [path for path in folder.iterdir() if path.name[0] != "." and not is_litter(path.name)]
        return sorted((path for path in visible if path.is_dir() and not path.is_symlink()), key=natural)
    return []


def _targets(bursts: Sequence[BurstFiles], out: Path, output: Output) -> list[Path]:
    """One file in `out` for each burst; characters that file systems refuse are replaced, names get a number that are
    equal where cases and the ways to write accents are one (macOS, Windows, memory cards)."""
    targets: list[Path] = []
    taken: set[str] = set()
    for burst in bursts:
        stem = file_name(burst.name)
        number, target = 1, out / f"{stem}{output.suffix}"
        while taken.intersection(_alike(target, output)):
            number += 1
            target = out / f"{stem}-{number}{output.suffix}"
        taken.update(_alike(target, output))
        targets.append(target)
    return targets


def _alike(target: Path, output: Output) -> set[str]:
    return {unicodedata.normalize("NFC", path.name).casefold() for path in outputs(target, output.sigma)}
