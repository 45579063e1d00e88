"""Windows and macOS, simulated by `other_system`: hdrpipe cannot reach what they lack. Neither itself was tried."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from camera_files import frames, radiance, write_burst, write_frame
from small_products import write

import hdrpipe.api as hdr

ROOT = Path(__file__).parents[2]
SYSTEMS = ("win32", "darwin")

COMMANDS = """
import sys
import numpy as np
import hdrpipe.api as hdr
from hdrpipe.cli._app import app
from hdrpipe.files import system

assert system.sys.platform == sys.argv[1], "no other system is simulated"
fused = hdr.fuse("shots")
np.savez("fused.npz", radiance=fused.radiance, sigma=fused.sigma)
with hdr.read_product("product.h5") as product:
    product.read(product.scenes[0], "sigma")
for words in (
    "check .",
    "fuse shots photographs -o out --log fuse.log",
    "fuse shots -o lamp.tif --method rejecting",
    "inspect product.h5",
    "inspect product.h5 --scene a --png a.png",
):
    app(words.split(), standalone_mode=False)
"""

JOB = ["choose", "--spec", "{}", "--statistics", "", "--out", "chosen.json"]


def run(system, folder, *command, **variables):
    path = os.pathsep.join([str(ROOT / "tests" / "other_system"), str(ROOT)])
    env = {
        **os.environ,
        "PYTHONPATH": path,
        "HDRPIPE_TEST_SYSTEM": system,
        "PYTHONWARNDEFAULTENCODING": "1",
        **variables,
    }
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture
def shots(tmp_path):
    write_burst(tmp_path / "shots")
    (tmp_path / "photographs").mkdir()
    for index, ldr in enumerate(frames(radiance())):
        write_frame(tmp_path / "photographs" / f"{index}.jpg", ldr, seconds=0.01 * 4.0**index, iso=100, aperture=4.0)
    write(tmp_path / "product.h5", "uncertainty")
    return tmp_path


@pytest.mark.parametrize("system", SYSTEMS)
def test_bursts_are_fused_checked_and_inspected(shots, system):
    done = run(system, shots, "-c", COMMANDS, system)
    assert done.returncode == 0, done.stdout + done.stderr
    here = hdr.fuse(shots / "shots")
    with np.load(shots / "fused.npz") as there:
        np.testing.assert_array_equal(there["radiance"], here.radiance)
        np.testing.assert_array_equal(there["sigma"], here.sigma)
    wanted = {f"out/{name}{ending}" for name in ("shots", "photographs") for ending in (".exr", ".png", ".sigma.png")}
    wanted |= {"lamp.tif", "a.png", "fuse.log"}
    assert not [name for name in wanted if not (shots / name).stat().st_size]
    assert "2 bursts, 0 errors, 0 warnings" in done.stdout
    assert re.search(r"^sigma +float32 +70 x 60 ", done.stdout, re.MULTILINE)
    assert "no locks" not in done.stderr


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_training_is_refused_in_one_line(tmp_path, system):
    for words, variables in ((["run", "-n"], {}), (JOB, {"HDRPIPE_PARENT": "1"})):
        done = run(system, tmp_path, "-m", "hdrpipe", *words, **variables)
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith(f"hdrpipe: error: {system}: ")
        assert "needs Linux; use Linux, a container or WSL" in done.stderr
        assert done.stderr.count("\n") == 1
