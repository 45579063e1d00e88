"""Each of several jobs gets a device of its own, and a scheduler's choice is left alone."""

import multiprocessing
import os
import signal
import time

import pytest
import torch

from hdrpipe.errors import UsageError
from hdrpipe.learning import device
from hdrpipe.learning.batches import Batches, Sampling, loader

FORK = multiprocessing.get_context("fork")
UUIDS = ["GPU-a", "GPU-b", "GPU-c"]


@pytest.fixture(autouse=True)
def _anew():
    device.choose.cache_clear()
    yield
    device.choose.cache_clear()


def _lease(folder, got):
    index, _held = device.lease(UUIDS, folder)
    got.put((index, os.getpid()))
    time.sleep(60)


def test_concurrent_jobs_get_distinct_devices_and_a_killed_one_gives_its_back(tmp_path, monkeypatch):
    monkeypatch.setattr(device, "POLL", 0.01)
    got = FORK.SimpleQueue()
    jobs = [FORK.Process(target=_lease, args=(tmp_path, got)) for _ in range(4)]
    for job in jobs:
        job.start()
    first = [got.get() for _ in range(3)]
    assert sorted(index for index, _ in first) == [0, 1, 2]
    assert got.empty(), "two jobs on one device"
    os.kill(first[1][1], signal.SIGKILL)
    assert got.get()[0] == first[1][0], "the fourth job takes the device of the killed one"
    for job in jobs:
        job.kill()
        job.join()


@pytest.mark.parametrize(("visible", "given", "expected"), [(1, "3", True), (2, "0,1", False), (1, "", False)])
def test_the_only_visible_device_was_chosen_by_a_scheduler(monkeypatch, visible, given, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert device.scheduled(visible) is expected


def test_a_scheduled_process_leases_nothing(monkeypatch):
    monkeypatch.delenv(device.VARIABLE, raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(device, "lease", lambda uuids: pytest.fail("leased"))
    assert device.choose() == torch.device("cuda", 0)


def test_the_variable_names_a_device_or_is_refused(monkeypatch):
    monkeypatch.setenv(device.VARIABLE, "cpu")
    assert device.choose() == torch.device("cpu")
    device.choose.cache_clear()
    monkeypatch.setenv(device.VARIABLE, "nonsense")
    with pytest.raises(UsageError, match="nonsense"):
        device.choose()


def test_deterministic_mode(monkeypatch):
    monkeypatch.setenv(device.VARIABLE, "cpu")
    monkeypatch.setenv(device.DETERMINISTIC, "1")
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    try:
        device.choose()
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and torch sees none")


@pytest.mark.gpu
@needs_gpu
def test_batches_are_pinned_and_equal(scenes):
    batches = Batches(0, 16, [Sampling("labelled", tuple(scenes), 2, "weak")])
    for step, batch in enumerate(loader(batches, 0, 3, workers=2, pinned=True)):
        assert batch.frames.is_pinned()
        assert torch.equal(batch.to(torch.device("cuda")).frames.cpu(), batches[step].frames)


@pytest.mark.gpu
@needs_gpu
def test_a_gpu_trains_as_the_cpu_does(net):
    frames = torch.rand(2, 3, 3, 32, 32)
    times = torch.tensor([[1.0, 4.0, 16.0]] * 2)
    expected = net(frames, times).tonemapped
    net.to("cuda")
    device.fit_to(net, torch.device("cuda"))
    assert torch.allclose(net(frames.cuda(), times.cuda()).tonemapped.cpu(), expected, atol=1e-4)
