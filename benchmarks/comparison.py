"""hdrpipe fuse beside what a user would take instead: quality, CPU seconds and memory. Prints tables.

    python benchmarks/comparison.py [--hdrutils PYTHON] [--scenes 6] [--out FOLDER] [BURST ...]

Bursts are test scenes of the panoramas (which `make run` fetched) as two cameras write them, and folders that are
named: pictures in ascending order of exposure, `exposure.txt` (log2) and the truth of the middle one, `hdr_img.exr`.
Programs that are not installed are told (Debian: hugin-tools, luminance-hdr). The others get the middle exposure first,
to which they align; every result may be off by one factor, which is fitted before scoring. `--out` keeps pictures.
HDRutils reads no JPEGs: with the PYTHON that has it, bursts are DNGs with one colour a pixel, of the plain camera, and
a further table has the same scenes at rest.
"""

import argparse
import json
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
from dng import write_dng
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from hdrpipe.config import plugins
from hdrpipe.datasets import panorama
from hdrpipe.datasets.cameras import CAMERAS, READ, SHOT
from hdrpipe.evaluation.metrics import psnr_l, psnr_mu
from hdrpipe.imaging.camera import linear_from_ldr
from hdrpipe.imaging.tonemap import display
from hdrpipe.quantities import Picture

CACHE = Path(os.environ.get("HDRPIPE_CACHE", "~/.cache/hdrpipe")).expanduser()
LONGEST = 0.25
"""Exposure time of the longest frame in seconds, as EXIF tells it."""

TOP = 255

HEADING = f"| program | PSNR-mu | PSNR-l | CPU s | MiB |\n|{' --- |' * 5}"

COUNTING = """import resource, subprocess, sys
subprocess.run(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], "w").write(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024}")
"""
"""Runs a command and writes its CPU seconds and MiB; a child of this process would start with this one's memory."""

Program = Callable[["Shot", Path], list[str]]
"""The command that merges a burst into a file."""


class Shot(NamedTuple):
    """A burst on the disk, pictures with EXIF, and its truth."""

    name: str
    files: list[Path]
    ev: list[float]
    truth: Picture


class Result(NamedTuple):
    """What a program made of a burst, the CPU seconds that it took, and the memory of its largest process in MiB."""

    radiance: Picture
    cpu: float
    memory: float


