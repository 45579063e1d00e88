"""R40: what breaks off while a result is written leaves the old one or the new one."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from camera_files import write_burst
from campaign import dice, tries

from hdrpipe.files.pictures.decoder import Decoder
from hdrpipe.files.pictures.exr import read

MAKEFILE = Path(__file__).parents[2] / "Makefile"
FUSE = [sys.executable, "-m", "hdrpipe", "fuse", "--method", "triangle", "--align", "none"]


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    """Four bursts, the first one of them fused: how long that takes, and what came out."""
    root = tmp_path_factory.mktemp("shots")
    for number in range(4):
        write_burst(root / f"burst-{number}")
    started = time.monotonic()
    subprocess.run([*FUSE, str(root / "burst-0"), "-o", str(root / "whole.exr")], check=True, capture_output=True)
    return root, time.monotonic() - started, (root / "whole.exr").read_bytes()


@tries(2, 10)
def test_a_killed_fuse_leaves_whole_pictures_alone(shots, tmp_path, number, count):
    root, seconds, whole = shots
    folder = tmp_path / "out"
    words = [*FUSE, *(str(root / f"burst-{k}") for k in range(4)), "-o", str(folder)]
    run = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(dice("R40", number).random() * 1.5 * seconds)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    for path in folder.glob("*.exr"):
        assert read(path)[0].shape == (48, 64, 3)
    subprocess.run(words, check=True, capture_output=True)
    assert sorted(path.name for path in folder.iterdir() if path.suffix in (".exr", ".tmp")) == [
        f"burst-{k}.exr" for k in range(4)
    ]
    assert len((folder / "burst-0.exr").read_bytes()) == len(whole)
    count("R40")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM], ids=lambda number: number.name)
def test_after_a_killed_decoder_the_next_picture_is_read(shots, number, count):
    decoder, path = Decoder(), shots[0] / "burst-0" / "1.png"
    samples, _ = decoder.picture(path)
    os.kill(decoder._child.pid, number)
    decoder._child.wait()
    assert (decoder.picture(path)[0] == samples).all()
    decoder.close()
    count("R40")


CHANGED = {"hdrpipe/inference/shipped.md": True, "docs/data-card.md": True, "hdrpipe/api.py": False, "new.py": False}
"""File that an interruption or a person has changed -> whether the network may be shipped all the same."""


@pytest.mark.parametrize("name", CHANGED)
def test_an_interrupted_ship_goes_on_and_other_changes_stop_it(tmp_path, name, count):
    for path in ("hdrpipe/inference/shipped.md", "docs/data-card.md", "hdrpipe/api.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("old")
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    for tool in ("snakemake", "hdrpipe"):
        (tools / tool).write_text("#!/bin/sh\necho called $0 $1\n")
        (tools / tool).chmod(0o755)
    shutil.copy(MAKEFILE, tmp_path)
    (tmp_path / ".gitignore").write_text(".venv\n")
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    (tmp_path / name).write_text("new")
    done = subprocess.run(["make", "-o", "setup", "ship"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode == 0) == CHANGED[name], done.stdout + done.stderr
    assert ("hdrpipe export" in done.stdout) == CHANGED[name]
    assert ("commit first" in done.stdout) != CHANGED[name]
    count("R40")
