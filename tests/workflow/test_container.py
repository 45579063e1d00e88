"""The steps of the Dockerfile, one by one in an empty environment: no image can be built where the tests run."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from camera_files import write_burst

ROOT = Path(__file__).parents[2]
RUN = re.compile(r"^RUN (.*pip .*)$", re.MULTILINE)
TORCH = ("torch", "torchgen", "functorch")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("container")]


def call(command, folder, bin_folder):
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    env = clean | {"PATH": f"{bin_folder}:/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HDRPIPE_DEVICE": "cpu"}
    done = subprocess.run(command, shell=True, cwd=folder, env=env, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout


def copied_context(folder):
    """Copy what .dockerignore lets through."""
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    for name in allowed:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, folder)


def linked_torch(packages):
    """Put the torch of the present environment into another one: no test downloads gigabytes."""
    present = Path(sysconfig.get_path("purelib"))
    for path in [*(present / name for name in TORCH), *present.glob("torch-*.dist-info")]:
        if path.exists():
            (packages / path.name).symlink_to(path)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Commands of an environment that the pip commands of the Dockerfile filled."""
    locked, torch, package = RUN.findall((ROOT / "Dockerfile").read_text())
    folder = tmp_path_factory.mktemp("context")
    copied_context(folder)
    subprocess.run([sys.executable, "-m", "venv", folder / ".image"], check=True, timeout=300)
    bin_folder = folder / ".image" / "bin"
    call(locked, folder, bin_folder)
    linked_torch(next((folder / ".image" / "lib").glob("python*/site-packages")))
    call(torch, folder, bin_folder)
    call(package, folder, bin_folder)
    return bin_folder


def test_the_environment_of_the_image_fuses_and_lists_the_jobs_of_a_run(installed, tmp_path):
    write_burst(tmp_path / "shots")
    call("hdrpipe fuse shots -o out.exr", tmp_path, installed)
    call("hdrpipe init work --config tiny", tmp_path, installed)
    assert "evaluate" in call("hdrpipe run -n --cores 1", tmp_path / "work", installed)
    assert (tmp_path / "out.exr").stat().st_size > 1000
