"""Noise behind JPEG: the factor on the standard noise that files show, and the one found by trial.

    python benchmarks/jpeg_noise.py [--scenes 12]

A row for each camera that writes JPEGs and each noise; trials are on six pool scenes of a plain camera. It takes a
minute and reads the panoramas of `make run`.
"""

import argparse

from cameras import rendered

from hdrpipe.imaging.noise_behind_jpeg import before_compression, visible_noise
from hdrpipe.imaging.noise_level import level_of_model
from hdrpipe.imaging.noise_model import measured_noise, noise_or_none

QUALITY = {"jpeg": 90, "phone": 92}
OWN = {"jpeg": 1.0, "phone": 2.0}
"""Factor on the noise that the camera has of itself."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=12)
    asked = parser.parse_args()
    plain = [scene.burst.ldr for scene in rendered({"size": 128}, "pool", 6)]
    source = measured_noise(plain)
    columns = ("camera", "true factor", "as files show it", "by trial", "single bursts, middle half")
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for camera, quality in QUALITY.items():
        curve = visible_noise(plain, source, quality)
        for noise in (1.0, 3.0, 10.0):
            kind = {"size": 128, "camera": camera, "noise": noise}
            frames = [scene.burst.ldr for scene in rendered(kind, "validation", asked.scenes)]
            together, each = measured_noise(frames), [noise_or_none([burst]) for burst in frames]
            hidden = sorted(level_of_model(before_compression(model, curve)) for model in each if model is not None)
            low, high = hidden[len(hidden) // 4], hidden[(3 * len(hidden)) // 4]
            tried = f"{level_of_model(before_compression(together, curve)):.1f} | {low:.1f} to {high:.1f}"
            print(f"| {camera} | {noise * OWN[camera]:g} | {level_of_model(together):.2f} | {tried} |", flush=True)


if __name__ == "__main__":
    main()
