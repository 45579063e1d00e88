"""Common steps of the trainings `warmup` and `student`: the network, the settings, the files of a round."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdrpipe.config import plugins
from hdrpipe.config.batch_share import share
from hdrpipe.config.load import Config
from hdrpipe.config.sections import TrainingSpec
from hdrpipe.errors import UsageError
from hdrpipe.files.rows import write_rows
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
    """A network on the device of this process, with the metadata of its file.

    Attributes:
        model: description from which it is built.
        steps: optimizer steps that its weights were trained for.
        averaged: steps that its moving average covers.
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
        UsageError: the weights belong to another network than the one in the config.
        DamagedError, InputError: see `load_network`.
    """
    fresh = new_network(spec, exposures)
    if not spec.warmup.weights:
        return fresh
    path = Path(spec.warmup.weights).expanduser()
    given = load_network(path)
    expected = _filled(fresh.model)
    for key, value in _filled(given.model).items():
        if value != expected[key]:
            hint = "set the section `model` of the config to match the weights, or leave `warmup.weights` empty"
            raise UsageError(f"these weights have {key} {value!r}, the config has {expected[key]!r}", path, hint)
    return given


def _filled(model: dict[str, Any]) -> dict[str, Any]:
    """Description of a network with all of its options, defaults included."""
    options = plugins.options("models", model["backbone"], model["options"]).model_dump(mode="json")
    return {**model, "options": options}


def load_network(path: Path) -> Network:
    """A network from a weights file.

    Raises:
        DamagedError: the file was not written by hdrpipe, or is damaged.
        InputError: see `inference.load.stored`.
    """
    loaded = stored(path)
    metadata = loaded.metadata
    return Network(
        loaded.net.to(choose()), metadata["model"], metadata["content_hash"], metadata["steps"], metadata["averaged"]
    )


def settings_of(spec: Config, training: TrainingSpec, round_: int, **more: Any) -> TrainSettings:
    """Settings of one training; each round draws other crops and augmentations."""
    return TrainSettings(
        seed=seed_of(spec.seed, "round", round_),
        loss=LossSettings(**spec.loss.model_dump(exclude={"vgg_weights", "judge_folds"})),
        vgg_weights=spec.loss.vgg_weights,
        **training.model_dump(exclude={"init", "weights"}),
        **more,
    )


def state_key(job: Job, inputs: Mapping[str, str]) -> str:
    """Key of a saved training state: a hash of the stage, its settings, its code and its inputs."""
    identity = [job.stage, job.spec, job.code, *(f"{name}={value}" for name, value in sorted(inputs.items()))]
    return hashlib.sha256("\n".join(identity).encode()).hexdigest()[:16]


def save_round(out: Path, trained: Trained, network: Network, round_: int, inputs: Mapping[str, str], job: Job) -> None:
    """Write `student`, `teacher`, `optimizer` (.safetensors) and `history.csv` of a round into `out`.

    Where several processes train together, all hold the same weights, and the first one writes.

    Args:
        out: folder of the round.
        trained: result of the training.
        network: `model` of the network, and its `steps` and `averaged` after this training.
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
    shared = {"model": network.model, "steps": network.steps, "averaged": network.averaged, "round": round_}
    for name, tensors in files.items():
        path = out / f"{name}.safetensors"
        metadata = {**shared, "role": name, "mu": MU, "exposure": "min-ev"}
        job.record(path, inputs, save_weights(path, tensors, metadata))
    write_rows(out / "history.csv", trained.history)
    job.record(out / "history.csv", inputs)
