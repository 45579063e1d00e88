"""One of two processes of a training, whose partner is played by the test: quick, and without a second process."""

import gc
import warnings
import weakref

import pytest
import torch
from small_training import SETTINGS, make_net

from hdrpipe.config.batch_share import LAUNCHED
from hdrpipe.errors import StoppedError
from hdrpipe.learning import distributed, train
from hdrpipe.learning.loss import masked_mean
from hdrpipe.learning.state import State, StateStore

CPU = torch.device("cpu")


class Partner:
    """Stands for `torch.distributed` in a group of two: the other process adds `values` to every sum."""

    DistError = type("DistError", (RuntimeError,), {})

    def __init__(self, joined=False, values=0.0):
        self.joined, self.values, self.calls = joined, values, []

    def is_initialized(self):
        return self.joined

    def init_process_group(self, backend, device_id=None):
        self.joined = True
        self.calls.append((backend, device_id))

    def destroy_process_group(self):
        self.joined = False
        self.calls.append("left")

    def get_world_size(self):
        return 2

    def all_reduce(self, total):
        total += torch.as_tensor(self.values)

    def barrier(self):
        self.calls.append("barrier")


@pytest.fixture
def partner(monkeypatch):
    """A function that makes this process one of two, of a rank, with a partner of its own."""

    def made(rank=0, **more):
        for name, value in {LAUNCHED: "test", "RANK": rank, "WORLD_SIZE": 2}.items():
            monkeypatch.setenv(name, str(value))
        found = Partner(**more)
        monkeypatch.setattr(distributed, "dist", found)
        return found

    return made


def test_one_process_has_no_group(monkeypatch):
    monkeypatch.delenv(LAUNCHED, raising=False)
    lonely = Partner()
    monkeypatch.setattr(distributed, "dist", lonely)
    with distributed.process_group(CPU):
        assert distributed.mean(torch.tensor(3.0)) == 3.0
        distributed.wait()
    assert lonely.calls == []


def test_several_processes_are_a_group_while_they_train(partner, monkeypatch):
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: pytest.fail("the CPU is no CUDA device"))
    with_gloo = partner()
    with distributed.process_group(CPU):
        assert with_gloo.calls == [("gloo", None)]
    assert with_gloo.calls[1:] == ["left"]


def test_a_group_on_gpus_is_one_of_nccl_each_on_its_device(partner, monkeypatch):
    chosen, device, with_nccl = [], torch.device("cuda", 1), partner()
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    with distributed.process_group(device):
        assert (chosen, with_nccl.calls) == ([device], [("nccl", device)])


def test_torchs_warning_about_strides_of_gradients_is_kept_from_the_user(partner):
    partner()
    with warnings.catch_warnings(record=True) as caught, distributed.process_group(CPU):
        warnings.warn("Grad strides do not match bucket view strides. This may ...", stacklevel=1)
        warnings.warn("another", stacklevel=1)
    assert [str(warning.message) for warning in caught] == ["another"]


@pytest.mark.parametrize("error", [RuntimeError("[gloo/tcp] Connection closed by peer"), Partner.DistError("NCCL")])
def test_the_loss_of_another_process_is_a_stop_that_points_to_its_message(partner, error):
    other = partner()
    ends = pytest.raises(StoppedError, match="another process of this training has ended")
    with ends as caught, distributed.process_group(CPU):
        raise error
    assert caught.value.hint == "see the message of that process"
    assert other.calls[-1] == "left"


def test_an_error_of_this_process_stays_what_it_is(partner):
    other, error = partner(), RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    with pytest.raises(RuntimeError) as caught, distributed.process_group(CPU):
        raise error
    assert caught.value is error
    assert other.calls[-1] == "left"


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_of_the_training_is_alive_when_the_group_is_left(partner, fails, monkeypatch):
    """Else the threads of gloo wait for the lock that this process holds."""
    other, alive = partner(), []

    def training():
        net = torch.nn.Linear(1, 1)
        net.register_forward_hook(lambda *_: net)  # a circle, which only the garbage collector frees
        alive.append(weakref.ref(net))
        if fails:
            raise RuntimeError("gloo: Connection reset by peer")

    monkeypatch.setattr(other, "destroy_process_group", lambda: other.calls.append(alive[0]() is None))
    gc.disable()
    try:
        with distributed.process_group(CPU):
            training()
    except StoppedError:
        assert fails
    finally:
        gc.enable()
    assert other.calls[-1] is True


