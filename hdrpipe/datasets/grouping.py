"""Many pictures of one folder into brackets, as a photographer took them.

They are separated by what the cameras wrote: body, moment, size, exposure mode and bias, and the pattern of exposures.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TypeAlias, TypeVar

from hdrpipe.datasets.brackets import ALIKE, SAME, split
from hdrpipe.datasets.exposures import from_camera
from hdrpipe.datasets.shots import QUARTER, Shot, clock_was_set, follows, pause, streams
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


Bracket: TypeAlias = tuple[Sequence[Shot], bool]
"""Pictures of one bracket in the order of shooting, and True if that is certain."""


Item = TypeVar("Item")


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
    """Group pictures into brackets by what the cameras wrote, with the shortest of `GAPS` that leaves only brackets of
    the same steps, or else any; where all exposures were set by hand, with the one that leaves the fewest pictures
    alone in the fewest brackets, but none that is out of proportion to the pauses within brackets: drones bracket
    quickly in manual mode, too.

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
    tried = [grouping for gap in GAPS if (grouping := _grouped(shots, min(gap, longest))).groups]
    if not by_hand:
        return next((grouping for grouping in tried if _is_regular(grouping, shots)), tried[0] if tried else Grouping())
    sure = [grouping for grouping in tried if grouping.sure] or tried
    return min(sure, key=lambda grouping: (len(grouping.lone), len(grouping.groups)), default=Grouping())


def _is_regular(grouping: Grouping, shots: Sequence[Shot]) -> bool:
    """True if a grouping is certain, all brackets have the same steps, two at least, and no picture of them is alone: a
    camera that marks its brackets tells which are."""
    by_path = {shot.path: shot for shot in shots}
    first, *others = [[by_path[path] for path in paths] for paths in grouping.groups]
    marks = any(shot.header.camera.bracketed for shot in first)
    alone = [path for path in grouping.lone if by_path[path].header.camera.bracketed or not marks]
    return grouping.sure and not alone and bool(others) and all(_same_steps(first, other) for other in others)


def crossing(before: Mapping[Path, PictureHeader], after: Mapping[Path, PictureHeader]) -> tuple[Path, ...]:
    """Pictures of one folder of a card, `after`, that go on with a bracket of the folder before it; none in doubt."""
    headers = {**before, **after}
    doubles = copies(list(headers), list(headers.values()))
    frames = [path for path in headers if path not in doubles]
    grouping = group(frames, [headers[path] for path in frames])
    whole = [paths for paths in grouping.groups if any(path in before for path in paths)] if grouping.sure else []
    return tuple(path for paths in whole for path in paths if path in after)


def may_cross(last: PictureHeader, first: PictureHeader) -> bool:
    """True if one camera took two pictures, the last of a folder and the first of the next one, within the longest
    pause of a bracket."""
    one, other = last.camera, first.camera
    if one.body != other.body or one.taken is None or other.taken is None:
        return False
    return not _parted(Shot(Path(), last, 0.0), Shot(Path(), first, 0.0), GAPS[-1])


def slow(frames: Sequence[Path], headers: Sequence[PictureHeader]) -> Grouping | None:
    """All pictures as the bracket of somebody who turned a dial between them, now quickly, now slowly; None where an
    exposure comes again, a pause is too long even for that, or the camera says that it bracketed."""
    values, _ = from_camera(headers)
    if values is None or any(header.camera.bracketed for header in headers):
        return None
    grouping = _grouped([Shot(*one) for one in zip(frames, headers, values, strict=True)], GAPS[-1])
    return grouping if len(grouping.groups) == 1 and len(grouping.groups[0]) == len(frames) else None


def _grouped(shots: Sequence[Shot], gap: float) -> Grouping:
    brackets = [bracket for stream in streams(shots) for bracket in _brackets(stream, gap)]
    groups, lone, repeats = [], [], []
    for bracket, _ in brackets:
        kept = _distinct(bracket)
        (groups if _is_bracket(kept) else lone).append(tuple(shot.path for shot in kept))
        repeats += [shot.path for shot in bracket if shot not in kept]
    alone = tuple(path for paths in lone for path in paths)
    sure = all(certain for _, certain in brackets)
    return Grouping(tuple(sorted(groups, key=_moment_of(shots))), alone, tuple(repeats), sure)