class NoResultError(Exception):
    """A program ended without a result."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=6)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--border", type=int, default=0, help="pixels along the edges that are not scored")
    parser.add_argument("--hdrutils", type=Path, metavar="PYTHON", help="interpreter that has HDRutils")
    parser.add_argument("bursts", nargs="*", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        groups = (_raw_groups if asked.hdrutils else _groups)(asked.scenes, asked.bursts, Path(folder))
        programs = _raw_programs(asked.hdrutils.absolute()) if asked.hdrutils else PROGRAMS
        for title, shots in groups.items():
            print(f"\n**{title}**, {len(shots)} bursts\n\n{HEADING}")
            for name, program in programs.items():
                print(_row(name, program, shots, asked.out, asked.border), flush=True)


def _groups(count: int, bursts: list[Path], folder: Path) -> dict[str, list[Shot]]:
    """Bursts of JPEGs."""
    groups = {f"{kind} camera": list(_rendered(kind, count, folder)) for kind in ("plain", "phone")}
    return groups | {burst.name: [_copied(burst, folder)] for burst in bursts}


def _raw_groups(count: int, bursts: list[Path], folder: Path) -> dict[str, list[Shot]]:
    """Bursts of DNGs."""
    groups: dict[str, list[Shot]] = {"plain camera": [], "nothing moves": []}
    for number, (name, linear, ev, truth) in enumerate(_scenes(count)):
        groups["plain camera"].append(_written_raw(name, linear, ev, truth, folder))
        groups["nothing moves"].append(_written_raw(f"{name}-still", _still(truth, ev, number), ev, truth, folder))
    return groups | {burst.name: [_copied_raw(burst, folder)] for burst in bursts}


def _row(name: str, program: Program, shots: list[Shot], out: Path | None, border: int) -> str:
    """A line of the table: means over the bursts of which the program made a result."""
    results, failed = [], ""
    for shot in shots:
        try:
            result = _run(program, shot)
        except (NoResultError, FileNotFoundError) as error:
            failed = str(error).splitlines()[0][:60]
            continue
        radiance = _fitted(result.radiance, shot.truth)
        inner = (slice(None), *(slice(border, size - border) for size in shot.truth.shape[1:]))
        scores = (measure(radiance[inner], shot.truth[inner]) for measure in (psnr_mu, psnr_l))
        results.append((*scores, result.cpu, result.memory))
        if out:
            out.mkdir(parents=True, exist_ok=True)
            Image.fromarray(display(radiance)).save(out / f"{shot.name}.{name.replace(' ', '-')}.png")
    if not results:
        return f"| {name} | {failed} | | | |"
    mu, linear, cpu, memory = np.mean(results, axis=0)
    count = f" ({len(results)} of {len(shots)} bursts)" if failed else ""
    return f"| {name}{count} | {mu:.2f} | {linear:.2f} | {cpu:.1f} | {memory:.0f} |"


def _run(program: Program, shot: Shot) -> Result:
    """Run a program in a folder of its own; its CPU seconds include its children."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out.exr"
        command = program(shot, target)
        if not shutil.which(command[0]):
            raise FileNotFoundError(f"{command[0]} is not installed")
        env = os.environ | {"OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}
        with open(Path(folder) / "log", "w+b") as log:
            counted = [sys.executable, "-c", COUNTING, str(Path(folder) / "used"), *command]
            subprocess.run(counted, cwd=folder, stdout=log, stderr=log, env=env, check=True)
            found = next((path for path in (target, target.with_suffix(".hdr")) if path.exists()), None)
            if found is None:
                log.seek(0)
                lines = log.read().decode(errors="replace").split("\n")
                raise NoResultError(next((line for line in reversed(lines) if line.strip()), "no output"))
        cpu, memory = map(float, (Path(folder) / "used").read_text().split())
        return Result(_read(found), cpu, memory)


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
    camera = CAMERAS[kind]
    for name, linear, ev, truth in _scenes(count):
        codes = [camera.process(frame) for frame in linear]
        frames = [code if code.dtype == np.uint8 else np.rint(code * TOP).astype(np.uint8) for code in codes]
        yield _written(f"{kind}-{name}", frames, ev, truth, folder)


def _scenes(count: int) -> Iterator[tuple[str, NDArray[np.float32], list[float], Picture]]:
    """Test scenes: name, linear frames (N, H, W, 3), their exposure values, truth."""
    options = plugins.options("datasets", "panorama", {"pool": 6, "validation": 0, "test": max(count, 6)})
    for entry in [entry for entry in panorama.listing(options, 0, CACHE) if entry.split == "test"][:count]:
        scene = entry.load()
        if scene.truth is None:
            raise ValueError(f"{entry.name} has no truth")
        yield entry.name, scene.burst.linear.transpose(0, 2, 3, 1), list(scene.burst.ev), scene.truth


def _still(truth: Picture, ev: list[float], seed: int) -> NDArray[np.float32]:
    """Linear frames (N, H, W, 3) of a scene at rest, with the noise of the plain camera."""
    rng = np.random.default_rng(seed)
    radiance = truth.transpose(1, 2, 0)
    frames = [CAMERAS["plain"].photograph(rng, radiance, 2.0 ** (value - ev[0])) for value in ev]
    return linear_from_ldr(np.stack(frames)).transpose(0, 2, 3, 1)


def _opened(burst: Path) -> tuple[list[NDArray], list[float], Picture]:
    """Pictures of a burst of a folder, their exposure values, the truth."""
    ev = [float(line) for line in (burst / "exposure.txt").read_text().split()]
    pictures = sorted(path for path in burst.iterdir() if path.suffix in (".tif", ".png", ".jpg"))
    frames = [np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))[..., ::-1] for path in pictures]
    return frames, ev, _read(burst / "hdr_img.exr").clip(0.0, 1.0)


