"""`hdrpipe fuse` as a person calls it: what it says, what it leaves, how it ends."""

import contextlib
import os
import pty
import subprocess
import sys

import cv2
import numpy as np
from camera_files import radiance, write_burst, write_frame

import hdrpipe.api as hdr
from hdrpipe.evaluation.metrics import psnr_mu
from hdrpipe.files.pictures.images import read_picture

CALL = [sys.executable, "-c", "from hdrpipe.cli import main; main()", "fuse"]


def call(*words, cwd=None):
    return subprocess.run([*CALL, *map(str, words)], capture_output=True, text=True, timeout=120, cwd=cwd)


def in_terminal(*words):
    """Exit code of a call whose standard error is a terminal, and what it drew there."""
    terminal, end = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen([*CALL, *map(str, words)], stdout=subprocess.DEVNULL, stderr=end, env=env) as running:
        os.close(end)
        drawn = b""
        with contextlib.suppress(OSError):  # the end, on Linux
            while more := os.read(terminal, 1 << 16):
                drawn += more
    os.close(terminal)
    return running.returncode, drawn.decode()


def test_it_says_what_it_read_and_wrote(tmp_path):
    write_burst(tmp_path / "shots")
    (tmp_path / "shots" / "notes.txt").write_text("")
    done = call(tmp_path / "shots", "-o", tmp_path / "out.exr", "--blend", "0.03")
    assert done.returncode == 0, done.stderr
    assert "shots: 3 frames, EV by exposure.txt: 1.png -2.00, 2.png +0.00, 3.png +2.00" in done.stdout
    assert "ignored 'notes.txt'" in done.stdout
    assert "% blended to the classical merge" in done.stdout
    assert "100 %" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"shots", "out.exr", "out.png", "out.sigma.png"}


def test_a_batch_goes_on_and_ends_with_the_code_of_what_failed(tmp_path):
    write_burst(tmp_path / "in" / "good")
    (write_burst(tmp_path / "in" / "bad") / "2.png").write_bytes(b"nothing")
    done = call(tmp_path / "in", "-o", tmp_path / "out", "--method", "rejecting", "--format", "hdr")
    assert done.returncode == 3
    assert "good (2 of 2)  1/1  100 %" in done.stderr
    assert "1 of 2 bursts failed" in done.stderr.splitlines()[-1]
    assert (tmp_path / "out" / "good.hdr").exists()


def test_a_terminal_has_a_bar_for_each_burst_and_its_cursor_back_after_an_error(tmp_path):
    write_burst(tmp_path / "in" / "[b]good")
    (write_burst(tmp_path / "in" / "bad") / "2.png").write_bytes(b"nothing")
    code, drawn = in_terminal(tmp_path / "in", "-o", tmp_path / "out", "--method", "rejecting")
    assert code == 3
    assert "[b]good (1 of 2)" in drawn
    assert "100%" in drawn
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 2  # cursor hidden and shown
    assert "1 of 2 bursts failed" in drawn.splitlines()[-1]


def test_impossible_settings_end_in_one_line(tmp_path):
    write_burst(tmp_path / "shots")
    done = call(tmp_path / "shots", "-o", tmp_path / "out.exr", "--method", "magic")
    assert done.returncode == 2
    assert "--method: unknown classical merge 'magic'" in done.stderr
    assert not (tmp_path / "out.exr").exists()


def test_too_small_a_budget_ends_with_five_and_names_the_setting(tmp_path):
    large = cv2.resize(radiance().transpose(1, 2, 0), (3000, 2400)).transpose(2, 0, 1)
    write_burst(tmp_path / "shots", large, suffix="jpg", bits=8)
    done = call(tmp_path / "shots", "-o", tmp_path / "out.exr", "--memory", "0.5")
    assert done.returncode == 5
    assert "--memory: 7.2 million pixels need" in done.stderr


def test_a_run_whose_choice_was_altered_ends_with_four(tmp_path):
    write_burst(tmp_path / "shots")
    run = tmp_path / "results" / "tiny"
    (run / "logs").mkdir(parents=True)
    (run / "chosen.json").write_text('{"round": 1}')
    (run / "chosen.json.json").write_text('{"stage": "choose", "content_hash": "sha256:0"}')
    done = call("shots", "-o", "out.exr", "--run", "tiny", cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    assert "results/tiny/chosen.json: was altered" in done.stderr


def test_a_file_of_anothers_is_replaced_only_when_forced(tmp_path):
    write_burst(tmp_path / "shots")
    (tmp_path / "out.png").write_bytes(b"mine")
    words = (tmp_path / "shots", "-o", tmp_path / "out.exr", "--method", "rejecting")
    done = call(*words)
    assert done.returncode == 2
    assert "out.png: this file exists, and was not written by `fuse`" in done.stderr
    assert not (tmp_path / "out.exr").exists()
    assert call(*words, "--force").returncode == 0
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    assert call(*words).returncode == 0


def test_shadows_of_a_contrasty_camera_come_from_its_longest_frame(tmp_path):
    """A curve of high contrast leaves few codes to the shadows of the reference."""
    scene = np.broadcast_to(np.exp2(np.linspace(-9.0, -0.2, 160, dtype=np.float32)), (3, 48, 160))

    def curve(linear):
        code = 1.0 / (1.0 + np.exp(-1.2 * np.log2(linear / 0.23)))
        return code * (1.0 + np.exp(-1.2 * np.log2(1.0 / 0.23)))

    (tmp_path / "shots").mkdir()
    for index in range(3):
        code = curve((scene * 4.0**index).clip(1e-6, 1.0))
        write_frame(tmp_path / f"shots/{index}.jpg", code, seconds=0.01 * 4**index, iso=100, aperture=8, taken=index)
    done = call(tmp_path / "shots", "-o", tmp_path / "out.exr", "--method", "rejecting", "--float")
    assert "the response is taken to be the camera's curve" in done.stderr + done.stdout
    fused = hdr.fuse(tmp_path / "shots", method="rejecting").radiance
    written, _ = read_picture(tmp_path / "out.exr", 10**6)
    assert np.abs(written - fused).max() < 1e-6
    factor = np.median(scene / np.maximum(fused, 1e-6))
    assert psnr_mu(fused * factor, scene) > 40.0
