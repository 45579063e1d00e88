"""The locks and the Dockerfile agree with pyproject.toml and constraints.txt."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
LOCKS = {"run.txt": ("raw", "heif", "display", "fast-h5"), "dev.txt": tuple(EXTRAS)}
UNLOCKED = "torch"
PIN = re.compile(r"^([\w.-]+)==([\w.]+)((?: \\\n +--hash=sha256:[0-9a-f]{64})*)$", re.MULTILINE)


def lock(name):
    """Version and number of hashes of every package of a lock."""
    text = (ROOT / "locks" / name).read_text()
    pins = {
        canonicalize_name(package): (version, hashes.count("sha256")) for package, version, hashes in PIN.findall(text)
    }
    assert len(pins) == text.count("==") > 50
    return pins


def constraints():
    lines = re.findall(r"^([\w.-]+)==([\w.]+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in lines}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_satisfies_pyproject(name):
    pins = lock(name)
    needed = [*PROJECT["project"]["dependencies"], *(line for extra in LOCKS[name] for line in EXTRAS[extra])]
    for requirement in map(Requirement, needed):
        if requirement.name != UNLOCKED:
            version, _ = pins[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), f"{requirement}: {version} is locked; run `make lock`"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_the_versions_of_constraints_with_hashes(name):
    pins, tested = lock(name), constraints()
    assert {package: version for package, (version, _) in pins.items()} == {
        package: tested[package] for package in pins
    }
    assert all(hashes for _, hashes in pins.values())


def test_the_whole_lock_has_everything_but_torch():
    assert set(constraints()) - set(lock("dev.txt")) == {UNLOCKED}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address(name):
    assert "//" not in (ROOT / "locks" / name).read_text()


@pytest.mark.parametrize("name", LOCKS)
def test_what_torch_needs_is_locked(name):
    """Of a CPU build, as `make lock` is told; other builds need libraries of CUDA in addition."""
    (stated,) = PROJECT["tool"]["uv"]["dependency-metadata"]
    assert (stated["name"], stated["version"]) == (UNLOCKED, constraints()[UNLOCKED])
    assert {canonicalize_name(Requirement(line).name) for line in stated["requires-dist"]} <= set(lock(name))
    present = {Requirement(line).name for line in requires(UNLOCKED) if ";" not in line}
    assert present <= {Requirement(line).name for line in stated["requires-dist"]}


def test_the_image_has_the_tested_torch_and_the_lock():
    text = (ROOT / "Dockerfile").read_text()
    assert f"{UNLOCKED}=={constraints()[UNLOCKED]}" in text
    assert "--require-hashes --requirement locks/run.txt" in text


CALENDAR = {"tifffile", "imagecodecs"}
"""Packages whose versions are dates."""


def test_what_the_package_needs_ends_before_the_next_major_release():
    tested = constraints()
    needed = [
        *PROJECT["project"]["dependencies"],
        *(line for extra in (*LOCKS["run.txt"], "onnx") for line in EXTRAS[extra]),
    ]
    for requirement in map(Requirement, needed):
        version = tested[canonicalize_name(requirement.name)]
        following = f"{int(version.split('.')[0]) + 1}.0"
        assert requirement.specifier.contains(version), requirement
        assert requirement.specifier.contains(following) == (requirement.name in CALENDAR), requirement
