"""What a training does apart from its steps: errors of memory, random layers, workers, the end of its state."""

import errno
import time
from contextlib import nullcontext
from dataclasses import fields, replace

import pytest
import torch
from small_training import SETTINGS, make_net, make_scenes, run

from hdrpipe.config.sections import StudentSpec
from hdrpipe.errors import CapacityError, StoppedError
from hdrpipe.learning import loop, train
from hdrpipe.learning.batches import Batches
from hdrpipe.learning.state import StateStore


def test_what_is_not_set_is_as_in_the_config():
    """The warm-up, whose section has no keys of unlabelled samples, has none of them."""
    settings = train.TrainSettings(seed=0, steps=1, batch=1, crop=16, lr=1e-3)
    training = StudentSpec().model_dump()
    for name in {field.name for field in fields(settings)} & set(training) - {"steps", "batch", "crop", "lr"}:
        assert getattr(settings, name) == (0 if name == "unlabelled_batch" else training[name]), name
    assert (settings.earlier_steps, settings.averaged_steps) == (0, 0)


KILLED = RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")
GONE = RuntimeError("DataLoader worker (pid(s) 7, 8) exited unexpectedly")


def fails(monkeypatch, error, killed=0, settings=SETTINGS):
    """What comes out of a training that ends with an error, while the kernel killed so many processes."""
    counts = iter([3, 3 + killed])
    monkeypatch.setattr(train, "kills", lambda: next(counts))
    with pytest.raises(Exception) as caught, train._memory(settings):
        raise error
    return caught.value


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_out_of_memory_names_what_takes_it(monkeypatch, error):
    told = fails(monkeypatch, error)
    assert isinstance(told, CapacityError)
    assert told.what == "out of memory with batch 2 + 2 unlabelled, crop 16, precision fp32"
    assert "precision: bf16" in told.hint
    told = fails(monkeypatch, error, settings=replace(SETTINGS, unlabelled_batch=0, precision="bf16"))
    assert told.what == "out of memory with batch 2, crop 16, precision bf16"


@pytest.mark.parametrize("error", [KILLED, GONE])
def test_a_worker_that_the_kernel_killed_lacked_memory_and_any_other_can_be_run_again(monkeypatch, error):
    assert isinstance(fails(monkeypatch, error, killed=1), CapacityError)
    told = fails(monkeypatch, error)
    assert isinstance(told, StoppedError)
    assert told.what == "a process that makes batches was killed"


def test_a_worker_without_shared_memory_lacked_memory(monkeypatch):
    error = RuntimeError(f"{KILLED} It is possible that dataloader's workers are out of shared memory.")
    assert isinstance(fails(monkeypatch, error), CapacityError)


@pytest.mark.parametrize("killed", [0, 1])
def test_another_error_stays_what_it_is(monkeypatch, killed):
    error = RuntimeError("shape mismatch")
    assert fails(monkeypatch, error, killed) is error


def test_a_step_draws_labelled_scenes_and_unlabelled_ones_if_there_are_any():
    (labelled, unlabelled), settings = make_scenes(), replace(SETTINGS, unlabelled_batch=3)
    one, other = train._groups(labelled, unlabelled, settings)
    assert (one.role, one.scenes, one.count, one.augmentation) == ("labelled", tuple(labelled), 2, "weak")
    assert (other.role, other.scenes, other.count, other.augmentation) == ("unlabelled", tuple(unlabelled), 3, "strong")
    assert train._groups(labelled, [], settings) == [one]


def test_half_a_minute_of_work_is_lost_at_most():
    assert [loop._due(train.SAVING, 7, time.monotonic() - ago) for ago in (28.0, 31.0)] == [False, True]


def test_a_network_that_was_loaded_to_fuse_trains_with_its_random_layers(tmp_path):
    learner = train._Learner(make_net().eval(), None, SETTINGS, StateStore(tmp_path, "k"))
    assert all(module.training for module in learner.net.modules())


def test_random_layers_draw_by_the_step_alone(tmp_path):
    """So a training that goes on draws what it would have drawn."""
    learner = train._Learner(make_net(), None, SETTINGS, StateStore(tmp_path, "k"))
    learner._predict = lambda frames, *_: (
        torch.rand(len(frames), 3, 16, 16),
        torch.full((len(frames), 1, 16, 16), 0.1),
    )
    batch = Batches(0, 16, train._groups(*make_scenes(), SETTINGS))[0]
    drawn = [learner.losses(batch, step)["total"] for step in (4, 5, 4)]
    assert drawn[0] == drawn[2] != drawn[1]


@pytest.mark.parametrize(
    ("device", "given", "workers"), [("cpu", None, 0), ("cpu", 2, 2), ("cuda", None, 4), ("cuda", 0, 0)]
)
def test_batches_for_a_gpu_are_made_by_workers_and_pinned(tmp_path, monkeypatch, device, given, workers):
    asked, fitted = [], []
    monkeypatch.setattr(train, "GPU_WORKERS", 4)

    def stop(batches, start, end, workers, pinned):
        asked.extend((workers, pinned))
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "loader", stop)
    monkeypatch.setattr(
        train._Learner, "device", property(lambda _: torch.device(device), lambda *_: None), raising=False
    )
    monkeypatch.setattr(train, "fit_to", lambda net, device: fitted.append(device))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, workers=given)
    assert asked == [workers, device == "cuda"]
    assert fitted == [torch.device(device)]


def test_a_training_without_teacher_gives_a_copy_of_its_network(tmp_path):
    labelled, _ = make_scenes()
    net = make_net()
    made = train.train(
        net,
        teacher=None,
        labelled=labelled,
        unlabelled=[],
        settings=replace(SETTINGS, steps=1),
        optimizer_state=None,
        state_dir=tmp_path / "state",
        state_key="k",
    )
    assert made.student is net
    assert made.teacher is not net
    for mine, copied in zip(net.parameters(), made.teacher.parameters(), strict=True):
        assert torch.equal(mine, copied)
        assert mine is not copied


def test_a_complete_training_leaves_neither_state_nor_lock(tmp_path):
    run(tmp_path / "state", settings=replace(SETTINGS, steps=2))
    assert not list(tmp_path.iterdir())


def test_a_training_that_ends_early_leaves_its_state(tmp_path):
    store = StateStore(tmp_path / "state", "k")
    store.folder.mkdir()
    with pytest.raises(KeyboardInterrupt), train._locked(store), nullcontext():
        raise KeyboardInterrupt
    assert store.folder.exists()
