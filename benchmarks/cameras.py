"""`fuse` by classical merges and networks on bursts of different cameras: PSNR-mu / PSNR-l, mean over scenes.

    python benchmarks/cameras.py [--split validation] [--scenes 8] [WEIGHTS ...]

It takes three minutes and reads the panoramas that `make run` fetched. Without weights the shipped network is measured.
`test` scenes are for final figures alone.
"""

import argparse
import os
from pathlib import Path

import numpy as np

from hdrpipe.config import plugins
from hdrpipe.datasets import panorama
from hdrpipe.datasets.cameras import CAMERAS
from hdrpipe.datasets.scenes import Scene
from hdrpipe.evaluation.metrics import psnr_l, psnr_mu
from hdrpipe.imaging.coding import Coding
from hdrpipe.inference.fuse import Settings, fuse_burst, levels_of
from hdrpipe.inference.load import SHIPPED, Stored, stored
from hdrpipe.quantities import Picture

CLASSICAL = ("triangle", "rejecting", "denoised")
KINDS = {f"plain, noise x {noise:g}": {"noise": noise} for noise in (0.25, 1.0, 4.0)}
KINDS |= {name: {"camera": name} for name in (*CAMERAS, "varied") if name != "plain"}

CACHE = Path(os.environ.get("HDRPIPE_CACHE", "~/.cache/hdrpipe")).expanduser()


def rendered(kind: dict, split: str, count: int) -> list[Scene]:
    """The first scenes of a split as one camera takes them."""
    sizes = {"pool": 6, "validation": 0, "test": 6, split: max(count, 6 if split == "test" else 1)}
    options = plugins.options("datasets", "panorama", {**sizes, **kind})
    return [entry.load() for entry in panorama.listing(options, 0, CACHE) if entry.split == split][:count]


def fused(scene: Scene, network: Stored | None, method: str | None = None) -> Picture:
    """Radiance in [0, 1] that `fuse` makes of a burst, by a network or a classical merge."""
    levels = np.stack([levels_of(frame) for frame in scene.burst.ldr])
    settings, coding = Settings(reference=scene.burst.reference, method=method), Coding(quality=scene.quality)
    return fuse_burst(levels, scene.burst.ev, network, settings, coding=coding).radiance.clip(0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--scenes", type=int, default=8)
    parser.add_argument("weights", nargs="*", type=Path, default=[SHIPPED])
    asked = parser.parse_args()
    methods = {name: (None, name) for name in CLASSICAL} | {str(path): (stored(path), None) for path in asked.weights}
    print(f"| camera | {' | '.join(methods)} |\n|{' --- |' * (len(methods) + 1)}")
    for title, kind in KINDS.items():
        scenes = rendered(kind, asked.split, asked.scenes)
        cells = []
        for network, method in methods.values():
            pairs = [(fused(scene, network, method), np.asarray(scene.truth)) for scene in scenes]
            figures = [np.mean([measure(*pair) for pair in pairs]) for measure in (psnr_mu, psnr_l)]
            cells.append(" / ".join(f"{figure:.2f}" for figure in figures))
        print(f"| {title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
