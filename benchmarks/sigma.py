"""Sigma of `hdrpipe fuse` on bursts of different cameras, with and without the noise of the burst in it.

    python benchmarks/sigma.py [--split validation] [--scenes 6]

A row for each camera: AUSE over that of a random order, mean over scenes (0 is perfect, 1 is chance), of the network's
sigma alone, of `fuse`'s, which adds the noise, and of the plain difference of the frames; and how many errors the
central 80 % and 90 % intervals of the first two hold. It takes two minutes and reads the panoramas of `make run`.
`test` scenes are for final figures alone.
"""

import argparse

import numpy as np
from cameras import KINDS, rendered

from hdrpipe.datasets.scenes import Scene
from hdrpipe.evaluation.baseline_maps import difference
from hdrpipe.evaluation.uncertainty import ause, coverage, error_map, random_ause
from hdrpipe.imaging.align import align
from hdrpipe.imaging.coding import Coding
from hdrpipe.inference import window
from hdrpipe.inference.fuse import Settings, fuse_burst, levels_of
from hdrpipe.inference.load import SHIPPED, Stored, stored

PARTS = {"alone": (0.0, 0.0), "fuse": (window.LEFT, window.LEFT_COMPRESSED)}
"""Values of `window.LEFT` and `window.LEFT_COMPRESSED`."""
LEVELS = (0.8, 0.9)
COLUMNS = [
    *(f"AUSE {name}" for name in (*PARTS, "difference")),
    *(f"{level:.0%} {n}" for level in LEVELS for n in PARTS),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--scenes", type=int, default=6)
    asked = parser.parse_args()
    network = stored(SHIPPED)
    print(f"| camera | {' | '.join(COLUMNS)} |\n|{' --- |' * (len(COLUMNS) + 1)}")
    for title, kind in KINDS.items():
        cells = row(network, rendered(kind, asked.split, asked.scenes))
        print(f"| {title} | {' | '.join(cells)} |", flush=True)


def row(network: Stored, scenes: list[Scene]) -> list[str]:
    """Cells of one camera."""
    errors: list[np.ndarray] = []
    maps: dict[str, list[np.ndarray]] = {name: [] for name in (*PARTS, "difference")}
    for scene in scenes:
        levels = np.stack([levels_of(frame) for frame in scene.burst.ldr])
        for name, parts in PARTS.items():
            window.LEFT, window.LEFT_COMPRESSED = parts
            settings = Settings(reference=scene.burst.reference)
            fused = fuse_burst(levels, scene.burst.ev, network, settings, coding=Coding(quality=scene.quality))
            assert fused.sigma is not None
            maps[name].append(fused.sigma)
        errors.append(error_map(fused.radiance, np.asarray(scene.truth)))
        aligned = align(scene.burst, "dis").burst
        maps["difference"].append(difference(aligned.ldr, aligned.times, aligned.reference))
    chance = [random_ause(error) for error in errors]
    cells = [f"{np.mean(np.divide(list(map(ause, errors, found)), chance)):.2f}" for found in maps.values()]
    error = np.concatenate([values.ravel() for values in errors])
    pooled = {name: np.concatenate([values.ravel() for values in maps[name]]) for name in PARTS}
    return cells + [f"{coverage(error, pooled[name], level):.0%}" for level in LEVELS for name in PARTS]


if __name__ == "__main__":
    main()
