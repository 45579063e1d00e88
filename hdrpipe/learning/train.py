"""Training of one stage: the warm-up, or the student of a round."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from hdrpipe.config.batch_share import share
from hdrpipe.errors import CapacityError, StoppedError, is_memory
from hdrpipe.files.system import kills
from hdrpipe.learning import distributed, ema, loop
from hdrpipe.learning.batches import Batch, Batches, Sampling, SceneArrays, loader
from hdrpipe.learning.device import fit_to
from hdrpipe.learning.loss import LossSettings, objective
from hdrpipe.learning.perceptual import perceptual
from hdrpipe.learning.state import State, StateStore
from hdrpipe.randomness import batch_positions, seed_of

BETAS = (0.9, 0.999)
"""Adam's defaults, as the backbone's authors use them."""

SAVING = loop.Saving(seconds=30.0)
"""Interval of saved states; one save takes some milliseconds."""

KILLED_WORKER = re.compile(r"DataLoader worker .*(exited unexpectedly|killed by signal: Killed)")
"""Messages of torch about a process that makes batches and is gone."""

GPU_WORKERS = 4
"""Worker processes that make batches for a GPU; on the CPU the network needs the cores itself."""


@dataclass(frozen=True)
class TrainSettings:
    """Settings that, with the scenes and the initial weights, determine the result of a training."""

    seed: int
    steps: int
    batch: int
    """Labelled crops in a step, the same in all arms."""
    crop: int
    lr: float
    unlabelled_batch: int = 0
    schedule: str = "cosine"
    halve_every: int = 1000
    precision: str = "fp32"
    """`fp32`, or `bf16` except for layers that request full precision."""
    ema_decay: float = 0.999
    unlabelled_weight: float = 1.0
    consistency_weight: float = 0.0
    loss: LossSettings = field(default_factory=LossSettings)
    """Other loss options; its own `unlabelled_weight` and `consistency_weight` are replaced by those above."""
    vgg_weights: str | None = None
    """VGG16 weights for L^v; None uses `perceptual.structure_loss`."""
    labelled_augmentation: str = "weak"
    unlabelled_augmentation: str = "strong"
    earlier_steps: int = 0
    """Steps of earlier stages, added to the step number by the schedule `halving`."""
    averaged_steps: int = 0
    """Steps of earlier stages that the teacher has averaged."""


@dataclass(frozen=True)
class Trained:
    """Result of a training: both networks, optimizer state by name, history rows."""

    student: nn.Module
    teacher: nn.Module
    optimizer: dict[str, Tensor]
    history: list[loop.Row]


def train(
    net: nn.Module,
    *,
    teacher: nn.Module | None,
    labelled: Sequence[SceneArrays],
    unlabelled: Sequence[SceneArrays],
    settings: TrainSettings,
    optimizer_state: dict[str, Tensor] | None,
    state_dir: Path,
    state_key: str,
    progress: loop.Progress | None = None,
    workers: int | None = None,
    saving: loop.Saving = SAVING,
) -> Trained:
    """Train `net` in place, resuming from a saved state with the same key if there is one.

    Processes started by torchrun train together, each on its device; only rank 0 saves the state. Their number changes
    the result by rounding only and may change when an interrupted training is resumed.

    Args:
        net: starting weights, on the device to train on.
        teacher: moving average to update, on the same device; None in the warm-up, whose teacher is a copy of `net`.
        labelled: scenes with truth.
        unlabelled: scenes with pseudo label and weight; may be empty.
        settings: see `TrainSettings`.
        optimizer_state: `Trained.optimizer` of the previous training; None for a new optimizer.
        state_dir: folder of this training's state, the same for all processes; deleted at the end.
        state_key: identity of the work: spec, code and inputs.
        progress: called after every step.
        workers: processes that make batches; None: GPU_WORKERS on a GPU, else 0. Batches do not depend on it.
        saving: when to save the state.

    Raises:
        UsageError, InputError: see `Batches`.
        BusyError: another process trains on this state.
        DamagedError: a saved state exists and cannot be read.
        NonFiniteError, DivergedError, StoppedError: see `loop.run`.
        CapacityError, StoppedError: see `_memory`.
    """
    learner = _Learner(net, teacher, settings, StateStore(state_dir, state_key))
    if optimizer_state is not None:
        learner.restore_optimizer(optimizer_state)
    batches = Batches(settings.seed, settings.crop, _groups(labelled, unlabelled, settings), share())
    group = distributed.process_group(learner.device)
    with group, _locked(learner.store), _memory(settings), learner.resumed() as (start, history):
        cuda = learner.device.type == "cuda"
        workers = (GPU_WORKERS if cuda else 0) if workers is None else workers
        ahead = loader(batches, start, settings.steps, workers, pinned=cuda)
        with batch_positions(*batches.positions):
            history = loop.run(learner, ahead, (start, settings.steps), history, saving, progress)
    return Trained(net, teacher or deepcopy(net), learner.optimizer_tensors(), history)


@contextmanager
def _locked(store: StateStore) -> Iterator[None]:
    """Context in which rank 0 holds the lock of the state; the state is deleted if the training completes."""
    if not share().leads:
        distributed.wait()
        yield
        return
    with store.lock() as lock:
        distributed.wait()
        yield
        store.clear()
        lock.release(remove=True)


@contextmanager
def _memory(settings: TrainSettings) -> Iterator[None]:
    """Context of a training that tells what can be changed where memory runs out, and a killed worker from a bug.

    Raises:
        CapacityError: out of memory, or the kernel ended a process that makes batches for it.
        StoppedError: a process that makes batches was killed by someone else.
    """
    before = kills()
    try:
        yield
    except Exception as error:  # libraries have no class in common
        killed = KILLED_WORKER.search(str(error)) is not None
        if killed and kills() == before and not is_memory(error):  # as where shared memory ran out
            what = "a process that makes batches was killed"
            raise StoppedError(what, hint="run it again, it goes on from its saved state") from error
        if not (killed or is_memory(error)):
            raise
        more = f" + {settings.unlabelled_batch} unlabelled" if settings.unlabelled_batch else ""
        what = f"out of memory with batch {settings.batch}{more}, crop {settings.crop}, precision {settings.precision}"
        hint = "lower `batch`, `unlabelled_batch` or `crop`, or set `precision: bf16`; a new start goes on from here"
        raise CapacityError(what, hint=hint) from error


def _groups(
    labelled: Sequence[SceneArrays], unlabelled: Sequence[SceneArrays], settings: TrainSettings
) -> list[Sampling]:
    groups = [Sampling("labelled", tuple(labelled), settings.batch, settings.labelled_augmentation)]
    if unlabelled:
        groups.append(
            Sampling("unlabelled", tuple(unlabelled), settings.unlabelled_batch, settings.unlabelled_augmentation)
        )
    return groups


class _Learner:
    """Student, teacher and Adam; see `loop.Learner`."""

    def __init__(self, net: nn.Module, teacher: nn.Module | None, settings: TrainSettings, store: StateStore):
        self.net, self.teacher, self.settings, self.store = net, teacher, settings, store
        self.wrapped = net
        self.names, parameters = zip(*net.named_parameters(), strict=True)
        self.device = parameters[0].device
        self.optimizer = torch.optim.Adam(parameters, lr=settings.lr, betas=BETAS)
        weights = {"unlabelled_weight": settings.unlabelled_weight, "consistency_weight": settings.consistency_weight}
        self.loss = replace(settings.loss, **weights)
        self.measure = perceptual(settings.vgg_weights)
        net.train()
        fit_to(net, self.device)

    def losses(self, batch: Batch, step: int) -> dict[str, Tensor]:
        # random layers such as stochastic depth draw the same numbers after a resume
        torch.manual_seed(seed_of(self.settings.seed, "layers", step))
        total, terms = objective(self._predict, batch.to(self.device), self.loss, self.measure)
        return {"total": total, **terms}

    def _predict(self, frames: Tensor, times: Tensor, level: Tensor | None) -> tuple[Tensor, Tensor]:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == "bf16"):
            return self.wrapped(frames, times, level)

    def update(self, total: Tensor, step: int) -> None:
        settings = self.settings
        past = settings.earlier_steps + step if settings.schedule == "halving" else step
        rate = loop.learning_rate(settings.schedule, settings.lr, past, settings.steps, settings.halve_every)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        self.optimizer.step()
        if self.teacher is not None:
            ema.update(self.teacher, self.net, ema.decay_at(settings.averaged_steps + step, settings.ema_decay))

    def save(self, step: int, history: list[loop.Row]) -> None:
        if not share().leads:
            return
        states = {"student": self.net.state_dict(), "optimizer": self.optimizer_tensors()}
        if self.teacher is not None:
            states["teacher"] = self.teacher.state_dict()
        tensors = {f"{prefix}/{name}": value for prefix, state in states.items() for name, value in state.items()}
        self.store.save(State(step, tensors, history))

    @contextmanager
    def resumed(self) -> Iterator[tuple[int, list[loop.Row]]]:
        """Context in which the networks hold the saved state, if any; yields steps done and history so far."""
        done = self._resume()
        self.wrapped = distributed.data_parallel(self.net)
        try:
            yield done
        finally:
            self.wrapped = self.net

    def _resume(self) -> tuple[int, list[loop.Row]]:
        state = self.store.load()
        if state is None:
            return 0, []
        self.net.load_state_dict(_with_prefix(state.tensors, "student"))
        if self.teacher is not None:
            self.teacher.load_state_dict(_with_prefix(state.tensors, "teacher"))
        self.restore_optimizer(_with_prefix(state.tensors, "optimizer"))
        return state.step, state.history

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """Adam's state tensors as `PARAMETER/KEY`."""
        states = self.optimizer.state_dict()["state"]
        return {f"{self.names[i]}/{key}": value for i, values in states.items() for key, value in values.items()}

    def restore_optimizer(self, tensors: dict[str, Tensor]) -> None:
        """Load what `optimizer_tensors` returned."""
        index = {name: i for i, name in enumerate(self.names)}
        states: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            parameter, _, key = name.rpartition("/")
            states.setdefault(index[parameter], {})[key] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": states, "param_groups": groups})


def _with_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}/"): value for name, value in tensors.items() if name.startswith(f"{prefix}/")}
