"""The source archive builds a wheel, and the wheel alone, in an empty environment and folder, fuses and trains."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from camera_files import write_burst

from hdrpipe.config.fingerprint import fingerprint, package_digest

ROOT = Path(__file__).parents[2]
BUILT = ("hdrpipe", "workflow", "profiles", "configs")
BUILD = "from setuptools import build_meta; build_meta.build_sdist('dist')"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


def call(command, folder, **variables):
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    env |= {"OMP_NUM_THREADS": "1", "HDRPIPE_DEVICE": "cpu", **variables}
    done = subprocess.run([*map(str, command)], cwd=folder, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout + done.stderr


def environment(folder):
    call([sys.executable, "-m", "venv", folder], folder.parent)
    return folder / "bin"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel that was built from the source archive, not from the checkout."""
    folder = tmp_path_factory.mktemp("build")
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
    options = ("--no-deps", "--no-build-isolation", "--wheel-dir", folder)
    call([tools / "pip", "wheel", "--quiet", *options, archive], folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Commands of an environment with the wheel, which reads all other packages from the present environment."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    bin_folder = environment(folder)
    call([bin_folder / "pip", "install", "--quiet", "--no-deps", "--no-index", wheel], folder)
    packages = next((folder / "lib").glob("python*/site-packages"))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return bin_folder


def test_the_wheel_holds_what_is_read_at_run_time_and_no_tests(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in names} == {"hdrpipe"}
    tracked = subprocess.run(["git", "ls-files", *BUILT], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.split():
        assert (name if name.startswith("hdrpipe/") else f"hdrpipe/project/{name}") in names, name
    assert {"hdrpipe/project/Snakefile", "hdrpipe/project/config.yaml"} <= names


def test_the_wheel_is_what_runs(installed, tmp_path):
    printed = call([installed / "python", "-c", "import hdrpipe; print(hdrpipe.__file__)"], tmp_path)
    assert Path(printed.strip()).is_relative_to(installed.parent)


def test_the_code_of_the_wheel_has_the_fingerprints_of_the_checkout(installed, tmp_path):
    """So that a run of one goes on with the other, and rules accept the commands of the wheel."""
    names = ("warmup", "teacher", "masks", "student", "evaluate", "report")
    code = f"from hdrpipe.config.fingerprint import *; print(package_digest(), *map(fingerprint, {names}))"
    printed = call([installed / "python", "-c", code], tmp_path)
    assert printed.split() == [package_digest(), *map(fingerprint, names)]


def test_check_and_fuse_work_in_an_empty_folder(installed, tmp_path):
    write_burst(tmp_path / "shots")
    assert "shots" in call([installed / "hdrpipe", "check", "shots"], tmp_path)
    call([installed / "hdrpipe", "fuse", "shots", "-o", "out.exr"], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"shots", "out.exr", "out.png", "out.sigma.png"}


def test_init_and_run_reach_a_report_that_a_second_run_leaves_alone(installed, tmp_path):
    path = {"PATH": "/usr/bin:/bin"}  # the environment is not active
    call([installed / "hdrpipe", "init", "work", "--config", "tiny"], tmp_path, **path)
    work = tmp_path / "work"
    run = [installed / "hdrpipe", "run", "--cores", "2"]
    assert "Report: results/tiny/report.html" in call(run, work, **path)
    assert (work / "results" / "tiny" / "report.html").stat().st_size > 10_000
    assert "Nothing to be done" in call([*run, "-n"], work, **path)
    assert "Nothing to be done" in call([installed / "hdrpipe", "resume"], work, **path)
    call([installed / "hdrpipe", "verify", "tiny"], work, **path)
    plain = [installed / "python", "-m", "snakemake", "--cores", "2", "-n"]
    assert "Nothing to be done" in call(plain, work)
