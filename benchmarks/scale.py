"""What grows with the number of scenes and of shards: memory and seconds of each stage, CPU seconds of a plan.

    python benchmarks/scale.py --scenes 8 32 128 --shards 1 50 200

Runs the workflow of this checkout on bursts made by code, eight scenes a shard, and reads the provenance of its
outputs. Memory must not grow with the scenes; seconds of stages with a job a shard are those of all their jobs.
"""

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml
from rows import Row, table
from startup import copy_checkout, cpu

SCENES_A_SHARD = 8
SCENES, SHARDS = [8, 32, 128], [1, 50, 200]
FIVE_SCENES_EACH = 200
"""Shards of 1,000 bursts of 1.5 megapixels, whose plan has a bar."""


def snakemake(folder: Path, overlay: dict[str, Any], *words: str) -> float:
    """Run Snakemake on configs/tiny.yaml and an overlay; returns its own CPU seconds and those of its jobs."""
    (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay))
    return cpu(["snakemake", "--cores", "1", *words, "--configfile", "configs/tiny.yaml", "overlay.yaml"], folder)[0]


def costs(results: Path) -> dict[str, tuple[int, float]]:
    """Stage -> the most memory of one of its jobs in MiB, and the seconds of all of them."""
    jobs: dict[str, dict[str, tuple[int, float]]] = defaultdict(dict)
    for path in results.rglob("*.json"):
        made = json.loads(path.read_text())
        if "peak_mib" in made:  # of the outputs of a job the last one knows its whole cost
            job = made["started"] + json.dumps(made["inputs"], sort_keys=True)
            jobs[made["stage"]][job] = max(jobs[made["stage"]].get(job, (0, 0.0)), (made["peak_mib"], made["seconds"]))
    return {
        stage: (max(mib for mib, _ in made.values()), sum(seconds for _, seconds in made.values()))
        for stage, made in jobs.items()
    }


def stages(folder: Path, scenes: int, size: int) -> dict[str, tuple[int, float]]:
    """Costs of a run of one round on so many scenes."""
    shards = max(1, scenes // SCENES_A_SHARD)
    options = {"pool": scenes, "test": max(2, scenes // 4), "validation": 1, "size": size}
    overlay = {
        "run": f"scenes-{scenes}",
        "rounds": 1,
        "data": {"labelled": 5, "shards": shards, "options": options},
        "teacher": {"shards": shards},
    }
    snakemake(folder, overlay)
    return costs(folder / "results" / f"scenes-{scenes}")


def growth(stage: str, scenes: list[int], found: list[dict[str, tuple[int, float]]]) -> Row:
    """How much more memory a stage takes with the most scenes than with the fewest."""
    memory, seconds = zip(*(costs[stage] for costs in found), strict=True)
    listed = [f"{', '.join(f'{figure:.0f}' for figure in figures)}" for figures in (memory, seconds)]
    what = f"memory of {stage}, {scenes[-1]} to {scenes[0]} scenes"
    return Row(what, memory[-1] / memory[0], "x", f"{listed[0]} MiB; {listed[1]} s", "<= 1.2")


def measured(scenes: list[int], shards: list[int], size: int = 256) -> list[Row]:
    """A row for each stage, and for the plan of each number of shards."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        copy_checkout(folder)
        found = [stages(folder, number, size) for number in scenes]
        rows = [growth(stage, scenes, found) for stage in (found[0] if found else ())]
        for number in shards:
            overlay = {"run": "plan", "rounds": 2, "data": {"shards": number}, "teacher": {"shards": number}}
            seconds = snakemake(folder, overlay, "-n")
            bar = "<= 6" if number == FIVE_SCENES_EACH else ""
            rows.append(Row(f"plan of {number} shards of scenes and labels, two rounds, CPU", seconds, " s", bar=bar))
    return rows


def main() -> None:
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--scenes", type=int, nargs="*", default=SCENES)
    read.add_argument("--size", type=int, default=256, help="side of the frames in pixels")
    read.add_argument("--shards", type=int, nargs="*", default=SHARDS)
    given = read.parse_args()
    sys.stdout.write(table(measured(given.scenes, given.shards, given.size)))


if __name__ == "__main__":
    main()
