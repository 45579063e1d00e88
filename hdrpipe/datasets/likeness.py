"""The bursts among the pictures of a folder: by the data of the cameras, or else by the content of the pictures.

Where pictures tell neither time nor exposure and do not look like one burst, a person is asked.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.datasets.brackets import period
from hdrpipe.datasets.grouping import Grouping, copies, group, name_kind, slow
from hdrpipe.datasets.shots import in_order
from hdrpipe.files.pictures.decoder import Decoder, PictureHeader
from hdrpipe.imaging.exposure import USABLE, brightness, stops_between

MOST_FRAMES = 15
"""A folder of more pictures without times or tables is a collection, not a burst."""

ALIKE = 0.5
"""Stops within which seen steps are the same; a camera's own tone curve makes them uncertain."""

SIDE = 32
"""Pixels a side of what is compared: small movements do not count."""

LEAST = 64
"""Pixels that must be neither black nor clipped in both of two pictures."""

SAME_SCENE, OTHER_SCENE = 0.5, 0.3
"""Rank correlation from which on two pictures show one scene, and below which they do not."""


def grouped(headers: Mapping[Path, PictureHeader], decoder: Decoder) -> Grouping:
    """The brackets among the pictures of a folder, copies left out; all as one where each stands alone. Of many
    pictures those without an exposure stand alone, of few those among them whose names are unlike those of the others.

    Raises:
        InputError: a picture cannot be decoded.
    """
    doubles = copies(list(headers), list(headers.values()))
    frames = [path for path in headers if path not in doubles]
    if len(frames) == 1:  # one exposure under several names, as developed brighter and darker from one RAW picture
        return Grouping((tuple(headers),))
    timed = [path for path in frames if headers[path].camera.seconds]
    series = Counter(map(name_kind, timed))
    strangers = [path for path in frames if path not in timed and name_kind(path) not in series]
    if len(timed) > max(1, len(strangers)) and min(series.values()) > 1:  # results of other programs, not frames
        frames = [path for path in frames if path not in strangers]
    else:
        strangers = []
    if len(timed) < len(frames) <= MOST_FRAMES:
        return by_sight(frames, decoder)
    grouping = group(timed, [headers[path] for path in timed])
    if grouping.groups and grouping.lone and len(timed) <= MOST_FRAMES:
        whole = slow(timed, [headers[path] for path in timed])
        grouping = whole if whole is not None and _is_one_scene(timed, decoder) else grouping
    untimed = tuple(path for path in (*frames, *strangers) if path not in timed)
    return replace(grouping, lone=grouping.lone + untimed) if grouping.groups else Grouping((tuple(frames),))


def _is_one_scene(frames: Sequence[Path], decoder: Decoder) -> bool:
    """True if each picture shows what others show, one after the other."""
    seen = [_small(brightness(decoder.picture(path)[0].transpose(2, 0, 1))) for path in frames]
    return len(_joined(seen, _likenesses(seen))) == 1


def by_sight(frames: Sequence[Path], decoder: Decoder) -> Grouping:
    """All pictures as one bracket; unsure where their exposures repeat a pattern, or they show several scenes.

    Raises:
        InputError: a picture cannot be decoded.
    """
    ordered = in_order(frames)
    seen = [brightness(decoder.picture(path)[0].transpose(2, 0, 1)) for path in ordered]
    length = _pattern(seen)
    if length is not None:
        groups = [tuple(ordered[start : start + length]) for start in range(0, len(ordered), length)]
        return Grouping(tuple(groups), sure=False)
    scenes = _scenes([_small(values) for values in seen])
    return Grouping(tuple(tuple(ordered[index] for index in scene) for scene in scenes), sure=len(scenes) == 1)


def _pattern(seen: Sequence[NDArray[np.float32]]) -> int | None:
    """Pictures after which the same steps of exposure come again, see `brackets.period`."""
    values = [0.0]
    for before, after in pairwise(seen):
        up = after.mean() >= before.mean()
        step = stops_between(before, after) if up else stops_between(after, before)
        if step is None:
            return None
        values.append(values[-1] + (step if up else -step))
    return period(values, alike=ALIKE)


def _scenes(pictures: Sequence[NDArray[Any]]) -> list[list[int]]:
    """Indices of the pictures of each scene; one scene where two of them could be one in the dark or in the light."""
    alike = _likenesses(pictures)
    scenes = _joined(pictures, alike)
    whole = [list(range(len(pictures)))]
    across = [alike[min(a, b), max(a, b)] for x, y in combinations(scenes, 2) for a in x for b in y]
    comparable = [value for value in across if value is not None]
    separate = min(map(len, scenes)) > 1 and len(scenes) > 1 and bool(comparable) and max(comparable) < OTHER_SCENE
    return sorted(sorted(scene) for scene in scenes) if separate else whole


def _likenesses(pictures: Sequence[NDArray[Any]]) -> dict[tuple[int, int], float | None]:
    """Likeness of each pair of pictures, by their indices."""
    return {pair: _likeness(*(pictures[index] for index in pair)) for pair in combinations(range(len(pictures)), 2)}


def _joined(pictures: Sequence[NDArray[Any]], alike: Mapping[tuple[int, int], float | None]) -> list[set[int]]:
    """Indices of pictures that are of one scene, from one to the next."""
    scenes = [{index} for index in range(len(pictures))]
    for (one, other), value in alike.items():
        if value is not None and value >= SAME_SCENE:
            first, second = (next(scene for scene in scenes if index in scene) for index in (one, other))
            if first is not second:
                first |= second
                scenes.remove(second)
    return scenes


def _likeness(one: NDArray[Any], other: NDArray[Any]) -> float | None:
    """Rank correlation of what is well exposed in both; None where that is too little."""
    if one.shape != other.shape:
        return None
    low, high = USABLE
    usable = (one > low) & (one < high) & (other > low) & (other < high)
    if usable.sum() < LEAST:
        return None
    first, second = (values[usable].argsort().argsort().astype(np.float64) for values in (one, other))
    return float(np.corrcoef(first, second)[0, 1])


def _small(values: NDArray[np.float32]) -> NDArray[Any]:
    """A picture in few pixels, lying or standing as it does."""
    height, width = values.shape
    size = (SIDE, SIDE) if height == width else (SIDE * 4 // 3, SIDE) if width > height else (SIDE, SIDE * 4 // 3)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA))
