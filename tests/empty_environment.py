"""Environments that start empty, for tests of what is installed: built wheels, and the torch of the present one."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILT = ("hdrpipe", "workflow", "profiles", "configs")
"""Folders that a wheel is made of."""

BUILD = "from setuptools import build_meta; build_meta.build_sdist('dist')"
TORCH = ("torch", "torchgen", "functorch", "torch-*.dist-info", "nvidia*", "cuda*", "triton*")


def clean():
    """Environment variables but those that point to the packages of the present environment."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}


def call(command, folder, **variables):
    """Output of a command in a folder, without the variables of the present environment; a failure is an error."""
    env = clean() | {"OMP_NUM_THREADS": "1", "HDRPIPE_DEVICE": "cpu", **variables}
    done = subprocess.run(
        command if isinstance(command, str) else [*map(str, command)],
        shell=isinstance(command, str),
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout + done.stderr


def environment(folder):
    """Folder of the commands of a new, empty environment."""
    call([sys.executable, "-m", "venv", folder], folder.parent)
    return folder / "bin"


def tool(folder, *requirements):
    """Folder of the commands of a new environment with these packages; the test is skipped where they cannot be had."""
    bin_folder = environment(folder)
    install = [bin_folder / "pip", "install", "--quiet", "--retries", "1", *requirements]
    done = subprocess.run(install, env=clean(), capture_output=True, text=True, timeout=600)
    if done.returncode:
        pytest.skip(f"{requirements[0]} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    return bin_folder


def packages(bin_folder):
    """Folder of the packages of an environment."""
    return next((bin_folder.parent / "lib").glob("python*/site-packages"))


def link_torch(bin_folder):
    """Put the torch of the present environment into another one: no test downloads gigabytes."""
    present = Path(sysconfig.get_path("purelib"))
    for path in (path for pattern in TORCH for path in present.glob(pattern)):
        (packages(bin_folder) / path.name).symlink_to(path)


def built_wheel(folder):
    """A wheel that is built from the source archive, not from the checkout."""
    source = folder / "source"
    source.mkdir()
    for path in [path for path in ROOT.iterdir() if path.is_file()]:
        shutil.copy2(path, source)
    for name in BUILT:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    tools = environment(folder / "tools")
    call([tools / "pip", "install", "--quiet", "setuptools>=77"], folder)
    call([tools / "python", "-c", BUILD], source)
    archive = next((source / "dist").glob("*.tar.gz"))
    call(
        [tools / "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, archive], folder
    )
    return next(folder.glob("*.whl"))