def _copied(burst: Path, folder: Path) -> Shot:
    """A burst of a folder as 8-bit pictures."""
    frames, ev, truth = _opened(burst)
    frames = [frame if frame.dtype == np.uint8 else np.rint(frame / 257.0).astype(np.uint8) for frame in frames]
    return _written(burst.name, frames, ev, truth, folder)


def _copied_raw(burst: Path, folder: Path) -> Shot:
    """A burst of a folder as DNGs; a mosaic has even sides."""
    frames, ev, truth = _opened(burst)
    height, width = (size // 2 * 2 for size in truth.shape[1:])
    linear = np.stack([linear_from_ldr(frame[:height, :width] / np.iinfo(frame.dtype).max) for frame in frames])
    return _written_raw(burst.name, linear, ev, truth[:, :height, :width], folder)


def _seconds(ev: list[float]) -> list[float]:
    return [LONGEST * 2.0 ** (value - ev[-1]) for value in ev]


def _written_raw(name: str, linear: NDArray[np.floating], ev: list[float], truth: Picture, folder: Path) -> Shot:
    """A burst as DNGs with exposure times in EXIF."""
    place = folder / name
    place.mkdir()
    files = [place / f"{index + 1}.dng" for index in range(len(ev))]
    for path, frame, seconds in zip(files, linear, _seconds(ev), strict=True):
        write_dng(path, frame, seconds)
    return Shot(name, files, ev, truth)


def _written(name: str, frames: list[NDArray[np.uint8]], ev: list[float], truth: Picture, folder: Path) -> Shot:
    """A burst as JPEGs of the highest quality, with exposure times in EXIF."""
    place = folder / name
    place.mkdir()
    files = []
    for index, (frame, seconds) in enumerate(zip(frames, _seconds(ev), strict=True)):
        exif = Image.Exif()
        inner = exif.get_ifd(0x8769)
        inner[0x829A] = IFDRational(Fraction(seconds).limit_denominator(10**6))
        inner[0x8827], inner[0x829D] = 100, IFDRational(8, 1)
        files.append(place / f"{index + 1}.jpg")
        Image.fromarray(np.ascontiguousarray(frame)).save(files[-1], exif=exif, quality=100, subsampling=0)
    return Shot(name, files, ev, truth)


def _middle_first(shot: Shot) -> list[str]:
    middle = len(shot.files) // 2
    return [str(shot.files[index]) for index in (middle, *(i for i in range(len(shot.files)) if i != middle))]


def _hdrpipe(*more: str) -> Program:
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


def _luminance(*more: str) -> Program:
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


def _raw_programs(python: Path) -> dict[str, Program]:
    """Programs for bursts of DNGs."""
    script = str(Path(__file__).with_name("hdrutils_program.py"))
    estimated = {"estimate_exp": "mst", "outlier": "tiled", "cam": [SHOT, READ]}

    def merge(options: dict) -> Program:
        return lambda shot, target: [str(python), script, str(target), json.dumps(options), *map(str, shot.files)]

    programs = {name: program for name, program in PROGRAMS.items() if name.startswith("hdrpipe")}
    for options in (
        {},
        {"do_align": True},
        {"estimate_exp": "mst"},
        estimated,
        estimated | {"do_align": True},
        {"demosaic_first": False, "color_space": "raw"},
    ):
        more = "".join(f", {name}={value!r}" for name, value in options.items())
        programs[f"HDRutils.merge(files{more})"] = merge(options)
    return programs


PROGRAMS: dict[str, Program] = {
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
