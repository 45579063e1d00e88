"""Each of several jobs gets a device of its own, and a scheduler's choice is left alone."""

import gc
import multiprocessing
import os
import signal
import time
from types import SimpleNamespace

import pytest
import torch

from hdrpipe.errors import UsageError
from hdrpipe.files.locks import holder, is_held
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


def test_a_device_is_leased_by_a_file_of_its_uuid(tmp_path, caplog):
    """The second lease of this process is of the next device; what is given back is the first one again."""
    (tmp_path / "hdrpipe-gpu-GPU-c.lock").touch()
    first, second = (device.lease(UUIDS, tmp_path) for _ in range(2))
    assert [first[0], second[0]] == [0, 1]
    assert {path.name for path in tmp_path.iterdir()} == {f"hdrpipe-gpu-{uuid}.lock" for uuid in UUIDS}
    assert holder(tmp_path / "hdrpipe-gpu-GPU-a.lock")["doing"] == "GPU"
    first[1].release()
    assert device.lease(UUIDS, tmp_path)[0] == 0
    assert not caplog.text


def test_a_job_without_a_free_device_says_so_once_and_takes_the_first_that_is_given_back(tmp_path, monkeypatch, caplog):
    held = [device.lease(UUIDS, tmp_path)[1] for _ in UUIDS]
    naps = []

    def nap(seconds):
        naps.append(seconds)
        if len(naps) == 3:
            held[1].release()

    monkeypatch.setattr(device.time, "sleep", nap)
    with caplog.at_level("INFO"):
        assert device.lease(UUIDS, tmp_path)[0] == 1
    assert naps == [device.POLL] * 3
    assert caplog.text.count("all 3 devices are in use") == 1


def test_leases_of_all_processes_lie_in_the_folder_of_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr(device.tempfile, "tempdir", str(tmp_path))
    index, held = device.lease(["GPU-x"])
    assert (index, held.path.parent) == (0, tmp_path)


@pytest.fixture
def gpus(monkeypatch):
    """A function that lets torch see so many CUDA devices, the UUIDs of which are their numbers."""

    def made(count):
        monkeypatch.delenv(device.VARIABLE, raising=False)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: SimpleNamespace(uuid=number))

    return made


def test_a_job_keeps_the_device_that_it_leased(gpus, tmp_path, monkeypatch):
    gpus(3)
    monkeypatch.setattr(device.tempfile, "tempdir", str(tmp_path))
    _, other = device.lease(["0"])
    assert device.choose() == device.choose() == torch.device("cuda", 1)
    gc.collect()
    assert is_held(tmp_path / "hdrpipe-gpu-1.lock")
    assert not is_held(tmp_path / "hdrpipe-gpu-2.lock")
    other.release()


def test_without_a_gpu_it_is_the_cpu(gpus):
    gpus(0)
    assert device.choose() == torch.device("cpu")


@pytest.mark.parametrize(("variable", "fastest"), [(None, True), ("0", True), ("1", False)])
def test_cudnn_picks_the_fastest_algorithm_unless_results_must_be_the_same(monkeypatch, variable, fastest):
    monkeypatch.setenv(device.VARIABLE, "cpu")
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv(device.DETERMINISTIC, raising=False)
    if variable:
        monkeypatch.setenv(device.DETERMINISTIC, variable)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", not fastest)
    try:
        device.choose()
        assert torch.backends.cudnn.benchmark is fastest
        assert torch.are_deterministic_algorithms_enabled() is not fastest
    finally:
        torch.use_deterministic_algorithms(False)


def test_the_workspace_of_cublas_is_set_unless_the_user_did(monkeypatch):
    """Else its results are not the same, and torch refuses to multiply."""
    monkeypatch.setenv(device.DETERMINISTIC, "1")
    monkeypatch.setenv(device.VARIABLE, "cpu")
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    del os.environ["CUBLAS_WORKSPACE_CONFIG"]
    try:
        device.choose()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize(("kind", "layout"), [("cuda", torch.channels_last), ("cpu", torch.contiguous_format)])
def test_weights_on_a_gpu_have_their_channels_last_and_their_values(kind, layout):
    net = torch.nn.Conv2d(4, 8, 3)
    before = net.weight.detach().clone()
    device.fit_to(net, torch.device(kind))
    assert net.weight.is_contiguous(memory_format=layout)
    assert torch.equal(net.weight, before)


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
    for unusable in ("nonsense", "cuda:99"):
        monkeypatch.setenv(device.VARIABLE, unusable)
        with pytest.raises(UsageError, match=unusable):
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
