"""R12: no name from outside leads out of its folder; nothing is written or read there. All cases, each time."""

import os
import subprocess
import sys

import numpy as np
import pytest
from camera_files import frames, radiance, write_burst, write_frame, write_radiance

from hdrpipe.datasets.bursts import find_bursts
from hdrpipe.errors import Exit, HdrpipeError
from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS

FILES = [
    "../secret.png",
    "a/../../secret.png",
    "/etc/passwd",
    "~/x.png/../../..",
    "..",
    ".",
    "x\0.png",
    "./../secret.png",
]
BURSTS = ["../out", "/tmp/out", "a/b", "a\\b", "..", "x\0y", "new\nline", "n" * 300]
SCENES = ["../x", "/x", "a/b", "a\\b", "..", ".", "x\0y", ""]
LINKS = ["2.png", "exposure.txt", "HDRImg.hdr", "bursts.csv"]


@pytest.fixture
def place(tmp_path):
    """A folder with one burst, and beside it what nobody should touch."""
    write_burst(tmp_path / "root" / "burst", truth="HDRImg.hdr")
    write_frame(tmp_path / "secret.png", frames(radiance(7))[1], 16)
    write_radiance(tmp_path / "secret.hdr", radiance(7))
    (tmp_path / "secret.txt").write_text("-2\n0\n2\n")
    (tmp_path / "secret.csv").write_text("file,ev\n1.png,0\n2.png,1\n")
    return tmp_path


def untouched(place):
    return {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in place.rglob("*")}


def assert_refused(place, action, count):
    before = untouched(place)
    with pytest.raises(HdrpipeError) as caught:
        action()
    assert caught.value.code == Exit.INPUT
    assert "\n" not in str(caught.value)
    assert "\0" not in str(caught.value)
    assert untouched(place) == before
    count("R12")


@pytest.mark.parametrize("name", FILES, ids=ascii)
def test_files_of_a_table_stay_in_their_folder(place, name, count):
    folder = place / "root" / "burst"
    (folder / "bursts.yaml").write_text(f"- {{file: 1.png, ev: 0}}\n- {{file: {_yaml(name)}, ev: 2}}\n")
    assert_refused(place, lambda: find_bursts(folder), count)


@pytest.mark.parametrize("name", BURSTS, ids=lambda name: ascii(name)[:20])
def test_names_of_bursts_are_no_paths(place, name, count):
    folder = place / "root" / "burst"
    (folder / "bursts.yaml").write_text(
        f"- {{file: 1.png, ev: 0, burst: {_yaml(name)}}}\n- {{file: 2.png, ev: 2, burst: {_yaml(name)}}}\n"
    )
    assert_refused(place, lambda: find_bursts(folder), count)


@pytest.mark.parametrize("name", LINKS)
def test_links_do_not_lead_out(place, name, count):
    folder = place / "root" / "burst"
    (folder / name).unlink(missing_ok=True)
    suffix = {"2.png": "png", "exposure.txt": "txt", "HDRImg.hdr": "hdr", "bursts.csv": "csv"}[name]
    (folder / name).symlink_to(place / f"secret.{suffix}")
    assert_refused(place, lambda: find_bursts(folder), count)


@pytest.mark.parametrize("name", SCENES, ids=ascii)
def test_scenes_of_a_product_are_no_paths(place, name, count):
    fields = {"radiance": np.zeros((3, 4, 4), np.float32), "preview": np.zeros((4, 4, 3), np.uint8)}
    product, schema = place / "root" / "truth.h5", SCHEMAS["truth"]
    assert_refused(place, lambda: write_product(product, schema, [(name, fields, {})], {}), count)


def test_folders_behind_links_are_not_entered(place):
    os.symlink(place, place / "root" / "up")
    done = check(place / "root")
    assert done.returncode == 0, done.stderr
    assert "1 burst, 0 errors" in done.stdout


def test_the_command_ends_with_exit_3_in_one_line(place):
    (place / "root" / "burst" / "bursts.csv").write_text("file,ev\n1.png,0\n../../secret.png,2\n")
    before = untouched(place)
    done = check(place / "root")
    assert done.returncode == 3
    assert done.stderr.count("hdrpipe: error:") == 1
    assert "Traceback" not in done.stderr
    assert "secret.png" in done.stdout
    assert untouched(place) == before


def check(folder):
    command = [sys.executable, "-c", "from hdrpipe.cli import main; main()", "check", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def _yaml(name):
    escapes = {"\0": "\\0", "\n": "\\n", "\\": "\\\\", '"': '\\"'}
    return '"' + "".join(escapes.get(mark, mark) for mark in name) + '"'
