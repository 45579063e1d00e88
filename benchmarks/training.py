"""CPU milliseconds of a training step of the main job's network, in turns with another version.

    python benchmarks/training.py [--repeats 3]

Both versions run their own workflow on the same scenes made by code with few and with many steps of warm-up; the
difference is what the steps take, without start-up and plan. One thread.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

import yaml
from rows import Row, table
from startup import copy_checkout, cpu
from version import BEFORE, unpack

FEW, MANY = 20, 220
OVERLAY = {
    "run": "steps",
    "data": {"options": {"pool": 4, "test": 1, "validation": 1, "size": 128}},
    "warmup": {"batch": 8, "crop": 64},
}


def warmup(folder: Path, steps: int) -> float:
    """CPU seconds of a plan and of the warm-up that is left to do in it."""
    overlay = OVERLAY | {"warmup": OVERLAY["warmup"] | {"steps": steps}}
    (folder / "steps.yaml").write_text(yaml.safe_dump(overlay))
    words = [sys.executable, "-m", "snakemake", "--cores", "1", "--until", "warmup"]
    return cpu([*words, "--configfile", "configs/tiny.yaml", "steps.yaml"], folder)[0]


def step(folder: Path) -> float:
    """Milliseconds of CPU of one step."""
    few, many = warmup(folder, FEW), warmup(folder, MANY)
    return 1000.0 * (many - few) / (MANY - FEW)


def measured(repeats: int) -> list[Row]:
    """The row of a training step."""
    with tempfile.TemporaryDirectory() as made:
        before, now = unpack(Path(made, "before")), Path(made, "now")
        now.mkdir()
        copy_checkout(now)
        os.environ["PATH"] = f"{command(Path(made, 'bin'))}{os.pathsep}{os.environ['PATH']}"
        for folder in (before, now):
            warmup(folder, FEW - 1)  # makes the scenes
        pairs = [(step(before), step(now)) for _ in range(repeats)]
    ratio = statistics.median(old / new for old, new in pairs)
    old, new = (statistics.median(column) for column in zip(*pairs, strict=True))
    what = f"training step, 8 crops of 64, times less CPU than {BEFORE}"
    return [Row(what, ratio, "x", f"{old:.0f} to {new:.0f} ms", ">= 1.8")]


def command(folder: Path) -> Path:
    """A folder with a `hdrpipe` that is whatever version PYTHONPATH names."""
    folder.mkdir()
    script = folder / "hdrpipe"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hdrpipe "$@"\n')
    script.chmod(0o755)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    sys.stdout.write(table(measured(parser.parse_args().repeats)))


if __name__ == "__main__":
    main()
