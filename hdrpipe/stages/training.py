"""What warm-up and student share: the network, the settings, the three files of a round and its history."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hdrpipe.config import plugins
from hdrpipe.config.batch_share import share
from hdrpipe.config.load import Config
from hdrpipe.config.sections import TrainingSpec
from hdrpipe.errors import UsageError
from hdrpipe.files.atomic import write_text
from hdrpipe.files.weights import save_weights
from hdrpipe.inference.load import stored
from hdrpipe.learning.device import choose
from hdrpipe.learning.loss import LossSettings
from hdrpipe.learning.train import Trained, TrainSettings
from hdrpipe.models.network import HdrNet, build
from hdrpipe.quantities import MU
from hdrpipe.randomness import seed_of, seeded
from hdrpipe.stages.job import Job


@dataclass(frozen=True)
class Network:
    """A network on the device of this process, and what its file says of it.

    `model` rebuilds it; `steps` are the optimizer steps behind its weights, `averaged` the steps of a moving average.
    """

    net: HdrNet
    model: dict[str, Any]
    content_hash: str = "new"
    steps: int = 0
    averaged: int = 0


def new_network(spec: Config, exposures: int) -> Network:
    """A network with the initial weights of `spec.seed`."""
    model = {**spec.model.model_dump(mode="json"), "exposures": exposures}
    with seeded(spec.seed, "weights"):
        return Network(build(model).to(choose()), model)


def starting_network(spec: Config, exposures: int) -> Network:
    """The network that a warm-up starts from: new, or with the weights of `warmup.weights`.

    Raises:
        UsageError: these weights are of another network than the config's.
        DamagedError, InputError: see `load_network`.
    """
    fresh = new_network(spec, exposures)
    if not spec.warmup.weights:
        return fresh
    path = Path(spec.warmup.weights).expanduser()
    given = load_network(path)
    wanted = _filled(fresh.model)
    for key, value in _filled(given.model).items():
        if value != wanted[key]:
            hint = "set the section `model` to what the weights are of"
            raise UsageError(f"weights of {key} {value!r}, the config asks for {wanted[key]!r}", path, hint)
    return given


def _filled(model: dict[str, Any]) -> dict[str, Any]:
    """A network's description with all of its options, given or not."""
    known = plugins.options("models", model["backbone"], model["options"]).model_dump(mode="json")
    return {**model, "options": known}


def load_network(path: Path) -> Network:
    """A network from a weights file.

    Raises:
        DamagedError: the file is none of ours, or damaged.
        InputError: see `models.stored`.
    """
    found = stored(path)
    said = found.metadata
    return Network(found.net.to(choose()), said["model"], said["content_hash"], said["steps"], said["averaged"])


def settings_of(spec: Config, training: TrainingSpec, round_: int, **more: Any) -> TrainSettings:
    """The settings of one training job; crops and augmentations of every round are drawn anew."""
    return TrainSettings(
        seed=seed_of(spec.seed, "round", round_),
        loss=LossSettings(**spec.loss.model_dump(exclude={"vgg_weights", "judge_folds"})),
        vgg_weights=spec.loss.vgg_weights,
        **training.model_dump(exclude={"init", "weights"}),
        **more,
    )


def state_key(job: Job, inputs: Mapping[str, str]) -> str:
    """Key of a training state: what is trained, by what code, on what."""
    parts = [job.stage, job.spec, job.code, *(f"{name}={value}" for name, value in sorted(inputs.items()))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def save_round(out: Path, trained: Trained, about: Network, round_: int, inputs: Mapping[str, str], job: Job) -> None:
    """Write `student`, `teacher`, `optimizer` (.safetensors) and `history.csv` of a round into `out`.

    Of the processes of a training, which all have the same, the first one writes.

    Args:
        out: folder of the round.
        trained: what the training left.
        about: `model`, and the `steps` and `averaged` that these weights have behind them now.
        round_: number of the round.
        inputs: content hashes of what it was trained on.
        job: provenance.
    """
    if not share().leads:
        return
    files = {
        "student": trained.student.state_dict(),
        "teacher": trained.teacher.state_dict(),
        "optimizer": trained.optimizer,
    }
    shared = {"model": about.model, "steps": about.steps, "averaged": about.averaged, "round": round_}
    for name, tensors in files.items():
        path = out / f"{name}.safetensors"
        metadata = {**shared, "role": name, "mu": MU, "exposure": "min-ev"}
        job.record(path, inputs, save_weights(path, tensors, metadata))
    write_text(out / "history.csv", pd.DataFrame(trained.history).to_csv(index=False))
    job.record(out / "history.csv", inputs)
