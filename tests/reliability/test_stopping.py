"""A stop signal has an exit code of its own, keeps what is done, and the same command goes on from there."""

import functools
import json
import multiprocessing
import os
import signal
import sys

import numpy as np
import pytest
import torch
from campaign import SEED, dice, tries

from hdrpipe.cli import _job, main
from hdrpipe.config.load import check_config, read_config, stage_spec
from hdrpipe.errors import StoppedError
from hdrpipe.files.product.hdf5 import open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.weights import load_weights
from hdrpipe.stages import partial
from hdrpipe.stages.partial import Partial

STEPS = {"warmup": 60, "teacher": 4, "student": 30}


def words(stage, results, out):
    """The command of a stage of round 1 (the warm-up: 0) on the files of a finished tiny run."""
    scenes = results / "scenes"
    config = read_config(results.parents[1] / "config.yaml").model_dump(mode="json")
    tiny = read_config(results.parents[1] / "configs" / "tiny.yaml").model_dump(mode="json", exclude_unset=True)
    spec = stage_spec(check_config({**config, **{k: {**config[k], **tiny[k]} for k in ("warmup", "student")}}), stage)
    given = ["--spec", spec, "--out", str(out), "--state", str(out / ".state")]
    labelled = ["--scenes", str(scenes / "labelled-00.h5"), "--truths", str(scenes / "labelled-truth-00.h5")]
    first, second = results / "round-00", results / "round-01"
    if stage == "warmup":
        return ["warmup", *given, *labelled]
    if stage == "teacher":
        given[3] = str(out / "uncertainty-00.h5")
        weights = ["--weights", str(first / "teacher.safetensors"), "--round", "1"]
        return ["teacher", *given, *weights, "--scenes", str(scenes / "unlabelled-00.h5")]
    made = ["--uncertainty", str(second / "uncertainty-00.h5"), "--masks", str(second / "masks-00.h5")]
    start = [f"--{name}={first / file}.safetensors" for name, file in
             (("start", "student"), ("teacher", "teacher"), ("optimizer", "optimizer"))]  # fmt: skip
    pool = ["--unlabelled", str(scenes / "unlabelled-00.h5"), "--round", "1"]
    return ["student", *given, *labelled, *pool, *made, *start]


def _command(arguments, stop_after, number, seen):
    """The command line in a child; it gets the signal once so much is done."""
    os.environ["HDRPIPE_DEVICE"] = "cpu"
    torch.set_num_threads(1)

    def progress(self, done, total, note):
        seen.put(done)
        if done == stop_after:
            os.kill(os.getpid(), number)

    _job.Lines.__call__ = progress
    sys.argv = ["hdrpipe", *arguments]
    main()


def call(arguments, stop_after=-1, number=signal.SIGTERM):
    """Exit code of a command, and what it said to have done."""
    fork = multiprocessing.get_context("fork")
    seen = fork.SimpleQueue()
    child = fork.Process(target=_command, args=(arguments, stop_after, number, seen))
    child.start()
    child.join()
    done = []
    while not seen.empty():
        done.append(seen.get())
    return child.exitcode, done


def content(stage, folder):
    """Content hashes of what a stage left."""
    if stage == "teacher":
        with open_product(folder / "uncertainty-00.h5", "uncertainty") as product:
            return product.content_hash
    return [load_weights(folder / f"{n}.safetensors")[1]["content_hash"] for n in ("student", "teacher", "optimizer")]


@pytest.fixture(scope="module")
def undisturbed(finished, tmp_path_factory):
    """Content of what a stage leaves that nothing stops, with the same threads."""

    @functools.cache
    def run(stage):
        folder = tmp_path_factory.mktemp(stage)
        assert call(words(stage, finished.path / "results" / "tiny", folder))[0] == 0
        return content(stage, folder)

    return run


