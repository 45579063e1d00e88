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
from startup import copy_checkout, cpu
from tabulate import tabulate

SCENES_A_SHARD = 8


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


def main() -> None:
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--scenes", type=int, nargs="*", default=[8, 32, 128])
    read.add_argument("--size", type=int, default=256, help="side of the frames in pixels")
    read.add_argument("--shards", type=int, nargs="*", default=[1, 50, 200])
    given = read.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        copy_checkout(folder)
        found = [stages(folder, scenes, given.size) for scenes in given.scenes]
        rows = [
            [stage, *(f"{costs[stage][0]} MiB, {costs[stage][1]:.1f} s" for costs in found)]
            for stage in (found[0] if found else ())
        ]
        headings = ["stage", *(f"{scenes} scenes" for scenes in given.scenes)]
        sys.stdout.write(tabulate(rows, headings, tablefmt="github") + "\n\n")
        plans = []
        for shards in given.shards:
            overlay = {"run": "plan", "rounds": 2, "data": {"shards": shards}, "teacher": {"shards": shards}}
            plans.append([shards, f"{snakemake(folder, overlay, '-n'):.1f} s"])
        sys.stdout.write(tabulate(plans, ["shards", "CPU of a plan"], tablefmt="github") + "\n")


if __name__ == "__main__":
    main()
