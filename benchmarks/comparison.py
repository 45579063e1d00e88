"""hdrpipe fuse beside what a user would take instead, on bursts of JPEGs: quality and CPU seconds. Prints tables.

    python benchmarks/comparison.py [--scenes 6] [--out FOLDER] [BURST ...]

Bursts are test scenes of the panoramas (which `make run` fetched) as two cameras write them, and folders that are
named: pictures in ascending order of exposure, `exposure.txt` (log2) and the truth of the middle one, `hdr_img.exr`.
Programs that are not installed are told (Debian: hugin-tools, luminance-hdr). The others get the middle exposure first,
to which they align; every result may be off by one factor, which is fitted before scoring. `--out` keeps pictures.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import OpenEXR
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from hdrpipe.config import plugins
from hdrpipe.datasets import panorama
from hdrpipe.datasets.cameras import CAMERAS
from hdrpipe.evaluation.metrics import psnr_l, psnr_mu
from hdrpipe.imaging.tonemap import display
from hdrpipe.quantities import Picture

CACHE = Path(os.environ.get("HDRPIPE_CACHE", "~/.cache/hdrpipe")).expanduser()
LONGEST = 0.25
"""Exposure time of the longest frame in seconds, as EXIF tells it."""

TOP = 255


class Shot(NamedTuple):
    """A burst on the disk, 8-bit pictures with EXIF, and its truth."""

    name: str
    files: list[Path]
    ev: list[float]
    truth: Picture


class Result(NamedTuple):
    """What a program made of a burst, and the CPU seconds that it took."""

    radiance: Picture
    cpu: float


class NoResultError(Exception):
    """A program ended without a result."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=6)
    parser.add_argument("--out", type=Path)
    parser.add_argument("bursts", nargs="*", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        groups = {f"{kind} camera": list(_rendered(kind, asked.scenes, Path(folder))) for kind in ("plain", "phone")}
        groups |= {burst.name: [_copied(burst, Path(folder))] for burst in asked.bursts}
        for title, shots in groups.items():
            print(f"\n**{title}**, {len(shots)} bursts\n\n| program | PSNR-mu | PSNR-l | CPU s |\n|{' --- |' * 4}")
            for name, program in PROGRAMS.items():
                print(_row(name, program, shots, asked.out), flush=True)


def _row(name: str, program: Callable[[Shot, Path], list[str]], shots: list[Shot], out: Path | None) -> str:
    """A line of the table: means over the bursts of which the program made a result."""
    results, failed = [], ""
    for shot in shots:
        try:
            result = _run(program, shot)
        except (NoResultError, FileNotFoundError) as error:
            failed = str(error).splitlines()[0][:60]
            continue
        radiance = _fitted(result.radiance, shot.truth)
        results.append((psnr_mu(radiance, shot.truth), psnr_l(radiance, shot.truth), result.cpu))
        if out:
            out.mkdir(parents=True, exist_ok=True)
            Image.fromarray(display(radiance)).save(out / f"{shot.name}.{name.replace(' ', '-')}.png")
    if not results:
        return f"| {name} | {failed} | | |"
    mu, linear, cpu = np.mean(results, axis=0)
    count = f" ({len(results)} of {len(shots)} bursts)" if failed else ""
    return f"| {name}{count} | {mu:.2f} | {linear:.2f} | {cpu:.1f} |"


def _run(program: Callable[[Shot, Path], list[str]], shot: Shot) -> Result:
    """Run a program in a folder of its own; its CPU seconds include its children."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out.exr"
        command = program(shot, target)
        if not shutil.which(command[0]):
            raise FileNotFoundError(f"{command[0]} is not installed")
        env = os.environ | {"OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}
        with open(Path(folder) / "log", "w+b") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=env)
            _, _, usage = os.wait4(process.pid, 0)
            process.returncode = 0
            found = next((path for path in (target, target.with_suffix(".hdr")) if path.exists()), None)
            if found is None:
                log.seek(0)
                lines = log.read().decode(errors="replace").split("\n")
                raise NoResultError(next((line for line in reversed(lines) if line.strip()), "no output"))
        return Result(_read(found), usage.ru_utime + usage.ru_stime)


def _read(path: Path) -> Picture:
    """Radiance (3, H, W) of an OpenEXR or Radiance picture."""
    if path.suffix == ".hdr":
        return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1].transpose(2, 0, 1), np.float32)
    channels = OpenEXR.File(str(path), separate_channels=True).channels()
    return np.stack([np.asarray(channels[name].pixels, np.float32) for name in "RGB"])


def _fitted(radiance: Picture, truth: Picture) -> Picture:
    """The result by the factor that fits the truth best, cut or filled to its size."""
    height, width = truth.shape[1:]
    whole = np.zeros_like(truth)
    part = radiance[:, :height, :width]
    whole[:, : part.shape[1], : part.shape[2]] = np.nan_to_num(part)
    seen = (whole > 0) & (truth > 1e-3) & (truth < 0.9)
    factor = float(np.median(truth[seen] / whole[seen])) if seen.any() else 1.0
    return (whole * np.float32(factor)).clip(0.0, 1.0)


def _rendered(kind: str, count: int, folder: Path) -> Iterator[Shot]:
    """Test scenes as a camera writes them: 8 bits."""
    options = plugins.options("datasets", "panorama", {"pool": 6, "validation": 0, "test": max(count, 6)})
    entries = [entry for entry in panorama.listing(options, 0, CACHE) if entry.split == "test"][:count]
    camera = CAMERAS[kind]
    for entry in entries:
        scene = entry.load()
        linear = scene.burst.linear.transpose(0, 2, 3, 1)
        codes = [camera.process(frame) for frame in linear]
        frames = [code if code.dtype == np.uint8 else np.rint(code * TOP).astype(np.uint8) for code in codes]
        yield _written(f"{kind}-{entry.name}", frames, list(scene.burst.ev), scene.truth, folder)


def _copied(burst: Path, folder: Path) -> Shot:
    """A burst of a folder as 8-bit pictures."""
    ev = [float(line) for line in (burst / "exposure.txt").read_text().split()]
    pictures = sorted(path for path in burst.iterdir() if path.suffix in (".tif", ".png", ".jpg"))
    frames = []
    for path in pictures:
        frame = np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))[..., ::-1]
        frames.append(frame if frame.dtype == np.uint8 else np.rint(frame / 257.0).astype(np.uint8))
    truth = _read(burst / "hdr_img.exr").clip(0.0, 1.0)
    return _written(burst.name, frames, ev, truth, folder)


def _written(name: str, frames: list[NDArray[np.uint8]], ev: list[float], truth: Picture | None, folder: Path) -> Shot:
    """A burst as JPEGs of the highest quality, with exposure times in EXIF."""
    if truth is None:
        raise ValueError(f"{name} has no truth")
    place = folder / name
    place.mkdir()
    files = []
    for index, (frame, value) in enumerate(zip(frames, ev, strict=True)):
        exif = Image.Exif()
        inner = exif.get_ifd(0x8769)
        inner[0x829A] = IFDRational(Fraction(LONGEST * 2.0 ** (value - ev[-1])).limit_denominator(10**6))
        inner[0x8827], inner[0x829D] = 100, IFDRational(8, 1)
        files.append(place / f"{index + 1}.jpg")
        Image.fromarray(np.ascontiguousarray(frame)).save(files[-1], exif=exif, quality=100, subsampling=0)
    return Shot(name, files, ev, truth)


def _middle_first(shot: Shot) -> list[str]:
    middle = len(shot.files) // 2
    return [str(shot.files[index]) for index in (middle, *(i for i in range(len(shot.files)) if i != middle))]


def _hdrpipe(*more: str) -> Callable[[Shot, Path], list[str]]:
    return lambda shot, target: [
        sys.executable,
        "-m",
        "hdrpipe",
        "fuse",
        *map(str, shot.files),
        "-o",
        str(target),
        *more,
    ]


def _luminance(*more: str) -> Callable[[Shot, Path], list[str]]:
    told = ["luminance-hdr-cli", "--hdrResponseCurve", "gamma", *more]
    return lambda shot, target: [*told, "-e", _evs(shot), "-s", str(target), *_middle_first(shot)]


def _evs(shot: Shot) -> str:
    middle = len(shot.ev) // 2
    ordered = [shot.ev[middle], *(value for index, value in enumerate(shot.ev) if index != middle)]
    return ",".join(f"{value:g}" for value in ordered)


def _align_image_stack(shot: Shot, target: Path) -> list[str]:
    return ["align_image_stack", "-o", str(target.with_suffix("")), "--align-to-first", *_middle_first(shot)]


def _opencv(shot: Shot, target: Path) -> list[str]:
    program = Path(__file__).with_name("opencv_program.py")
    return [sys.executable, str(program), str(target), _evs(shot), *_middle_first(shot)]


PROGRAMS: dict[str, Callable[[Shot, Path], list[str]]] = {
    "hdrpipe fuse": _hdrpipe(),
    "hdrpipe fuse --method denoised": _hdrpipe("--method", "denoised"),
    "align_image_stack -o hdr": _align_image_stack,
    "Luminance HDR": _luminance(),
    "Luminance HDR -a AIS": _luminance("-a", "AIS"),
    "Luminance HDR -a MTB": _luminance("-a", "MTB"),
    "Luminance HDR -a MTB -t 0.3": _luminance("-a", "MTB", "-t", "0.3"),
    "OpenCV MTB + Debevec": _opencv,
}

if __name__ == "__main__":
    started = time.monotonic()
    main()
    print(f"\n{time.monotonic() - started:.0f} s")
