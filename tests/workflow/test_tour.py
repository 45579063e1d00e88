"""The tour of the README works as written, on pictures made here: grouping, check, fuse, view."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from camera_files import EV, frames, radiance, write_frame

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
COMMANDS = re.search(r"<!-- tour -->\n```\n(.*?)```", README, re.DOTALL)[1].splitlines()
CALL = [sys.executable, "-c", "from hdrpipe.cli import main; main()"]


def camera_folder(folder):
    """Two brackets of three in one folder, a minute apart, as a camera leaves them."""
    folder.mkdir()
    for number, name in enumerate("ab"):
        for index, ldr in enumerate(frames(radiance(number, 96, 128))):
            seconds = 0.01 * 2.0 ** (EV[index] - EV[0])
            write_frame(folder / f"{name}{index + 1}.jpg", ldr, 8, seconds, 100, 4.0, 60 * number + 0.5 * index)


def test_the_tour_works_as_written(tmp_path):
    camera_folder(tmp_path / "shots")
    said = []
    for line in COMMANDS:
        words = shlex.split(line.split(" #")[0])
        assert words[0] == "hdrpipe"
        done = subprocess.run([*CALL, *words[1:]], capture_output=True, text=True, cwd=tmp_path, timeout=300)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        said.append(done.stdout)
    assert "a1.jpg" in said[0]  # the grouping is printed
    assert "b3.jpg" in said[0]
    names = sorted(path.name for path in (tmp_path / "fused").iterdir())
    assert names == [f"{name}{end}" for name in ("a1", "b1") for end in (".exr", ".png", ".sigma.png")]
    assert sorted(path.name for path in (tmp_path / "classical").iterdir()) == ["a1.png", "a1.tif", "b1.png", "b1.tif"]
    shown = cv2.imread(str(tmp_path / "fused" / "a1.png"))
    assert shown.shape == (96, 128, 3)
    assert 80 < np.median(shown) < 160  # middle grey: right on a display


def test_the_python_of_the_readme_works(tmp_path, monkeypatch):
    code = re.search(r"```python\n(import hdrpipe.api.*?)```", README, re.DOTALL)[1]
    (tmp_path / "shots").mkdir()
    camera_folder(tmp_path / "shots" / "lamp")
    for path in (tmp_path / "shots" / "lamp").glob("b*"):
        path.unlink()
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)
    assert names["fused"].radiance.shape == (3, 96, 128)
