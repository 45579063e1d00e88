"""Pictures of a card in the order of shooting: by the cameras' clocks, or by their numbers where a clock was set."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path

from hdrpipe.files.names import natural
from hdrpipe.files.pictures.decoder import PictureHeader

CLOCK = 1.0
"""Seconds by which moments of pictures that follow one another may go back, as where some lack fractions of them."""

RARELY = 0.1
"""Share of pictures before which a clock may have been set back, in a card whose numbers are believed."""

QUARTER = 900.0
"""Seconds: zones of time, and summer time, differ by multiples of this."""

TURNS = (10**3, 10**4, 10**5)
"""Numbers at which cameras begin anew."""

_NUMBERED = re.compile(r"(.*?)(\d{1,9})(\D*)")


@dataclass(frozen=True)
class Shot:
    """One picture: its file, its header, and its exposure value in stops."""

    path: Path
    header: PictureHeader
    ev: float


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Pictures in the order of their numbers, one folder after the other; `a` comes before `a (1)`. After 9999 a camera
    goes on with 0001, after 999, or after 99999: the widest gap parts the ends."""
    by_folder: dict[Path, list[Path]] = {}
    for path in paths:
        by_folder.setdefault(path.parent, []).append(path)
    return [path for folder in sorted(by_folder, key=natural) for path in _in_one_folder(by_folder[folder])]


def _in_one_folder(paths: Iterable[Path]) -> list[Path]:
    ordered = sorted(paths, key=lambda path: (natural(path.stem), natural(path)))
    matches = [re.fullmatch(r"(.*?)(\d{3,9})(\D*)", path.stem) for path in ordered]
    numbered = [match for match in matches if match is not None]
    if len(numbered) < max(2, len(ordered)) or len({(match[1], match[3]) for match in numbered}) != 1:
        return ordered
    numbers = [int(match[2]) for match in numbered]
    for turn in TURNS:
        gaps = [after - before for before, after in pairwise(numbers)]
        across = numbers[0] + turn - numbers[-1]
        if len({number // turn for number in numbers}) == 1 and across <= len(numbers) and max(gaps) > turn / 2:
            start = gaps.index(max(gaps)) + 1
            return ordered[start:] + ordered[:start]
    return ordered


def follows(one: Path, other: Path) -> bool:
    """True if the number in a name is the next after that of another one."""
    first, second = (_NUMBERED.fullmatch(path.stem) for path in (one, other))
    if first is None or second is None or (first[1], first[3]) != (second[1], second[3]):
        return False
    number, following = int(first[2]), int(second[2])
    return following == number + 1 or (number + 1 in TURNS and following in (0, 1))


def streams(shots: Sequence[Shot]) -> list[list[Shot]]:
    """The pictures of each camera in the order of shooting; those without a name are the only named one's."""
    bodies = {shot.header.camera.body for shot in shots} - {""}
    only = bodies.pop() if len(bodies) == 1 else ""
    streams: dict[str, list[Shot]] = {}
    for shot in shots:
        streams.setdefault(shot.header.camera.body or only, []).append(shot)
    return [_by_time(_in_one_zone(stream)) for stream in streams.values()]


def _in_one_zone(shots: Sequence[Shot]) -> Sequence[Shot]:
    """Moments in the time of Greenwich where all pictures of a camera tell how far theirs is off, and not alike."""
    cameras = [shot.header.camera for shot in shots]
    offsets = {camera.offset for camera in cameras}
    if None in offsets or len(offsets) == 1:
        return shots
    taken = [None if camera.taken is None else camera.taken - (camera.offset or 0.0) for camera in cameras]
    return [
        replace(shot, header=replace(shot.header, camera=replace(shot.header.camera, taken=moment)))
        for shot, moment in zip(shots, taken, strict=True)
    ]


def _by_time(shots: Sequence[Shot]) -> list[Shot]:
    """By time where all have one, and by number where times are equal, or where the clock was set back in between."""
    timed = all(shot.header.camera.taken is not None for shot in shots)

    def when(shot: Shot) -> float:
        return (shot.header.camera.taken or 0.0) if timed else 0.0

    ordered: list[Shot] = []
    for _, tie in groupby(sorted(shots, key=when), when):
        by_path = {shot.path: shot for shot in tie}
        ordered += [by_path[path] for path in in_order(by_path)]
    by_path = {shot.path: shot for shot in shots}
    numbered = [by_path[path] for path in in_order(by_path)]
    return numbered if timed and _clock_went_back(numbered) else ordered


def _clock_went_back(numbered: Sequence[Shot]) -> bool:
    """True if moments go back rarely in the order of numbers, and only from one number to the next."""
    moments = [shot.header.camera.taken or 0.0 for shot in numbered]
    back = [index for index, (one, other) in enumerate(pairwise(moments)) if other < one - CLOCK]
    successive = all(follows(numbered[index].path, numbered[index + 1].path) for index in back)
    return 0 < len(back) <= max(1.0, RARELY * len(numbered)) and successive


def pause(before: Shot, after: Shot) -> float | None:
    """Seconds between the end of one exposure and the next; None without times."""
    one, other = before.header.camera, after.header.camera
    return None if one.taken is None or other.taken is None else other.taken - one.taken - (one.seconds or 0.0)


def clock_was_set(before: Shot, after: Shot, slack: float) -> bool:
    """True if the camera's clock went back between two pictures, or forward by quarters of an hour (zones of time,
    summer time) up to so many seconds."""
    one, other = before.header.camera, after.header.camera
    if one.taken is None or other.taken is None:
        return False
    step = other.taken - one.taken
    beyond = (step + slack) % QUARTER - slack
    return step < -slack or (step > QUARTER / 2 and beyond <= slack + (one.seconds or 0.0))
