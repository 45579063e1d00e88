"""A copy of the repository in which Snakemake really runs."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import forks
import yaml

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "workflow", "profiles", "hdrpipe", "config.yaml", "configs")

TORCH_RULES = ("warmup", "teacher", "teacher_labelled", "crossfit", "student", "evaluate")
"""With one thread each they give the same bits on any number of cores."""


@dataclass
class Checkout:
    """A copy of the repository in which Snakemake really runs."""

    path: Path

    def snakemake(self, *arguments, overlay=None, fails=False):
        """Run Snakemake on the tiny config, and its jobs, as forks; returns what it printed."""
        done = self.fork(*self.command(*arguments, overlay=overlay))
        assert (done.returncode != 0) == fails, done.stdout[-3000:] + done.stderr[-6000:]
        return done.stdout + done.stderr

    def command(self, *arguments, overlay=None):
        """The words of a call of Snakemake on the tiny config."""
        configs = ["configs/tiny.yaml"]
        if overlay:
            (self.path / "overlay.yaml").write_text(yaml.safe_dump(overlay))
            configs.append("overlay.yaml")
        threads = [f"{rule}=1" for rule in TORCH_RULES]
        return ["snakemake", "--set-threads", *threads, "--cores", "2", *arguments, "--configfile", *configs]

    def call(self, *command, **more):
        """Run a command in the checkout with its own package first on the path."""
        env = self.environment(**more)
        return subprocess.run(command, cwd=self.path, env=env, capture_output=True, text=True, timeout=900)

    def fork(self, *command, **more):
        """The same, but `snakemake` and `hdrpipe` are forks that need no start, also in what the command calls."""
        if not forks.SUPPORTED:
            return self.call(*command, **more)
        path = f"{forks.commands()}{os.pathsep}{self.environment(**more)['PATH']}"
        return self.call(*command, **{**more, "PATH": path})

    def start(self, *command, **more):
        """Start a command; its output can be read line by line."""
        env, both = self.environment(**more), subprocess.STDOUT
        return subprocess.Popen(command, cwd=self.path, env=env, stdout=subprocess.PIPE, stderr=both, text=True)

    def environment(self, **more):
        """The variables of a command."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PYTHONPATH": str(self.path), "PATH": path, "HDRPIPE_DEVICE": "cpu", **more}

    def plan(self, *arguments, overlay=None):
        """Rule -> number of jobs that a dry run would do."""
        return planned(self.snakemake("-n", *arguments, overlay=overlay))


def planned(printed):
    """Rule -> number of jobs, from what a dry run printed."""
    table = re.search(r"job +count\n-+ +-+\n(.*?)\ntotal", printed, re.DOTALL)
    rows = [line.split() for line in table[1].splitlines()] if table else []
    return {rule: int(count) for rule, count in rows if rule != "all"}


def copy_checkout(folder):
    """The parts of the repository that a run needs."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / part)
    return Checkout(folder)
