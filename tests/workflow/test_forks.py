"""Forks in place of commands: they answer as the commands do, and end with their caller."""

import os
import subprocess
import time

import forks
import psutil
import pytest
from checkout import copy_checkout

pytestmark = pytest.mark.skipif(not forks.SUPPORTED, reason="this system cannot wait for a process beside a socket")


@pytest.mark.parametrize(
    "words", [("hdrpipe", "masks"), ("hdrpipe", "schema", "--help"), ("snakemake", "--version"), ("snakemake", "--no")]
)
def test_a_fork_answers_as_the_command_does(tmp_path, words):
    checkout = copy_checkout(tmp_path)
    real, fork = checkout.call(*words), checkout.fork(*words)
    assert (fork.returncode, fork.stdout) == (real.returncode, real.stdout)
    assert len(fork.stderr.splitlines()) == len(real.stderr.splitlines())


def test_a_fork_imports_the_package_of_its_caller(tmp_path):
    checkout = copy_checkout(tmp_path)
    (tmp_path / "hdrpipe" / "__main__.py").unlink()
    cli = tmp_path / "hdrpipe" / "cli" / "__init__.py"
    cli.write_text("import os\n\ndef main():\n    print(os.getcwd(), os.environ['MINE'])\n    raise SystemExit(7)\n")
    done = checkout.fork("hdrpipe", MINE="yes")
    assert (done.returncode, done.stdout) == (7, f"{os.path.realpath(tmp_path)} yes\n")


def test_a_fork_ends_with_its_caller(tmp_path):
    checkout = copy_checkout(tmp_path)
    cli = tmp_path / "hdrpipe" / "cli" / "__init__.py"
    cli.write_text("import os, time\n\ndef main():\n    print(os.getpid(), flush=True)\n    time.sleep(60)\n")
    path = f"{forks.commands()}{os.pathsep}{os.environ['PATH']}"
    command = {"args": ["hdrpipe"], "env": checkout.environment(PATH=path), "stdout": subprocess.PIPE}
    with subprocess.Popen(**command) as running:
        fork = int(running.stdout.readline())
        running.kill()
    until = time.monotonic() + 10
    while psutil.pid_exists(fork):
        assert time.monotonic() < until, "it outlived its caller"
        time.sleep(0.05)
