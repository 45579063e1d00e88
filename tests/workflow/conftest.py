"""A checkout of its own with one finished tiny run, shared by the tests of the workflow."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "workflow", "profiles", "hdrpipe", "config.yaml", "configs")


@dataclass
class Checkout:
    """A copy of the repository in which Snakemake really runs."""

    path: Path

    def snakemake(self, *arguments, overlay=None, fails=False):
        """Run Snakemake on the tiny config; returns what it printed."""
        configs = ["configs/tiny.yaml"]
        if overlay:
            (self.path / "overlay.yaml").write_text(yaml.safe_dump(overlay))
            configs.append("overlay.yaml")
        command = ["snakemake", "--cores", "2", *arguments, "--configfile", *configs]
        done = self.call(*command)
        assert (done.returncode != 0) == fails, done.stdout[-3000:] + done.stderr[-6000:]
        return done.stdout + done.stderr

    def call(self, *command, **more):
        """Run a command in the checkout with its own package first on the path."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, "PYTHONPATH": str(self.path), "PATH": path, "HDRPIPE_DEVICE": "cpu", **more}
        return subprocess.run(command, cwd=self.path, env=env, capture_output=True, text=True, timeout=900)

    def plan(self, *arguments, overlay=None):
        """Rule -> number of jobs that a dry run would do."""
        printed = self.snakemake("-n", *arguments, overlay=overlay)
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


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A checkout whose tiny run is done."""
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    checkout.printed = checkout.snakemake()
    return checkout


def pytest_collection_modifyitems(items):
    """One worker runs all of these, so that the tiny run is made once."""
    for item in items:
        if "tests/workflow" in item.path.as_posix():
            item.add_marker(pytest.mark.xdist_group("workflow"))
