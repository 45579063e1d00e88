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
from rows import Row, table
from version import ROOT

STAGES = {
    "without torch": ("fetch", "prepare", "baselines", "masks", "choose"),
    "that draws charts": ("report", "study"),
    "with torch": ("warmup", "teacher", "student", "evaluate"),
}
BARS = {"without torch": "<= 1", "that draws charts": "", "with torch": "<= 3"}
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


def start(stage: str) -> float:
    """CPU seconds of a process that imports what a stage needs."""
    code = f"import hdrpipe.cli._app; import hdrpipe.stages.{stage}"
    return min(cpu([sys.executable, "-c", code])[0] for _ in range(3))


def measured() -> list[Row]:
    """The slowest start of each kind of stages, and the plan."""
    rows = []
    for kind, stages in STAGES.items():
        slowest, stage = max((start(stage), stage) for stage in stages)
        rows.append(Row(f"start of a stage {kind}, CPU", slowest, " s", f"`{stage}`, the slowest", BARS[kind]))
    plan = min(no_op() for _ in range(2))
    return [*rows, Row("plan with nothing to do, 30 rounds of 16 shards, CPU", plan, " s", bar="<= 5")]


if __name__ == "__main__":
    sys.stdout.write(table(measured()))
