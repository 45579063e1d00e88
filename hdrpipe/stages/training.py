"""What warm-up and student share: the network, the settings, the three files of a round and its history."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hdrpipe.config import Config, TrainingSpec
from hdrpipe.files.atomic import write_text
from hdrpipe.files.weights import load_weights, save_weights
from hdrpipe.learning.device import choose
from hdrpipe.learning.seeding import seed_of, seeded
from hdrpipe.learning.train import Trained, TrainSettings
from hdrpipe.models.contract import HdrNet, build
from hdrpipe.quantities import MU
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


def load_network(path: Path) -> Network:
    """A network from a weights file.

    Raises:
        DamagedError: the file is none of ours, or damaged.
    """
    tensors, metadata = load_weights(path)
    net = build(metadata["model"])
    net.load_state_dict(tensors)
    return Network(
        net.to(choose()), metadata["model"], metadata["content_hash"], metadata["steps"], metadata["averaged"]
    )


def settings_of(spec: Config, training: TrainingSpec, round_: int, **more: Any) -> TrainSettings:
    """The settings of one training job; crops and augmentations of every round are drawn anew."""
    return TrainSettings(
        seed=seed_of(spec.seed, "round", round_),
        judge_gradient=spec.loss.judge_gradient,
        judge_weight=spec.loss.judge_weight,
        **training.model_dump(exclude={"init"}),
        **more,
    )


def state_key(job: Job, inputs: Mapping[str, str]) -> str:
    """Key of a training state: what is trained, by what code, on what."""
    parts = [job.stage, job.spec, job.code, *(f"{name}={value}" for name, value in sorted(inputs.items()))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def save_round(out: Path, trained: Trained, about: Network, round_: int, inputs: Mapping[str, str], job: Job) -> None:
    """Write `student`, `teacher`, `optimizer` (.safetensors) and `history.csv` of a round into `out`.

    Args:
        out: folder of the round.
        trained: what the training left.
        about: `model`, and the `steps` and `averaged` that these weights have behind them now.
        round_: number of the round.
        inputs: content hashes of what it was trained on.
        job: provenance.
    """
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
