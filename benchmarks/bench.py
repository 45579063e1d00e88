"""The tables of docs/performance.md and docs/scaling.md: measures, says what moved by more than 15 %, writes them.

    python benchmarks/bench.py [fuse] [training] [networks] [kernels] [startup] [loader] [products] [scale] [--dry]

All of them take half an hour of two idle cores; a group's table names the machine that measured it. Figures that are
short of their bar and those that moved fail nothing: a person decides. Without names all are measured.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import fuse
import hdr_transformer
import kernels
import loader
import networks
import products
import scale
import startup
import torch
import training
from rows import Row, figures, moved, table
from version import ROOT


class Group(NamedTuple):
    """A table of a page."""

    page: str
    measured: Callable[[], list[Row]]


def all_networks() -> list[Row]:
    """HDR-Transformer beside its straightforward version, then the others."""
    ratios = [part(hdr_transformer.SIDES[name], 3) for name, part in hdr_transformer.PARTS.items()]
    return [*(row for rows in ratios for row in rows), *networks.measured(3)]


GROUPS = {
    "fuse": Group("performance.md", lambda: fuse.measured(4000, 6000, 3, 2)),
    "training": Group("performance.md", lambda: training.measured(3)),
    "networks": Group("performance.md", all_networks),
    "kernels": Group("performance.md", kernels.measured),
    "startup": Group("performance.md", startup.measured),
    "loader": Group("performance.md", loader.measured),
    "products": Group("performance.md", products.measured),
    "scale": Group("scaling.md", lambda: scale.measured(scale.SCENES, scale.SHARDS)),
}


def block(name: str, text: str) -> re.Match[str]:
    """The generated part of a page: what stands between its two comments."""
    match = re.search(rf"(?<=<!-- bench {name} -->\n).*?(?=<!-- end -->)", text, re.DOTALL)
    if match is None:
        raise SystemExit(f"docs/{GROUPS[name].page} has no <!-- bench {name} --> ... <!-- end -->")
    return match


def commit() -> str:
    """The commit that is measured, and whether files differ from it; pages that are written later do not count."""
    words = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def machine(measured: str, load: float) -> str:
    """What measured: day, commit, processor, cores, load before, versions."""
    with open("/proc/cpuinfo") as file:
        text = file.read()
    model = next(line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    wide = "with" if "avx512f" in text else "without"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {measured}: {model} {wide} AVX-512, {os.cpu_count()} cores,\n"
        f"load {load:.1f} before; torch {torch.__version__}, Python {platform.python_version()}."
    )


def group(name: str) -> str:
    """The name, if it is that of a group."""
    if name not in GROUPS:
        raise argparse.ArgumentTypeError(f"no such group: {name}")
    return name


def run(name: str, measured: str, dry: bool) -> list[str]:
    """Measure a group, print its table, write it unless `dry`; returns lines on what moved."""
    page = ROOT / "docs" / GROUPS[name].page
    seen_by = machine(measured, os.getloadavg()[0])
    rows = GROUPS[name].measured()
    sys.stdout.write(f"\n{name}\n{seen_by}\n\n{table(rows)}")
    sys.stdout.flush()
    text = page.read_text(encoding="utf-8")
    match = block(name, text)
    if not dry:
        new = f"\n{seen_by}\n\n{table(rows)}\n"
        page.write_text(text[: match.start()] + new + text[match.end() :], encoding="utf-8")
    return moved(rows, figures(match.group()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", type=group, help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--dry", action="store_true", help="print, and leave the pages as they are")
    given = parser.parse_args()
    torch.set_num_threads(1)
    measured = commit()
    lines = [line for name in given.groups or GROUPS for line in run(name, measured, given.dry)]
    sys.stdout.write("\nMoved by more than 15 %:\n" if lines else "\nNothing moved by more than 15 %.\n")
    sys.stdout.writelines(f"- {line}\n" for line in lines)


if __name__ == "__main__":
    main()
