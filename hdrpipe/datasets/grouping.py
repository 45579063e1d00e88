"""Many pictures of one folder into brackets, as a photographer took them.

They are separated by what the cameras wrote: body, moment, size, exposure mode and bias, and the pattern of exposures.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path

from hdrpipe.datasets.brackets import SAME, split
from hdrpipe.datasets.exposures import from_camera
from hdrpipe.files.names import natural
from hdrpipe.files.pictures import raw
from hdrpipe.files.pictures.decoder import PictureHeader
from hdrpipe.files.pictures.metadata import CameraData

GAPS = (3.0, 12.0, 48.0)
"""Seconds between the end of one exposure and the next that part two bursts; cameras bracket faster than the first,
photographers who turn a dial between exposures may need the next."""

QUICK, LONGER = 0.5, 5.0
"""Seconds below which pauses within brackets are alike, and how many times as long as these a pause is that parts
brackets, whoever set their exposures."""

NOMINAL = 32 / 30 - 1
"""Share by which an exposure may last longer than EXIF says: 30 s are 32 s."""

JITTER = 1.0
"""Stops within which exposures of a camera that does not bracket are its metering, and no bracket."""


@dataclass(frozen=True)
class Shot:
    """One picture: its file, its header, and its exposure value in stops."""

    path: Path
    header: PictureHeader
    ev: float


@dataclass(frozen=True)
class Grouping:
    """Pictures as brackets.

    Attributes:
        groups: each a bracket of two or more exposures, in the order of shooting.
        lone: pictures that stand alone.
        repeats: pictures of an exposure that their bracket has already: the shutter had reached its limit.
        sure: True if the pictures decide the grouping; else a person should.
    """

    groups: tuple[tuple[Path, ...], ...] = ()
    lone: tuple[Path, ...] = ()
    repeats: tuple[Path, ...] = ()
    sure: bool = True


def group(frames: Sequence[Path], headers: Sequence[PictureHeader]) -> Grouping:
    """Group pictures into brackets by what the cameras wrote, with the shortest of `GAPS` that leaves any; where all
    exposures were set by hand, with the one that leaves the fewest pictures alone in the fewest brackets, but none that
    is out of proportion to the pauses within brackets: drones bracket quickly in manual mode, too.

    The pictures of each body are put in the order of time, and of their numbers where times are equal. A new bracket
    begins after a pause, with another size or exposure mode, where the steps of the exposures come again, and where an
    exposure comes again.

    Returns:
        The grouping; without brackets where the exposures of the pictures are unknown.
    """
    values, _ = from_camera(headers)
    if values is None:
        return Grouping()
    shots = [Shot(*one) for one in zip(frames, headers, values, strict=True)]
    by_hand = all(shot.header.camera.by_hand for shot in shots)
    longest = _longest_pause(shots) if by_hand else GAPS[-1]
    groupings = (grouping for gap in GAPS if (grouping := _grouped(shots, min(gap, longest))).groups)
    if not by_hand:
        return next(groupings, Grouping())
    tried = list(groupings)
    sure = [grouping for grouping in tried if grouping.sure] or tried
    return min(sure, key=lambda grouping: (len(grouping.lone), len(grouping.groups)), default=Grouping())


def _grouped(shots: Sequence[Shot], gap: float) -> Grouping:
    brackets = [bracket for stream in _streams(shots) for bracket in _brackets(stream, gap)]
    groups, lone, repeats = [], [], []
    for bracket, _ in brackets:
        kept = _distinct(bracket)
        (groups if len(kept) > 1 else lone).append(tuple(shot.path for shot in kept))
        repeats += [shot.path for shot in bracket if shot not in kept]
    alone = tuple(path for paths in lone for path in paths)
    sure = all(certain for _, certain in brackets)
    return Grouping(tuple(sorted(groups, key=_moment_of(shots))), alone, tuple(repeats), sure)


def _longest_pause(shots: Sequence[Shot]) -> float:
    """Seconds of the longest pause that a bracket may have, by those within series of three exposures or more."""
    by_path = {shot.path: shot for shot in shots}
    series = [[by_path[path] for path in paths] for paths in _grouped(shots, GAPS[0]).groups if len(paths) > 2]
    either = [_pause(one, other) for shots in series for one, other in pairwise(shots)]
    pauses = [max(pause, 0.0) for pause in either if pause is not None]
    return max(GAPS[0], LONGER * max(QUICK, sum(pauses) / len(pauses))) if pauses else GAPS[-1]


def copies(frames: Sequence[Path], headers: Sequence[PictureHeader]) -> set[Path]:
    """Pictures that are another one again: copied, they hold its very bytes, or edited, they were taken at its moment
    with its exposure by the same camera.

    A camera that keeps RAW pictures may give the JPEGs beside them other names. Else a name with a mark, `a (1).jpg` or
    `IMG_E0001.jpg`, or with another ending tells so, or one unlike all the others in the folder (`result.jpg`), or a
    moment to fractions of a second, at which no camera takes two pictures.
    """
    kinds = Counter(map(name_kind, frames))
    alike: dict[CameraData, list[Path]] = {}
    for path, header in zip(frames, headers, strict=True):
        alike.setdefault(replace(header.camera, orientation=1), []).append(path)

    def is_copy(copy: Path, path: Path, camera: CameraData) -> bool:
        if _is_raw(path) and not _is_raw(copy) and _is_moment(camera):
            return True
        if _is_marked(copy, path):
            return _is_moment(camera) or _same_bytes(copy, path)
        if not _is_moment(camera) or _is_marked(path, copy):
            return False
        rare, common = kinds[name_kind(copy)], kinds[name_kind(path)]
        exact = (camera.taken or 0.0) % 1.0 > 0 and name_kind(copy) != name_kind(path)
        return rare < common or (exact and rare == common and _after(copy, path))

    return {
        copy
        for camera, paths in alike.items()
        for copy in paths
        if any(copy is not path and is_copy(copy, path, camera) for path in paths)
    }


def name_kind(path: Path) -> str:
    """Name without the numbers and the case of letters, as all pictures of a series have it."""
    return re.sub(r"\d+", "#", path.name).casefold()


def _is_raw(path: Path) -> bool:
    return path.suffix.lower() in raw.SUFFIXES


def _after(one: Path, other: Path) -> bool:
    """True if a name is longer, or comes after one as long."""
    return (len(one.stem), natural(one), one.name) > (len(other.stem), natural(other), other.name)


def _is_moment(camera: CameraData) -> bool:
    """True if camera data name one exposure: no other has its body and its moment."""
    return bool(camera.body) and None not in (camera.taken, camera.seconds)


def _same_bytes(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and _sha256(one) == _sha256(other)


def _is_marked(copy: Path, path: Path) -> bool:
    """True if a name is that of another file with something added that leaves its number as it is, or if it comes
    after it and differs in the ending or in the case of letters alone."""
    one, other = copy.stem.casefold(), path.stem.casefold()
    if one == other:
        return (natural(copy), copy.name) > (natural(path), path.name)
    letters, rest = re.split(r"(?=\d|$)", other, maxsplit=1)
    return re.search(rf"(?<!\d){re.escape(letters)}\D*{re.escape(rest)}(?!\d)", one) is not None


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Pictures in the order of their numbers; after 9999 a camera goes on with 0001, after 999, or after 99999: the
    widest gap parts the ends."""
    ordered = sorted(paths, key=natural)
    matches = [re.fullmatch(r"(.*?)(\d{3,9})(\D*)", path.stem) for path in ordered]
    numbered = [match for match in matches if match is not None]
    if len(numbered) < max(2, len(ordered)) or len({(match[1], match[3]) for match in numbered}) != 1:
        return ordered
    numbers = [int(match[2]) for match in numbered]
    for turn in (10**3, 10**4, 10**5):
        gaps = [after - before for before, after in pairwise(numbers)]
        across = numbers[0] + turn - numbers[-1]
        if len({number // turn for number in numbers}) == 1 and across <= len(numbers) and max(gaps) > turn / 2:
            start = gaps.index(max(gaps)) + 1
            return ordered[start:] + ordered[:start]
    return ordered


def _streams(shots: Sequence[Shot]) -> list[list[Shot]]:
    """The pictures of each camera in the order of shooting; those without a name are the only named one's."""
    bodies = {shot.header.camera.body for shot in shots} - {""}
    only = bodies.pop() if len(bodies) == 1 else ""
    streams: dict[str, list[Shot]] = {}
    for shot in shots:
        streams.setdefault(shot.header.camera.body or only, []).append(shot)
    return [_by_time(stream) for stream in streams.values()]


def _by_time(shots: Sequence[Shot]) -> list[Shot]:
    """By time where all have one, and by number where times are equal."""
    timed = all(shot.header.camera.taken is not None for shot in shots)

    def when(shot: Shot) -> float:
        return (shot.header.camera.taken or 0.0) if timed else 0.0

    ordered: list[Shot] = []
    for _, tie in groupby(sorted(shots, key=when), when):
        by_path = {shot.path: shot for shot in tie}
        ordered += [by_path[path] for path in in_order(by_path)]
    return ordered


def _brackets(stream: Sequence[Shot], gap: float) -> list[tuple[Sequence[Shot], bool]]:
    """The brackets of one camera, each with True if it is certain; a longer pause than `gap` seconds parts them."""
    marks = any(shot.header.camera.bracketed for shot in stream)
    brackets: list[tuple[Sequence[Shot], bool]] = []
    start = 0
    for index in range(1, len(stream) + 1):
        if index == len(stream) or _parted(stream[index - 1], stream[index], gap):
            brackets += _cut(stream[start:index], marks)
            start = index
    return brackets


def _parted(before: Shot, after: Shot, gap: float) -> bool:
    """True if two pictures that follow one another cannot be of one bracket."""
    one, other = before.header, after.header
    sizes = [sorted((side.width, side.height)) for side in (one, other)]  # frames of one bracket may lie and stand
    if sizes[0] != sizes[1] or {one.camera.bracketed, other.camera.bracketed} == {True, False}:
        return True
    pause, seconds = _pause(before, after), one.camera.seconds or 0.0
    if pause is None:
        return False
    slack = gap + NOMINAL * 2 * seconds
    # some cameras write the moment at which an exposure ends
    later = other.camera.seconds or 0.0
    ended = pause + seconds - later <= gap + NOMINAL * 2 * later
    # to remove noise a camera takes a dark picture after a long exposure, as long as this
    return pause > slack and abs(pause - seconds) > slack and not ended


def _pause(before: Shot, after: Shot) -> float | None:
    """Seconds between the end of one exposure and the next; None without times."""
    one, other = before.header.camera, after.header.camera
    return None if one.taken is None or other.taken is None else other.taken - one.taken - (one.seconds or 0.0)


def _cut(run: Sequence[Shot], marks: bool) -> list[tuple[Sequence[Shot], bool]]:
    """Cut what was taken in one go; `marks` is True for a camera that marks its brackets."""
    bracketed = any(shot.header.camera.bracketed for shot in run)
    biases = [shot.header.camera.bias for shot in run]
    given = [bias for bias in biases if bias is not None]
    sizes, sure = [len(run)], False
    values = [shot.ev for shot in run]
    if len(given) == len(run) and max(given) - min(given) > SAME:
        sizes, sure = split(given, False)
        # a compensation that somebody sets stays for a whole bracket: then it is no step of it
        if any(abs(after - before) < SAME for before, after in pairwise(given)):
            by_exposure, certain = split(values, bracketed)
            sizes, sure = (by_exposure, True) if certain and 1 not in by_exposure else (sizes, sure)
    if not sure:
        sizes, sure = split(values, bracketed)
        metering = not bracketed and (marks or max(values) - min(values) < JITTER)
        if not sure and metering:
            sizes, sure = [1] * len(run), True
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    return [(run[start : start + size], sure) for start, size in zip(starts, sizes, strict=True)]


def _distinct(bracket: Sequence[Shot]) -> list[Shot]:
    """The first picture of each exposure."""
    kept: list[Shot] = []
    for shot in bracket:
        if all(abs(shot.ev - other.ev) >= SAME for other in kept):
            kept.append(shot)
    return kept


def _moment_of(shots: Sequence[Shot]) -> Callable[[tuple[Path, ...]], tuple[float, tuple[tuple[int, int, str], ...]]]:
    taken = {shot.path: shot.header.camera.taken or 0.0 for shot in shots}
    return lambda paths: (taken[paths[0]], natural(paths[0]))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