def _longest_pause(shots: Sequence[Shot]) -> float:
    """Seconds of the longest pause that a bracket may have, by those within series of three exposures or more."""
    by_path = {shot.path: shot for shot in shots}
    series = [[by_path[path] for path in paths] for paths in _grouped(shots, GAPS[0]).groups if len(paths) > 2]
    either = [pause(one, other) for shots in series for one, other in pairwise(shots)]
    pauses = [max(one, 0.0) for one in either if one is not None and one < QUARTER]
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
        alike.setdefault(replace(header.camera, orientation=1, offset=None), []).append(path)

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


def _brackets(stream: Sequence[Shot], gap: float) -> list[Bracket]:
    """The brackets of one camera, each with True if it is certain; a longer pause than `gap` seconds parts them.

    Where a camera marks its brackets and writes their biases, it may wait for its button before each exposure.
    """
    marks = any(shot.header.camera.bracketed for shot in stream)
    brackets: list[Bracket] = []
    for run in _runs(stream, lambda one, other: GAPS[-1] if _has_step(one) and _has_step(other) else gap):
        whole = _cut(run, marks)
        short = [bracket for quick in _runs(run, lambda *_: gap) for bracket in _cut(quick, marks)]
        better = len(whole) < len(short) and all(sure and _is_even(shots) for shots, sure in whole)
        brackets += whole if better else short
    return _rejoined(brackets, gap)


def _runs(stream: Sequence[Shot], gap: Callable[[Shot, Shot], float]) -> list[Sequence[Shot]]:
    """Pictures that were taken in one go; `gap` gives the longest pause between two of them."""
    ends = [i for i, pair in enumerate(pairwise(stream), 1) if _parted(*pair, gap(*pair))]
    return [stream[start:end] for start, end in pairwise([0, *ends, len(stream)])]


def _has_step(shot: Shot) -> bool:
    """True if a camera marks a picture as of a bracket and writes which of its steps it is."""
    return shot.header.camera.bracketed is True and shot.header.camera.bias is not None


def _rejoined(brackets: Sequence[Bracket], gap: float) -> list[Bracket]:
    """Brackets made whole again that a pause parts because a clock was set between two of their exposures."""
    several = [shots for shots, _ in brackets if len(shots) > 1]
    longest = max(map(len, several), default=0)
    whole: list[Bracket] = []
    for shots, sure in brackets:
        before = whole[-1][0] if whole else ()
        short = len(several) < 3 or len(before) + len(shots) <= longest
        if before and short and _goes_on(before, shots, several, gap):
            whole[-1] = ([*before, *shots], True)
        else:
            whole.append((shots, sure))
    return whole


def _goes_on(before: Sequence[Shot], after: Sequence[Shot], brackets: Sequence[Sequence[Shot]], gap: float) -> bool:
    """True if pictures go on with the bracket that others began: with the next number, and to the steps of another
    bracket of the card. In a card without others no exposure comes again, and the biases of the camera, or its clock,
    tell so; two whole brackets have the same steps."""
    last, first, joined = before[-1], after[0], [*before, *after]
    successive = follows(last.path, first.path) and not _unlike(last, first) and _parted(last, first, gap)
    was_set = clock_was_set(last, first, GAPS[1] if last.header.camera.by_hand else GAPS[0])
    if not successive or (len(joined) < 3 and not (was_set and brackets)):
        return False  # pictures that stand alone have the steps of a pair too often
    others = [shots for shots in brackets if shots[0] not in joined]
    if others:
        return any(_same_steps(shots, joined) for shots in others)
    biases = [shot.header.camera.bias for shot in joined if shot.header.camera.bracketed]
    distinct = len(biases) == len(joined) == len(set(biases)) and None not in biases and _is_even(joined)
    once = len(_distinct(joined)) == len(joined) and not _same_steps(before, after)
    return once and (distinct or was_set)


def _same_steps(one: Sequence[Shot], other: Sequence[Shot]) -> bool:
    steps = [[shot.ev - shots[0].ev for shot in shots] for shots in (one, other)]
    alike = (abs(a - b) < ALIKE for a, b in zip(*steps, strict=False))
    return len(one) == len(other) and all(alike)


