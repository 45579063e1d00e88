"""CPU seconds that a stage takes before it works, and that a plan takes with nothing to do. Prints a table."""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
STAGES = ("fetch", "prepare", "baselines", "masks", "choose", "report", "warmup", "teacher", "student", "evaluate")
LARGE = {"run": "tiny", "rounds": 30, "teacher": {"shards": 16}}


def cpu(command: list[str], folder: Path = ROOT) -> tuple[float, str]:
    """CPU seconds of a command, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-3000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout + done.stderr


def fill(folder: Path, plan: str) -> None:
    """Make every output of a plan as an empty file, in the order of the plan, a second apart."""
    outputs = re.findall(r"    output: (.*)\n", plan)
    for second, paths in enumerate(outputs):
        for path in paths.split(", "):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).touch()
            os.utime(folder / path, (1_600_000_000 + second,) * 2)


def copy_checkout(folder: Path) -> None:
    """Copy what a run needs of this checkout."""
    for part in ("Snakefile", "workflow", "profiles", "hdrpipe", "config.yaml", "configs"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, folder / part)


def no_op() -> float:
    """CPU seconds of a dry run of 30 rounds and 16 shards in which nothing is to be done."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        copy_checkout(folder)
        (folder / "large.yaml").write_text(yaml.safe_dump(LARGE))
        words = ["snakemake", "-n", "--cores", "1", "--configfile", "configs/tiny.yaml", "large.yaml"]
        fill(folder, cpu(words, folder)[1])
        seconds, printed = cpu(words, folder)
        if "Nothing to be done" not in printed:
            raise SystemExit(printed[-2000:])
        return seconds


def main() -> None:
    for stage in STAGES:
        code = f"import hdrpipe.cli._app; import hdrpipe.stages.{stage}"
        best = min(cpu([sys.executable, "-c", code])[0] for _ in range(3))
        sys.stdout.write(f"{stage:10} {best:.2f} s CPU to start\n")
    sys.stdout.write(f"no-op plan of 30 rounds x 16 shards: {min(no_op() for _ in range(2)):.2f} s CPU\n")


if __name__ == "__main__":
    main()
