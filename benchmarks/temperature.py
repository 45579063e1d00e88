"""Sigma of the shipped network before and after one factor that bursts alone tell, on bursts of different cameras.

    python benchmarks/temperature.py [--split validation] [--scenes 16]

A row for each camera that does not compress: the factor T from the risk measured without truth, the likeliest one by
the truth, and how many of the true errors of all pixels the central 90 % and 80 % intervals of sigma and of T sigma
hold. It takes a minute and reads the panoramas of `make run`. `test` scenes are for final figures alone.
"""

import argparse

import numpy as np
from cameras import COMPRESSED, KINDS, rendered
from torch import nn

from hdrpipe.datasets.scenes import Scene
from hdrpipe.evaluation.measured_risk import measured_risk, split
from hdrpipe.evaluation.uncertainty import coverage, error_map
from hdrpipe.imaging.align import align
from hdrpipe.imaging.noise_model import noise_or_none
from hdrpipe.inference.load import SHIPPED, stored
from hdrpipe.inference.tiles import predict
from hdrpipe.masking.strategy import MeasuredPatches, measured_patches, temperature

COLUMNS = ("T", "by the truth", *(f"{level} % of {name}" for level in (90, 80) for name in ("sigma", "T sigma")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--scenes", type=int, default=16)
    asked = parser.parse_args()
    network = stored(SHIPPED).net
    print(f"| camera | {' | '.join(COLUMNS)} |\n|{' --- |' * (len(COLUMNS) + 1)}")
    for title, kind in KINDS.items():
        if kind.get("camera") not in (*COMPRESSED, "varied"):
            print(f"| {title} | {' | '.join(row(network, rendered(kind, asked.split, asked.scenes)))} |", flush=True)


def row(network: nn.Module, scenes: list[Scene]) -> list[str]:
    """Cells of one camera."""
    errors, sigmas, patches = [], [], []
    for scene in scenes:
        aligned = align(scene.burst, "dis").burst
        radiance, sigma = predict(network, aligned.ldr, aligned.times)
        errors.append(error_map(radiance, np.asarray(scene.truth)).ravel())
        sigmas.append(sigma.ravel())
        patches.append(measured(network, scene, aligned.ldr.copy()))
    error, sigma = np.concatenate(errors), np.concatenate(sigmas)
    factor, best = temperature(patches) or 1.0, float(np.sqrt(np.mean(np.square(error / sigma))))
    covered = [f"{coverage(error, scale * sigma, level):.0%}" for level in (0.9, 0.8) for scale in (1.0, factor)]
    return [f"{factor:.2f}", f"{best:.2f}", *covered]


def measured(network: nn.Module, scene: Scene, frames: np.ndarray) -> MeasuredPatches | None:
    """Ratio of the measured risk to sigma squared in the patches of a scene; `frames` are aligned, and changed here."""
    burst = scene.burst
    noise = noise_or_none([burst.ldr])
    if noise is None:
        return None
    frames[burst.reference], target = split(burst.ldr[burst.reference], float(burst.times[burst.reference]), noise)
    radiance, sigma = predict(network, frames, burst.times)
    ratio = (measured_risk(radiance, target) / np.square(sigma)).astype(np.float32)
    made = measured_patches(ratio, target.measured)
    return MeasuredPatches(made.risk, made.fraction, made.risk)


if __name__ == "__main__":
    main()