def _unlike(before: Shot, after: Shot) -> bool:
    """True if two pictures are of another size or exposure mode."""
    one, other = before.header, after.header
    sizes = [sorted((side.width, side.height)) for side in (one, other)]  # frames of one bracket may lie and stand
    return sizes[0] != sizes[1] or {one.camera.bracketed, other.camera.bracketed} == {True, False}


def _parted(before: Shot, after: Shot, gap: float) -> bool:
    """True if two pictures that follow one another cannot be of one bracket."""
    if _unlike(before, after):
        return True
    one, other = before.header, after.header
    waited, seconds = pause(before, after), one.camera.seconds or 0.0
    if waited is None:
        return False
    if waited + seconds < -gap:
        return True  # the clock was set back
    slack = gap + NOMINAL * 2 * seconds
    # some cameras write the moment at which an exposure ends
    later = other.camera.seconds or 0.0
    ended = waited + seconds - later <= gap + NOMINAL * 2 * later
    # to remove noise a camera takes a dark picture after a long exposure, as long as this
    return waited > slack and abs(waited - seconds) > slack and not ended


def _cut(run: Sequence[Shot], marks: bool) -> list[Bracket]:
    """Cut what was taken in one go; `marks` is True for a camera that marks its brackets."""
    bracketed = any(shot.header.camera.bracketed for shot in run)
    biases = [shot.header.camera.bias for shot in run]
    given = [bias for bias in biases if bias is not None]
    all_biased = len(given) == len(run)
    sizes, sure = [len(run)], False
    values = [shot.ev for shot in run]
    if all_biased and max(given) - min(given) > SAME:
        sizes, sure = _by_bias(given, values, bracketed)
    elif all_biased and marks and all(_is_metered(shot.header.camera) for shot in run) and not _is_row(values):
        return [([shot], True) for shot in run]
    if not sure:
        sizes, sure = split(values, bracketed)
        metering = not bracketed and (marks or max(values) - min(values) < JITTER)
        if not sure and metering:
            sizes, sure = [1] * len(run), True
    return [(bracket, sure) for bracket in _pieces(run, sizes)]


def _by_bias(biases: Sequence[float], values: Sequence[float], bracketed: bool) -> tuple[list[int], bool]:
    """Sizes of the brackets by the biases of their pictures, and whether they are sure; `values` are the exposures."""
    sizes, sure = split(biases, False)
    # a compensation that somebody sets stays for a whole bracket: then it is no step of it
    if any(abs(after - before) < SAME for before, after in pairwise(biases)):
        by_exposure, certain = split(values, bracketed)
        stays = all(max(piece) - min(piece) < SAME for piece in _pieces(biases, by_exposure))
        sizes, sure = (by_exposure, True) if certain and stays and 1 not in by_exposure else (sizes, sure)
    return sizes, sure


def _pieces(items: Sequence[Item], sizes: Sequence[int]) -> list[Sequence[Item]]:
    """A series in pieces of these sizes."""
    ends = list(accumulate(sizes))
    return [items[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def _is_metered(camera: CameraData) -> bool:
    """True if the camera set the exposure, for a picture that is not of a bracket."""
    return camera.by_hand is False and camera.bracketed is False


def _is_row(values: Sequence[float]) -> bool:
    """True if three exposures or more are evenly spaced, as only those of a bracket are, whatever the mode."""
    ordered = sorted(values)
    steps = [high - low for low, high in pairwise(ordered)]
    return len(steps) > 1 and min(steps) > JITTER / 2 and max(steps) - min(steps) < ALIKE


def _is_even(bracket: Sequence[Shot]) -> bool:
    """True if the biases of a bracket are evenly spaced, or none of its pictures has one."""
    biases = sorted(shot.header.camera.bias or 0.0 for shot in bracket)
    steps = [high - low for low, high in pairwise(biases)]
    return not steps or max(steps) - min(steps) < ALIKE


def _is_bracket(shots: Sequence[Shot]) -> bool:
    """True if exposures are a bracket; two that differ as metering does are none, but where the camera says so."""
    marked = any(shot.header.camera.bracketed for shot in shots)
    return len(shots) > 2 or (
        len(shots) == 2 and (marked or max(shot.ev for shot in shots) - min(shot.ev for shot in shots) >= JITTER)
    )


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
