"""What one round hands to the next: weights, average and optimizer, and how many steps are behind them."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_scenes import make_scene
from small_training import SETTINGS, make_net, make_scenes, same

from hdrpipe.config.load import parse_spec
from hdrpipe.files.weights import load_weights
from hdrpipe.learning.batches import loader
from hdrpipe.learning.train import Trained, train
from hdrpipe.stages import student as stage
from hdrpipe.stages.job import Job
from hdrpipe.stages.training import Network, save_round

HALVING = replace(SETTINGS, schedule="halving", halve_every=20, batch=1, unlabelled_batch=1, ema_decay=0.8, lr=5e-3)
MODEL = {"backbone": "merge_net", "options": {"channels": 4}, "output": "merge"}


def learn(folder, steps, before=None, **carried):
    """So many steps, from new weights or from what a training left."""
    labelled, unlabelled = make_scenes()
    return train(
        before.student if before else make_net(),
        teacher=before.teacher if before else make_net(),
        labelled=labelled,
        unlabelled=unlabelled,
        settings=replace(HALVING, steps=steps, **carried),
        optimizer_state=before.optimizer if before else None,
        state_dir=folder,
        state_key="k",
    )


def test_two_rounds_of_thirty_steps_are_one_of_sixty(tmp_path, monkeypatch):
    """Given the same batches: those of a round are its own, so the second round is handed what the long one draws."""
    torch.set_num_threads(1)
    whole = learn(tmp_path / "whole", 60)
    first = learn(tmp_path / "first", 30)
    monkeypatch.setattr(
        "hdrpipe.learning.train.loader", lambda b, start, end, *_, **__: loader(b, start + 30, end + 30)
    )
    second = learn(tmp_path / "second", 30, first, earlier_steps=30, averaged_steps=30)
    assert same(whole, second)


class NoShards:
    """Stands for products; `scene_arrays` is replaced too."""

    hashes = {}  # noqa: RUF012

    def __init__(self, *_):
        pass


@pytest.fixture
def rounds(tmp_path, monkeypatch):
    """A warm-up of five steps, and a function that makes the student of a round of three.

    The function gives the settings of its training and what the files of the round say.
    """
    torch.set_num_threads(1)
    labelled, unlabelled = make_scenes()
    met = []

    def watched(net, **given):
        met.append(given["settings"])
        return train(net, **given)

    monkeypatch.setattr(stage, "Shards", NoShards)
    monkeypatch.setattr(stage, "scene_arrays", lambda *args, **_: unlabelled if "pseudo_label" in args else labelled)
    monkeypatch.setattr(stage, "train", watched)
    text = json.dumps({"model": MODEL, "student": {"steps": 3, "batch": 1, "unlabelled_batch": 1, "crop": 16}})
    about = Network(make_net(), {**MODEL, "exposures": 3}, steps=5)
    (tmp_path / "0").mkdir()
    warm = Trained(make_net(), make_net(), {"w/step": torch.tensor(5.0)}, [])
    save_round(tmp_path / "0", warm, about, 0, {}, Job("student"))

    def make(round_, start=True, optimizer=True):
        before, here = tmp_path / str(round_ - 1), tmp_path / str(round_)
        here.mkdir()
        files = stage.StudentInputs(
            *([],) * 5,
            teacher=before / "teacher.safetensors",
            start=before / "student.safetensors" if start else None,
            optimizer=before / "optimizer.safetensors" if optimizer else None,
        )
        stage.student(parse_spec("student", text), files, round_, here, tmp_path / "state", Job("student", text))
        roles = ("student", "teacher", "optimizer")
        return met[-1], {role: load_weights(here / f"{role}.safetensors") for role in roles}

    return make


def test_every_round_counts_on_from_the_one_before(rounds):
    for round_, earlier, averaged in ((1, 5, 0), (2, 8, 3), (3, 11, 6)):
        settings, files = rounds(round_, optimizer=round_ > 1)
        assert (settings.earlier_steps, settings.averaged_steps) == (earlier, averaged)
        for _, said in files.values():
            assert (said["steps"], said["averaged"]) == (earlier + 3, averaged + 3)
        made = {int(value) for name, value in files["optimizer"][0].items() if name.endswith("/step")}
        assert made == {3 * round_}


def test_a_student_from_scratch_counts_steps_anew_while_its_teacher_continues(rounds):
    rounds(1, optimizer=False)
    settings, files = rounds(2, start=False, optimizer=False)
    assert (settings.earlier_steps, settings.averaged_steps) == (0, 3)
    for _, said in files.values():
        assert (said["steps"], said["averaged"]) == (3, 6)


@pytest.mark.parametrize("carried", ["earlier_steps", "averaged_steps"])
def test_each_carried_state_changes_the_result(tmp_path, carried):
    """The two counters change what the same steps make: the first one the student, both the teacher."""
    torch.set_num_threads(1)
    plain, later = learn(tmp_path / "a", 4), learn(tmp_path / "b", 4, **{carried: 40})

    def moved(name):
        pairs = zip(getattr(plain, name).parameters(), getattr(later, name).parameters(), strict=True)
        return any(not torch.equal(a, b) for a, b in pairs)

    assert moved("student") == (carried == "earlier_steps")
    assert moved("teacher")


@pytest.mark.parametrize("untrusted", ["mask", "weight"])
def test_samples_of_weight_zero_do_not_change_a_training(tmp_path, untrusted):
    """Other pseudo labels, of no weight, change no bit of the weights."""
    torch.set_num_threads(1)
    mask = np.zeros((48, 48), np.float32) if untrusted == "mask" else None
    settings = replace(HALVING, steps=4, unlabelled_weight=0.0 if untrusted == "weight" else 1.0)
    scene, (labelled, _) = make_scene("u", 9, weight=mask), make_scenes()
    made = [
        train(
            make_net(),
            teacher=make_net(),
            labelled=labelled,
            unlabelled=[replace(scene, target=target)],
            settings=settings,
            optimizer_state=None,
            state_dir=tmp_path / str(i),
            state_key="k",
        )
        for i, target in enumerate((scene.target, 1.0 - scene.target))
    ]
    assert same(*made)
