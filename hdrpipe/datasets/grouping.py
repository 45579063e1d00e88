"""Many pictures of one folder into brackets, as a photographer took them."""

from collections.abc import Sequence
from pathlib import Path

from hdrpipe.datasets.exposures import from_camera
from hdrpipe.files.names import natural
from hdrpipe.files.pictures.decoder import About

GAP = 3.0
"""Seconds between the end of one exposure and the next that part two bursts; cameras bracket faster."""

SAME = 0.1
"""Stops below which two exposures are one: cameras round to thirds."""


def group(frames: Sequence[Path], abouts: Sequence[About]) -> tuple[list[list[Path]], list[Path]]:
    """Group pictures into brackets by the moment they were taken and by their exposure.

    In the order of time, a new bracket begins after a pause, with another size, and where an exposure comes again.

    Returns:
        The brackets, and pictures that stand alone; no brackets where the pictures do not tell their times.
    """
    if not all(about.camera.taken is not None and about.camera.seconds for about in abouts):
        return [], []
    taken = sorted(zip(frames, abouts, strict=True), key=lambda pair: (pair[1].camera.taken, natural(pair[0])))
    values, _ = from_camera([about for _, about in taken])
    groups: list[list[Path]] = []
    seen: list[float] = []
    end, size = float("-inf"), (0, 0)
    for (path, about), ev in zip(taken, values or (), strict=True):
        start = about.camera.taken or 0.0
        again = any(abs(ev - other) < SAME for other in seen)
        if again or start - end > GAP or size != (about.width, about.height):
            groups.append([])
            seen = []
        groups[-1].append(path)
        seen.append(ev)
        end, size = start + (about.camera.seconds or 0.0), (about.width, about.height)
    lone = [paths[0] for paths in groups if len(paths) == 1]
    return [sorted(paths, key=natural) for paths in groups if len(paths) > 1], lone
