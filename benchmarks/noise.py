"""How well noise is measured on rendered bursts: pooled, and from each burst alone, over a factor of 500.

    python benchmarks/noise.py        # reads the panoramas that `make run` fetched; about a minute

Printed: measured over true variance at three linear values, all bursts pooled; then the error of single bursts at 0.1.
"""

import os
from pathlib import Path

import numpy as np

from hdrpipe.config import plugins
from hdrpipe.datasets import panorama
from hdrpipe.datasets.cameras import READ, SHOT
from hdrpipe.errors import InputError
from hdrpipe.imaging.noise_model import measured_noise

FACTORS = (1 / 16, 1 / 4, 1, 4, 10, 30)
LINEAR = (0.003, 0.03, 0.3)
CACHE = Path(os.environ.get("HDRPIPE_CACHE", "~/.cache/hdrpipe")).expanduser()


def ratio(bursts: list, factor: float, linear: float) -> float:
    """Measured over true variance at a linear value; NaN where nothing can be measured."""
    try:
        return measured_noise(bursts).variance(linear) / (factor * (SHOT * linear + READ))
    except InputError:
        return float("nan")


def main() -> None:
    print("| noise | pooled, x = 0.003 / 0.03 / 0.3 | single: median, 90 %, worst error |\n| --- | --- | --- |")
    for factor in FACTORS:
        options = plugins.options("datasets", "panorama", {"noise": factor, "size": 128, "pool": 36, "validation": 0})
        frames = [e.load().burst.ldr for e in panorama.listing(options, 0, CACHE) if e.split == "pool"]
        pooled = " / ".join(f"{ratio(frames, factor, linear):.2f}" for linear in LINEAR)
        errors = np.abs(np.array([ratio([burst], factor, 0.1) for burst in frames]) - 1)
        single = ", ".join(f"{100 * np.nanquantile(errors, q):.0f} %" for q in (0.5, 0.9, 1))
        print(f"| {factor:g} | {pooled} | {single} |", flush=True)


if __name__ == "__main__":
    main()
