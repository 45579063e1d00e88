"""CPU seconds, memory and result of `hdrpipe fuse` on a synthesized hand-held burst of 16-bit TIFFs. Prints a table.

The two versions take turns, and the median ratio counts. One thread, and once two.
"""

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import OpenEXR
import tifffile
from rows import Row, table
from version import BEFORE, ROOT, unpack

from hdrpipe.imaging.tonemap import mu_law

STOPS = 2.0
"""Between neighbouring frames."""

FINEST, COARSEST = 4, 10
"""Octaves of the scene's texture: detail of 2^0 to blobs of 2^10 pixels."""


class Cost(NamedTuple):
    """CPU and wall seconds of one call, and the most memory of one of its processes in MiB."""

    cpu: float
    wall: float
    memory: float


def scene(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Radiance (H, W, 3) with texture of every size, lamps, and edges; the 99.9th percentile is 1."""
    log = np.zeros((height, width, 3), np.float32)
    for octave in range(COARSEST + 1):
        cells = (max(2, width >> octave), max(2, height >> octave))
        noise = rng.standard_normal((cells[1], cells[0], 3), np.float32)
        noise = 0.3 * noise + 0.7 * noise.mean(axis=2, keepdims=True)
        weight = 0.6 if octave >= FINEST else 0.05 * 2.0 ** (0.5 * octave)
        log += weight * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(60):
        (top, left), (down, across) = rng.integers(0, (height, width)), rng.integers(8, max(9, width // 12), 2)
        log[top : top + down, left : left + across] = rng.standard_normal(3) * 2.0 + 0.5
    radiance = np.exp(log)
    return radiance / np.quantile(radiance[::7, ::7], 0.999)


def burst(folder: Path, height: int, width: int, frames: int) -> list[Path]:
    """Write TIFFs of one scene, each moved by a few pixels and turned a little, noise and clipping included."""
    rng = np.random.default_rng(0)
    radiance = scene(height, width, rng)
    for index in range(frames):
        moved = cv2.getRotationMatrix2D((width / 2, height / 2), 0.03 * (index - frames // 2), 1.0)
        moved[:, 2] += rng.uniform(-4, 4, 2)
        seen = cv2.warpAffine(radiance, moved, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        linear = seen * 2.0 ** (STOPS * index)
        linear += rng.standard_normal(linear.shape, np.float32) * np.sqrt(4e-4 * linear + 4e-6)
        coded = np.rint(linear.clip(0.0, 1.0) ** (1 / 2.2) * 65535.0).astype(np.uint16)
        tifffile.imwrite(folder / f"{index}.tif", coded, photometric="rgb")
    (folder / "exposure.txt").write_text("\n".join(str(STOPS * index) for index in range(frames)) + "\n")
    return sorted(folder.glob("*.tif"))


def fuse(checkout: Path, folder: Path, out: Path, threads: int) -> Cost:
    """One call of the command of a checkout."""
    words = [sys.executable, "-m", "hdrpipe", "fuse", str(folder), "-o", str(out), "--float", "--threads", str(threads)]
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    start = time.perf_counter()
    child = subprocess.Popen(
        words, cwd=checkout, env={**os.environ, **limits, "PYTHONPATH": str(checkout)}, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(words)}: exit status {status}")
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss / 1024)


def picture(path: Path) -> np.ndarray:
    """Radiance (H, W, 3) of a result."""
    with OpenEXR.File(str(path)) as file:
        return np.asarray(file.channels()["RGB"].pixels, np.float64)


def psnr_mu(one: np.ndarray, other: np.ndarray) -> float:
    """PSNR of one result to the other after the mu-law, in dB."""
    return float(-10.0 * np.log10(np.maximum(np.square(mu_law(one) - mu_law(other)).mean(), 1e-30)))


def measured(height: int, width: int, frames: int, repeats: int, against: Path | None = None) -> list[Row]:
    """Rows of the command beside another version's, by default `BEFORE`, and of its time on two cores."""
    with tempfile.TemporaryDirectory() as made:
        checkouts = {"other": against or unpack(Path(made, "before")), "this": ROOT}
        folder = Path(made, "burst")
        folder.mkdir()
        # in a process of its own: the most memory of this one would count as that of the commands that it starts
        maker = multiprocessing.get_context("spawn").Process(target=burst, args=(folder, height, width, frames))
        maker.start()
        maker.join()
        pairs = [
            [fuse(checkout, folder, Path(made, f"{name}.exr"), 1) for name, checkout in checkouts.items()]
            for _ in range(repeats)
        ]
        apart = psnr_mu(*(picture(Path(made, f"{name}.exr")) for name in checkouts))
        both = fuse(ROOT, folder, Path(made, "both.exr"), 2)
    (old_cpu, _, old_memory), (cpu, _, memory) = (
        map(statistics.median, zip(*column, strict=True)) for column in zip(*pairs, strict=True)
    )
    megapixels, other = f"{frames} x {height * width / 1e6:.0f} megapixels", against.name if against else BEFORE
    return [
        Row(
            f"fuse {megapixels}, one thread, times less CPU than {other}",
            statistics.median(old.cpu / new.cpu for old, new in pairs),
            "x",
            f"{old_cpu:.0f} to {cpu:.0f} s",
            ">= 4",
        ),
        Row(f"fuse {megapixels}, PSNR-mu of both results", apart, " dB"),
        Row(f"fuse {megapixels}, memory to {other}", memory / old_memory, "x", f"{memory:.0f} MiB", "<= 1"),
        Row(f"fuse {megapixels}, two threads, time to CPU", both.wall / both.cpu, "x", f"{both.wall:.0f} s", "<= 0.6"),
    ]


def main() -> None:
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--against", type=Path, help=f"Checkout of the version to compare with, instead of {BEFORE}.")
    read.add_argument("--width", type=int, default=6000)
    read.add_argument("--height", type=int, default=4000)
    read.add_argument("--frames", type=int, default=3)
    read.add_argument("--repeats", type=int, default=3)
    given = read.parse_args()
    against = given.against.resolve() if given.against else None
    sys.stdout.write(table(measured(given.height, given.width, given.frames, given.repeats, against)))


if __name__ == "__main__":
    main()
