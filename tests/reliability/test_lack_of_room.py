"""R33: lacks of memory, of room and of readers, and numbers out of range: one line with its exit code, and no bug."""

import errno
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from camera_files import frames, radiance, write_burst
from small_training import INTERVAL, SETTINGS, make_scenes, run, same

from hdrpipe import api
from hdrpipe.cli import ADDRESS_SPACE, _explained
from hdrpipe.cli._app import app
from hdrpipe.errors import CapacityError, Exit, HdrpipeError, StoppedError, UsageError, is_memory
from hdrpipe.files import system
from hdrpipe.files.pictures import decoder as decoder_module
from hdrpipe.files.pictures.decoder import Decoder
from hdrpipe.files.pictures.radiance import exr_chunks, hdr_bytes
from hdrpipe.files.system import kills, peak_bytes
from hdrpipe.learning import train as train_module

TOO_MANY = 2**50
"""Bytes that no machine has."""

SHORTAGES = {
    "torch": lambda: torch.empty(TOO_MANY),
    "numpy": lambda: np.empty(TOO_MANY),
    "python": lambda: bytearray(TOO_MANY),
    "opencv": lambda: cv2.resize(np.zeros((2, 2), np.uint8), (2**30, 2**30)),
    "fork": lambda: raised(OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))),
    "cuda": lambda: raised(torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")),
    "cublas": lambda: raised(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`")),
}
"""What really runs out of memory, or raises as it does on a GPU."""


def raised(error):
    raise error


@pytest.mark.parametrize("name", SHORTAGES)
def test_a_training_out_of_memory_names_what_takes_it_and_goes_on(tmp_path, monkeypatch, name, count):
    """Exit 5; a new start goes on from the saved state and ends as an undisturbed training does."""
    losses, at = train_module._Learner.losses, INTERVAL + 2

    def short(self, batch, step):
        return SHORTAGES[name]() if step == at else losses(self, batch, step)

    monkeypatch.setattr(train_module._Learner, "losses", short)
    with pytest.raises(CapacityError) as caught:
        run(tmp_path / "state")
    assert "batch 2 + 2 unlabelled, crop 16, precision fp32" in str(caught.value)
    assert caught.value.code == Exit.CAPACITY
    monkeypatch.undo()
    steps = []
    ended = run(tmp_path / "state", lambda done, total, _: steps.append(done))
    assert steps[0] == INTERVAL + 1
    assert same(ended, run(tmp_path / "undisturbed"))
    count("R33")


def test_other_errors_are_no_lack_of_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(train_module._Learner, "losses", lambda *_: raised(RuntimeError("shape mismatch")))
    with pytest.raises(RuntimeError, match="shape"):
        run(tmp_path)
    assert not is_memory(ValueError("no such key"))
    assert not is_memory(OSError(errno.EIO, "input/output error"))


class Deadly:
    """Pixels of a scene that end the process that reads them."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.owner = array, array.shape, array.dtype, os.getpid()

    def __getitem__(self, key):
        if os.getpid() != self.owner:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.array[key]


@pytest.mark.parametrize("memory", [True, False], ids=["kernel", "somebody"])
def test_a_killed_worker_is_told_as_such(tmp_path, monkeypatch, memory, count):
    labelled, unlabelled = make_scenes()
    scenes = [replace(scene, frames=Deadly(scene.frames)) for scene in labelled], unlabelled
    monkeypatch.setattr("hdrpipe.learning.batches.RESIDENT_BYTES", 0)  # workers read the scenes, crop by crop
    counts = iter([3, 4 if memory else 3])
    monkeypatch.setattr(train_module, "kills", lambda: next(counts))
    wanted, text = (CapacityError, "crop 16") if memory else (StoppedError, "was killed")
    with pytest.raises(wanted, match=text):
        run(tmp_path, workers=1, scenes=scenes)
    count("R33")


@pytest.mark.parametrize("memory", [True, False], ids=["kernel", "somebody"])
def test_a_killed_decoder_is_told_as_such(tmp_path, monkeypatch, memory, count):
    write_burst(tmp_path)
    decoder = Decoder()
    counts = iter([3, 4 if memory else 3])
    monkeypatch.setattr(decoder_module, "kills", lambda: next(counts, 4))
    decoder._start()
    os.kill(decoder._child.pid, signal.SIGSTOP)
    threading.Timer(0.5, decoder._child.kill).start()
    with pytest.raises(HdrpipeError) as caught:
        decoder.picture(tmp_path / "1.png")
    assert (caught.value.code, "1.png" in str(caught.value)) == (Exit.CAPACITY if memory else Exit.INPUT, True)
    assert "killed" in str(caught.value) or "lack of memory" in str(caught.value)
    assert decoder.picture(tmp_path / "1.png")[0].shape == (48, 64, 3)
    decoder.close()
    count("R33")


def test_the_kernel_is_asked_for_its_count(tmp_path, monkeypatch):
    monkeypatch.setattr(system, "VMSTAT", tmp_path / "vmstat")
    assert kills() == 0
    (tmp_path / "vmstat").write_text("pgfault 12\noom_kill 7\nswap_ra 0\n")
    assert kills() == 7
    subprocess.run([sys.executable, "-c", "bytearray(10**8)"], check=True)
    assert peak_bytes(children=True) >= 10**8


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    root = tmp_path_factory.mktemp("shots")
    for name in ("plain", "Küche", "客厅📷", "b\udcfc"):
        write_burst(root / name, bits=8, suffix="jpg", name="{}")
    return root


OTHERS = ("hdr", "tif", "dng", "jpg", "avif")
FUSE = ("fuse", "{shots}/plain", "--method", "triangle", "--align", "none", "--force", "-o", "{out}/a.exr")
COMMANDS = {
    "check": ("check", "{shots}"),
    "fuse": FUSE,
    "help": ("fuse", "--help"),
    "version": ("--version",),
}
STREAMS = {
    "full": (">/dev/full", 5, {}),
    "closed": (">&-", 0, {}),
    "no reader": ("| :", 141, {}),
    "full error": ("2>/dev/full", None, {}),
    "ascii": ("", 0, {"PYTHONIOENCODING": "ascii"}),
    "latin": ("", 0, {"PYTHONIOENCODING": "latin-1"}),
    "locale": ("", 0, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
}


def shell(words, redirection="", limits="", **variables):
    """A command of the shell; for a pipe its own exit code."""
    command = " ".join(f"'{word}'" for word in (sys.executable, "-m", "hdrpipe", *words))
    script = f"{limits} sleep 0; {command} {redirection}; exit ${{PIPESTATUS[0]}}"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # as users have it
    return subprocess.run(["bash", "-c", script], capture_output=True, timeout=300, env={**env, **variables})


def assert_no_bug(done):
    for text in (done.stdout, done.stderr):
        assert b"Traceback" not in text
        assert b"bug" not in text


@pytest.mark.parametrize(
    "command", ["help", *(pytest.param(c, marks=pytest.mark.slow) for c in COMMANDS if c != "help")]
)
def test_standard_output_may_be_full_closed_without_reader_or_of_few_letters(shots, tmp_path, command, count):
    words = [word.format(shots=shots, out=tmp_path) for word in COMMANDS[command]]
    for name, (redirection, code, variables) in STREAMS.items():
        done = shell(words, redirection, **variables)
        assert_no_bug(done)
        if name == "no reader":  # the reader may end before or after the line is written
            assert done.returncode in (0, code), done.stderr
        elif code is not None:
            assert done.returncode == code, (name, done.stderr)
        if name == "full":
            assert b"standard output" in done.stderr
            assert done.stderr.count(b"error") == 1
        count("R33")


@pytest.mark.parametrize("name", ["a.exr", *(pytest.param(f"a.{k}", marks=pytest.mark.slow) for k in OTHERS)])
def test_a_limit_of_file_sizes_is_lack_of_room(shots, tmp_path, name, count):
    words = [word.format(shots=shots, out=tmp_path) for word in (*FUSE[:-1], "{out}/" + name)]
    done = shell(words, limits="ulimit -f 1;")
    assert_no_bug(done)
    assert done.returncode == 5, done.stderr
    assert not (tmp_path / name).exists()
    count("R33")


def test_pictures_that_cannot_be_encoded_for_lack_of_room(monkeypatch):
    monkeypatch.setattr("OpenEXR.File.write", lambda *_: raised(RuntimeError("File too large.")))
    monkeypatch.setattr("cv2.imencode", lambda *_: (False, None))
    for encode in (lambda: exr_chunks(radiance(), None, {}), lambda: hdr_bytes(radiance(), {})):
        with pytest.raises(CapacityError, match="ulimit -f"):
            encode()


NUMBERS = [("--threads", value) for value in ("99999999999999999999", "2147483648", "100000", "0", "-1", "1.5", "x")]
NUMBERS += [("--memory", value) for value in ("nan", "inf", "1e400", "-1", "x")]
NUMBERS += [("--reference", "99999999999999999999"), ("--blend", "nan"), ("--blend", "inf")]


@pytest.mark.parametrize(("option", "value"), NUMBERS)
def test_numbers_out_of_range_are_one_line(shots, tmp_path, option, value, count):
    words = [word.format(shots=shots, out=tmp_path) for word in FUSE]
    with pytest.raises(Exception) as caught:  # typer's errors have no class in common with ours
        app([*words, option, value], standalone_mode=False)
    message, code = _explained(caught.value)
    assert code in (Exit.USAGE, Exit.INPUT), message
    assert option.strip("-") in message
    count("R33")


@pytest.mark.parametrize("kilobytes", [200_000, ADDRESS_SPACE // 1024 - 1])
def test_too_little_address_space_is_told_before_libraries_end_the_process(shots, tmp_path, kilobytes, count):
    for words in (FUSE, COMMANDS["check"]):
        done = shell([word.format(shots=shots, out=tmp_path) for word in words], limits=f"ulimit -v {kilobytes};")
        assert_no_bug(done)
        assert done.returncode == 5
        assert b"ulimit -v" in done.stderr
        assert done.stderr.count(b"\n") == 1
        count("R33")


@pytest.mark.slow
def test_the_least_address_space_is_enough(shots, tmp_path):
    words = ("fuse", str(shots / "plain"), "-o", str(tmp_path / "a.exr"))
    assert shell(words, limits=f"ulimit -v {ADDRESS_SPACE // 1024};", OMP_NUM_THREADS="1").returncode == 0


EV = [["a", "b", "c"], [None, 0, 2], [[1], [2], [3]], [1j, 0, 2], "abc", 3, [10**400, 0, 2], [{}, 1, 2]]
EV += [[float("nan"), 0, 2], [0, float("inf"), 2], [0, 1], [0, 0, 0], np.array(["a", "b", "c"])]


def test_exposure_values_that_are_no_numbers_are_one_line(count):
    for ev in EV:
        with pytest.raises(HdrpipeError) as caught:
            api.fuse(frames(radiance()), method="triangle", align="none", ev=ev)
        assert len(str(caught.value)) < 200
        count("R33")
    for memory in (float("nan"), float("inf"), -1.0):
        with pytest.raises(UsageError, match="memory"):
            api.fuse(frames(radiance()), method="triangle", align="none", ev=[-2, 0, 2], memory=memory)
        count("R33")


def test_the_settings_of_the_message_are_those_of_the_training():
    assert (SETTINGS.batch, SETTINGS.unlabelled_batch, SETTINGS.crop, SETTINGS.precision) == (2, 2, 16, "fp32")