def test_a_mean_is_that_of_both_processes_without_gradient(partner):
    partner(joined=True, values=[5.0, -1.0])
    values = torch.tensor([1.0, 3.0], requires_grad=True)
    found = distributed.mean(values)
    assert found.tolist() == [3.0, 1.0]
    assert not found.requires_grad
    assert values.tolist() == [1.0, 3.0]


@pytest.mark.parametrize(("mine", "other", "stops"), [(False, 0.0, False), (True, 0.0, True), (False, 1.0, True)])
def test_losses_are_means_of_both_and_one_that_is_asked_to_stop_stops_both(partner, mine, other, stops):
    partner(joined=True, values=[4.0, other])
    losses = {"total": torch.tensor(2.0, requires_grad=True)}
    assert distributed.synchronised(losses, mine) == ({"total": 3.0}, stops)


def test_a_masked_mean_is_divided_by_the_weights_of_both_processes(partner):
    """The mean of what both get is that of the whole batch: 6 over (2 + 6) / 2."""
    partner(joined=True, values=6.0)
    values, weight = torch.full((1, 1, 2, 2), 3.0), torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    assert masked_mean(values, weight) == 6.0 / 4.0


def test_a_single_kept_pixel_of_both_processes_counts_as_one(partner):
    """This process has it: half of a weight for each of two, which is the least divisor."""
    partner(joined=True, values=0.0)
    assert masked_mean(torch.full((1, 1, 1, 2), 3.0), torch.tensor([[[1.0, 0.0]]])) == 6.0
    assert masked_mean(torch.full((1, 1, 1, 2), 3.0), torch.tensor([[[0.5, 0.0]]])) == 3.0


def test_in_a_group_the_network_that_trains_averages_gradients_and_the_one_that_is_kept_is_plain(
    partner, monkeypatch, tmp_path
):
    partner(joined=True)
    monkeypatch.setattr(distributed, "DistributedDataParallel", lambda net: lambda *inputs: ("averaged", *net(*inputs)))
    learner = train._Learner(make_net(), None, SETTINGS, StateStore(tmp_path, "k"))
    inputs = torch.rand(1, 3, 3, 16, 16), torch.tensor([[1.0, 4.0, 16.0]]), None
    with learner.resumed():
        assert learner._predict(*inputs)[0] == "averaged"
    assert len(learner._predict(*inputs)) == 2


def test_without_a_group_the_network_trains_as_it_is(net):
    assert distributed.data_parallel(net) is net


@pytest.mark.parametrize("rank", [0, 1])
def test_the_first_process_alone_holds_the_lock_and_all_begin_once_it_does(partner, monkeypatch, tmp_path, rank):
    other, store = partner(rank, joined=True), StateStore(tmp_path / "state", "k")
    lock = tmp_path / "state.lock"
    monkeypatch.setattr(other, "barrier", lambda: other.calls.append(lock.exists()))
    store.save(State(1, {"x": torch.zeros(1)}))
    with train._locked(store):
        assert other.calls == [rank == 0]
    assert store.folder.exists() == (rank == 1), "the first one deletes the state of a complete training"


@pytest.mark.parametrize("rank", [0, 1])
def test_only_the_first_process_saves(partner, tmp_path, rank):
    partner(rank, joined=True)
    learner = train._Learner(make_net(), None, SETTINGS, StateStore(tmp_path, "k"))
    learner.save(1, [])
    assert bool(list(tmp_path.iterdir())) == (rank == 0)
