"""How fast products are written and read: `python benchmarks/products.py`.

A made picture of 1000 x 1500 pixels stands in for a pseudo label. The yardstick is the plainest layout, gzip over one
chunk a picture, written and read in the same process: quote the ratios, machines differ.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import h5py
import numpy as np
from rows import Row, table

from hdrpipe.datasets.procedural import make_panorama
from hdrpipe.files.product import packing
from hdrpipe.files.product.hdf5 import open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.imaging.tonemap import display

HEIGHT, WIDTH, CROP = 1000, 1500, 128
REPEATS, SECONDS = 7, 2.0


def scene(fields: tuple[str, ...] = ("pseudo_label", "sigma", "preview")) -> dict[str, np.ndarray]:
    """Fields of an uncertainty product: textured radiance, and a sigma that is large at edges."""
    panorama = cv2.GaussianBlur(make_panorama(0, 0, 2 * WIDTH)[250 : 250 + HEIGHT, :WIDTH], (0, 0), 0.8)
    radiance = np.ascontiguousarray(np.clip(panorama / 8, 0, 1).transpose(2, 0, 1))
    slope = np.abs(np.gradient(radiance.mean(axis=0))).sum(axis=0)
    noise = 1e-4 * np.random.default_rng(0).random((HEIGHT, WIDTH))
    sigma = (0.002 + 0.3 * cv2.GaussianBlur(slope, (0, 0), 3) + noise).astype(np.float32)
    whole = {"pseudo_label": radiance.astype(np.float16), "sigma": sigma, "preview": display(radiance)}
    return {name: whole[name] for name in fields}


def crops_per_second(read, seconds: float = SECONDS) -> float:
    """Random crops of pseudo label and sigma that `read(top, left)` gives in a second."""
    chance, count, begun = np.random.default_rng(1), 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        read(int(chance.integers(HEIGHT - CROP)), int(chance.integers(WIDTH - CROP)))
        count += 1
    return count / (time.perf_counter() - begun)


def yardstick(folder: Path, arrays: dict[str, np.ndarray]) -> tuple[float, float, float]:
    """gzip, one chunk a picture, h5py alone: CPU seconds of a write, bytes, crops a second."""
    path, times = folder / "plain.h5", []
    for _ in range(3):
        begun = time.process_time()
        with h5py.File(path, "w") as file:
            for name in ("pseudo_label", "sigma"):
                array = arrays[name]
                file.create_dataset(name, data=array, chunks=array.shape, compression="gzip", compression_opts=1)
        times.append(time.process_time() - begun)
    with h5py.File(path) as file:
        label, sigma = file["pseudo_label"], file["sigma"]
        rows, columns = (lambda k: slice(k, k + CROP)), (lambda k: slice(k, k + CROP))
        speed = crops_per_second(lambda y, x: (label[:, rows(y), columns(x)], sigma[rows(y), columns(x)]))
    return median(times), path.stat().st_size, speed


def product(folder: Path, arrays: dict[str, np.ndarray], compression: str) -> tuple[float, float, float]:
    """A whole write (checks, hashes, preview, compression, synchronised to disk), size without the preview, crops."""
    os.environ[packing.VARIABLE] = compression
    path, times = folder / "product.h5", []
    for _ in range(REPEATS):
        begun = time.process_time()
        write_product(path, SCHEMAS["uncertainty"], [("a", arrays, {})], {"round": 1, "weights": "sha256:0"})
        times.append(time.process_time() - begun)
    with h5py.File(path) as file:
        size = sum(file["a"][name].id.get_storage_size() for name in ("pseudo_label", "sigma"))
    with open_product(path, "uncertainty") as opened:
        window = lambda y, x: (y, x, CROP, CROP)  # noqa: E731
        speed = crops_per_second(lambda y, x: [opened.read("a", f, window(y, x)) for f in ("pseudo_label", "sigma")])
    return median(times), size, speed


def measured() -> list[Row]:
    """Two rows for each filter: crops and writes beside the yardstick's."""
    cv2.setNumThreads(1)
    arrays, rows = scene(), []
    with tempfile.TemporaryDirectory() as name:
        plain_write, plain_size, plain_crops = yardstick(Path(name), arrays)
        for compression in (packing.PORTABLE, packing.FAST):
            write, size, crops = product(Path(name), arrays, compression)
            sizes = f"{plain_size / 1e6:.1f} to {size / 1e6:.1f} MB"
            rows += [
                Row(f"random crops of {CROP}, {compression}", crops / plain_crops, "x", f"{crops:.0f} a second"),
                Row(f"CPU of a write, {compression}", write / plain_write, "x", f"{1000 * write:.0f} ms; {sizes}"),
            ]
    del os.environ[packing.VARIABLE]
    return rows


if __name__ == "__main__":
    sys.stdout.write(table(measured()))
