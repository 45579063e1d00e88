"""The steps of the Dockerfile, one by one in an empty environment: no image can be built where the tests run."""

import re
import shutil

import pytest
from camera_files import write_burst
from empty_environment import ROOT, call, environment, link_torch

RUN = re.compile(r"^RUN (.*pip .*)$", re.MULTILINE)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("container")]


def run(command, folder, bin_folder):
    return call(command, folder, PATH=f"{bin_folder}:/usr/bin:/bin")


def copied_context(folder):
    """Copy what .dockerignore lets through."""
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    for name in allowed:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, folder)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Commands of an environment that the pip commands of the Dockerfile filled."""
    locked, torch, package = RUN.findall((ROOT / "Dockerfile").read_text())
    folder = tmp_path_factory.mktemp("context")
    copied_context(folder)
    bin_folder = environment(folder / ".image")
    run(locked, folder, bin_folder)
    link_torch(bin_folder)
    run(torch, folder, bin_folder)
    run(package, folder, bin_folder)
    return bin_folder


def test_the_environment_of_the_image_fuses_and_lists_the_jobs_of_a_run(installed, tmp_path):
    write_burst(tmp_path / "shots")
    run("hdrpipe fuse shots -o out.exr", tmp_path, installed)
    run("hdrpipe init work --config tiny", tmp_path, installed)
    assert "evaluate" in run("hdrpipe run -n --cores 1", tmp_path / "work", installed)
    assert (tmp_path / "out.exr").stat().st_size > 1000