@tries(3, 8)
def test_a_stop_signal_keeps_what_is_done(finished, undisturbed, tmp_path, number, count):
    """R3: SIGTERM or SIGUSR1 in warm-up, teacher, student: exit 75, and the same command goes on."""
    stage = ("warmup", "teacher", "student")[number % 3]
    at = dice("R3", number % 6).sample(range(2, STEPS[stage]), 2)[number // 6]
    results = finished.path / "results" / "tiny"
    arguments = words(stage, results, tmp_path)
    code, _ = call(arguments, at, (signal.SIGTERM, signal.SIGUSR1)[number % 2])
    assert code == 75, f"seed {SEED}"
    assert list((tmp_path / ".state").iterdir()), f"seed {SEED}: nothing was kept"
    code, done = call(arguments)
    assert code == 0, f"seed {SEED}"
    kept = at - 1 if stage == "teacher" else at  # the signal comes before the scene is handed over
    assert len(done) == STEPS[stage] - kept, f"seed {SEED}: {done}"
    assert content(stage, tmp_path) == undisturbed(stage), f"seed {SEED}"
    assert not list(tmp_path.glob(".state*")), f"seed {SEED}"
    count("R3")


ATTRIBUTES = {"round": 1, "weights": "w"}


def rows(names):
    for name in names:
        rng = np.random.default_rng(len(name))
        fields = {"pseudo_label": rng.random((3, 20, 30)).astype("f2"), "sigma": rng.random((20, 30), np.float32)}
        yield name, {**fields, "preview": np.zeros((20, 30, 3), np.uint8)}, {}


def stopped_rows(names, stop):
    for name, fields, attributes in rows(names):
        if name == stop:
            raise StoppedError("stopped")
        yield name, fields, attributes


def interrupted(folder, key="k"):
    with pytest.raises(StoppedError), Partial(folder, key, ATTRIBUTES) as work:
        list(work.rows(["a", "bb", "ccc"], lambda names: stopped_rows(names, "ccc")))


def write(path, folder, key="k"):
    asked = []
    with Partial(folder, key, ATTRIBUTES) as work:
        made = work.rows(["a", "bb", "ccc"], lambda names: asked.append(names) or rows(names))
        written = write_product(path, SCHEMAS["uncertainty"], made, ATTRIBUTES)
    return written, asked[0]


def test_an_inference_goes_on_with_equal_arrays(tmp_path):
    whole = write_product(tmp_path / "whole.h5", SCHEMAS["uncertainty"], rows(["a", "bb", "ccc"]), ATTRIBUTES)
    interrupted(tmp_path / "state")
    written, asked = write(tmp_path / "out.h5", tmp_path / "state")
    assert (written, asked) == (whole, ["ccc"])
    assert not (tmp_path / "state").exists()


def test_predictions_of_other_work_or_damaged_ones_are_made_again(tmp_path):
    interrupted(tmp_path / "state", key="other")
    assert write(tmp_path / "out.h5", tmp_path / "state")[1] == ["a", "bb", "ccc"]
    interrupted(tmp_path / "state")
    kept = next((tmp_path / "state").iterdir())
    kept.write_bytes(kept.read_bytes()[:-9])
    assert write(tmp_path / "out.h5", tmp_path / "state")[1] == ["a", "bb", "ccc"]


def test_a_kill_loses_half_a_minute_of_predictions(tmp_path, monkeypatch):
    assert partial.SECONDS <= 30
    monkeypatch.setattr(partial, "SECONDS", 0.0)
    work = Partial(tmp_path / "state", "k", ATTRIBUTES)
    made = work.rows(["a", "bb", "ccc"], rows)
    next(made), next(made)  # and then nothing more: killed
    assert write(tmp_path / "out.h5", tmp_path / "state")[1] == ["ccc"]


def test_the_spec_of_the_commands_is_that_of_the_run(finished):
    told = json.loads((finished.path / "results/tiny/round-01/student.safetensors.json").read_text())["spec"]
    arguments = words("student", finished.path / "results" / "tiny", finished.path)
    assert json.loads(arguments[arguments.index("--spec") + 1]) == told
