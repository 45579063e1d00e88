"""The source archive builds a wheel that holds the code and the workflow; `tests/newcomer.py` uses one."""

import importlib.util
import subprocess
import sysconfig
import zipfile
from pathlib import Path

import pytest
from empty_environment import BUILT, ROOT, built_wheel, call, environment, packages
from small_run import make_recorded_run

from hdrpipe.config.fingerprint import fingerprint, package_digest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel that was built from the source archive."""
    return built_wheel(tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Commands of an environment with the wheel, which reads all other packages from the present environment."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    bin_folder = environment(folder)
    call([bin_folder / "pip", "install", "--quiet", "--no-deps", "--no-index", wheel], folder)
    (packages(bin_folder) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return bin_folder


def test_the_wheel_holds_what_is_read_at_run_time_and_no_tests(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in names} == {"hdrpipe"}
    tracked = subprocess.run(["git", "ls-files", *BUILT], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.split():
        assert (name if name.startswith("hdrpipe/") else f"hdrpipe/project/{name}") in names, name
    assert {f"hdrpipe/project/{name}" for name in ("Snakefile", "config.yaml", "CITATION.cff", "LICENSE")} <= names


def test_the_wheel_is_what_runs(installed, tmp_path):
    printed = call([installed / "python", "-c", "import hdrpipe; print(hdrpipe.__file__)"], tmp_path)
    assert Path(printed.strip()).is_relative_to(installed.parent)


def test_the_wheel_makes_a_crate_with_its_citation_and_licence(installed, tmp_path):
    if importlib.util.find_spec("rocrate") is None:
        pytest.skip("the extra `crate` is not installed")
    make_recorded_run(tmp_path / "results" / "study" / "small")
    call([installed / "hdrpipe", "export", "--run", "results/study/small", "--crate", "small.zip"], tmp_path)
    with zipfile.ZipFile(tmp_path / "small.zip") as crate:
        for name in ("CITATION.cff", "LICENSE", "workflow/Snakefile"):
            assert crate.read(name) == (ROOT / name).read_bytes(), name


def test_the_code_of_the_wheel_has_the_fingerprints_of_the_checkout(installed, tmp_path):
    """So that a run of one goes on with the other, and rules accept the commands of the wheel."""
    names = ("warmup", "teacher", "masks", "student", "evaluate", "report")
    code = f"from hdrpipe.config.fingerprint import *; print(package_digest(), *map(fingerprint, {names}))"
    printed = call([installed / "python", "-c", code], tmp_path)
    assert printed.split() == [package_digest(), *map(fingerprint, names)]
