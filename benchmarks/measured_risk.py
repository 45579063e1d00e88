"""Measured risk beside the true error of the same fusions on rendered scenes, whose truth it does not read.

    python benchmarks/measured_risk.py [--split validation] [--scenes 12]

A row for each camera: PSNR-mu by the truth and as measured, in dB, of each fusion; how often a fusion that is measured
to be better in a burst is better (pairs of fusions that differ by 0.1 dB or more); and the rank correlation (Spearman)
of the measured and the true risk of patches. The truth is compared where the risk is measured. It takes two minutes.
"""

import argparse
from itertools import combinations

import numpy as np
from cameras import KINDS, rendered

from hdrpipe.datasets.scenes import Scene
from hdrpipe.evaluation.measured_risk import split
from hdrpipe.evaluation.uncertainty import error_map, rank_correlation
from hdrpipe.imaging.align import align_in_place
from hdrpipe.imaging.noise_model import NoiseModel
from hdrpipe.inference.fuse import levels_of, whole_burst, window_merge
from hdrpipe.inference.tiles import in_tiles
from hdrpipe.masking.measured import ENOUGH
from hdrpipe.masking.strategy import measured_patches
from hdrpipe.tools.risk import TILES, Fusion, fusions, patch_risks

FUSIONS = {**fusions((), (), ()), **fusions((), (), ("triangle", "low_exposure_fill"))}


def true_risks(scene: Scene, levels: np.ndarray, fusion: Fusion, noise: NoiseModel) -> np.ndarray:
    """True mean squared error of the patches that are measured, mu-law domain; `levels` are aligned in place."""
    burst = scene.burst
    measured = split(burst.ldr[burst.reference], float(burst.times[burst.reference]), noise)[1].measured
    align_in_place(levels, burst.times, burst.reference, "dis")
    merge = window_merge(whole_burst(levels, burst.ev, burst.reference), *fusion)
    radiance, _ = in_tiles(merge, levels, TILES)
    errors = np.square(error_map(radiance, np.asarray(scene.truth))) * measured
    patches = measured_patches(errors[None], measured)
    return patches.risk[patches.fraction > ENOUGH]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--scenes", type=int, default=12)
    asked = parser.parse_args()
    columns = [*(f"{name}: true / measured" for name in FUSIONS), "right order", "rank correlation"]
    print(f"| camera | {' | '.join(columns)} |\n|{' --- |' * (len(columns) + 1)}")
    for title, kind in KINDS.items():
        print(f"| {title} | {' | '.join(row(rendered(kind, asked.split, asked.scenes)))} |", flush=True)


def row(scenes: list[Scene]) -> list[str]:
    """Cells of one camera."""
    true, found = ({name: [] for name in FUSIONS} for _ in range(2))
    for scene in scenes:
        levels = np.stack([levels_of(frame) for frame in scene.burst.ldr])
        noise, _, risks = patch_risks(levels.copy(), scene.burst.ev, scene.burst.reference, FUSIONS)
        for name, fusion in FUSIONS.items():
            true[name].append(true_risks(scene, levels.copy(), fusion, noise))
            found[name].append(risks[name])
    cells = [f"{decibels(true[name]):.2f} / {decibels(found[name]):.2f}" for name in FUSIONS]
    right = [
        np.sign(a - b) == np.sign(found[one][k].mean() - found[other][k].mean())
        for one, other in combinations(FUSIONS, 2)
        for k in range(len(scenes))
        for a, b in [(true[one][k].mean(), true[other][k].mean())]
        if abs(10.0 * np.log10(a / b)) >= 0.1
    ]
    ranks = [rank_correlation(np.concatenate(true[name]), np.concatenate(found[name])) for name in FUSIONS]
    return [*cells, f"{np.sum(right)} of {len(right)}", f"{min(ranks):.2f} to {max(ranks):.2f}"]


def decibels(risks: list[np.ndarray]) -> float:
    return -10.0 * float(np.log10(max(np.mean([patches.mean() for patches in risks]), 1e-9)))


if __name__ == "__main__":
    main()
